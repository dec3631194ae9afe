"""Metadata endpoints of the sandbox's Airtable: bases, tables, fields; additive, as the real API is.

Nothing here deletes, retypes or re-options a field: the API cannot, and people do that in Airtable's pages
(`airtable.by_hand`). A link field brings its reverse field into the linked table under an automatic name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import payloads, people, views
from mdfsync.sandbox.airtable.computed import facts
from mdfsync.sandbox.airtable.errors import (
    Refusal,
    invalid_field_options,
    invalid_offset,
    invalid_request,
    model_not_found,
)
from mdfsync.sandbox.airtable.fields import description, duplicate_field, field_from
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import Table, World
from mdfsync.sandbox.store import Doc

MOST_BASES = 1_000


def bases(world: World, person: Person, offset: str) -> Doc:
    """`GET /meta/bases?offset=`: the bases this token was granted, a thousand a page."""
    granted = [b for b in world.store.all("bases").values() if person.bases is None or b["id"] in person.bases]
    known = [b["id"] for b in granted]
    if offset and offset not in known:
        raise invalid_offset()
    start = known.index(offset) + 1 if offset else 0
    page = granted[start : start + MOST_BASES] if person.level != "none" else []
    answer: Doc = {"bases": [{"id": b["id"], "name": b["name"], "permissionLevel": person.level} for b in page]}
    return answer | ({"offset": page[-1]["id"]} if page and page[-1] is not granted[-1] else {})


def base_info(world: World, person: Person, base_id: str, *, collaborators: bool) -> Doc:
    """`GET /meta/bases/{b}`: name and level; with `include=collaborators` everybody who can open it."""
    base = world.base(base_id)
    groups: Doc = {"baseCollaborators": [], "workspaceCollaborators": []}
    here = [p for p in people.everyone(world.store) if p.may_open(base_id)] if collaborators else []
    owner = people.worker(world.store).id
    individuals = [
        {
            "userId": p.id, "email": p.email, "permissionLevel": p.level, "createdTime": base["createdTime"],
            "grantedByUserId": owner,
        }
        for p in here
    ]  # fmt: skip
    return {
        "id": base["id"], "name": base["name"], "createdTime": base["createdTime"],
        "permissionLevel": person.level, "workspaceId": "wspSandbox000000000", "interfaces": {},
        "groupCollaborators": groups, "individualCollaborators": {**groups, "baseCollaborators": individuals},
        "inviteLinks": {"baseInviteLinks": [], "workspaceInviteLinks": []},
    }  # fmt: skip


def tables(world: World, base_id: str, *, visible_fields: bool = False) -> Doc:
    """`GET /meta/bases/{b}/tables`."""
    return {"tables": [shown(world, table, visible_fields=visible_fields) for table in world.tables(base_id)]}


def shown(world: World, table: Table, *, visible_fields: bool = False) -> Doc:
    """One table's schema as the metadata endpoints return it."""
    doc = {key: value for key, value in table.doc.items() if key != "base"}
    doc["fields"] = [shown_field(world, table, field) for field in table.doc["fields"]]
    return doc | {"views": views.shown(table, visible_fields=visible_fields)}


def shown_field(world: World, table: Table, field: Doc) -> Doc:
    """One field's schema; of computed ones whether they are valid now."""
    found = facts(world, table, field)
    return {**field, "options": {**field.get("options", {}), **found}} if found else field


def create_base(world: World, person: Person, body: Any) -> Doc:
    """`POST /meta/bases`."""
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise invalid_request()
    specs = body.get("tables")
    if not isinstance(specs, list) or not specs or not isinstance(body.get("workspaceId"), str):
        raise invalid_request()
    base_id = world.create_base(body["name"])
    made = [create_table(world, person, base_id, spec) for spec in specs]
    return {"id": base_id, "tables": made}


