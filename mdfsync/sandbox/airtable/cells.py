"""Cells of the sandbox's Airtable: what each field type accepts, keeps, and shows.

`CellWriter.parse` turns the JSON of a request into the kept value (None = empty) or refuses it as the service
does; `show` gives the form that record endpoints return, `show_v2` the other form that webhook payloads use.
Kept values are what record endpoints show, except collaborators (`usr…` ids) and attachments (`att…` ids).
Computed fields are refused here and worked out in `airtable/computed`; loose values are first coerced by
`airtable/typecast` when the request asks for it.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdfsync.sandbox.airtable import attachments, people
from mdfsync.sandbox.airtable.errors import (
    computed_field,
    invalid_value,
    no_such_row,
    unacceptable,
    unknown_choice,
    unparseable,
    wrong_linked_table,
)
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.ids import is_id
from mdfsync.sandbox.store import Doc

LONGEST_TEXT = 100_000
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LISTS = frozenset({"multipleSelects", "multipleCollaborators", "multipleRecordLinks", "multipleAttachments"})
_BULLET = re.compile(r"^(\s*)[*+] ", re.MULTILINE)


class CellWriter:
    """Reads raw cells for one table. `exists` tells whether a record of a table is there, one that the same request
    is about to create included."""

    def __init__(self, world: World, table: Table, exists: Callable[[str, str], bool]) -> None:
        self.world = world
        self.table = table
        self.exists = exists
        self._parsers: dict[str, Callable[[Doc, Any], Any]] = {
            "singleLineText": _text, "multilineText": _text, "email": _text, "url": _text, "phoneNumber": _text,
            "richText": self._rich_text, "number": self._number, "currency": self._number, "percent": _number,
            "duration": _number,
            "rating": _rating, "checkbox": _checkbox, "date": _date, "dateTime": _date_time,
            "singleSelect": _choice, "multipleSelects": _choices, "singleCollaborator": self._collaborator,
            "multipleCollaborators": self._collaborators, "multipleRecordLinks": self._links,
            "multipleAttachments": self._attachments, "barcode": _barcode,
        }  # fmt: skip

    def parse(self, field: Doc, raw: Any) -> Any:
        """The value to keep, None for an empty cell; refuses what the field's type does not take."""
        if field["type"] in COMPUTED:
            raise computed_field(field["name"])
        if raw is None or (raw == [] and field["type"] in _LISTS):
            return None
        return self._parsers[field["type"]](field, raw)

    def _rich_text(self, field: Doc, raw: Any) -> str | None:
        """Markdown as the service rewrites it: `- ` for every bullet, a newline at the end."""
        text = _text(field, raw)
        if text is None or self.world.knob("rich_text_verbatim"):
            return text
        text = _BULLET.sub(r"\1- ", text)
        return text if text.endswith("\n") else text + "\n"

    def _number(self, field: Doc, raw: Any) -> int | float:
        number = _number(field, raw)
        rounds = self.world.knob("integer_rounding")
        return plain_number(round(number, field["options"]["precision"])) if rounds else number

    def _collaborator(self, field: Doc, raw: Any) -> str:
        key = (raw.get("id") or raw.get("email")) if isinstance(raw, dict) else None
        person = people.find(self.world.store, key) if isinstance(key, str) else None
        if person is None or person.level == "none":
            raise unacceptable(field["name"])
        return person.id

    def _collaborators(self, field: Doc, raw: Any) -> list[str]:
        if not isinstance(raw, list):
            raise unacceptable(field["name"])
        chosen = [self._collaborator(field, {"id": item} if isinstance(item, str) else item) for item in raw]
        return list(dict.fromkeys(chosen))

    def _links(self, field: Doc, raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(item, str) and is_id(item, "rec") for item in raw):
            raise invalid_value("Value is not an array of record IDs.")
        target = field["options"]["linkedTableId"]
        for record_id in raw:
            if not self.exists(target, record_id):
                elsewhere = self.world.where(self.table.base, record_id)
                raise wrong_linked_table(record_id) if elsewhere else no_such_row(record_id, in_table=False)
        return list(dict.fromkeys(raw))

    def _attachments(self, field: Doc, raw: Any) -> list[str]:
        if not isinstance(raw, list):
            raise unacceptable(field["name"])
        return [attachments.accept(self.world, field["name"], item) for item in raw]


def _text(field: Doc, raw: Any) -> str | None:
    if not isinstance(raw, str) or len(raw) > LONGEST_TEXT or _LONE_SURROGATE.search(raw):
        raise unacceptable(field["name"])
    return raw or None


