"""`typecast: true` of the sandbox's Airtable: best-effort coercion before the strict cell check.

It can alter the schema (new select choices) and other tables (new linked records), exactly what makes it
unfit for a governed worker; it exists here so that tests can show that the worker never asks for it. What it cannot
coerce it leaves as it was, for `CellWriter.parse` to refuse.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import people
from mdfsync.sandbox.airtable.errors import unknown_choice
from mdfsync.sandbox.airtable.people import LEVELS
from mdfsync.sandbox.airtable.world import Table
from mdfsync.sandbox.ids import is_id
from mdfsync.sandbox.store import Doc

if TYPE_CHECKING:
    from mdfsync.sandbox.airtable.batch import Batch

_NUMERIC = frozenset({"number", "currency", "percent", "duration", "rating"})
_TEXTUAL = frozenset({"singleLineText", "multilineText", "richText", "email", "url", "phoneNumber"})
_COLOURS = ("blueLight2", "cyanLight2", "tealLight2", "greenLight2", "yellowLight2", "orangeLight2", "redLight2")


def coerce(batch: Batch, table: Table, field: Doc, raw: Any) -> Any:
    """The raw value as the strict check would want it, as far as it can be guessed."""
    kind = field["type"]
    if kind in _TEXTUAL:
        return _text(raw)
    if isinstance(raw, str) and raw.strip() == "":
        return None
    if kind in _NUMERIC and isinstance(raw, str):
        return _number(kind, raw)
    if kind == "checkbox" and not isinstance(raw, bool):
        return str(raw).strip().lower() in {"true", "1", "yes", "checked", "on"}
    if kind == "date" and isinstance(raw, str):
        return _american_date(raw)
    if kind == "singleSelect" and isinstance(raw, str | int | float):
        return _choice(batch, table, field, str(raw).strip())
    if kind == "multipleSelects":
        return [_choice(batch, table, field, name) for name in _names(raw)]
    if kind in {"singleCollaborator", "multipleCollaborators"}:
        return _people(batch, kind, raw)
    if kind == "multipleRecordLinks":
        return [_linked(batch, field, name) for name in _names(raw)]
    if kind == "multipleAttachments" and isinstance(raw, str):
        return [{"url": raw}]
    return raw


def _text(raw: Any) -> Any:
    if isinstance(raw, list):
        return ", ".join(str(item) for item in raw)
    return raw if raw is None or isinstance(raw, str) else str(raw)


def _number(kind: str, raw: str) -> Any:
    text = re.sub(r"[\s,$€£]", "", raw)
    scale = 0.01 if kind == "percent" and text.endswith("%") else 1
    try:
        return float(text.rstrip("%")) * scale
    except ValueError:
        return raw


def _american_date(raw: str) -> str:
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", raw.strip())
    if match is None:
        return raw
    month, day, year = (int(part) for part in match.groups())
    try:
        return datetime(year, month, day).date().isoformat()  # noqa: DTZ001  (a calendar date, no instant)
    except ValueError:
        return raw


def _names(raw: Any) -> list[str]:
    items = raw.split(",") if isinstance(raw, str) else raw if isinstance(raw, list) else [raw]
    return [text for text in (str(item).strip() for item in items) if text]


def _choice(batch: Batch, table: Table, field: Doc, name: str) -> str:
    current = batch.world.table_by_id(table.id).fields[field["id"]]
    choices: list[Doc] = current["options"]["choices"]
    if any(choice["name"] == name for choice in choices):
        return name
    if LEVELS.index(batch.person.level) < LEVELS.index("create"):
        raise unknown_choice(name)
    colour = _COLOURS[len(choices) % len(_COLOURS)]
    added = {"id": ids.new(batch.world.store, "sel"), "name": name, "color": colour}
    changed = {**current, "options": {**current["options"], "choices": [*choices, added]}}
    doc = batch.world.table_by_id(table.id).doc
    fields = [changed if f["id"] == field["id"] else f for f in doc["fields"]]
    batch.world.put_table({**doc, "fields": fields})
    return name


def _people(batch: Batch, kind: str, raw: Any) -> Any:
    if not isinstance(raw, str):
        return raw
    known = {p.name.lower(): p.id for p in people.everyone(batch.world.store)}
    found = [{"id": known[name.lower()]} if name.lower() in known else {"email": name} for name in _names(raw)]
    return found if kind == "multipleCollaborators" else found[0]


def _linked(batch: Batch, field: Doc, name: str) -> str:
    if is_id(name, "rec"):
        return name
    target = batch.world.table_by_id(field["options"]["linkedTableId"])
    for record_id, doc in batch.rows(target):
        if doc["cells"].get(target.primary) == name:
            return record_id
    return batch.create(target, {target.primary: name})
