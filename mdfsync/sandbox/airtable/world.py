"""Bases, tables and records of the sandbox's Airtable, with the lookups that make 50,000 rows quick.

Collections: `bases`, `tables` (schema, keyed by table id), `records:<tbl…>` (`{id, createdTime, createdBy, number,
cells: {fld…: value}, modified, modifiedBy, touched: {fld…: [time, usr…]}}`), `comments:<tbl…>`, `counters`. Everything
read-only goes through here; every change of a cell goes through `airtable/batch`, which tells `World` what moved so
that the derived lookups (ids in order, record → table, equality indexes) stay true.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mdfsync.sandbox import ids, knobs
from mdfsync.sandbox.airtable.errors import model_not_found, table_not_found
from mdfsync.sandbox.clock import Clock, instant_text
from mdfsync.sandbox.store import Doc, Store

COMPUTED = frozenset(
    {
        "autoNumber", "button", "count", "createdBy", "createdTime", "formula", "lastModifiedBy", "lastModifiedTime",
        "multipleLookupValues", "rollup", "aiText", "externalSyncSource", "manualSort",
    }
)  # fmt: skip
INDEXED = frozenset({"singleLineText", "multilineText", "email", "url", "phoneNumber", "singleSelect"})


def records_of(table_id: str) -> str:
    """Name of the collection that holds a table's records."""
    return f"records:{table_id}"


def comments_of(table_id: str) -> str:
    """Name of the collection that holds the comments on a table's records, one document per record."""
    return f"comments:{table_id}"


class Table:
    """Read-only view of one table's schema with its lookups."""

    __slots__ = ("base", "by_name", "computed", "doc", "fields", "getters", "id", "name", "primary")

    def __init__(self, doc: Doc) -> None:
        self.doc = doc
        self.id: str = doc["id"]
        self.name: str = doc["name"]
        self.base: str = doc["base"]
        self.primary: str = doc["primaryFieldId"]
        self.fields: dict[str, Doc] = {f["id"]: f for f in doc["fields"]}
        self.by_name: dict[str, Doc] = {f["name"]: f for f in doc["fields"]}
        self.computed: list[Doc] = [f for f in doc["fields"] if f["type"] in COMPUTED]
        self.getters: dict[str, Any] = {}  # how `airtable/computed` reads each field, found out once per schema

    def field(self, id_or_name: str) -> Doc | None:
        """A field by id or exact name."""
        return self.fields.get(id_or_name) or self.by_name.get(id_or_name)

    def links(self) -> Iterator[Doc]:
        """Link fields, the reverse ones too."""
        return (f for f in self.doc["fields"] if f["type"] == "multipleRecordLinks")


@dataclass(frozen=True, slots=True)
class Moved:
    """One record before and after: None before = created, None after = destroyed."""

    table_id: str
    record_id: str
    before: Doc | None
    after: Doc | None

    def changed(self) -> list[str]:
        """Ids of the fields whose cell is not what it was."""
        old: Doc = self.before["cells"] if self.before else {}
        new: Doc = self.after["cells"] if self.after else {}
        return [f for f in {**old, **new} if old.get(f) != new.get(f)]


