"""Approvals that do not count.

What it protects: a gate that anybody can pass is none. Whoever reads "approved" must be able to rely on it that the
person is known, held the role, did not ask for it himself, and that a decision given on paper is there to be read.

When it fires: a decision stands on an Approvals row and does not count. Nobody can be shown to have made it; its author
is not the approver nor the approver's delegate, lacks the role, or stands on the other side of a forbidden pair
(requester, submitter, claimant, preparer, recorder); a decision given outside the base lacks its accepted document or a
recorder who is somebody else; the limit does not cover the amount; its terms changed after it; the row names nothing
that it approves. The reason stands in `status_reason`. Its owner is the approver, who is to decide, or the recorder;
the partner marketing lead where the approver's own decision does not count.

What clears it: `decision` is emptied and set by the person who may; the document is accepted; the row is completed; or
another row of the same role is approved. It is never waived: that would be the approval nobody gave.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.approval import acts_on, is_closed, judged, superseded
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import View

ID = "approval_refused"
TABLES = ("Approvals",)
LATE = True


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for approval in judged(view).values():
        if approval.status != "refused" or is_closed(view, approval) or superseded(view, approval):
            continue
        row, acts = approval.row, acts_on(view, approval)
        names = (
            "gate",
            "decision",
            "method",
            "approver",
            "approver_role",
            "requested_by",
            "recorded_by",
            "evidence_id",
        )
        yield speak(
            setting,
            row.place,
            f"“{row.text('decision')}” does not count: {approval.reason}.",
            evidence={**shown(row, *names), "entered by": approval.recorder},
            sources=(BASE,),
            owner="" if acts.lower() == approval.signer else acts,  # whoever may not, cannot put it right
        )
