"""What the state remembers of an Airtable base: cell bases, record ids, the change feed and the journal of
writes.

Cell bases are kept as one JSON per record, so that fifty thousand records load in about a second. The journal
holds an intent before the request goes out and its outcome afterwards, together with what the outcome
settles, in one transaction: a run killed in between leaves the intent, never a half. It sends nothing and
decides nothing. Part of `state.State`; `plan` reads it, `apply` and the feed reader write it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from mdfsync.edge.state_schema import bases, bindings, edits, feeds, journal, kv
from mdfsync.edge.state_store import Store, chunks, to_json
from mdfsync.model import CellBase, Edit, Subject
from mdfsync.values import digest, instant_text, to_instant

Settled = Mapping[Subject, Mapping[str, CellBase]]
_MANY = 2_000
"""From this many records on, one read of the whole base is quicker than reads by id."""


class BaseState(Store):
    """Cell bases, bindings, feed and journal, by base id."""

    def bases(self, base_id: str) -> dict[Subject, dict[str, CellBase]]:
        """Both bases of every cell ever settled."""
        query = sa.select(bases.c.table_name, bases.c.stable_id, bases.c.cells).where(bases.c.base_id == base_id)
        with self._read() as connection:
            found = connection.execute(query).all()
        return {
            Subject(table=table, id=key): {
                name: CellBase(source=pair[0], cell=pair[1]) for name, pair in json.loads(cells).items()
            }
            for table, key, cells in found
        }

    def bindings(self, base_id: str) -> dict[Subject, str]:
        """Airtable record id of every row we wrote or adopted."""
        table = bindings
        query = sa.select(table.c.table_name, table.c.stable_id, table.c.record_id).where(table.c.base_id == base_id)
        with self._read() as connection:
            found = connection.execute(query).all()
        return {Subject(table=table_name, id=key): record for table_name, key, record in found}

    def settle(self, base_id: str, settled: Settled, bindings: Mapping[Subject, str]) -> None:
        """Merge cell bases field by field (a `CellBase` of two Nones forgets the cell) and set bindings."""
        with self._write() as connection:
            self._settle(connection, base_id, settled, bindings)

    def _settle(self, connection: Connection, base_id: str, settled: Settled, bound: Mapping[Subject, str]) -> None:
        held = _held_cells(connection, base_id, settled)
        lines = [
            _subject_row(base_id, subject) | {"cells": to_json(_merged(held.get((subject.table, subject.id)), cells))}
            for subject, cells in settled.items()
            if cells
        ]
        self._upsert(connection, bases, lines)
        pairs = [_subject_row(base_id, subject) | {"record_id": record} for subject, record in bound.items()]
        self._upsert(connection, bindings, pairs)

    def forget_tables(self, base_id: str, tables: Sequence[str], *, still_bound: Sequence[str] = ()) -> None:
        """Drop the cell bases and the record ids of whole tables; the record ids of those in `still_bound` stay."""
        with self._write() as connection:
            for table, names in ((bases, tables), (bindings, [name for name in tables if name not in still_bound])):
                connection.execute(table.delete().where(table.c.base_id == base_id, table.c.table_name.in_(names)))

    def feed_cursor(self, base_id: str) -> Mapping[str, Any] | None:
        """Where the change feed was last read to; `None` before the first time."""
        query = sa.select(feeds.c.cursor).where(feeds.c.base_id == base_id)
        with self._read() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else dict(json.loads(text))

    def save_edits(self, base_id: str, edits: Sequence[Edit], cursor: Mapping[str, Any]) -> None:
        """Keep the edits and move the cursor together; an edit delivered twice is kept once."""
        lines = {line["edit_id"]: line for line in (_edit_row(base_id, edit) for edit in edits)}
        with self._write() as connection:
            self._add_missing(connection, _EDITS, list(lines.values()))
            self._upsert(connection, feeds, [{"base_id": base_id, "cursor": to_json(dict(cursor))}])

    def last_edits(self, base_id: str) -> dict[tuple[str, str, str], Edit]:
        """The latest edit of each cell, by (table, record id, field)."""
        query = sa.select(edits).where(edits.c.base_id == base_id).order_by(edits.c.at, edits.c.seq)
        with self._read() as connection:
            found = connection.execute(query).all()
        return {(line.table_name, line.record_id, line.field): _edit(line) for line in found}

    def journal_open(self, base_id: str, run_id: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Record intents before they are sent. Each entry has a unique `entry_id`; one that was closed before
        is opened again, one still open keeps its place."""
        with self._write() as connection:
            self._open(connection, base_id, run_id, entries)

    def _open(self, connection: Connection, base_id: str, run_id: str, entries: Sequence[Mapping[str, Any]]) -> None:
        lines = [
            {
                "base_id": base_id,
                "entry_id": str(entry["entry_id"]),
                "run_id": run_id,
                "entry": to_json(dict(entry)),
            }
            for entry in entries
        ]
        if not lines:
            return
        statement = self._insert(journal)
        fresh = {"run_id": statement.excluded.run_id, "entry": statement.excluded.entry, "outcome": ""}
        connection.execute(statement.on_conflict_do_update(index_elements=["base_id", "entry_id"], set_=fresh), lines)

    def journal_pending(self, base_id: str) -> tuple[Mapping[str, Any], ...]:
        """Intents without an outcome, in the order in which they were first opened, each with its
        `run_id`."""
        query = (
            sa.select(journal.c.run_id, journal.c.entry)
            .where(journal.c.base_id == base_id, journal.c.outcome == "")
            .order_by(journal.c.seq)
        )
        with self._read() as connection:
            found = connection.execute(query).all()
        return tuple({"run_id": line.run_id, **json.loads(line.entry)} for line in found)

    def journal_done(
        self,
        base_id: str,
        entry_ids: Sequence[str],
        outcome: str,
        settled: Settled | None = None,
        bindings: Mapping[Subject, str] | None = None,
        overtaken: Sequence[str] = (),
    ) -> None:
        """Close intents with their (non-blank) outcome and settle what they settle, together. The entry
        itself is dropped: the archived plan has it whole."""
        if not outcome:
            raise ValueError("an intent is closed with an outcome")
        statement = (
            journal.update()
            .where(journal.c.base_id == base_id, journal.c.entry_id == sa.bindparam("key"))
            .values(outcome=outcome, entry="{}")
        )
        with self._write() as connection:
            if entry_ids:
                connection.execute(statement, [{"key": key} for key in entry_ids])
            self._settle(connection, base_id, settled or {}, bindings or {})
            if overtaken:
                self._note_overtaken(connection, base_id, overtaken)

    def _note_overtaken(self, connection: Connection, base_id: str, change_ids: Sequence[str]) -> None:
        key = f"overtaken:{base_id}"
        held = json.loads(connection.execute(sa.select(kv.c.value).where(kv.c.key == key)).scalar() or "[]")
        self._upsert(connection, kv, [{"key": key, "value": json.dumps(sorted({*held, *change_ids}))}])


