"""An Airtable base in memory or in files, behind the same port as the real one: for measuring what the worker itself
costs, without a network. It counts no requests; those are measured over HTTP in `requests_spent`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mdfsync.drift import Binding, Drift
from mdfsync.model import Attached, Edit
from mdfsync.policy.dictionary import Dictionary
from mdfsync.ports import Created

BASE_ID = "appBenchmark00001"
Cells = dict[str, str]


def no_drift(dictionary: Dictionary) -> Drift:
    """A base that is as the dictionary wants it."""
    fields = {(spec.table, spec.name): spec.name for spec in dictionary.all_fields()}
    return Drift(
        bind=Binding(tables={t: t for t in dictionary.tables}, fields=fields, names=fields), operations=(), tags=(),
        manual=(), blocked=frozenset(), missing_choices={}, deciders={}, reverse_columns=0, other_columns=0,
        other_tables=0,
    )  # fmt: skip


class MemoryBase:
    """Rows by table and record id."""

    def __init__(self, dictionary: Dictionary, tables: Mapping[str, Sequence[tuple[str, Cells]]]) -> None:
        self.base_id = BASE_ID
        self.unreadable: dict[tuple[str, str, str], str] = {}
        self.attached: dict[str, Attached] = {}
        self._id_fields = {name: spec.id_field for name, spec in dictionary.tables.items()}
        self._tables: dict[str, dict[str, Cells]] = {name: dict(rows) for name, rows in tables.items()}
        self._records: dict[str, dict[str, str]] = {
            table: {c[self._id_fields[table]]: key for key, c in rows.items() if self._id_fields[table] in c}
            for table, rows in self._tables.items()
        }
        self._made = 0

    def dump(self, folder: Path) -> None:
        """One file per table, a row a line, for `StoredBase`."""
        folder.mkdir(parents=True)
        for table, rows in self._tables.items():
            with (folder / f"{table}.jsonl").open("w", encoding="utf-8") as out:
                out.writelines(json.dumps([key, cells], ensure_ascii=False) + "\n" for key, cells in rows.items())

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        return {table: len(rows) for table, rows in self._tables.items() if rows}

    def schema(self) -> Mapping[str, Any]:
        return {"tables": []}

    def read_table(self, table: str) -> Iterable[tuple[str, Mapping[str, str]]]:
        return list(self._tables[table].items())

    def read_records(self, table: str, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        rows = self._tables[table]
        return {key: dict(rows[key]) for key in record_ids if key in rows}

    def find(self, table: str, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        known = self._records[table]
        return {key: (known[key],) if key in known else () for key in ids}

    def create(self, table: str, rows: Sequence[Mapping[str, str]]) -> Created:
        ids = {}
        for row in rows:
            self._made += 1
            key = ids[row[self._id_fields[table]]] = f"recMade{self._made:010d}"
            self._tables[table][key] = dict(row)
            self._records[table][row[self._id_fields[table]]] = key
        return Created(ids=ids)

    def patch(self, table: str, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        for key, cells in rows:
            self._tables[table][key].update(cells)
            if self._id_fields[table] in cells:
                self._records[table][cells[self._id_fields[table]]] = key

    def last_editors(self, table: str, column_id: str, record_ids: Sequence[str]) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def edits(
        self,
        cursor: Mapping[str, Any] | None,  # noqa: ARG002
        *,
        now: datetime,  # noqa: ARG002
        watch: bool = True,  # noqa: ARG002
    ) -> tuple[tuple[Edit, ...], Mapping[str, Any] | None, str]:
        return (), {"at": 0}, ""


class StoredBase(MemoryBase):
    """A base that reads its tables from files, as the real one reads them from the network: what was read once is held
    by the worker alone. It can only be looked at."""

    def __init__(self, dictionary: Dictionary, folder: Path) -> None:
        super().__init__(dictionary, {})
        self._folder = folder

    def read_table(self, table: str) -> Iterable[tuple[str, Mapping[str, str]]]:
        with (self._folder / f"{table}.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                key, cells = json.loads(line)
                yield key, {sys.intern(name): value for name, value in cells.items()}
