"""A plan of deliverables that cannot be carried out as it is written.

What it protects: dates that contradict each other are noticed either when the plan is made, or when the event takes
place without its invitations. And a deliverable that its own side accepts proves nothing to the other, nor to a payer.

When it fires: for each of these, once, on an open deliverable: several wait for each other in a circle (one exception
names them all); it begins after it is due, or is due after the campaign's last day; it waits for one that is due later,
or was cancelled; it lacks an owner, a reviewer, a due date or an acceptance condition (where the charter is not signed
by all, `unsigned_charter` already names these); its reviewer stands on the side that owes it; or it is marked as
accepted by the partner without an accepted document that shows it.

What clears it: the cells that the message names are put right. Dates outside the partner's agreement and ids that lead
nowhere have rules of their own. Campaigns that are archived or cancelled are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.deliverables.faults import Fault, Kind, faults_of
from mdfsync.deliverables.plan import TABLE, plan_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules import unsigned_charter
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import View

ID = "deliverable_plan"
TABLES = (TABLE,)
ACTIONS: Mapping[Kind, str] = {
    "circle": "Decide which of them comes first, and take the others out of its depends_on_ids.",
    "dates": "Correct the dates, and have the charter signed anew where a due date moves.",
    "sequence": "Move one of the two due dates, or take the dependency out of depends_on_ids.",
    "cancelled": "Take the cancelled deliverable out of depends_on_ids, or name what replaces it.",
    "incomplete": "Fill in what the message names; the charter lists it among its terms.",
    "one_sided": "Name a reviewer on the other side.",
    "unproven": "Put the document that shows the acceptance into Evidence (type approval, with the deliverable's id) "
    "and have it accepted there; or take the acceptance back.",
}


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    plan = plan_of(view)
    for fault in faults_of(view, plan):
        if not fault.piece.over and not (fault.kind == "incomplete" and _told_by_charter(view, fault)):
            yield _finding(view, setting, fault)


def _told_by_charter(view: View, fault: Fault) -> bool:
    campaign = view.row("Campaigns", fault.piece.campaign_id)
    return campaign is not None and unsigned_charter.holds(view, campaign)


def _finding(view: View, setting: RuleSetting, fault: Fault) -> Finding:
    plan, ids = plan_of(view), [fault.piece.id, *(other.id for other in fault.others)]
    circle = fault.kind == "circle"
    held_up = {*fault.others, *(other for id in ids for other in plan.waiting(id))} - {fault.piece}
    return speak(
        setting,
        fault.piece.row.place,
        fault.words,
        evidence={**shown(fault.piece.row, *fault.fields), "deliverables": ", ".join(ids)},
        sources=sources_of(view, TABLE, *fault.fields),
        key=f"{fault.kind} {', '.join(ids) if circle else fault.about}".strip(),
        blocks=[other.row.place for other in held_up] if circle else (),
        required_action=ACTIONS[fault.kind],
    )
