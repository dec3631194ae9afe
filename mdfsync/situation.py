"""What a plan is made from and what it comes to; the order of the stages between them is `plan`'s.

Values only. `pipeline` gathers a `Situation`; the gate, the report and the console read `Planned`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mdfsync.compare import Conflict
from mdfsync.crossed import Crossing
from mdfsync.decide import Decided, Edits
from mdfsync.history import DECIDABLE
from mdfsync.model import Bases, FileRead, Finding, Observed, Plan, Reject, Snapshot, Subject
from mdfsync.observe import Mirror
from mdfsync.policy import Policy
from mdfsync.publish import WAIVED
from mdfsync.view import Interval, SourceHealth, View
from mdfsync.view.packets import Packets


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a plan is made from. `gone` are rows that vanished from their source; `raised` are findings that
    the reading ends made (drift of the schema, blind time, recovery); `rejects` are rows their readers refused;
    `backfilled` are campaigns that stood in the base when it was taken over;
    `files` are the attached files that were read, by attachment id; `packets` the packets made of each claim;
    `archives` those made of each campaign: where each lies and its digest; `overtaken` are change ids
    that announce a write which a person was quicker than; `crossed` are writes of ours over values which nobody had
    seen."""

    snapshot: Snapshot
    bases: Bases
    bindings: Mapping[Subject, str]
    mirror: Mirror
    gone: Mirror
    sources: Mapping[str, SourceHealth]
    seen: Mapping[tuple[str, str], Interval]
    edits: Edits
    chain: Sequence[Mapping[str, str]]
    raised: tuple[Finding, ...]
    policy: Policy
    as_of: datetime
    overtaken: frozenset[str] = frozenset()
    rejects: tuple[Reject, ...] = ()
    backfilled: frozenset[str] = frozenset()
    crossed: tuple[Crossing, ...] = ()
    files: Mapping[str, FileRead] = field(default_factory=dict)
    packets: Packets = field(default_factory=dict)
    archives: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with what it was concluded from, for the report and the documents. `decided_findings` = fingerprints of
    findings that people upheld or waived, with which; `crossed` = values that wait to be given back."""

    plan: Plan
    view: View
    observed: Observed
    decided: Decided
    conflicts: tuple[Conflict, ...]
    decided_findings: Mapping[str, str]
    crossed: tuple[Crossing, ...] = ()

    @property
    def waived(self) -> frozenset[str]:
        """Fingerprints of findings that a person let pass."""
        return frozenset(f for f, status in self.decided_findings.items() if status == WAIVED)

    @property
    def waiting(self) -> tuple[Conflict, ...]:
        """Changes that wait for a person's decision, also those of earlier runs."""
        return tuple(c for c in self.conflicts if c.kind in DECIDABLE)
