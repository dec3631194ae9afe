"""The three-way comparison: what a source says, what the cell holds, and the two bases we remember of it.

Each observation ends in exactly one way: same, create, fill, replace under standing authority, or a conflict
that a person decides (proposal, drift, withdrawn, identity). It refuses to turn an absent or emptied source value
into a blank, to touch a row that two records claim, and to re-create a row that a person removed. A pure
function; between `observe` (or `derive`) and `plan` in the flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Literal

from mdfsync.currencies import currency_exponent
from mdfsync.model import (
    Bases,
    CellBase,
    Create,
    FillBlank,
    Observation,
    Record,
    Snapshot,
    SourceRef,
    Subject,
)
from mdfsync.policy.dictionary import Dictionary, FieldSpec
from mdfsync.values import same

ConflictKind = Literal["proposal", "tracked", "computed", "drift", "withdrawn", "identity", "restored"]


_NEVER = CellBase()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The honest form of "would have overwritten". `tracked` and `computed` conflicts have standing authority and
    become replacements once their history row is planned; the others wait for a person. For `drift`, `prior` is
    what we had written and `proposed` what a person typed."""

    subject: Subject
    record_id: str
    field: str
    kind: ConflictKind
    prior: str
    proposed: str
    reason: str
    refs: tuple[SourceRef, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Sources of the same cell that say different things; the first in authority was used."""

    subject: Subject
    field: str
    says: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Compared:
    """Everything one comparison found, in sorted order of subjects."""

    creates: list[Create] = field(default_factory=list)
    fills: list[FillBlank] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    disagreements: list[Disagreement] = field(default_factory=list)
    settled: dict[Subject, dict[str, CellBase]] = field(default_factory=dict)
    removed: list[tuple[Subject, str]] = field(default_factory=list)
    frozen: set[Subject] = field(default_factory=set)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def merge(self, other: Compared) -> None:
        """Add another comparison's findings; a row that both create is created once with the cells of both."""
        created = {c.subject: n for n, c in enumerate(self.creates)}
        for create in other.creates:
            if (n := created.get(create.subject)) is None:
                created[create.subject] = len(self.creates)
                self.creates.append(create)
            else:
                mine = self.creates[n]
                self.creates[n] = Create(
                    subject=mine.subject,
                    fields={**mine.fields, **create.fields},
                    refs={**mine.refs, **create.refs},
                )
        self.fills += other.fills
        self.conflicts += other.conflicts
        self.disagreements += other.disagreements
        known = set(self.removed)
        self.removed += [r for r in other.removed if r not in known]
        self.frozen |= other.frozen
        for subject, cells in other.settled.items():
            self.settled.setdefault(subject, {}).update(cells)
        for table, outcomes in other.counts.items():
            for outcome, n in outcomes.items():
                self.tally(table, outcome, n)

    def moving(self) -> dict[Subject, dict[str, str]]:
        """Cells that the worker is about to move by itself, as they will read; one that a person typed over stays."""
        moved: dict[Subject, dict[str, str]] = {}
        for conflict in self.conflicts:
            if conflict.kind in {"tracked", "computed"}:
                moved.setdefault(conflict.subject, {})[conflict.field] = conflict.proposed
        for fill in self.fills:
            moved.setdefault(fill.subject, {})[fill.field] = fill.value
        for create in self.creates:
            moved.setdefault(create.subject, {}).update(create.fields)
        return moved

    def tally(self, table: str, outcome: str, n: int = 1) -> None:
        row = self.counts.setdefault(table, {})
        row[outcome] = row.get(outcome, 0) + n


def compare(
    observations: Iterable[Observation],
    snapshot: Snapshot,
    bases: Bases,
    bindings: Mapping[Subject, str],
    dictionary: Dictionary,
    *,
    own_tables: frozenset[str] = frozenset(),
    typed: Container[tuple[str, str, str]] = (),
) -> Compared:
    """Compare observations with the base. `bindings` are the records that rows of ours had when last seen. A cell that
    only the worker writes (in `own_tables`, or computed) counts as ours as it stands when no base of it is known,
    unless a person is known to have `typed` it: (table, record id, field)."""
    out = Compared()
    grouped = sorted(_by_subject(observations).items(), key=itemgetter(0))
    records, doubled = _standing(snapshot, {subject.table for subject, _ in grouped})
    for subject, seen in grouped:
        total = len(seen)
        record = records[subject.table].get(subject.id)
        if subject in doubled:
            out.frozen.add(subject)
            out.tally(subject.table, "held", total)
        elif record is not None:
            known, fields, at_rest = bases.get(subject, {}), dictionary.tables[subject.table].fields, 0
            cells = _by_field(seen)
            for name, says in sorted(cells.items()):
                place, spec, cell = (subject.table, record.record_id, name), fields[name], record.get(name)
                if (subject.table, name) in snapshot.missing_fields or place in snapshot.unreadable:
                    out.tally(subject.table, "held", len(says))
                    _authoritative(out, spec, says)  # sources disagree all the same
                    continue
                base = known.get(name, _NEVER)
                if base.source is None:
                    base = _NEVER  # only looked at so far: that is no agreement
                ours = base.cell is None and (subject.table in own_tables or spec.write == "computed")
                if ours and place not in typed:
                    base = CellBase(source=cell, cell=cell)
                if _at_rest(cell, says, base):
                    at_rest += len(says)
                else:
                    _compare_cell(out, record, spec, cells, base)
            if at_rest:
                out.tally(subject.table, "same", at_rest)
        elif subject in bindings:
            out.removed.append((subject, bindings[subject]))
            out.tally(subject.table, "held", total)
        else:
            _create(out, subject, _by_field(seen), dictionary, snapshot.missing_fields)
    return out


def _standing(snapshot: Snapshot, tables: Iterable[str]) -> tuple[dict[str, dict[str, Record]], set[Subject]]:
    """Rows of these tables by id, and the subjects that more than one row carries."""
    records: dict[str, dict[str, Record]] = {}
    doubled: set[Subject] = set()
    for table in tables:
        held = records[table] = {}
        for row in snapshot.tables.get(table, ()):
            if row.subject.id and held.setdefault(row.subject.id, row) is not row:
                doubled.add(row.subject)
    return records, doubled


def _at_rest(cell: str, says: list[Observation], base: CellBase) -> bool:
    """Whether everybody says what the cell holds and both bases remember: most cells of most runs."""
    if cell and not base.source == cell == base.cell:
        return False
    return says[0].value == cell if len(says) == 1 else all(seen.value == cell for seen in says)


def _by_subject(observations: Iterable[Observation]) -> dict[Subject, list[Observation]]:
    grouped: defaultdict[Subject, list[Observation]] = defaultdict(list)
    for seen in observations:
        grouped[seen.subject].append(seen)
    return grouped


def _by_field(of_row: Iterable[Observation]) -> dict[str, list[Observation]]:
    cells: defaultdict[str, list[Observation]] = defaultdict(list)
    for seen in of_row:
        cells[seen.field].append(seen)
    return cells


def _create(
    out: Compared,
    subject: Subject,
    cells: Mapping[str, list[Observation]],
    dictionary: Dictionary,
    missing: frozenset[tuple[str, str]],
) -> None:
    spec = dictionary.tables[subject.table]
    fields = {spec.id_field: subject.id}
    refs: dict[str, SourceRef] = {}
    created = blank = 0
    for name, says in sorted(cells.items()):
        best = says[0] if len(says) == 1 else _authoritative(out, spec.fields[name], says)
        if not best.value:
            blank += len(says)
            continue
        created += len(says)
        if spec.fields[name].worker and (subject.table, name) not in missing:
            fields[name] = best.value
            refs[name] = best.ref
    for outcome, n in (("created", created), ("same", blank)):
        if n:
            out.tally(subject.table, outcome, n)
    out.creates.append(Create(subject=subject, fields=fields, refs=refs))


def _authoritative(out: Compared, spec: FieldSpec, says: list[Observation]) -> Observation:
    """The observation of the first source in the dictionary's order that has a value; the newest of its rows."""
    if len(says) == 1:
        return says[0]
    order = {source: n for n, source in enumerate(spec.sources)}

    def rank(seen: Observation) -> tuple[bool, int, float, str]:
        newest = -seen.ref.observed_at.timestamp() if seen.ref.observed_at else 0.0
        return (not seen.value, order.get(seen.ref.source_id, len(order)), newest, seen.ref.external_id)

    ranked = sorted(says, key=rank)
    best = ranked[0]
    others = {s.ref.source_id: s.value for s in reversed(ranked) if s.value and s.value != best.value}
    if others:
        says_all = {**others, best.ref.source_id: best.value}
        if len(says_all) == 1:
            says_all = {f"{best.ref.source_id} ({s.ref.external_id})": s.value for s in ranked if s.value}
        out.disagreements.append(Disagreement(subject=best.subject, field=best.field, says=says_all))
    return best


def _decimal_places(record: Record, spec: FieldSpec, cells: Mapping[str, list[Observation]]) -> int | None:
    """Places at which two amounts are compared: of the row's currency or of the one it is said to have now, whichever
    has more (100 yen that became 100.40 dollars did move)."""
    if spec.kind != "money":
        return None
    said = {record.get(spec.currency_field), *(s.value for s in cells.get(spec.currency_field, ()))}
    return max(currency_exponent(code) for code in said if code or len(said) == 1)


def _compare_cell(
    out: Compared, record: Record, spec: FieldSpec, cells: Mapping[str, list[Observation]], base: CellBase
) -> None:
    says = cells[spec.name]
    best = _authoritative(out, spec, says)
    exponent = _decimal_places(record, spec, cells)

    def equal(left: str | None, right: str | None) -> bool:
        return left is not None and right is not None and same(spec.kind, left, right, exponent=exponent)

    cell, source = record.get(spec.name), best.value
    outcome, kind, reason = judge_cell(
        write=spec.write,
        cell=cell,
        source=source,
        source_moved=base.source is not None and not equal(source, base.source),
        cell_moved=base.cell is not None and not equal(cell, base.cell),
        known=base.source is not None and base.cell is not None,
        apart=base.source is not None and base.cell is not None and not equal(base.source, base.cell),
        equal=equal(cell, source),
    )
    out.tally(record.subject.table, outcome, len(says))
    if outcome == "same" and source and equal(cell, source) and base != CellBase(source=source, cell=cell):
        out.settled.setdefault(record.subject, {})[spec.name] = CellBase(source=source, cell=cell)
    elif outcome == "filled":
        out.fills.append(
            FillBlank(
                subject=record.subject, record_id=record.record_id, field=spec.name, value=source,
                settles=source, refs=(best.ref,),
            )
        )  # fmt: skip
    elif kind is not None:
        drifted = kind == "drift"
        out.conflicts.append(
            Conflict(
                subject=record.subject, record_id=record.record_id, field=spec.name, kind=kind,
                reason=_because(kind, spec, best.ref, reason),
                prior=(base.cell or "") if drifted else cell, proposed=cell if drifted else source,
                refs=(best.ref,), source=source,
            )
        )  # fmt: skip


def _because(kind: ConflictKind, spec: FieldSpec, ref: SourceRef, reason: str) -> str:
    if kind in {"tracked", "computed"} and spec.kind == "link":
        return f"{spec.link_id_field} moved; the link was set by the worker and follows"
    return f"derived anew by {ref.external_id}" if kind == "computed" else reason


def judge_cell(
    *, write: str, cell: str, source: str, source_moved: bool, cell_moved: bool, known: bool, apart: bool, equal: bool
) -> tuple[str, ConflictKind | None, str]:
    """(outcome, conflict kind, reason) for one cell: the whole write-mode table of the dictionary in one place.

    `known` = both bases stand; without them blanks are filled, differences are proposed and nothing tracks. `apart` =
    the bases differ: a person once decided that the cell says something else than its source, so only a person moves
    it."""
    if write == "operator":
        return "same", None, ""
    if equal or (not source and not cell):
        return "same", None, ""
    if not source:
        if known and source_moved:
            return "withdrawn", "withdrawn", "the source no longer has a value; the cell keeps its own"
        return "same", None, ""
    if not cell and known and not (source_moved or cell_moved):
        return "same", None, ""  # a person decided that it stays blank
    if not cell and not (cell_moved or apart):
        return "filled", None, ""
    if write == "identity":
        return "conflict", "identity", "an id never changes: the source says another one"
    if not known:
        return "proposed", "proposal", "the cell and the source differ and no earlier agreement is on record"
    if source_moved and cell_moved:
        return "proposed", "proposal", "the source moved and a person had changed the cell"
    if source_moved and apart:
        return "proposed", "proposal", "the source moved and a person had decided that the cell says something else"
    if source_moved:
        if write == "propose":
            return "proposed", "proposal", "the source moved; this field changes only by a person's decision"
        return "replaced", "computed" if write == "computed" else "tracked", "the source moved"
    if cell_moved:
        return "drift", "drift", "a person changed a cell that the worker keeps; the person's value stands"
    return "same", None, ""
