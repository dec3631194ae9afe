"""Computed cells of the sandbox's Airtable: worked out on every read, never kept.

Covers autoNumber, createdTime/By, lastModifiedTime/By (all fields or the referenced ones), count, lookup, rollup and
formula. Cells as formulas see them (`operand`) differ from cells as reads show them: links by the names of their
records, users by name, dates as dates. What refers to a field that is gone is invalid: formulas and rollups show
`#ERROR!` then, lookups and counts nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from mdfsync.sandbox.airtable.cells import cell_text, collaborator, plain_number, show
from mdfsync.sandbox.airtable.formula import Getter, InvalidFormula, Scope, compile_formula, last_modified, names
from mdfsync.sandbox.airtable.operands import ERRORS, FormulaError, text
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc

_ERROR = {"error": "#ERROR!"}


def value(world: World, table: Table, field: Doc, row: Doc) -> Any:
    """A computed cell as record endpoints return it; None for an empty one."""
    kind, options = field["type"], field.get("options") or {}
    if kind == "autoNumber":
        return row["number"]
    if kind == "createdTime":
        return row["createdTime"]
    if kind == "createdBy":
        return collaborator(world, row["createdBy"])
    if kind in {"lastModifiedTime", "lastModifiedBy"}:
        return _last_modified(world, kind, options.get("referencedFieldIds") or [], row)
    if kind == "count":
        link = table.fields.get(options["recordLinkFieldId"])
        return None if link is None else len(row["cells"].get(link["id"], []))
    if kind == "multipleLookupValues":
        return _lookup(world, table, options, row) or None
    if kind in {"formula", "rollup"}:
        return _shown(_evaluate(world, table, field, row))
    if kind == "button":
        return {"label": field["name"]}
    if kind == "aiText":
        return {"state": "empty", "isStale": False, "value": None}
    return f"a{row['number']}" if kind == "manualSort" else None


def _last_modified(world: World, kind: str, watched: list[str], row: Doc) -> Any:
    """A field that watches certain cells is blank until one of them holds or held something."""
    if watched and not any(f in row["cells"] or f in row.get("touched", {}) for f in watched):
        return None
    at, user = last_modified(row, watched)
    return at if kind == "lastModifiedTime" else collaborator(world, user)


def _target(world: World, table: Table, options: Doc) -> tuple[Doc, Table, Doc] | None:
    """(link field, linked table, field there) of a lookup or rollup, None when one of them is gone."""
    link = table.fields.get(options["recordLinkFieldId"])
    if link is None or link["type"] != "multipleRecordLinks":
        return None
    target = world.table_by_id(link["options"]["linkedTableId"])
    field = target.fields.get(options["fieldIdInLinkedTable"])
    return None if field is None else (link, target, field)


def _linked_rows(world: World, link: Doc, target: Table, row: Doc) -> list[Doc]:
    known = world.records(target.id)
    return [known[r] for r in row["cells"].get(link["id"], []) if r in known]


def _lookup(world: World, table: Table, options: Doc, row: Doc) -> list[Any]:
    found: list[Any] = []
    place = _target(world, table, options)
    if place is None:
        return found
    link, target, field = place
    for linked in _linked_rows(world, link, target, row):
        cell = cell_value(world, target, field, linked)
        found += cell if isinstance(cell, list) else [] if cell is None else [cell]
    return found


def cell_value(world: World, table: Table, field: Doc, row: Doc) -> Any:
    """Any cell, kept or computed, as record endpoints return it."""
    if field["type"] in COMPUTED:
        return value(world, table, field, row)
    kept = row["cells"].get(field["id"])
    return None if kept is None else show(world, field, kept)


def computed_text(world: World, table: Table, field: Doc, row: Doc) -> str:
    """A computed cell as text, for the name of a record whose primary field is computed."""
    shown = value(world, table, field, row)
    return "#ERROR!" if shown == _ERROR else text(_read_back(field["type"], shown))


def _evaluate(world: World, table: Table, field: Doc, row: Doc) -> Any:
    try:
        compiled = _compiled(world, table, field)
        if field["type"] == "formula":
            return compiled(row)
        place = _target(world, table, field["options"])
        if place is None:
            return _ERROR
        link, target, asked = place
        get = operand(world, target, asked)
        values = [get(linked) for linked in _linked_rows(world, link, target, row)]
        return compiled({"values": [value for value in values if value is not None]})
    except (*ERRORS, RecursionError):
        return _ERROR


def _compiled(world: World, table: Table, field: Doc) -> Getter:
    """The formula of a formula or rollup field, compiled once per schema; an invalid one refuses every record."""
    getter: Getter | None = table.getters.get(field["id"])
    if getter is None:
        resolve = resolver(world, table) if field["type"] == "formula" else _VALUES.get
        try:
            getter = compile_formula(field["options"]["formula"], Scope(resolve, world.clock.now))
        except InvalidFormula:
            getter = _invalid
        table.getters[field["id"]] = getter
    return getter


def _invalid(_row: Doc) -> Any:
    raise FormulaError("#ERROR!")


_VALUES: dict[str, Getter] = {"values": lambda row: row["values"]}


def _shown(result: Any) -> Any:
    if isinstance(result, list):
        return [_shown(item) for item in result]
    if isinstance(result, float) and not math.isfinite(result):
        return {"specialValue": "NaN" if math.isnan(result) else "Infinity" if result > 0 else "-Infinity"}
    if isinstance(result, bool):
        return int(result)
    if isinstance(result, float):
        return plain_number(result)
    if isinstance(result, datetime):
        return instant_text(result)
    if isinstance(result, date):
        return result.isoformat()
    return None if result == "" else result


def facts(world: World, table: Table, field: Doc) -> Doc:
    """What the schema says of a computed field beyond its options: whether it is valid, and what it refers to."""
    kind, options = field["type"], field.get("options") or {}
    if kind == "formula":
        valid = _compiled(world, table, field) is not _invalid
        known = [table.field(name) for name in names(options["formula"])] if valid else []
        return {"isValid": valid, "referencedFieldIds": [f["id"] for f in known if f is not None]}
    if kind == "count":
        return {"isValid": options["recordLinkFieldId"] in table.fields}
    if kind not in {"rollup", "multipleLookupValues"}:
        return {}
    place = _target(world, table, options)
    if kind == "multipleLookupValues":
        return {"isValid": place is not None}
    valid = place is not None and _compiled(world, table, field) is not _invalid
    return {"isValid": valid, "referencedFieldIds": [place[0]["id"]] if place else []}


def resolver(world: World, table: Table) -> Callable[[str], Getter | None]:
    """Field names of a table for formulas; `\\0id:<name>` resolves to the field's id (for LAST_MODIFIED_TIME)."""
    lowered = {name.lower(): field for name, field in table.by_name.items()}

    def resolve(name: str) -> Getter | None:
        wanted = name.removeprefix("\0id:")
        field = table.field(wanted) or lowered.get(wanted.lower())
        if field is None:
            return None
        if name != wanted:
            field_id = field["id"]
            return lambda _row: field_id
        return operand(world, table, field)

    return resolve


