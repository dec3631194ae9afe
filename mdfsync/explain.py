"""Why a cell says what it says, down to the archived bytes; and every version of a record.

The chain runs from the cell over its Change History rows and the archived plan that wrote it to the source row, whose
bytes are fetched from the archive and checked against their hash. It reports what it cannot follow. Pure functions of
what was read; `cli` prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Observation, RawRow, Record, Snapshot, Subject
from mdfsync.policy.dictionary import Dictionary
from mdfsync.ports import Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source row behind a value. `bytes` = size of the archived bytes, 0 with a `fault` when they are not whole."""

    source_id: str
    external_id: str
    row: str
    blob: str
    bytes: int
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One cell: what it is, what it says, what stood there before, and where the value came from."""

    subject: Subject
    field: str
    meaning: str
    write: str
    value: str
    versions: tuple[Mapping[str, str], ...] = ()
    written_by: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[Source, ...] = ()
    says_now: tuple[Mapping[str, str], ...] = ()

    @property
    def untraced(self) -> str:
        """What is to be said of a cell that neither a run nor a source nor Change History speaks of; else blank."""
        if self.sources or self.versions or self.written_by:
            return ""
        if not self.value:
            return "nobody has filled it yet"
        if self.write == "operator":
            return "typed by a person; the worker only reads it"
        if self.write == "computed":
            return "computed by the worker; the run that wrote it is not in this archive"
        return "typed by a person, or written by a run that is not in this archive"


def find_record(snapshot: Snapshot, wanted: str) -> Record | None:
    """A record by stable id, Airtable record id or `Table/id`."""
    table, _, key = wanted.partition("/")
    if key and table in snapshot.tables:
        return snapshot.by_id(table).get(key)
    for rows in snapshot.tables.values():
        for row in rows:
            if wanted in {row.subject.id, row.record_id}:
                return row
    return None


def recorded_subject(snapshot: Snapshot, wanted: str) -> Subject | None:
    """A record that is no longer in the base but that Change History speaks of."""
    for row in snapshot.tables.get(HISTORY, ()):
        if wanted in {row.get("record"), row.get("airtable_record_id"), f"{row.get('table')}/{row.get('record')}"}:
            return Subject(table=row.get("table"), id=row.get("record"))
    return None


NOT_IN_BASE = "sealed; its row is not in the base"


def with_sealed(snapshot: Snapshot, chain: Iterable[Mapping[str, str]]) -> Snapshot:
    """The snapshot with sealed Change History rows that the base no longer shows (removed, or never taken by it)."""
    there = snapshot.by_id(HISTORY)
    gone = [
        Record(record_id="", subject=Subject(table=HISTORY, id=row["change_id"]), fields={**row, "state": NOT_IN_BASE})
        for row in chain
        if row["change_id"] not in there
    ]
    rows = (*snapshot.tables.get(HISTORY, ()), *gone)
    return replace(snapshot, tables={**snapshot.tables, HISTORY: rows}) if gone else snapshot


def history_of(snapshot: Snapshot, subject: Subject, name: str = "") -> tuple[Record, ...]:
    """Change History rows of a record (and field), oldest first."""
    rows = [
        r for r in snapshot.tables.get(HISTORY, ())
        if (r.get("table"), r.get("record")) == (subject.table, subject.id) and (not name or r.get("field") == name)
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda r: (r.get("captured_at"), r.subject.id)))


@dataclass(slots=True, kw_only=True)
class Trail:
    """What explaining reads: the base, the archived plans (newest first), what the sources say now, the archive."""

    snapshot: Snapshot
    dictionary: Dictionary
    plans: Iterable[Mapping[str, Any]]
    observations: tuple[Observation, ...]
    archive: Archive
    _writes: dict[tuple[str, str, str], list[Mapping[str, Any]]] | None = field(default=None)

    def explain(self, record: Record, name: str) -> Explained:
        """The whole chain of one cell. `KeyError` when the table has no such field."""
        spec = self.dictionary.field(record.subject.table, name)
        writes = self._written(record.subject, name)
        refs = [ref for write in writes[:1] for ref in write["refs"]]
        now = [o for o in self.observations if (o.subject, o.field) == (record.subject, name)]
        refs += [_ref(o) for o in now if not refs]
        return Explained(
            subject=record.subject,
            field=name,
            meaning=spec.meaning,
            write=spec.write,
            value=record.get(name),
            versions=tuple(r.fields for r in history_of(self.snapshot, record.subject, name)),
            written_by=tuple(writes),
            sources=tuple(self._checked(ref) for ref in _distinct(refs)),
            says_now=tuple({"source_id": o.ref.source_id, "value": o.value} for o in now),
        )

    def explain_source(self, row: RawRow) -> tuple[Source, tuple[Mapping[str, str], ...]]:
        """A source row: its archived bytes, checked, and the cells that it fills now."""
        ref = row.ref
        wanted = (ref.source_id, ref.external_id)
        cells = [o for o in self.observations if o.value and (o.ref.source_id, o.ref.external_id) == wanted]
        filled = tuple({"record": str(o.subject), "field": o.field, "value": o.value} for o in cells)
        named = {"source_id": ref.source_id, "external_id": ref.external_id, "row": ref.row, "blob": ref.blob}
        return self._checked(named), filled

    def _written(self, subject: Subject, name: str) -> list[Mapping[str, Any]]:
        """Archived writes of the cell, newest first."""
        if self._writes is None:
            self._writes = {}
            for plan in self.plans:
                for table, key, cell, write in _cells(plan):
                    self._writes.setdefault((table, key, cell), []).append(write)
        return self._writes.get((subject.table, subject.id, name), [])

    def _checked(self, ref: Mapping[str, str]) -> Source:
        size, fault = 0, ""
        if ref["blob"]:
            try:
                size = len(self.archive.get(ref["blob"]))
            except KeyError:
                fault = "the archived bytes are missing"
            except ValueError as error:
                fault = str(error)
        return Source(
            source_id=ref["source_id"], external_id=ref["external_id"], row=ref["row"], blob=ref["blob"],
            bytes=size, fault=fault,
        )  # fmt: skip


def _cells(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for change in plan["changes"]:
        run = {"run_id": plan["run_id"], "dictionary": plan["dictionary"]}
        if "create" in change:
            for cell, value in change["create"].items():
                write = {**run, "refs": change["refs"].get(cell, []), "value": value, "how": "created with the row"}
                yield change["table"], change["id"], cell, write
        else:
            how = "replaced" if "prior" in change else "filled a blank"
            kept = {k: change[k] for k in ("prior", "change_id") if k in change}
            common = {**run, "refs": change["refs"][change["field"]]}
            yield (
                change["table"],
                change["id"],
                change["field"],
                {**common, **kept, "value": change["value"], "how": how},
            )


def _ref(seen: Observation) -> dict[str, str]:
    ref = seen.ref
    return {"source_id": ref.source_id, "external_id": ref.external_id, "row": ref.row, "blob": ref.blob}


def _distinct(refs: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return list({(r["source_id"], r["external_id"], r["row"], r["blob"]): r for r in refs}.values())
