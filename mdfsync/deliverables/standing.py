"""Where each deliverable stands today, and what keeps it from going on.

    Plan + holds ─standing─> on_track | due_soon | late | blocked | done | cancelled | unknown

A piece is blocked when it cannot go on whatever its owner does: a hold stands against it (other than one on its proof),
or something that it waits for is late, blocked, held, cancelled, in a circle with it or not in the base, or not
accepted on the day on which it should begin itself. What merely comes first by plan blocks nothing. It is late when its
due date has passed and it was not handed over, or was sent back; and when it was handed over and nobody has decided in
the days that the rulebook gives the reviewer. Done is what the other side has accepted, and nothing else. Pure; used by
derivations, rules and documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from mdfsync.deliverables.plan import TABLE, Piece, Plan
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting

Status = Literal["on_track", "due_soon", "late", "blocked", "done", "cancelled", "unknown"]
SOON_RULE, REVIEW_RULE = "deliverable_late", "deliverable_blocked"
"""The rules whose settings say when a piece is due soon, and how long a reviewer may take."""
OF_PROOF = frozenset({"missing_proof", "wrong_evidence", "duplicate_document"})
"""Holds on what proves a piece: they keep the money that rests on it, not the work, which is to bring the proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`blocked_by`: deliverables by id, then rules that hold the piece, `""` in neither when nothing does."""

    status: Status
    blocked_by: tuple[str, ...] = ()
    held_by: tuple[str, ...] = ()


def review_ends(piece: Piece, rules: Mapping[str, RuleSetting]) -> date | None:
    """The last day of the reviewer's time, counted from the hand-over, or from the due date where nobody says when that
    was; `None` while nothing was handed over."""
    handed = piece.row.day("delivered_on") or piece.row.day("actual_end") or piece.due
    if not piece.handed_over or handed is None:
        return None
    return handed + timedelta(days=rules[REVIEW_RULE].params["review_days"])


def is_late(piece: Piece, rules: Mapping[str, RuleSetting]) -> bool:
    """Whether the piece itself is late, whatever the cause."""
    if not piece.open:
        return False
    if piece.handed_over:
        ends = review_ends(piece, rules)
        return ends is not None and piece.today > ends
    return piece.due is not None and piece.today > piece.due


def begins(piece: Piece) -> date | None:
    """The day on which the piece should begin by plan."""
    return piece.row.day("planned_start") or piece.due


def standings(plan: Plan, rules: Mapping[str, RuleSetting], findings: Iterable[Finding]) -> Mapping[str, Standing]:
    """Every piece by id. `findings` are those that nobody let pass; of them only holds block."""
    holds: dict[str, set[str]] = {}
    for finding in findings:
        if finding.kind != "hold" or finding.rule_id in OF_PROOF:
            continue
        for place in (finding.subject, *finding.blocks):
            if place.table == TABLE:
                holds.setdefault(place.id, set()).add(finding.rule_id)
    found: dict[str, Standing] = {}
    circles = [id for members in plan.schedule.order.circles for id in members]
    for id in (*plan.schedule.order.sequence, *circles):
        found[id] = _standing(plan, plan.pieces[id], rules, sorted(holds.get(id, ())), found)
    cancelled = (id for id, piece in plan.pieces.items() if piece.cancelled)
    return found | {id: Standing(status="cancelled") for id in cancelled}


def _standing(
    plan: Plan, piece: Piece, rules: Mapping[str, RuleSetting], holds: list[str], before: Mapping[str, Standing]
) -> Standing:
    if piece.done:
        return Standing(status="done")
    if not piece.handed_over:
        blockers = tuple(id for id in piece.waits_for if _blocks(plan, plan.pieces.get(id), piece, before))
        if blockers or holds:
            return Standing(status="blocked", blocked_by=blockers, held_by=tuple(holds))
    if is_late(piece, rules):
        return Standing(status="late")
    if piece.due is None:
        return Standing(status="unknown")
    soon = piece.due - piece.today <= timedelta(days=rules[SOON_RULE].params["soon_days"]) and not piece.handed_over
    return Standing(status="due_soon" if soon else "on_track")


def _blocks(plan: Plan, first: Piece | None, piece: Piece, before: Mapping[str, Standing]) -> bool:
    """Whether what the piece waits for keeps it from going on now."""
    if first is None or first.cancelled or (first.open and first.id in plan.in_circles):
        return True
    if first.done:
        return False
    start = begins(piece)
    return before[first.id].status in {"late", "blocked"} or (start is not None and start <= piece.today)
