"""What a run is given and what it comes to: the ends of a base, what was asked, how it tells, the finished run.

Values only; the order in which they are used is `pipeline`'s. The run's row, the report and the console read `Run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from mdfsync.base_health import Ledgered
from mdfsync.drift import Drift
from mdfsync.mirror import SeenRows
from mdfsync.model import Create, Finding, GatedPlan, Receipt, Snapshot, SourcePull
from mdfsync.policy import Policy
from mdfsync.policy.jobs import JobSpec
from mdfsync.ports import Archive, Base, Clock, Files, Source
from mdfsync.publish import finding_subject
from mdfsync.recover import Recovered
from mdfsync.situation import Planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The effectful ends of one base, for the process `runner`. `state` remembers everything; `sources` are joined once
    the base was read, since what they ask for stands in it; `files` fetches what is attached to it; `requests` counts
    calls by service."""

    base: Base
    state: Ledgered
    archive: Archive
    sources: Callable[[Snapshot], Mapping[str, Source]]
    files: Files
    seen: SeenRows
    clock: Clock
    policy: Policy
    drift: Drift
    requests: Callable[[], Mapping[str, int]]
    mode: str
    runner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run was asked to do. `digest` = apply only if the gated plan has exactly this digest."""

    jobs: Sequence[JobSpec]
    write: bool
    full: bool = False
    campaign: str = ""
    as_of: datetime | None = None
    digest: str = ""
    label: str = "all"


@dataclass(slots=True, kw_only=True)
class Run:
    """What one run came to; documents and the console are made from it."""

    run_id: str
    asked: Asked
    started_at: datetime
    as_of: datetime
    mode: str
    runner: str
    policy: Policy
    snapshot: Snapshot
    pulls: Mapping[str, SourcePull]
    planned: Planned
    gated: GatedPlan
    receipts: tuple[Receipt, ...] = ()
    recovered: Recovered = field(default_factory=Recovered)
    notices: list[str] = field(default_factory=list)
    finished_at: datetime | None = None
    requests: Mapping[str, int] = field(default_factory=dict)

    def open_findings(self, kind: str) -> list[Finding]:
        """Holds or exceptions that still wait for somebody."""
        decided = self.planned.decided_findings
        return [f for f in self.planned.plan.findings if f.kind == kind and f.fingerprint not in decided]

    def due_of(self, finding: Finding) -> str:
        """Date by which a finding wants somebody to act, from its row, planned or standing; `""` when none is set."""
        subject = finding_subject(finding)
        for change in self.gated.admitted:
            if isinstance(change, Create) and change.subject == subject:
                return change.fields.get("due", "")
        row = self.snapshot.by_id(subject.table).get(subject.id)
        return row.get("due") if row else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a run tells what it is doing: `stage` opens a step, `tick` counts inside it; `stop` raises when asked to."""

    stage: Callable[[str], AbstractContextManager[None]] = lambda _name: nullcontext()
    tick: Callable[[str], None] = lambda _what: None
    stop: Callable[[], None] = lambda: None
