"""What people do to a base in Airtable's own pages and no API can: the sandbox's admin side of the schema.

Creating computed fields, deleting fields and tables, changing a field's type, renaming or removing a select choice,
making and changing views, copying a whole base. None of it is in the write log (that witnesses cells that somebody
set); schema changes are in the webhook payloads like any other, views excepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import payloads, schema, views
from mdfsync.sandbox.airtable.cells import CellWriter, cell_text
from mdfsync.sandbox.airtable.errors import Refusal, invalid_request, unknown_field
from mdfsync.sandbox.airtable.fields import field_from
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World, comments_of, records_of
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc

Action = Callable[[World, Person, Table, Mapping[str, Any]], None]
_LINKED = ("recordLinkFieldId", "referencedFieldIds")


def act(world: World, person: Person, base_id: str, action: Mapping[str, Any]) -> Doc:
    """One change of the schema by hand: `{action, table, field?, …}`; returns the table as it is then, or `{}` for a
    deleted one. Refused like an API call when it makes no sense."""
    table = world.table(base_id, str(action.get("table", "")))
    handler = _ACTIONS.get(str(action.get("action")))
    if handler is None:
        raise invalid_request(f"unknown action; known: {', '.join(sorted(_ACTIONS))}")
    handler(world, person, table, action)
    world.forget()
    return schema.shown(world, world.table_by_id(table.id)) if table.id in world.store.all("tables") else {}


def _field(table: Table, action: Mapping[str, Any]) -> Doc:
    field = table.field(str(action.get("field", "")))
    if field is None:
        raise unknown_field(str(action.get("field", "")))
    return field


def _create_field(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    """Any type; field references in the options may be names."""
    options = dict(action.get("options") or {})
    for key in _LINKED:
        if key in options:
            names = options[key] if isinstance(options[key], list) else [options[key]]
            found = [_field(table, {"field": name})["id"] for name in names]
            options[key] = found if isinstance(options[key], list) else found[0]
    if "fieldIdInLinkedTable" in options:
        link = table.fields[options["recordLinkFieldId"]]
        target = world.table_by_id(link["options"]["linkedTableId"])
        options["fieldIdInLinkedTable"] = _field(target, {"field": options["fieldIdInLinkedTable"]})["id"]
    spec = {"name": action.get("name"), "type": action.get("type"), "options": options or None}
    schema.create_field(world, person, table.base, table, spec, by_hand=True)


def _rename_field(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    field = _field(table, action)
    schema.patch_field(world, person, table.base, table, field["id"], {"name": action.get("name")})


def _rename_table(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    schema.patch_table(world, person, table.base, table, {"name": action.get("name")})


def _on_view(act: Callable[[World, Table, Mapping[str, Any]], None]) -> Action:
    return lambda world, _person, table, action: act(world, table, action)


def _delete_field(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    """The cells go with it; the reverse side of a link goes too."""
    field = _field(table, action)
    if field["id"] == table.primary:
        raise invalid_request("the primary field cannot be deleted")
    _drop(world, person, table, field)
    inverse = field.get("options", {}).get("inverseLinkFieldId")
    if inverse:
        target = world.table_by_id(field["options"]["linkedTableId"])
        _drop(world, person, target, target.fields[inverse])


def _drop(world: World, person: Person, table: Table, field: Doc) -> None:
    _map_cells(world, table, field["id"], lambda _value: None)
    world.put_table({**table.doc, "fields": [f for f in table.doc["fields"] if f["id"] != field["id"]]})
    change = {"changedTablesById": {table.id: {"destroyedFieldIds": [field["id"]]}}}
    payloads.publish_schema(world, table.base, person, change, "tableFields")


def _delete_table(world: World, person: Person, table: Table, _action: Mapping[str, Any]) -> None:
    for field in list(table.links()):
        inverse = field["options"].get("inverseLinkFieldId")
        if inverse:
            target = world.table_by_id(field["options"]["linkedTableId"])
            _drop(world, person, target, target.fields[inverse])
    for record_id in list(world.records(table.id)):
        world.store.remove(records_of(table.id), record_id)
        world.store.remove(comments_of(table.id), record_id)
    base = world.base(table.base)
    world.store.put("bases", base["id"], {**base, "tables": [t for t in base["tables"] if t != table.id]})
    world.store.remove("tables", table.id)
    payloads.publish_schema(world, table.base, person, {"destroyedTableIds": [table.id]}, "tableMetadata")


def _change_type(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    """Cells that the new type does not take as they are, nor as text, become empty."""
    before = _field(table, action)
    spec = {"name": before["name"], "type": action.get("type"), "options": action.get("options")}
    made = field_from(world, table.name, spec, by_hand=True)
    changed = {**made, "id": before["id"]} | {k: v for k, v in before.items() if k == "description"}
    if "multipleRecordLinks" in (before["type"], changed["type"]):
        raise invalid_request("links cannot be retyped")
    writer = CellWriter(world, table, lambda _table, _record: False)

    def convert(value: Any) -> Any:
        if changed["type"] in COMPUTED:
            return None
        for raw in (value, cell_text(world, before, value)):
            try:
                return writer.parse(changed, raw)
            except Refusal:
                continue
        return None

    _map_cells(world, table, before["id"], convert)
    schema.replace_field(world, person, table.base, table, changed)


def _choices(world: World, person: Person, table: Table, action: Mapping[str, Any]) -> None:
    """`rename_choice` and `delete_choice`: the cells follow."""
    field, name = _field(table, action), action.get("choice")
    choices: list[Doc] = field.get("options", {}).get("choices", [])
    if not any(choice["name"] == name for choice in choices):
        raise invalid_request(f"no choice {name}")
    new = str(action["name"]) if action.get("action") == "rename_choice" else None
    kept = [{**c, "name": new} if c["name"] == name else c for c in choices if new or c["name"] != name]

    def follow(value: Any) -> Any:
        if isinstance(value, str):
            return new if value == name else value
        return [v for v in (new if item == name else item for item in value) if v] or None

    _map_cells(world, table, field["id"], follow)
    changed = {**field, "options": {**field["options"], "choices": kept}}
    schema.replace_field(world, person, table.base, table, changed)


def _map_cells(world: World, table: Table, field_id: str, convert: Callable[[Any], Any]) -> None:
    for record_id, row in list(world.records(table.id).items()):
        if field_id not in row["cells"]:
            continue
        value = convert(row["cells"][field_id])
        cells = {f: v for f, v in row["cells"].items() if f != field_id}
        if value is not None:
            cells[field_id] = value
        world.store.put(records_of(table.id), record_id, {**row, "cells": cells})


_ACTIONS: dict[str, Action] = {
    "create_field": _create_field, "rename_field": _rename_field, "delete_field": _delete_field,
    "change_type": _change_type, "rename_choice": _choices, "delete_choice": _choices,
    "rename_table": _rename_table, "delete_table": _delete_table, "create_view": _on_view(views.create),
    "change_view": _on_view(views.change), "rename_view": _on_view(views.rename), "delete_view": _on_view(views.delete),
}  # fmt: skip


# -- copies


def copy_base(world: World, person: Person, base_id: str, name: str) -> str:
    """A duplicate of a base: same names and cells, every id new, made now by `person`; no webhooks, no history."""
    copy_id = world.create_base(name)
    tables = world.tables(base_id)
    new: dict[str, str] = {}
    for table in tables:
        new[table.id] = ids.new(world.store, "tbl")
        new |= {f: ids.new(world.store, "fld") for f in table.fields}
        new |= {r: ids.new(world.store, "rec") for r in world.records(table.id)}
        new |= {v["id"]: ids.new(world.store, "viw") for v in table.doc["views"]}
        for field in table.doc["fields"]:
            choices = field.get("options", {}).get("choices", [])
            new |= {choice["id"]: ids.new(world.store, "sel") for choice in choices}
    for table in tables:
        world.put_table({**_renamed(table.doc, new), "base": copy_id})
        _copy_records(world, person, table, new)
    base = world.base(copy_id)
    world.store.put("bases", copy_id, {**base, "tables": [new[table.id] for table in tables]})
    return copy_id


def _renamed(value: Any, new: Mapping[str, str]) -> Any:
    """A schema with every id replaced, those inside formula texts too."""
    if isinstance(value, dict):
        return {key: _renamed(item, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, new) for item in value]
    if isinstance(value, str):
        return re.sub(r"(?:fld|tbl|viw|sel)[0-9A-Za-z]{14}", lambda m: new.get(m.group(), m.group()), value)
    return value


def _copy_records(world: World, person: Person, table: Table, new: Mapping[str, str]) -> None:
    created = instant_text(world.clock.now().replace(microsecond=0))
    links = {field["id"] for field in table.links()}
    files = {f["id"] for f in table.doc["fields"] if f["type"] == "multipleAttachments"}
    for record_id, row in world.records(table.id).items():
        cells: Doc = {}
        for field_id, value in row["cells"].items():
            if field_id in links:
                value = [new[target] for target in value]
            elif field_id in files:
                value = [_copy_file(world, attachment) for attachment in value]
            cells[new[field_id]] = value
        made = {"id": new[record_id], "createdTime": created, "createdBy": person.id, "number": row["number"]}
        world.store.put(records_of(new[table.id]), new[record_id], {**made, "cells": cells})
    counter = world.store.get("counters", f"auto:{table.id}")
    if counter is not None:
        world.store.put("counters", f"auto:{new[table.id]}", dict(counter))


def _copy_file(world: World, attachment_id: str) -> str:
    copy_id = ids.new(world.store, "att")
    doc = world.store.get("attachments", attachment_id) or {}
    world.store.put("attachments", copy_id, {**doc, "id": copy_id})
    return copy_id
