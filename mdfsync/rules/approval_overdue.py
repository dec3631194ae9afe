"""Approvals that are asked for and not given in time.

What it protects: the day by which work needs its yes. An approver on leave blocks everybody, and a request that waits
in silence is forgotten until money is spent without it.

When it fires: an Approvals row has no decision, and its `due` is over; where it names none, the approval matrix counts
the days from `requested_on`. After the matrix's further days it goes to whom the matrix escalates. A row that was never
dated is not overdue, and a campaign that is archived or cancelled waits for nothing.

What clears it: any decision on the row, by the approver or a delegate; a later `due`; another row of the same role that
is approved.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from mdfsync.approval import Approval, acts_on, is_closed, judged, superseded
from mdfsync.model import Finding
from mdfsync.policy.approvals import Clock
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import View

ID = "approval_overdue"
TABLES = ("Approvals",)
LATE = True
CLOCK = "approval"


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    today, clock = view.as_of.date(), view.matrix.clocks.get(CLOCK)
    for approval in judged(view).values():
        due = _due(approval, clock)
        if approval.status != "pending" or due is None or due >= today:
            continue
        if is_closed(view, approval) or superseded(view, approval):
            continue
        late = clock is not None and today > due + timedelta(days=clock.escalate_after_days - clock.due_days)
        waits_for = acts_on(view, approval)
        yield speak(
            setting,
            approval.row.place,
            f"{view.matrix.gates[approval.gate].title}: {approval.reason} since {due.isoformat()}.",
            evidence=shown(approval.row, "gate", "approver", "approver_role", "requested_by", "requested_on", "due"),
            sources=(BASE,),
            due=due.isoformat(),
            owner="" if late else waits_for,
            owner_role=clock.escalate_to if clock and late else "",
        )


def _due(approval: Approval, clock: Clock | None) -> date | None:
    stated, asked = approval.row.day("due"), approval.row.day("requested_on")
    if stated or asked is None or clock is None:
        return stated
    return asked + timedelta(days=clock.due_days)