def plain_number(value: float) -> int | float:
    """A double as JavaScript would print it: whole numbers without a fraction."""
    value = float(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _number(field: Doc, raw: Any) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise unacceptable(field["name"])
    if abs(raw) > sys.float_info.max or not math.isfinite(raw):
        raise unacceptable(field["name"])
    return plain_number(raw)


def _rating(field: Doc, raw: Any) -> int:
    number = _number(field, raw)
    if not isinstance(number, int) or not 1 <= number <= int(field["options"]["max"]):
        raise unacceptable(field["name"])
    return number


def _checkbox(field: Doc, raw: Any) -> bool | None:
    if not isinstance(raw, bool):
        raise unacceptable(field["name"])
    return raw or None


def _date(field: Doc, raw: Any) -> str:
    if not isinstance(raw, str):
        raise unacceptable(field["name"])
    try:
        if len(raw) == 10:
            return date.fromisoformat(raw).isoformat()
        return datetime.fromisoformat(raw).date().isoformat()
    except ValueError:
        raise unparseable(field["name"], raw) from None


def field_zone(field: Doc) -> ZoneInfo:
    """Zone in which a dateTime field reads texts without an offset (`client` counts as UTC here)."""
    name = field.get("options", {}).get("timeZone", "utc")
    try:
        return ZoneInfo("UTC" if name in {"utc", "client"} else name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _date_time(field: Doc, raw: Any) -> str:
    try:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return instant_text(datetime.fromtimestamp(raw / 1000, tz=UTC))
        if not isinstance(raw, str):
            raise unacceptable(field["name"])
        moment = datetime.fromisoformat(raw)
        return instant_text(moment if moment.tzinfo else moment.replace(tzinfo=field_zone(field)))
    except (ValueError, OverflowError, OSError):
        raise unparseable(field["name"], raw) from None


def _choice(field: Doc, raw: Any) -> str:
    if not isinstance(raw, str):
        raise unacceptable(field["name"])
    if not any(choice["name"] == raw for choice in field["options"]["choices"]):
        raise unknown_choice(raw)
    return raw


def _choices(field: Doc, raw: Any) -> list[str]:
    if not isinstance(raw, list):
        raise unacceptable(field["name"])
    return list(dict.fromkeys(_choice(field, item) for item in raw))


def _barcode(field: Doc, raw: Any) -> Doc:
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise unacceptable(field["name"])
    return {key: raw[key] for key in ("text", "type") if key in raw}


# -- showing

SPECIAL = frozenset({"singleCollaborator", "multipleCollaborators", "multipleAttachments"})


def show(world: World, field: Doc, value: Any) -> Any:
    """A kept value as record endpoints return it."""
    if field["type"] == "singleCollaborator":
        return collaborator(world, value)
    if field["type"] == "multipleCollaborators":
        return [collaborator(world, item) for item in value]
    if field["type"] == "multipleAttachments":
        return [attachments.show(world, item) for item in value]
    return value


def collaborator(world: World, user_id: str) -> Doc:
    """A person's collaborator object; users that left keep their id."""
    person = people.find(world.store, user_id)
    return person.collaborator() if person else {"id": user_id}


def show_v2(world: World, field: Doc, value: Any) -> Any:
    """A kept value in the cell format of webhook payloads; None for an empty cell."""
    if value is None:
        return None
    if field["type"] in {"singleSelect", "multipleSelects"}:
        choices = {choice["name"]: choice for choice in field["options"]["choices"]}
        names = [value] if field["type"] == "singleSelect" else value
        shown = [choices.get(name, {"id": "", "name": name}) for name in names]
        return shown[0] if field["type"] == "singleSelect" else shown
    if field["type"] == "multipleRecordLinks":
        target = world.table_by_id(field["options"]["linkedTableId"])
        return [
            {"id": item, "name": name} for item, name in zip(value, record_names(world, target, value), strict=True)
        ]
    return show(world, field, value)


def record_name(world: World, table: Table, record_id: str) -> str:
    """The text of a record's primary cell, as links and formulas show the record."""
    return record_names(world, table, [record_id])[0]


def record_names(world: World, table: Table, record_ids: list[str]) -> list[str]:
    """Those of several records, in order; blank for one that is gone."""
    known, primary, names = world.records(table.id), table.fields[table.primary], []
    if primary["type"] in COMPUTED:
        from mdfsync.sandbox.airtable.computed import computed_text  # which stands on this module

        return [computed_text(world, table, primary, known[r]) if r in known else "" for r in record_ids]
    for record_id in record_ids:
        doc = known.get(record_id)
        value = doc["cells"].get(primary["id"]) if doc else None
        names.append("" if value is None else value if type(value) is str else cell_text(world, primary, value))
    return names


def cell_text(world: World, field: Doc, value: Any) -> str:
    """A kept value as text, the way formulas join it to other text."""
    if field["type"] == "multipleRecordLinks":
        target = world.table_by_id(field["options"]["linkedTableId"])
        return ", ".join(record_names(world, target, value))
    if field["type"] in {"singleCollaborator", "multipleCollaborators"}:
        users = [value] if isinstance(value, str) else value
        return ", ".join(str(collaborator(world, user).get("name", "")) for user in users)
    if field["type"] == "multipleAttachments":
        return ", ".join(str(attachments.show(world, item)["filename"]) for item in value)
    if field["type"] == "barcode":
        return str(value["text"])
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