def create_table(world: World, person: Person, base_id: str, body: Any) -> Doc:
    """`POST …/tables`: fields in order, the first is the primary one."""
    specs = body.get("fields") if isinstance(body, dict) else None
    if not isinstance(specs, list) or not specs:
        raise invalid_request()
    name = _table_name(world, base_id, body.get("name"))
    fields = [field_from(world, name, spec, primary=place == 0) for place, spec in enumerate(specs)]
    if len({field["name"].lower() for field in fields}) != len(fields):
        raise duplicate_field()
    doc: Doc = {"id": ids.new(world.store, "tbl"), "base": base_id, "name": name}
    if body.get("description"):
        doc["description"] = description(body["description"])
    view = {"id": ids.new(world.store, "viw"), "name": "Grid view", "type": "grid"}
    doc |= {"primaryFieldId": fields[0]["id"], "fields": fields, "views": [view]}
    for field in fields:
        _check_link(world, base_id, field, own=doc["id"])
        _check_sources(world, Table(doc), field)
    world.put_table(doc)
    base = world.base(base_id)
    world.store.put("bases", base_id, {**base, "tables": [*base["tables"], doc["id"]]})
    for field in fields:
        _add_reverse(world, base_id, doc["id"], field["id"])
    table = world.table_by_id(doc["id"])
    made = {"metadata": {"name": table.name}, "fieldsById": _field_infos(table.doc["fields"]), "recordsById": {}}
    payloads.publish_schema(world, base_id, person, {"createdTablesById": {table.id: made}}, "tableMetadata")
    return shown(world, table)


def create_field(world: World, person: Person, base_id: str, table: Table, body: Any, *, by_hand: bool = False) -> Doc:
    """`POST …/fields`; `by_hand` allows the types that only Airtable's pages can make."""
    field = field_from(world, table.name, body, by_hand=by_hand)
    _refuse_duplicate(table, field["name"])
    _check_link(world, base_id, field, own=table.id)
    _check_sources(world, table, field)
    world.put_table({**table.doc, "fields": [*table.doc["fields"], field]})
    _add_reverse(world, base_id, table.id, field["id"])
    change = {table.id: {"createdFieldsById": _field_infos([field])}}
    payloads.publish_schema(world, base_id, person, {"changedTablesById": change}, "tableFields")
    made = world.table_by_id(table.id)
    return shown_field(world, made, made.fields[field["id"]])


def patch_table(world: World, person: Person, base_id: str, table: Table, body: Any) -> Doc:
    """`PATCH …/tables/{t}`: name and description only."""
    if not isinstance(body, dict) or not body or set(body) - {"name", "description"}:
        raise invalid_request()
    doc = dict(table.doc)
    if "name" in body:
        doc["name"] = _table_name(world, base_id, body["name"], own=table.id)
    if "description" in body:
        doc["description"] = description(body["description"] or "")
    world.put_table(doc)
    infos = [{"name": d["name"], "description": d.get("description")} for d in (doc, table.doc)]
    change = {table.id: {"changedMetadata": {"current": infos[0], "previous": infos[1]}}}
    payloads.publish_schema(world, base_id, person, {"changedTablesById": change}, "tableMetadata")
    return shown(world, world.table_by_id(table.id))


def patch_field(world: World, person: Person, base_id: str, table: Table, field_id: str, body: Any) -> Doc:
    """`PATCH …/fields/{f}`: name and description; of the options only a formula field's formula."""
    field = table.fields.get(field_id)
    if field is None:
        raise model_not_found()
    formula = field["type"] == "formula" and isinstance(body, dict) and list(body.get("options", ())) == ["formula"]
    allowed = {"name", "description"} | ({"options"} if formula else set())
    if not isinstance(body, dict) or not body or set(body) - allowed:
        raise invalid_request()
    changed = dict(field)
    if "name" in body:
        if not isinstance(body["name"], str) or not body["name"].strip():
            raise duplicate_field()
        _refuse_duplicate(table, body["name"], own=field_id)
        changed["name"] = body["name"].strip()
    if "description" in body:
        changed["description"] = description(body["description"] or "")
    if formula and "options" in body:
        changed["options"] = {**field["options"], "formula": str(body["options"]["formula"])}
    replace_field(world, person, base_id, table, changed)
    return shown_field(world, world.table_by_id(table.id), changed)


