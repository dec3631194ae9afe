"""A deliverable that should have been handed over and was not.

What it protects: a joint campaign is a chain of promises between two companies. What one side hands over late, the
other starts late, and an activity that slips past the dates of its request or programme is paid by nobody.

When it fires: the due date of the charter in force has passed in the charter's zone, and the deliverable was not handed
over, or was sent back by its reviewer. One exception per deliverable, which names everything that waits for it; what is
late only because it waits for another is told with that other. What stands still under a hold is told by the hold.

What clears it: the deliverable is handed over (`deliverable_state` `delivered`), is cancelled, or gets another due date
under a charter that all have signed. Campaigns that are archived or cancelled are left alone.

Params: `soon_days` = days before its due date from which a deliverable counts as `due_soon`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.deliverables.acceptance import acts_for
from mdfsync.deliverables.plan import TABLE, Piece, Plan, plan_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import View

ID = "deliverable_late"
TABLES = (TABLE,)
LATE = True
"""It reads `deliverable_status`, which rests on what the other rules hold."""


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    plan = plan_of(view)
    for piece in plan.pieces.values():
        late = view.will_be(piece.row, "deliverable_status") == "late"
        if late and not piece.over and not piece.handed_over:
            yield _finding(view, setting, plan, piece)


def _finding(view: View, setting: RuleSetting, plan: Plan, piece: Piece) -> Finding:
    waiting = plan.waiting(piece.id)
    names = ", ".join(other.named for other in waiting)
    said = "was sent back" if piece.acceptance.sent_back else "is not handed over"
    words = f"{piece.named} was due on {piece.due} and {said}."
    cells = ("owner_side", "deliverable_owner", "due_date", "deliverable_state", "acceptance_decision")
    return speak(
        setting,
        piece.row.place,
        f"{words} Waiting for it: {names}." if names else words,
        evidence={**shown(piece.row, *cells, "acceptance_note"), "waiting": ", ".join(p.id for p in waiting)},
        sources=sources_of(view, TABLE, *cells),
        blocks=[other.row.place for other in waiting],
        owner=acts_for(view, piece.row, "deliverable_owner"),
    )
