"""A question of the payer that waits for its answer.

What it protects: a claim that was filed in time and is refused all the same. Some payers refuse by themselves when a
request for information is not answered by its day, and a refusal is final there. So the claim is held, with a clock.

When it fires: a claim's state is `info_requested`. It is due on `info_request_due`; from the rulebook's days before
that day on, and once it is over, it is critical. Where the payer named no day, the rulebook's days count. Where our
fund pays, we have asked and the partner has to answer: the same hold then says whom to remind.

What clears it: the answer is sent and the state is `submitted` again; or the claim is decided or withdrawn. A day that
the payer moved goes into `info_request_due`. While it waits nothing is paid, but the packet is not kept back by it: the
answer may well be a new packet.

Params: `urgent_days` = days before the last day at which it becomes critical.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.ledger import claim_sides
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "answer_due"
TABLES = ("Reimbursements",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.where("Reimbursements", "reimbursement_state", "info_requested"):
        yield _asked(view, setting, claim)


def _asked(view: View, setting: RuleSetting, claim: Row) -> Finding:
    due, sides = claim.day("info_request_due"), claim_sides(view, claim)
    by = f" by {due}" if due else ""
    what = claim.text("info_request") or "not said what"
    if sides.direction == "we_reimburse":
        who = sides.claimant_person or sides.claimant or "the claimant"
        message = f"We asked the claimant, and the claim waits for the answer{by}: {what}"
        action = f"Remind {who} to answer{by}; enter the answer, set the state back to submitted and decide."
    else:
        message = f"The payer asked, and the claim waits for our answer{by}: {what}"
        action = f"Answer the payer{by}, or have a later day granted; then set the state back to submitted."
    urgent = due is not None and view.as_of.date() >= due - timedelta(days=setting.params["urgent_days"])
    return speak(
        setting,
        claim.place,
        message,
        evidence={**shown(claim, "info_request_due", "payer_claim_number", "payer_status"), "payer": sides.payer},
        sources=(BASE,),
        key="answer",
        due=due.isoformat() if due else "",
        severity="critical" if urgent else setting.severity,
        required_action=action,
        owner=sides.claimant_person if sides.direction == "we_claim" else "",
    )