_EDITS = edits


def _subject_row(base_id: str, subject: Subject) -> dict[str, Any]:
    return {"base_id": base_id, "table_name": subject.table, "stable_id": subject.id}


def _held_cells(connection: Connection, base_id: str, settled: Settled) -> dict[tuple[str, str], str]:
    query = sa.select(bases.c.table_name, bases.c.stable_id, bases.c.cells).where(bases.c.base_id == base_id)
    if len(settled) >= _MANY:
        return {(table, key): cells for table, key, cells in connection.execute(query)}
    by_table: dict[str, list[str]] = {}
    for subject in settled:
        by_table.setdefault(subject.table, []).append(subject.id)
    held: dict[tuple[str, str], str] = {}
    for table, ids in by_table.items():
        for batch in chunks(ids):
            found = connection.execute(query.where(bases.c.table_name == table, bases.c.stable_id.in_(batch)))
            held.update({(line.table_name, line.stable_id): line.cells for line in found})
    return held


def _merged(held: str | None, cells: Mapping[str, CellBase]) -> dict[str, list[str | None]]:
    merged: dict[str, list[str | None]] = json.loads(held) if held else {}
    for name, base in cells.items():
        if base.source is None and base.cell is None:
            merged.pop(name, None)
        else:
            merged[name] = [base.source, base.cell]
    return merged


def _edit_row(base_id: str, edit: Edit) -> dict[str, Any]:
    at = instant_text(edit.at) if edit.at else ""
    parts = [edit.table, edit.record_id, edit.field, edit.prior, edit.value, edit.actor, at, edit.origin]
    return {
        "base_id": base_id,
        "edit_id": digest(parts),
        "table_name": edit.table,
        "record_id": edit.record_id,
        "field": edit.field,
        "prior": edit.prior,
        "value": edit.value,
        "actor": edit.actor,
        "at": at,
        "origin": edit.origin,
    }


def _edit(line: sa.Row[Any]) -> Edit:
    return Edit(
        table=line.table_name,
        record_id=line.record_id,
        field=line.field,
        prior=line.prior,
        value=line.value,
        actor=line.actor,
        at=to_instant(line.at),
        origin=line.origin,
    )
