"""The two vendors behind the ports of the core, kept in memory: an Airtable base and local state.

`VendorBase` keeps what a real base keeps: rows by record id, upserts on the stable id, a write log of every cell by
every actor, a change feed. It can lose answers before or after the effect, say 429, refuse poisoned rows, let a person
be quicker, and die at any call; so can `RunMemory`. Neither imitates a function of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from core_lab import BASE_ID, NOW, PRIYA, WORKER, policy, subject

from mdfsync.errors import OutcomeUnknown, WriteRejected
from mdfsync.model import Attached, CellBase, Edit, Snapshot, Subject
from mdfsync.ports import Created
from mdfsync.snapshot import read_snapshot
from mdfsync.writing import Writing

T = TypeVar("T")


class Killed(BaseException):
    """The process died here; nothing of ours catches it."""


@dataclass(slots=True)
class Steps:
    """Counts calls of base and memory together and dies at one of them, before or after its effect."""

    die_at: int = 0
    after: bool = False
    count: int = 0

    def call(self, effect: Callable[[], T]) -> T:
        self.count += 1
        mine = self.count
        if mine == self.die_at and not self.after:
            raise Killed(f"before call {mine}")
        result = effect()
        if mine == self.die_at:
            raise Killed(f"after call {mine}")
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One changed cell in the vendor's own log. `call` numbers the request that changed it."""

    call: int
    actor: str
    op: str
    table: str
    record_id: str
    field: str
    before: str
    after: str


Rows = dict[str, dict[str, str]]


