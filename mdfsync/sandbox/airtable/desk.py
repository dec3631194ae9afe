"""A person at work in a base, without HTTP: how the story types, edits and looks things up by names.

`Desk(store, clock, base_id, email)` does what that person does in Airtable's pages: the same cell checks, the
same write log and webhook payloads (source `client`), the same permissions. Tables and fields are given by
their names, links and attachments by record and attachment ids. Every call is one store transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mdfsync.sandbox.airtable import attachments, people, records
from mdfsync.sandbox.airtable.world import Table, world
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Doc, Store


class Desk:
    """One person in one base. Refused changes raise `airtable.errors.Refusal`, unknown people `LookupError`."""

    def __init__(self, store: Store, clock: Clock, base_id: str, email: str) -> None:
        person = people.find(store, email)
        if person is None:
            raise LookupError(f"the sandbox has no user {email}")
        self.person = person
        self.base_id = base_id
        self.store = store
        self.world = world(store, clock)

    def tables(self) -> dict[str, list[str]]:
        """Field names by table name, as the base has them now."""
        return {t.name: [f["name"] for f in t.doc["fields"]] for t in self.world.tables(self.base_id)}

    def rows(self, table: str) -> dict[str, Doc]:
        """{record id: {field name: cell}} of a table, computed cells included, empty ones left out."""
        home = self._table(table)
        present = records.Presenter(self.world, home)
        return {record_id: present(row)["fields"] for record_id, row in self.world.records(home.id).items()}

    def find(self, table: str, **cells: Any) -> list[str]:
        """Ids of the records whose cells equal all given ones."""
        return [r for r, row in self.rows(table).items() if all(row.get(k) == v for k, v in cells.items())]

    def type_rows(self, table: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Create records (any number) and return their ids in order."""
        writing = self._writing(table)
        with self.store.transaction():
            batch = writing.batch()
            made = [batch.create(writing.table, batch.parse(writing.table, dict(r), typecast=False)) for r in rows]
            batch.commit()
        return made

    def edit(self, table: str, record_id: str, cells: Mapping[str, Any]) -> None:
        """Change named cells of one record; None clears."""
        with self.store.transaction():
            records.update_one(self._writing(table), record_id, {"fields": dict(cells)}, clear=False)

    def delete(self, table: str, record_id: str) -> None:
        """Delete one record, as a person can and the worker never does."""
        with self.store.transaction():
            records.delete(self._writing(table), [record_id], single=True)

    def attach(self, table: str, record_id: str, field: str, filename: str, media_type: str, data: bytes) -> str:
        """Add a file to an attachment cell and return its `att…` id."""
        with self.store.transaction():
            records.upload(self._writing(table), record_id, field, filename, media_type, data)
        home = self._table(table)
        kept = self.world.records(home.id)[record_id]["cells"][home.by_name[field]["id"]]
        return str(kept[-1])

    def keep_file(self, filename: str, media_type: str, data: bytes) -> str:
        """Keep bytes as an attachment for use in `type_rows`/`edit` as `[{"id": …}]`; returns the `att…` id."""
        with self.store.transaction():
            return attachments.add(self.world, filename, media_type, data)

    def _table(self, name: str) -> Table:
        return self.world.table(self.base_id, name)

    def _writing(self, table: str) -> records.Writing:
        self.person.require("edit", "data.records:write")
        return records.Writing(world=self.world, person=self.person, table=self._table(table))
