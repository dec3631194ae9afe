"""Tables and cells as the web page shows them, and what changed since it last looked.

Cells are those of Airtable's record endpoints, made ready to be read: links carry the names of their records,
attachments an address that the page may load. Read only. `Marks` numbers the states of the base for polling: the page
hands the number back and gets what changed since; it may compare numbers for equality and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from mdfsync.sandbox.airtable import writelog
from mdfsync.sandbox.airtable.cells import record_name, show
from mdfsync.sandbox.airtable.records import Presenter
from mdfsync.sandbox.airtable.world import COMPUTED, Table, World
from mdfsync.sandbox.snapshots import RESTORED
from mdfsync.sandbox.store import Doc

ATTACHMENTS = "/_web/attachments"
_SCHEMA = "web.schema"
_SHIFT = 2**32
"""A mark is the number of the schema times this, plus the number of the last write: exact in JavaScript."""


def tables(world: World, base_id: str) -> list[Doc]:
    """Every table of a base with its fields, in the base's order."""
    return [
        {
            "id": table.id, "name": table.name, "count": len(world.records(table.id)),
            "fields": [_field(table, field) for field in table.doc["fields"]],
        }
        for table in world.tables(base_id)
    ]  # fmt: skip


def _field(table: Table, field: Doc) -> Doc:
    return {
        "id": field["id"], "name": field["name"], "type": field["type"], "options": field.get("options") or {},
        "description": field.get("description") or "", "computed": field["type"] in COMPUTED,
        "primary": field["id"] == table.primary,
    }  # fmt: skip


class Rows:
    """Shows records of one table, `{id, created, cells: {field name: value}}`; empty cells left out."""

    def __init__(self, world: World, table: Table) -> None:
        self.world = world
        self.table = table
        self._present = Presenter(world, table)
        shaped = {"multipleRecordLinks", "multipleAttachments"}
        self._shaped = {f["name"]: f for f in table.doc["fields"] if f["type"] in shaped}
        self._names: dict[str, str] = {}

    def some(self, record_ids: Iterable[str] | None) -> list[Doc]:
        """The records with these ids that exist, or all of them in creation order."""
        known = self.world.records(self.table.id)
        chosen = known if record_ids is None else [r for r in dict.fromkeys(record_ids) if r in known]
        return [self.one(known[record_id]) for record_id in chosen]

    def one(self, row: Doc) -> Doc:
        """One stored record."""
        shown = self._present(row)
        cells: Doc = shown["fields"]
        for name in self._shaped.keys() & cells.keys():
            cells[name] = self._shape(self._shaped[name], cells[name])
        return {"id": shown["id"], "created": shown["createdTime"], "cells": cells}

    def kept(self, field_id: str, value: Any) -> Any:
        """A value as the write log keeps it, shown like a cell; raw when its field is gone."""
        field = self.table.fields.get(field_id)
        if value is None or field is None or field["type"] in COMPUTED:
            return value
        return self._shape(field, show(self.world, field, value))

    def _shape(self, field: Doc, value: Any) -> Any:
        if field["type"] == "multipleRecordLinks":
            return [{"id": linked, "name": self._name(field, linked)} for linked in value]
        if field["type"] == "multipleAttachments":
            return [_attachment(item) for item in value]
        return value

    def _name(self, field: Doc, record_id: str) -> str:
        name = self._names.get(record_id)
        if name is None:
            target = self.world.table_by_id(field["options"]["linkedTableId"])
            name = self._names[record_id] = record_name(self.world, target, record_id)
        return name


def _attachment(item: Doc) -> Doc:
    url = f"{ATTACHMENTS}/{item['id']}/{quote(item['filename'], safe='')}"
    return {
        "id": item["id"], "filename": item["filename"], "size": item.get("size", 0), "type": item.get("type", ""),
        "url": url,
    }  # fmt: skip


class Marks:
    """Numbers the states of the main base: its schema and the last write in the log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._seen: tuple[int | Doc, ...] = ()
        self._number = 0

    def now(self) -> int:
        """The present mark."""
        return self._schema() * _SHIFT + self.world.store.head(writelog.LOG)

    def since(self, mark: int) -> Doc:
        """`{seq, tables: {name: [record ids]}, schema}` of everything after a mark. Records that only link to a
        changed name are among them; after a change of the schema the page reads everything anew."""
        number, after = divmod(mark, _SHIFT)
        now = self.now()
        if number != now // _SHIFT:
            return {"seq": now, "tables": {}, "schema": True}
        base_id = self.world.main_base()
        changed: dict[str, dict[str, None]] = {}
        for entry in self.world.store.log(writelog.LOG, after):
            if entry["base"] == base_id:
                self._note(changed, entry)
        names = {table_id: self.world.table_by_id(table_id).name for table_id in changed}
        return {"seq": now, "tables": {names[t]: list(ids) for t, ids in changed.items()}, "schema": False}

    def _note(self, changed: dict[str, dict[str, None]], entry: Doc) -> None:
        table = self.world.table_by_id(entry["table_id"])
        changed.setdefault(table.id, {})[entry["record_id"]] = None
        row = self.world.records(table.id).get(entry["record_id"])
        if row is None or all(cell[0] != table.primary for cell in entry["cells"]):
            return
        for link in table.links():
            if linked := row["cells"].get(link["id"]):
                changed.setdefault(link["options"]["linkedTableId"], {}).update(dict.fromkeys(linked))

    def _schema(self) -> int:
        """The number of the schema; a new one whenever the world was restored or the tables are not those seen last.
        Their documents are replaced, never changed, so that comparing them by identity is enough between two polls."""
        base_id = self.world.main_base()
        restored: int = self.world.store.setting(RESTORED, 0)
        seen: tuple[int | Doc, ...] = (restored, *(table.doc for table in self.world.tables(base_id)))
        if self._number and len(seen) == len(self._seen) and all(map(_same, seen, self._seen)):
            return self._number
        store = self.world.store
        digest = hashlib.sha256(json.dumps([base_id, *seen]).encode()).hexdigest()
        known = store.setting(_SCHEMA) or {"number": 0, "digest": ""}
        if known["digest"] != digest:
            known = {"number": max(self._number, known["number"]) + 1, "digest": digest}
            store.set(_SCHEMA, known)
        self._seen, self._number = seen, known["number"]
        return self._number


def _same(one: int | Doc, other: int | Doc) -> bool:
    return one is other