@dataclass(slots=True)
class VendorBase:
    """A base behind `ports.Base`. `faults`: what happens to the next writes, in turn (`ok`, `lost` = answered never and
    not applied, `lost_applied`, `429`); `poison`: text that the service refuses (422 for the batch) in any cell, or in
    any cell of `poisoned_table`; `meanwhile`: what a person does while the first answer that brings nothing is waited
    for."""

    base_id: str = BASE_ID
    tables: dict[str, Rows] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    faults: list[str] = field(default_factory=list)
    poison: str = ""
    poisoned_table: str = ""
    meanwhile: Callable[[], None] | None = None
    log: list[Written] = field(default_factory=list)
    feed: list[Edit] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    unreadable: dict[tuple[str, str, str], str] = field(default_factory=dict)
    attached: dict[str, Attached] = field(default_factory=dict)
    made: int = 0

    @property
    def now(self) -> datetime:
        """A second passes with every cell that is written."""
        return NOW + timedelta(seconds=len(self.feed))

    # -- people ----------------------------------------------------------------

    def type_row(self, table: str, actor: str = PRIYA, **cells: str) -> str:
        """A person makes a row by hand."""
        return self._insert(table, cells, actor)

    def type_cell(self, table: str, record_id: str, name: str, value: str, actor: str = PRIYA) -> None:
        """A person changes a cell; the change feed tells it."""
        self._set(table, record_id, name, value, actor, "type")

    def remove(self, table: str, record_id: str) -> None:
        """A person deletes a row."""
        del self.tables[table][record_id]

    def last_edits(self) -> dict[tuple[str, str, str], Edit]:
        return {(e.table, e.record_id, e.field): e for e in self.feed}

    # -- the port --------------------------------------------------------------

    def schema(self) -> Mapping[str, Any]:
        return {"tables": []}

    def read_table(self, table: str) -> Iterable[tuple[str, Mapping[str, str]]]:
        return [(key, dict(cells)) for key, cells in self.tables.get(table, {}).items()]

    def read_records(self, table: str, record_ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        assert len(record_ids) <= 100
        self.calls.append(f"read {table}")
        rows = self.tables.get(table, {})
        return self.steps.call(lambda: {key: dict(rows[key]) for key in record_ids if key in rows})

    def find(self, table: str, ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        assert len(ids) <= 100
        self.calls.append(f"find {table}")
        return self.steps.call(lambda: {key: found for key in ids if (found := self.records(table, key))})

    def create(self, table: str, rows: Sequence[Mapping[str, str]]) -> Created:
        assert 0 < len(rows) <= 10
        self.calls.append(f"create {table}")
        return self._write(table, lambda: self._upsert(table, rows), [c for row in rows for c in row.values()])

    def patch(self, table: str, rows: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        assert 0 < len(rows) <= 10
        self.calls.append(f"patch {table}")

        def effect() -> None:
            for key, cells in rows:
                for name, value in cells.items():
                    self._set(table, key, name, value, WORKER, "patch")

        if any(key not in self.tables.get(table, {}) for key, _ in rows):
            raise WriteRejected("record not found", status=404, kind="NOT_FOUND")
        self._write(table, effect, [c for _, cells in rows for c in cells.values()])

    def last_editors(self, table: str, column_id: str, record_ids: Sequence[str]) -> Mapping[str, str]:
        assert column_id
        last = {w.record_id: w.actor for w in self.log if w.table == table}
        return {key: last[key] for key in record_ids if key in last}

    def edits(
        self,
        cursor: Mapping[str, Any] | None,
        *,
        now: datetime,
        watch: bool = True,  # noqa: ARG002 the feed is always there
    ) -> tuple[tuple[Edit, ...], Mapping[str, Any] | None, str]:
        assert now.tzinfo
        start = int((cursor or {}).get("at", 0))
        return tuple(self.feed[start:]), {"at": len(self.feed)}, ""

    # -- how it works ----------------------------------------------------------

    def _write(self, table: str, effect: Callable[[], T], values: Iterable[str]) -> T:
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault != "ok" and self.meanwhile is not None and fault != "lost_applied":
            person, self.meanwhile = self.meanwhile, None
            person()
        if fault == "429":
            raise WriteRejected("rate limited", status=429, kind="RATE_LIMIT_REACHED")
        poisoned = self.poison and self.poisoned_table in ("", table)
        if poisoned and any(self.poison in value for value in values):
            raise WriteRejected(f"{self.poison} is not accepted", status=422, kind="INVALID_VALUE_FOR_COLUMN")
        if fault == "lost":
            raise OutcomeUnknown("the answer was lost")
        result = self.steps.call(effect)
        if fault == "lost_applied":
            raise OutcomeUnknown("the answer was lost")
        return result

    def _upsert(self, table: str, rows: Sequence[Mapping[str, str]]) -> Created:
        id_field = policy().dictionary.tables[table].id_field
        ids, matched = {}, []
        for row in rows:
            found = self.records(table, row[id_field])
            if len(found) > 1:
                raise WriteRejected("several records match", status=422, kind="INVALID_RECORDS")
            if found:
                matched.append(row[id_field])
                for name, value in row.items():
                    self._set(table, found[0], name, value, WORKER, "upsert")
            ids[row[id_field]] = found[0] if found else self._insert(table, row, WORKER)
        return Created(ids=ids, matched=tuple(matched))

    def _insert(self, table: str, cells: Mapping[str, str], actor: str) -> str:
        self.made += 1
        record_id = f"rec{self.made:05d}"
        self.tables.setdefault(table, {})[record_id] = {}
        for name, value in cells.items():
            self._set(table, record_id, name, value, actor, "create")
        return record_id

    def _set(self, table: str, record_id: str, name: str, value: str, actor: str, op: str) -> None:
        assert name in policy().dictionary.tables[table].fields, f"{table}.{name}"
        cells = self.tables[table][record_id]
        before = cells.get(name, "")
        if before == value:
            return
        if value:
            cells[name] = value
        else:
            cells.pop(name, None)
        where = {"table": table, "record_id": record_id, "field": name}
        self.log.append(
            Written(call=len(self.calls), actor=actor, op=op, before=before, after=value, **where)
        )  # fmt: skip
        self.feed.append(Edit(**where, prior=before, value=value, actor=actor, at=self.now, origin=op))

    # -- looking ---------------------------------------------------------------

    def records(self, table: str, key: str) -> tuple[str, ...]:
        """Record ids that carry a stable id."""
        id_field = policy().dictionary.tables[table].id_field
        return tuple(r for r, cells in self.tables.get(table, {}).items() if cells.get(id_field) == key)

    def cell(self, place: str) -> str:
        """`cell("Opportunities/hs-deal-1.stage")` of the only row with that id."""
        row, _, name = place.rpartition(".")
        (record_id,) = self.records(*_pair(subject(row)))
        return self.tables[subject(row).table][record_id].get(name, "")

    def picture(self) -> dict[str, list[dict[str, str]]]:
        """The base by stable ids, without record ids, times, run ids and hashes: what two runs are compared by."""
        names = {
            key: cells.get(policy().dictionary.tables[table].id_field, key)
            for table, rows in self.tables.items()
            for key, cells in rows.items()
        }
        out: dict[str, list[dict[str, str]]] = {}
        for table, rows in self.tables.items():
            shown = [{n: named(v, names) for n, v in cells.items() if n not in _VOLATILE} for cells in rows.values()]
            out[table] = sorted(shown, key=lambda cells: sorted(cells.items()))
        return {table: shown for table, shown in sorted(out.items()) if shown}

    def overwrites(self) -> list[Written]:
        """Cells that were not blank and that the worker changed."""
        return [w for w in self.log if w.actor == WORKER and w.before]


_VOLATILE = frozenset(
    {"run_id", "captured_at", "previous_hash", "hash", "first_seen", "cleared_at", "decided_at", "airtable_record_id"}
)


def _pair(row: Subject) -> tuple[str, str]:
    return row.table, row.id


def named(value: str, names: Mapping[str, str]) -> str:
    for record_id, name in names.items():
        value = value.replace(f'"{record_id}"', f'"{name}"')
    return value


@dataclass(slots=True)
class RunMemory:
    """Local state behind `ports.Memory`, as durable as a disk: what a transaction did stays, also when we die."""

    steps: Steps = field(default_factory=Steps)
    cells: dict[Subject, dict[str, CellBase]] = field(default_factory=dict)
    bindings: dict[Subject, str] = field(default_factory=dict)
    chain: list[dict[str, str]] = field(default_factory=list)
    journal: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    overtaken: set[str] = field(default_factory=set)
    """Change ids that announce a write which did not happen; forgotten when their row was superseded."""

    def begin(
        self,
        base_id: str,
        run_id: str,
        rows: Sequence[Mapping[str, str]],
        entries: Sequence[Mapping[str, Any]],
        settled: Mapping[Subject, Mapping[str, CellBase]],
    ) -> tuple[Mapping[str, str], ...]:
        assert base_id == BASE_ID and run_id
        return self.steps.call(lambda: self._begin(rows, entries, settled))

    def journal_pending(self, base_id: str) -> tuple[Mapping[str, Any], ...]:
        assert base_id == BASE_ID
        return tuple(deepcopy(entry) for entry in self.journal.values())

    def journal_done(
        self,
        base_id: str,
        entry_ids: Sequence[str],
        outcome: str,
        settled: Mapping[Subject, Mapping[str, CellBase]] | None = None,
        bindings: Mapping[Subject, str] | None = None,
        overtaken: Sequence[str] = (),
    ) -> None:
        assert base_id == BASE_ID and outcome

        def effect() -> None:
            for key in entry_ids:
                if self.journal.pop(key, None) is not None:
                    self.outcomes[key] = outcome
            self._settle(settled or {})
            self.bindings.update(bindings or {})
            self.overtaken.update(overtaken)

        self.steps.call(effect)

    def _begin(
        self,
        rows: Sequence[Mapping[str, str]],
        entries: Sequence[Mapping[str, Any]],
        settled: Mapping[Subject, Mapping[str, CellBase]],
    ) -> tuple[Mapping[str, str], ...]:
        sealed = tuple(self._seal(row) for row in rows)
        hashes = {r["change_id"]: {"previous_hash": r["previous_hash"], "hash": r["hash"]} for r in sealed}
        for given in entries:
            entry = deepcopy(dict(given))
            if entry["kind"] == "create":
                entry["fields"] |= hashes.get(str(entry["id"]), {})
            self.journal[str(entry["entry_id"])] = entry
        self._settle(settled)
        return sealed

    def _seal(self, row: Mapping[str, str]) -> dict[str, str]:
        kept = next((old for old in self.chain if old["change_id"] == row["change_id"]), None)
        if kept is not None:
            return kept
        previous = self.chain[-1]["hash"] if self.chain else "0" * 64
        text = previous + repr(sorted(row.items())) + str(len(self.chain))
        sealed = {**row, "previous_hash": previous, "hash": sha256(text.encode()).hexdigest()}
        self.chain.append(sealed)
        return sealed

    def _settle(self, settled: Mapping[Subject, Mapping[str, CellBase]]) -> None:
        for row, cells in settled.items():
            self.cells.setdefault(row, {}).update(cells)


def writing(base: VendorBase, memory: RunMemory, run_id: str = "run-1") -> Writing:
    """What `apply` and `recover` take, over a base as it stands now."""
    now = look(base)
    ids = {r.subject: r.record_id for rows in now.tables.values() for r in rows}
    return Writing(
        base=base, memory=memory, dictionary=policy().dictionary, record_ids=ids, run_id=run_id, now=base.now
    )  # fmt: skip


def look(base: VendorBase) -> Snapshot:
    """The base as the flow reads it."""
    return read_snapshot(base, policy().dictionary, taken_at=NOW)