class World:
    """All bases of one store. One per store: see `world`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.root_url = "http://127.0.0.1"
        self._tables: dict[str, Table] = {}
        self._ordered: dict[str, list[str]] = {}
        self._where: dict[str, dict[str, str]] = {}
        self._indexes: dict[tuple[str, str], dict[Any, dict[str, None]]] = {}

    # -- schema

    def knob(self, name: str) -> Any:
        """A behaviour switch, see `knobs`."""
        return knobs.value(self.store, name)

    def base(self, base_id: str) -> Doc:
        """The base `{id, name, tables: [tbl…], …}`; refused when unknown."""
        doc = self.store.get("bases", base_id)
        if doc is None:
            raise model_not_found()
        return doc

    def tables(self, base_id: str) -> list[Table]:
        """The base's tables in schema order."""
        return [self.table_by_id(table_id) for table_id in self.base(base_id)["tables"]]

    def table_by_id(self, table_id: str) -> Table:
        """A table by id alone; `KeyError` when unknown."""
        doc = self.store.all("tables")[table_id]
        known = self._tables.get(table_id)
        if known is None or known.doc is not doc:
            known = self._tables[table_id] = Table(doc)
        return known

    def table(self, base_id: str, id_or_name: str) -> Table:
        """A table of a base by id, or by name regardless of case; refused when unknown."""
        table_ids: list[str] = self.base(base_id)["tables"]
        if id_or_name in table_ids:
            return self.table_by_id(id_or_name)
        wanted = id_or_name.lower()
        for table in self.tables(base_id):
            if table.name.lower() == wanted:
                return table
        raise table_not_found(id_or_name, base_id) if self.knob("missing_table_status") == 404 else model_not_found()

    def put_table(self, doc: Doc) -> None:
        """Store a changed table schema."""
        self.store.put("tables", doc["id"], doc)

    def main_base(self) -> str:
        """Id of the base that the sandbox hands out; `""` before the first start."""
        return str(self.store.setting("main_base", ""))

    def create_base(self, name: str) -> str:
        """A new base without tables."""
        base_id = ids.new(self.store, "app")
        doc = {"id": base_id, "name": name, "tables": [], "createdTime": instant_text(self.clock.now())}
        self.store.put("bases", base_id, doc)
        return base_id

    def count(self, counter: str) -> int:
        """The next number of a named counter, from 1."""
        number = int((self.store.get("counters", counter) or {"n": 0})["n"]) + 1
        self.store.put("counters", counter, {"n": number})
        return number

    # -- records

    def records(self, table_id: str) -> dict[str, Doc]:
        """A table's records in creation order."""
        return self.store.all(records_of(table_id))

    def ordered(self, table_id: str) -> list[str]:
        """Record ids in id order, the order of a listing without sort and view."""
        order = self._ordered.get(table_id)
        if order is None:
            order = self._ordered[table_id] = sorted(self.records(table_id))
        return order

    def after(self, table_id: str, record_id: str) -> int:
        """Position in `ordered` behind a record id, whether or not it still exists."""
        return bisect_right(self.ordered(table_id), record_id)

    def where(self, base_id: str, record_id: str) -> str | None:
        """Id of the table of this base that holds a record."""
        places = self._where.get(base_id)
        if places is None:
            places = self._where[base_id] = {
                record_id: table.id for table in self.tables(base_id) for record_id in self.records(table.id)
            }
        return places.get(record_id)

    def matching(self, table: Table, field: Doc, value: Any) -> list[str] | None:
        """Ids of records whose cell equals `value`, or None when fields of this type are not indexed."""
        if field["type"] not in INDEXED or not isinstance(value, str):
            return None
        key = (table.id, field["id"])
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = {}
            for record_id, doc in self.records(table.id).items():
                cell = doc["cells"].get(field["id"])
                if cell is not None:
                    index.setdefault(cell, {})[record_id] = None
        return list(index.get(value, ()))

    def moved(self, base_id: str, table_id: str, before: Doc | None, after: Doc | None) -> None:
        """Keep the derived lookups true after one record was created, changed or destroyed."""
        record_id: str = (before or after or {})["id"]
        if before is None:
            if table_id in self._ordered:
                insort(self._ordered[table_id], record_id)
            if base_id in self._where:
                self._where[base_id][record_id] = table_id
        elif after is None:
            if table_id in self._ordered:
                self._ordered[table_id].remove(record_id)
            if base_id in self._where:
                self._where[base_id].pop(record_id, None)
        for (indexed, field_id), index in self._indexes.items():
            if indexed != table_id:
                continue
            old = before["cells"].get(field_id) if before else None
            new = after["cells"].get(field_id) if after else None
            if old != new:
                if old is not None:
                    index[old].pop(record_id, None)
                if new is not None:
                    index.setdefault(new, {})[record_id] = None

    def forget(self) -> None:
        """Drop every derived lookup (after a rollback, a reset or a change of schema by hand)."""
        self._tables.clear()
        self._ordered.clear()
        self._where.clear()
        self._indexes.clear()


def world(store: Store, clock: Clock) -> World:
    """The one `World` of a store, shared by the HTTP routes and by in-process callers."""
    known: World | None = store.companions.get("airtable")
    if known is None:
        known = store.companions["airtable"] = World(store, clock)
        store.on_forget.append(known.forget)
    return known
