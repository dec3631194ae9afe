"""The frozen values that travel the arrows: sources → observe → plan → gate → apply → report.

They carry data and provenance and decide nothing. All cell values are canonical text (`values.py`). A
`Replace` cannot be built without an authority and the Change History row that holds the prior value; there is
no delete and no whole-row write among these types, so neither can be planned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from mdfsync.values import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """Where a value came from. `observed_at` is the source's own time, `fetched_at` ours, `blob` the SHA-256
    of the archived bytes, `row` the place inside them (JSON pointer or line number)."""

    source_id: str
    external_id: str
    observed_at: datetime | None
    fetched_at: datetime
    blob: str
    row: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row as the source delivered it (after the parser's allow-list), with its provenance."""

    ref: SourceRef
    body: Mapping[str, Any]


class Subject(NamedTuple):
    """A row of the base by table and stable id, before and after Airtable knows it. A tuple, since most indexes of a
    plan go by it: tuples are hashed and compared without a call into Python."""

    table: str
    id: str

    def __str__(self) -> str:
        return f"{self.table}/{self.id}"


class Observation(NamedTuple):
    """What one source says about one cell. A tuple, since there is one for every cell of a plan."""

    subject: Subject
    field: str
    value: str
    ref: SourceRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A source row that could not be read: kept and reported, never dropped."""

    ref: SourceRef
    reason: str
    detail: str


@lru_cache(maxsize=100_000)
def fingerprint(rule_id: str, subject: Subject, key: str) -> str:
    """What makes two findings the same finding."""
    return digest([rule_id, subject.table, subject.id, key])[:16]


Severity = Literal["low", "medium", "high", "critical"]
FindingKind = Literal["hold", "exception"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a rule or a stage has to say about a row. `key` tells apart several findings of one rule on one
    row and must stay the same while the cause is the same; running clocks belong in neither `key`, `message`
    nor `evidence`. `blocks` are the rows that the hold also keeps from going on. `owner` is a person's e-mail, where
    the row itself says who has to act; else whoever holds `owner_role` there. `due` is a day of the cause's own;
    without one the rulebook's days are counted from when it was first seen, to `curable_until` at most."""

    rule_id: str
    kind: FindingKind
    severity: Severity
    subject: Subject
    message: str
    evidence: Mapping[str, str]
    source_ids: tuple[str, ...]
    owner_role: str
    required_action: str
    key: str = ""
    blocks: tuple[Subject, ...] = ()
    due: str = ""
    curable_until: str = ""
    owner: str = ""

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.rule_id, self.subject, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything the sources say, and what could not be said. Conservation: `rows_read` rows ended either in
    `rejects`, in `unlinked` (read, but belonging to no joint campaign) or in observations."""

    observations: tuple[Observation, ...]
    rejects: tuple[Reject, ...]
    findings: tuple[Finding, ...]
    rows_read: int
    rows_observed: int
    unlinked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row of the base as read: canonical text by field name, blanks left out; links as stable ids where the
    target is known, else as record ids."""

    record_id: str
    subject: Subject
    fields: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole base at one time. `duplicates` are stable ids that more than one row carries; `missing_fields` are
    dictionary fields that the live base lacks or has with another type (they are not read and not written);
    `lacking_choices` are select fields, by (table, field), whose live column lacks choices of the dictionary;
    `unreadable` are cells, by (table, record id, field), whose form the edge could not take or whose choice nobody
    knows, each with the reason."""

    base_id: str
    taken_at: datetime
    tables: Mapping[str, tuple[Record, ...]]
    missing_fields: frozenset[tuple[str, str]] = frozenset()
    lacking_choices: frozenset[tuple[str, str]] = frozenset()
    unreadable: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def by_id(self, table: str) -> dict[str, Record]:
        return {r.subject.id: r for r in self.tables.get(table, ()) if r.subject.id}

    def duplicates(self) -> dict[Subject, tuple[str, ...]]:
        seen: dict[Subject, list[str]] = {}
        for rows in self.tables.values():
            for row in rows:
                if row.subject.id:
                    seen.setdefault(row.subject, []).append(row.record_id)
        return {s: tuple(ids) for s, ids in seen.items() if len(ids) > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBase:
    """The two bases of a cell. `source` = last source value we disposed of (written, proposed and decided);
    `cell` = last value we wrote or a decision set. `None` = never."""

    source: str | None = None
    cell: str | None = None


Bases = Mapping[Subject, Mapping[str, CellBase]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file in a cell of the base, as Airtable names it. `url` lives two hours and is kept nowhere; `size` is `None`
    while Airtable is still taking the file in."""

    id: str
    name: str
    size: int | None
    url: str


