"""One request's changes to the cells of a base: collected, mirrored into reverse links, then made visible at once.

Nothing is stored before `commit`, so a request that is refused half-way leaves nothing behind; `commit` runs
inside the request's store transaction and also writes the write log and the webhook payloads. It is the only
place where a record changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import payloads, quota, writelog
from mdfsync.sandbox.airtable import typecast as airtable_typecast
from mdfsync.sandbox.airtable.cells import CellWriter
from mdfsync.sandbox.airtable.errors import Refusal, unknown_field
from mdfsync.sandbox.airtable.people import Person
from mdfsync.sandbox.airtable.world import COMPUTED, Moved, Table, World, comments_of, records_of
from mdfsync.sandbox.clock import instant_text
from mdfsync.sandbox.store import Doc


class Batch:
    """Changes of one person, at one time, to one base."""

    def __init__(self, world: World, base_id: str, person: Person, source: str = "") -> None:
        self.world = world
        self.base_id = base_id
        self.person = person
        self.source = source or person.source
        self.moment = world.clock.now()
        self.at = instant_text(self.moment)
        self.derived: set[tuple[str, str]] = set()
        self._before: dict[tuple[str, str], Doc | None] = {}
        self._after: dict[tuple[str, str], Doc | None] = {}

    # -- reading through what is already changed

    def read(self, table_id: str, record_id: str) -> Doc | None:
        """A record as this batch leaves it, or None."""
        key = (table_id, record_id)
        return self._after[key] if key in self._after else self.world.records(table_id).get(record_id)

    def rows(self, table: Table) -> Iterator[tuple[str, Doc]]:
        """All records of a table as this batch leaves them."""
        created = [r for (t, r), before in self._before.items() if t == table.id and before is None]
        for record_id in [*self.world.records(table.id), *created]:
            doc = self.read(table.id, record_id)
            if doc is not None:
                yield record_id, doc

    def parse(self, table: Table, raw: Any, *, typecast: bool) -> dict[str, Any]:
        """The `fields` member of a request as kept values by field id (None = clear)."""
        if not isinstance(raw, dict):
            raise Refusal(422, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body')
        writer = CellWriter(self.world, table, lambda t, r: self.read(t, r) is not None)
        cells: dict[str, Any] = {}
        for key, value in raw.items():
            field = table.field(key)
            if field is None:
                raise unknown_field(key)
            if typecast and field["type"] not in COMPUTED and value is not None:
                value = airtable_typecast.coerce(self, table, field, value)
                field = self.world.table_by_id(table.id).fields[field["id"]]
            cells[field["id"]] = writer.parse(field, value)
        return cells

    # -- changing

    def create(self, table: Table, cells: Mapping[str, Any]) -> str:
        """A new record; returns its id."""
        record_id = ids.new(self.world.store, "rec")
        doc = {
            "id": record_id,
            "createdTime": instant_text(self.moment.replace(microsecond=0)),
            "createdBy": self.person.id,
            "number": self.world.count(f"auto:{table.id}"),
            "cells": {},
        }
        self._before[(table.id, record_id)] = None
        self._after[(table.id, record_id)] = doc
        self.set(table, record_id, cells)
        return record_id

    def _refuse_beyond_cap(self) -> None:
        cap = quota.plan(self.world).records
        created = sum(before is None for before in self._before.values())
        if not cap or not created:
            return
        if created + sum(len(self.world.records(t.id)) for t in self.world.tables(self.base_id)) > cap:
            raise Refusal(422, "RECORD_LIMIT_REACHED", "This base has reached its record limit")

    def set(self, table: Table, record_id: str, changes: Mapping[str, Any], *, derived: bool = False) -> None:
        """Change named cells of an existing record; unchanged values leave no trace."""
        key = (table.id, record_id)
        doc = self.read(*key)
        if doc is None:
            raise KeyError(record_id)
        cells = dict(doc["cells"])
        touched: dict[str, Any] = {}
        for field_id, value in changes.items():
            old, field = cells.get(field_id), table.fields[field_id]
            if value is None and old is not None and field["type"] == "richText":
                value = None if self.world.knob("rich_text_verbatim") else "\n"
            if old == value and not self.world.knob("noop_touches"):
                continue
            touched[field_id] = [self.at, self.person.id]
            cells[field_id] = value
            if value is None:
                del cells[field_id]
            if derived:
                self.derived.add((record_id, field_id))
            elif field["type"] == "multipleRecordLinks":
                self._mirror(field, record_id, old or [], value or [])
        if not touched:
            return
        after = {**doc, "cells": cells}
        if self._before.setdefault(key, doc) is not None:
            after |= {"modified": self.at, "modifiedBy": self.person.id}
            after["touched"] = {**doc.get("touched", {}), **touched}
        self._after[key] = after

    def destroy(self, table: Table, record_id: str) -> None:
        """Delete an existing record and every link to it."""
        key = (table.id, record_id)
        doc = self.read(*key)
        if doc is None:
            raise KeyError(record_id)
        for field in table.links():
            self._mirror(field, record_id, doc["cells"].get(field["id"], []), [])
            if field["options"]["linkedTableId"] == table.id:
                self._unlink_self(table, field["id"], record_id)
        self._before.setdefault(key, doc)
        self._after[key] = None

    def _mirror(self, field: Doc, record_id: str, old: list[str], new: list[str]) -> None:
        """Keep the reverse side of a link field true."""
        inverse = field["options"].get("inverseLinkFieldId")
        if inverse is None:
            return
        target = self.world.table_by_id(field["options"]["linkedTableId"])
        before, after = set(old), set(new)
        for other in (o for o in old if o not in after):
            cell = self._cell(target, other, inverse)
            self.set(target, other, {inverse: [r for r in cell if r != record_id] or None}, derived=True)
        for other in (o for o in new if o not in before):
            cell = self._cell(target, other, inverse)
            self.set(target, other, {inverse: [*cell, record_id]}, derived=True)

    def _unlink_self(self, table: Table, field_id: str, record_id: str) -> None:
        for other, doc in list(self.rows(table)):
            links = doc["cells"].get(field_id, [])
            if other != record_id and record_id in links:
                self.set(table, other, {field_id: [r for r in links if r != record_id] or None}, derived=True)

    def _cell(self, table: Table, record_id: str, field_id: str) -> list[str]:
        doc = self.read(table.id, record_id)
        links: list[str] = doc["cells"].get(field_id, []) if doc else []
        return links

    # -- making it so

    def commit(self) -> None:
        """Store every record that differs, then tell the write log and the webhooks."""
        self._refuse_beyond_cap()
        moved = []
        for key, after in self._after.items():
            move = Moved(*key, self._before[key], after)
            if move.before is None or after is None or move.changed():
                moved.append(move)
            elif self.world.knob("noop_touches"):
                self._store(move)
        for move in moved:
            self._store(move)
        if moved:
            writelog.note(self, moved)
            payloads.publish(self, moved)

    def _store(self, move: Moved) -> None:
        collection = records_of(move.table_id)
        if move.after is None:
            self.world.store.remove(collection, move.record_id)
            self.world.store.remove(comments_of(move.table_id), move.record_id)
        else:
            self.world.store.put(collection, move.record_id, move.after)
        self.world.moved(self.base_id, move.table_id, move.before, move.after)
