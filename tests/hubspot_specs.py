"""HubSpot's OpenAPI documents, read from a checkout and patched in memory where they are known to be wrong."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

ROOT = "PublicApiSpecs"
FILES = {
    "objects": "CRM/Objects/Rollouts/424/{v}/objects.json",
    "associations": "CRM/Associations/Rollouts/{a}/{v}/associations.json",
    "labels": "CRM/Associations Schema/Rollouts/{s}/{v}/associationsSchema.json",
    "owners": "CRM/Crm Owners/Rollouts/146888/{v}/crmOwners.json",
    "pipelines": "CRM/Pipelines/Rollouts/145896/{v}/pipelines.json",
    "properties": "CRM/Properties/Rollouts/145899/{v}/properties.json",
    "lists": "CRM/Lists/Rollouts/144891/{v}/lists.json",
    "campaigns": "Marketing/Campaigns Public Api/Rollouts/177944/{v}/campaignsPublicApi.json",
    "forms": "Marketing/Forms/Rollouts/144909/{v}/forms.json",
    "events": "Marketing/Marketing Events/Rollouts/129888/{v}/marketingEvents.json",
    "account": "Account/Account Info/Rollouts/144923/{v}/accountInfo.json",
}
NULLABLE = {
    "AssociationSpecWithLabel": {"label"},
    "PublicOwner": {"userId"},
    "MarketingEventPublicReadResponseV2": {"appInfo", "attendees", "eventDescription", "externalEventId"},
    "MarketingEventAssociation": {"externalAccountId", "externalEventId"},
}
"""Members that are null on the wire and not said to be: association labels, users of owners who left, blank values of
events."""
LESS_REQUIRED = {"StandardError": ["status", "category", "message"], "Error": ["message"]}
"""Error members that real answers leave out; a 429 has not even a category."""
EXTRA = {"Error": {"status", "errorType"}, "AssociationSpecWithLabel": set[str]()}
"""Members that real answers have beyond the schema: `status` of errors."""


class Specs:
    """The documents of one checkout."""

    def __init__(self, checkout: Path) -> None:
        self._checkout = checkout
        self._read = cache(self._patched)

    def faults(self, family: str, version: str, method: str, path: str, status: int, answer: Any) -> list[str]:
        """What in an answer does not fit; a path or status that the document does not know is a fault too."""
        name = FILES[family].format(v=version, a=_rollout(version), s=_rollout(version))
        document = self._read(name)
        operation = _operation(document, method, path)
        if operation is None:
            return [f"no such operation in {name}"]
        responses = operation["responses"]
        response = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if response is None:
            return [f"status {status} is not in {name}"]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
        schema = next(iter(response["content"].values()))["schema"]
        root = {**schema, "components": document["components"]}
        found = Draft202012Validator(root, format_checker=_FORMATS).iter_errors(answer)
        return [f"{'/'.join(map(str, e.absolute_path)) or '.'}: {e.message[:160]}" for e in found][:5]

    def _patched(self, name: str) -> Any:
        document = json.loads(self._text(f"{ROOT}/{name}"))
        for title, schema in document["components"]["schemas"].items():
            for member in NULLABLE.get(title, ()):
                if member in schema["properties"]:
                    schema["properties"][member] = {"anyOf": [schema["properties"][member], {"type": "null"}]}
            if title in LESS_REQUIRED:
                schema["required"] = LESS_REQUIRED[title]
            members = schema.get("properties", {})
            if title == "StandardError":
                members["subCategory"] = {"type": "string"}
            if title in {"MultiAssociatedObjectWithLabel"}:
                members["toObjectId"] = {"type": ["integer", "string"]}
            if "properties" in members and members["properties"].get("additionalProperties"):
                members["properties"]["additionalProperties"] = {"type": ["string", "null"]}
            members |= {extra: {} for extra in EXTRA.get(title, ())}
            if schema.get("type") == "object" and members and "additionalProperties" not in schema:
                schema["additionalProperties"] = False
        return document

    def _text(self, name: str) -> str:
        file = self._checkout / name
        if file.exists():
            return file.read_text(encoding="utf-8")
        show = ["git", "-C", str(self._checkout), "show", f"HEAD:{name}"]
        return subprocess.run(show, capture_output=True, text=True, check=True).stdout


def _rollout(version: str) -> str:
    """Associations lie under two numbers."""
    return "50914" if version == "v4" else "130902"


def _operation(document: Any, method: str, path: str) -> Any:
    """The operation whose template fits, the most literal one first."""
    for template in sorted(document["paths"], key=lambda t: t.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
            return document["paths"][template].get(method.lower())
    return None


_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _instant(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None
