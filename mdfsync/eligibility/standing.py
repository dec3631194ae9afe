"""What an expense is worth now: its verdict once people have had their say on the holds, the amount, and how it came
about.

    Line + open findings ─standing─> Standing

A hold that a person let pass counts no more; one that stands holds the expense, whoever raised it. Claimable is 0
unless eligible. Sixth layer, for derivations and documents: what is claimed anywhere is claimed by this figure.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mdfsync.eligibility.judged import Line, judged
from mdfsync.eligibility.telling import told
from mdfsync.model import Finding, Subject
from mdfsync.programme.verdict import Judgement, Reason
from mdfsync.view import View

ZERO = Decimal(0)
Open = Mapping[Subject, Mapping[tuple[str, str], Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`reasons` are those of the programme that still count, `holds` the other open holds against the line. `potential`
    is what could be claimed if all that is held were cured, None where that cannot be said."""

    line: Line
    status: Judgement
    claimable: Decimal
    potential: Decimal | None
    currency: str
    reasons: tuple[Reason, ...]
    holds: tuple[Finding, ...]


def standings(view: View, findings: Iterable[Finding]) -> Mapping[str, Standing]:
    """Every judged expense by id. `findings` are those that nobody let pass."""
    holds = _holds(findings)
    return {id: _standing(view, line, holds) for id, line in judged(view).items()}


def _holds(findings: Iterable[Finding]) -> Open:
    """The holds on each row and those that block it, by rule and key."""
    out: dict[Subject, dict[tuple[str, str], Finding]] = {}
    for finding in findings:
        if finding.kind == "hold":
            for place in (finding.subject, *finding.blocks):
                out.setdefault(place, {})[finding.rule_id, finding.key] = finding
    return out


def _standing(view: View, line: Line, holds: Open) -> Standing:
    said = [*told(view, line)]
    known = {(one.place.rule, one.place.key) for one in said}
    counting = tuple(one.reason for one in said if not one.passed)
    against = holds.get(line.expense.place, {})
    others = tuple(against[name] for name in sorted(against) if name not in known)
    status = _status(line, {reason.effect for reason in counting}, others)
    verdict = line.verdict
    return Standing(
        line=line,
        status=status,
        claimable=verdict.claimable if verdict and status == "eligible" else ZERO,
        potential=ZERO if status == "ineligible" else verdict.potential if verdict else None,
        currency=verdict.currency if verdict else "",
        reasons=counting,
        holds=others,
    )


def _status(line: Line, effects: Container[str], others: Sequence[Finding]) -> Judgement:
    if line.refused or "ineligible" in effects:
        return "ineligible"
    if others or line.verdict is None:
        return "held"
    return line.verdict.verdict