def operand(world: World, table: Table, field: Doc) -> Getter:
    """How formulas see the cells of a field."""
    field_id, kind = field["id"], field["type"]
    if kind in COMPUTED:
        return lambda row: _read_back(kind, value(world, table, field, row))
    if kind == "checkbox":
        return lambda row: row["cells"].get(field_id, False)
    if kind == "date":
        return lambda row: date.fromisoformat(row["cells"][field_id]) if field_id in row["cells"] else None
    if kind == "dateTime":
        return lambda row: datetime.fromisoformat(row["cells"][field_id]) if field_id in row["cells"] else None
    if kind in {"multipleRecordLinks", "singleCollaborator", "multipleCollaborators", "multipleAttachments", "barcode"}:
        return lambda row: cell_text(world, field, row["cells"][field_id]) if field_id in row["cells"] else None
    return lambda row: row["cells"].get(field_id)


def _read_back(kind: str, shown: Any) -> Any:
    if shown == _ERROR:
        raise FormulaError("#ERROR!")
    if kind in {"button", "aiText"}:
        return None
    if kind in {"createdTime", "lastModifiedTime"} and shown:
        return datetime.fromisoformat(shown)
    if kind in {"createdBy", "lastModifiedBy"} and shown:
        return shown.get("name", "")
    if isinstance(shown, dict):
        return float(shown["specialValue"]) if "specialValue" in shown else None
    return shown