def replace_field(world: World, person: Person, base_id: str, table: Table, changed: Doc) -> None:
    """Put a changed field in its place and report it."""
    before = table.fields[changed["id"]]
    fields = [changed if f["id"] == changed["id"] else f for f in table.doc["fields"]]
    world.put_table({**table.doc, "fields": fields})
    infos = {"current": _info(changed), "previous": _info(before)}
    change = {table.id: {"changedFieldsById": {changed["id"]: infos}}}
    payloads.publish_schema(world, base_id, person, {"changedTablesById": change}, "tableFields")


def _info(field: Doc) -> Doc:
    return {"name": field["name"], "type": field["type"]}


def _field_infos(fields: Sequence[Doc]) -> Doc:
    return {field["id"]: _info(field) for field in fields}


def _table_name(world: World, base_id: str, name: Any, own: str = "") -> str:
    if not isinstance(name, str) or not name.strip():
        raise invalid_request()
    wanted = str(name).strip()
    if any(t.name.lower() == wanted.lower() and t.id != own for t in world.tables(base_id)):
        raise Refusal(422, "DUPLICATE_TABLE_NAME", f"Duplicate table name: {wanted}")
    return wanted


def _refuse_duplicate(table: Table, name: str, own: str = "") -> None:
    wanted = name.strip().lower()
    if any(f["name"].lower() == wanted and f["id"] != own for f in table.doc["fields"]):
        raise duplicate_field()


def _check_link(world: World, base_id: str, field: Doc, own: str) -> None:
    if field["type"] == "multipleRecordLinks":
        target = field["options"]["linkedTableId"]
        if target != own and target not in world.base(base_id)["tables"]:
            raise Refusal(422, "INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", f"Table {target} is not in this base")


def _check_sources(world: World, table: Table, field: Doc) -> None:
    """A count, lookup or rollup needs a link field of its own table and, the latter two, a field in the linked one."""
    options = field.get("options") or {}
    if "recordLinkFieldId" not in options:
        return
    where, link = f"{table.name}.{field['name']}", table.fields.get(options["recordLinkFieldId"])
    if link is None or link["type"] != "multipleRecordLinks":
        raise invalid_field_options(where, "recordLinkFieldId is no link field of this table")
    target = world.table_by_id(link["options"]["linkedTableId"])
    if "fieldIdInLinkedTable" in options and options["fieldIdInLinkedTable"] not in target.fields:
        raise invalid_field_options(where, "fieldIdInLinkedTable is no field of the linked table")


def _add_reverse(world: World, base_id: str, table_id: str, field_id: str) -> None:
    """The automatic other side of a new link; a link of a table to itself has none."""
    table = world.table_by_id(table_id)
    field = table.fields[field_id]
    if field["type"] != "multipleRecordLinks" or field["options"]["linkedTableId"] == table_id:
        return
    target = world.table(base_id, field["options"]["linkedTableId"])
    taken = {f["name"].lower() for f in target.doc["fields"]}
    name, suffix = table.name, 2
    while name.lower() in taken:
        name, suffix = f"{table.name} {suffix}", suffix + 1
    reverse: Doc = {
        "id": ids.new(world.store, "fld"), "name": name, "type": "multipleRecordLinks",
        "options": {
            "linkedTableId": table_id, "isReversed": False, "prefersSingleRecordLink": False,
            "inverseLinkFieldId": field_id,
        },
    }  # fmt: skip
    linked = {**field, "options": {**field["options"], "inverseLinkFieldId": reverse["id"]}}
    world.put_table({**table.doc, "fields": [linked if f["id"] == field_id else f for f in table.doc["fields"]]})
    world.put_table({**target.doc, "fields": [*target.doc["fields"], reverse]})
