"""The dictionary's tables built in a sandbox's base over its own API, as the tests of the story need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from mdfsync.sandbox.server import Running

ROOT = Path(__file__).parent.parent
DICTIONARY = json.loads((ROOT / "field-dictionary.json").read_text(encoding="utf-8"))
TABLES: dict[str, dict[str, Any]] = {t["name"]: t for t in DICTIONARY["tables"]}
TYPES = {
    "text": "singleLineText", "long_text": "multilineText", "email": "email", "url": "url", "phone": "phoneNumber",
    "integer": "number", "number": "number", "money": "number", "percent": "percent", "date": "date",
    "instant": "dateTime", "checkbox": "checkbox", "select": "singleSelect", "multi_select": "multipleSelects",
    "attachment": "multipleAttachments",
}  # fmt: skip
ISO = {"dateFormat": {"name": "iso"}}
OPTIONS: dict[str, Any] = {
    "integer": {"precision": 0}, "number": {"precision": 8}, "money": {"precision": 2}, "percent": {"precision": 2},
    "date": ISO, "instant": {**ISO, "timeFormat": {"name": "24hour"}, "timeZone": "utc"},
    "checkbox": {"icon": "check", "color": "greenBright"},
}  # fmt: skip


def fields_of(table: str) -> dict[str, dict[str, Any]]:
    """Field → definition with its write mode, the shared groups included."""
    spec = TABLES[table]
    shared = [f for group in spec.get("include", ()) for f in DICTIONARY["groups"][group]]
    default = spec.get("defaults", {}).get("write", "")
    return {f["name"]: {"write": default, **f} for f in [*spec["fields"], *shared]}


def build(running: Running) -> None:
    """The dictionary's tables in the sandbox's base, over its own API."""
    headers = {"Authorization": f"Bearer {running.airtable_token}"}
    url = f"{running.airtable_url}/v0/meta/bases/{running.base_id}/tables"
    ids: dict[str, str] = {}
    for name in TABLES:
        columns = [_column(f) for f in fields_of(name).values() if f["kind"] != "link"]
        made = requests.post(url, json={"name": name, "fields": columns}, headers=headers, timeout=30)
        made.raise_for_status()
        ids[name] = made.json()["id"]
    for name in TABLES:
        for field in fields_of(name).values():
            if field["kind"] == "link":
                options = {"linkedTableId": ids[field["link"]["table"]]}
                body = {"name": field["name"], "type": "multipleRecordLinks", "options": options}
                requests.post(f"{url}/{ids[name]}/fields", json=body, headers=headers, timeout=30).raise_for_status()


def _column(field: dict[str, Any]) -> dict[str, Any]:
    column: dict[str, Any] = {"name": field["name"], "type": TYPES[field["kind"]]}
    options = OPTIONS.get(field["kind"])
    if field["kind"] in {"select", "multi_select"}:
        options = {"choices": [{"name": choice} for choice in field["allowed"]]}
    return column | ({"options": options} if options else {})
