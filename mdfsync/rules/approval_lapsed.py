"""Approvals that no longer say what they saw.

What it protects: an approval is of values: an amount, a list, a date. When they move afterwards, work goes on under a
signature that nobody would give today, and the payer asks who approved *that*.

When it fires: a value that the approval matrix lists as material to the gate is not what it was when the decision was
first found to count (of those under `rises`, only a larger amount matters), a row was added to what was approved or
taken out of it, the approval's last day is over, or its limit no longer covers the amount. One exception per approval;
its owner is the approver, and for a partner's approval whoever recorded it. A campaign that is archived or cancelled is
left in peace, and so is an approval in whose place another one of the same role stands. Where work is held for want of
it (`approval_missing`, `unsigned_charter`), the hold names the approval and what moved, and nothing is said here.

What clears it: the approver looks at what moved and decides anew (empties `decision`, then sets it again), a new
Approvals row of the same role is approved, or the values go back to what was approved.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.approval import Approval, acts_on, is_closed, judged, listed, superseded
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules import approval_missing, unsigned_charter
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import View

ID = "approval_lapsed"
TABLES = ("Approvals",)
LATE = True


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    lapsed = [approval for approval in judged(view).values() if approval.status == "lapsed"]
    held = _held(view) if lapsed else frozenset()
    for approval in lapsed:
        if is_closed(view, approval) or superseded(view, approval):
            continue
        if any((approval.gate, place) in held for place in approval.scope.covered):
            continue
        yield speak(
            setting,
            approval.row.place,
            f"{view.matrix.gates[approval.gate].title}: {approval.reason}.",
            evidence={**shown(approval.row, "gate", "approver", "approver_role"), **_moved(approval)},
            sources=(BASE,),
            owner=acts_on(view, approval),
        )


def _held(view: View) -> frozenset[tuple[str, Subject]]:
    """(gate, row) for want of which something is held already."""
    missing, unsigned = view.rules[approval_missing.ID], view.rules[unsigned_charter.ID]
    holds = approval_missing.check(view, missing) if missing.on else ()
    found = {("budget" if hold.key == "change" else hold.key, hold.subject) for hold in holds}
    if unsigned.on:
        found |= {("charter", hold.subject) for hold in unsigned_charter.check(view, unsigned)}
    return frozenset(found)


def _moved(approval: Approval) -> dict[str, str]:
    return {
        "approved": f"{approval.decided_at} by {approval.signer}",
        "moved": listed(move for move in approval.moved if move.material),
    }