FileKind = Literal[
    "pdf", "picture", "document", "text", "e-mail", "video", "sound", "web page", "archive", "program", "unknown", "",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What became of an attached file. Fetched: `sha256` of its bytes, what they are by their content (`kind`, and
    `format` as the ending that such a file has), and the `fault` for which nobody can read it. Not fetched: `lost`
    says why, and the rest is blank."""

    id: str
    size: int | None
    sha256: str = ""
    kind: FileKind = ""
    format: str = ""
    fault: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A person's (or program's) change to a cell as the change feed tells it; `at` is None where only the last editor
    is known (a last-modified-by column)."""

    table: str
    record_id: str
    field: str
    prior: str | None
    value: str
    actor: str
    at: datetime | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's recorded decision on one Change History row."""

    change_id: str
    reviewer: str
    at: datetime
    disposition: Literal["approved", "edited", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The dictionary's own authority for `track` and `computed` fields: field and dictionary version."""

    field: str
    version: str


Authority = Decision | Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A new row. `fields` never hold blanks; the stable id is among them. `refs` = where each field came from."""

    subject: Subject
    fields: Mapping[str, str]
    refs: Mapping[str, SourceRef] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillBlank:
    """A value for a cell that is blank. `settles` = the source base that the cell has once this is applied; `needs` =
    keys of changes without which this one must not be applied."""

    subject: Subject
    record_id: str
    field: str
    value: str
    settles: str | None = None
    needs: tuple[str, ...] = ()
    refs: tuple[SourceRef, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.subject}.{self.field}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """A new value for a cell that is not blank: only with an authority and after `change_id` stands in the base."""

    subject: Subject
    record_id: str
    field: str
    prior: str
    value: str
    authority: Authority
    change_id: str
    settles: str | None = None
    needs: tuple[str, ...] = ()
    refs: tuple[SourceRef, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.authority, Decision | Standing) or not self.change_id:
            raise TypeError(f"overwrite of {self.subject}.{self.field} without authority or history row")
        if not self.prior or not self.value:
            raise TypeError(f"{self.subject}.{self.field}: a replacement has a prior and a value")

    @property
    def key(self) -> str:
        return f"{self.subject}.{self.field}"


Change = Create | FillBlank | Replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do, sorted and digested. The digest covers changes and refusals, never our own clock."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    settled: Mapping[Subject, Mapping[str, CellBase]]
    counts: Mapping[str, Mapping[str, int]]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A change that the gate keeps back, and why."""

    change: Change
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedPlan:
    """The only thing `apply` takes. `refusals` non-empty means: shown, nothing may be written."""

    plan: Plan
    admitted: tuple[Change, ...]
    held: tuple[Held, ...]
    refusals: tuple[str, ...]
    digest: str


Outcome = Literal["applied", "already", "raced", "rejected", "unready"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one change: `raced` = the cell no longer held what the plan saw, nothing was written; `unready` =
    what it rests on does not stand yet, the next run tries again. `sent` = cells of a new row sent with it."""

    change: Change
    outcome: Outcome
    record_id: str
    saw: str = ""
    note: str = ""
    sent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """A file that ends exactly at an export limit: its rows are facts, but what is missing from it proves nothing.
    `rows` are the lines of the file, known ones and unreadable ones too; `blob` names its bytes."""

    file: str
    rows: int
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePull:
    """What one source delivered in this run: rows, whether it was a complete listing, and its notices.
    `held` is the reason why the delivery as a whole is not used, `absent` why the source cannot be read; `down`: it
    gave no answer this time, so nothing was learnt and what it said before stands until it is stale. `cut_off` are the
    files among those its rows come from that end at an export limit. `told` are those of `gone` that the source itself
    reported as removed; the others are merely missing from a complete listing."""

    source_id: str
    rows: tuple[RawRow, ...] = ()
    rejects: tuple[Reject, ...] = ()
    gone: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    complete: bool = False
    cursor: Mapping[str, Any] | None = None
    notices: tuple[str, ...] = ()
    absent: str = ""
    held: str = ""
    down: str = ""
    requests: int = 0
    blobs: tuple[str, ...] = ()
    cut_off: tuple[CutOff, ...] = ()
    scope: Mapping[str, str] = field(default_factory=dict)
