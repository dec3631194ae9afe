"""What the view knows beyond the cells of the base: the health of the sources, and what they said that no
cell holds.

These are facts that other stages found (the pull, the mapping, the local state) and hand in as values;
nothing is concluded here. A missing fact stays missing: a source that never delivered has no
`last_accepted_at`, a link whose beginning nobody saw has an open interval. Read by the exception rules and
by the attribution classes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mdfsync.model import CutOff, FileRead, Observation, Subject
from mdfsync.view.packets import Packets


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How one register source stands. `status` is fresh | stale | held | absent | never; `held` is the
    reason why its last delivery is not used, `absent` why it cannot be read at all (a refused scope, a
    missing file); `earlier_rows` are the row counts of the deliveries accepted before the last one;
    `notices` are what the reader of the source remarked about an accepted delivery; `sha` names the
    delivery a hold is about; `cut_off` are the files behind its rows that end at an export limit."""

    last_accepted_at: datetime | None = None
    refresh_window: timedelta | None = None
    status: str = "never"
    rows: int = 0
    earlier_rows: tuple[int, ...] = ()
    required: bool = False
    held: str = ""
    absent: str = ""
    notices: tuple[str, ...] = ()
    sha: str = ""
    cut_off: tuple[CutOff, ...] = ()

    @property
    def known(self) -> bool:
        """Whether its rows may be reasoned from: it has delivered, and what it delivered is readable now."""
        return self.last_accepted_at is not None and not self.absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """When something first came true, as far as two of our pulls can tell: after `after` (`None` =
    nobody looked before), at the latest at `by`."""

    after: datetime | None
    by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConflict:
    """Two or more authoritative sources say different things about one cell: `values` by source id."""

    subject: Subject
    field: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A source that filled this cell (`value`) now says nothing there."""

    subject: Subject
    field: str
    source_id: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """A row of the base whose source row is gone from a complete listing or was reported deleted."""

    subject: Subject
    source_id: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who is known to have typed what a cell says, and when. Not `exact`: the change feed has forgotten it, and `at` is
    when Change History recorded it. `None` = no time is on record. `outdated` = another file was attached to the row
    since."""

    actor: str
    at: datetime | None
    exact: bool = True
    outdated: bool = False

    @property
    def day(self) -> str:
        """The day in UTC, YYYY-MM-DD; `""` when no time is on record."""
        return self.at.date().isoformat() if self.at else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything `View` is told besides the base. `seen` gives, by (source id, external id), the
    interval in which the source row came into being for us; what is known of one contact on a deal goes
    by the external id `deals:<deal>:contacts:<contact>`, of the deal's list by `deals:<deal>:contacts`.
    `removed` are rows that we know and that a person removed or gave another id;
    `behind` gives the sources that said something about each row (`None` = nobody kept count);
    `waived` are fingerprints of findings that people let pass. `authors` gives, by (row, field), who typed the
    decisions on which money or credit hangs; a decision without one is nobody's. `files` tells what became of attached
    files, by attachment id; `packets` which packets were made of each claim; `archives` where a campaign's archive lies
    and its digest, by campaign."""

    conflicts: tuple[SourceConflict, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    vanished: tuple[Vanished, ...] = ()
    removed: frozenset[Subject] = frozenset()
    seen: Mapping[tuple[str, str], Interval] = field(default_factory=dict)
    behind: Mapping[Subject, frozenset[str]] | None = None
    waived: frozenset[str] = frozenset()
    authors: Mapping[tuple[Subject, str], Author] = field(default_factory=dict)
    files: Mapping[str, FileRead] = field(default_factory=dict)
    packets: Packets = field(default_factory=dict)
    archives: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def sources_behind(observations: Iterable[Observation]) -> dict[Subject, frozenset[str]]:
    """The sources that gave each row at least one value."""
    found: defaultdict[Subject, set[str]] = defaultdict(set)
    for seen in observations:
        if seen.value:
            found[seen.subject].add(seen.ref.source_id)
    shared: dict[frozenset[str], frozenset[str]] = {}
    frozen = ((subject, frozenset(said)) for subject, said in found.items())
    return {subject: shared.setdefault(said, said) for subject, said in frozen}


def conflicts_among(
    observations: Iterable[Observation], authority: Mapping[tuple[str, str], tuple[str, ...]]
) -> tuple[SourceConflict, ...]:
    """Cells about which the sources that `authority` names for (table, field) disagree; sorted by cell."""
    said: dict[tuple[Subject, str], dict[str, str]] = {}
    for seen in observations:
        if seen.value and seen.ref.source_id in authority.get((seen.subject.table, seen.field), ()):
            said.setdefault((seen.subject, seen.field), {})[seen.ref.source_id] = seen.value
    return tuple(
        SourceConflict(subject=subject, field=name, values=dict(sorted(values.items())))
        for (subject, name), values in sorted(said.items())
        if len(set(values.values())) > 1
    )
