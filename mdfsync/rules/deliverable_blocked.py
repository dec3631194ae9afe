"""Work that stands still because nobody accepts what was handed over.

What it protects: a deliverable is done when the other side has accepted it. Until then whatever depends on it may not
go on, and a claim that rests on it has a gap exactly where the payer looks: who says that it was delivered as agreed?

When it fires: a deliverable was handed over, nobody has accepted, returned or rejected it, and either something that
waits for it should begin, or the reviewer has had the rulebook's days. One exception per deliverable that waits for its
reviewer, not one for each that waits for the deliverable. An acceptance that is there but does not count is told by
`deliverable_plan` or `decision_unclear`.

What clears it: the reviewer decides (`acceptance_decision`); for a reviewer on the partner's side, one of ours records
the decision, and for an acceptance the document that shows it. Campaigns that are archived or cancelled are left alone.

Params: `review_days` = days after the hand-over in which the reviewer decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.deliverables.acceptance import acts_for
from mdfsync.deliverables.plan import TABLE, Piece, plan_of
from mdfsync.deliverables.standing import begins, is_late
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import View

ID = "deliverable_blocked"
TABLES = (TABLE,)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    plan = plan_of(view)
    for piece in plan.pieces.values():
        if piece.over or not piece.open or not piece.handed_over or piece.acceptance.decision:
            continue
        waiting = plan.waiting(piece.id)
        if is_late(piece, {**view.rules, ID: setting}) or any(_should_begin(piece, then) for then in waiting):
            yield _finding(view, setting, piece, waiting)


def _should_begin(piece: Piece, then: Piece) -> bool:
    first = begins(then)
    return piece.id in then.waits_for and first is not None and first <= then.today


def _finding(view: View, setting: RuleSetting, piece: Piece, waiting: tuple[Piece, ...]) -> Finding:
    names = ", ".join(other.named for other in waiting)
    handed = piece.row.text("delivered_on")
    words = f"{piece.named} was handed over{f' on {handed}' if handed else ''}, and nobody has decided on it."
    cells = ("owner_side", "reviewer", "deliverable_state", "delivered_on", "acceptance_condition")
    return speak(
        setting,
        piece.row.place,
        f"{words} Waiting for it: {names}." if names else words,
        evidence={**shown(piece.row, *cells), "waiting": ", ".join(other.id for other in waiting)},
        sources=sources_of(view, TABLE, *cells),
        blocks=[other.row.place for other in waiting],
        owner=acts_for(view, piece.row, "reviewer"),
    )
