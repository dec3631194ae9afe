"""A claim on which the payer has let its days pass: no decision, no decision on an appeal, or no money.

What it protects: money that is granted or due and that nobody asks for. Payers state how long they take; after that a
question costs nothing, and a claim that went astray in a portal is found while it can still be filed again. Where our
own fund pays, the same days are our promise to the partner.

When it fires, from the day after the last of the days on:
- `decision`: the claim was filed (`submitted`), and the payer has not decided. A day that was named for an answer
  (`info_request_due`) and lies later starts the days anew.
- `appeal`: a line was appealed (`appealed_on`), and no later decision stands on it. One exception for all such lines.
- `payment`: something is granted (`approved`, `partly_approved`), and less is on record as paid.

The days are those of the fund's programme (`[after_filing]`), else the rulebook's, counted in the fund's zone.

What clears it: the decision, or the payment, is entered; or the claim is withdrawn.

Params: `decision_days`, `payment_days` = days that count where the programme states none.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger import LastDay, claim_sides, decided_of, filed_on, is_appealed, is_past, last_day, paid_on_claim
from mdfsync.ledger.claim_terms import fund_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "payer_silent"
TABLES = ("Reimbursements",)
_GRANTED = frozenset({"approved", "partly_approved"})
_OVER = frozenset({"draft", "ready", "withdrawn"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        state = claim.text("reimbursement_state")
        if state == "submitted":
            yield from _decision(view, setting, claim)
        if state in _GRANTED:
            yield from _payment(view, setting, claim)
        if state not in _OVER:
            yield from _appeal(view, setting, claim)


def _decision(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    filed, asked = filed_on(view, claim), claim.day("info_request_due")
    since = max(filter(None, (filed, asked)), default=None) if filed else None
    last = last_day(view, claim, "decision", since, setting.params["decision_days"])
    if last is not None and is_past(view, fund_of(view, claim), last.on):
        words = f"The claim was filed on {filed}, and {{who}} not decided by {last.on} ({last.why})."
        yield _told(view, setting, claim, "decision", last, words, "a decision")


def _appeal(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    lines = [line for line in view.where("Reimbursement Lines", "reimbursement_id", claim.id) if is_appealed(line)]
    since = min((day for line in lines if (day := line.day("appealed_on"))), default=None)
    last = last_day(view, claim, "decision", since, setting.params["decision_days"])
    if last is not None and is_past(view, fund_of(view, claim), last.on):
        ids = ", ".join(line.id for line in lines)
        words = f"The decision on {ids} was appealed on {since}, and {{who}} not decided by {last.on} ({last.why})."
        yield _told(view, setting, claim, "appeal", last, words, "a decision on the appeal")


def _payment(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    stands = decided_of(view, claim)
    paid = paid_on_claim(claim, (line.row for line in stands))
    open_ = sum((line.granted for line in stands), Decimal(0)) - (
        paid if paid is not None else sum((line.paid for line in stands), Decimal(0))
    )
    decided_on = claim.day("payer_decided_on")
    last = last_day(view, claim, "payment", decided_on, setting.params["payment_days"])
    if open_ > 0 and last is not None and is_past(view, fund_of(view, claim), last.on):
        amount = in_currency(open_, claim.text("claim_currency").upper())
        words = f"{amount} was granted on {decided_on}, and {{who}} not paid it by {last.on} ({last.why})."
        yield _told(view, setting, claim, "payment", last, words, "the payment")


def _told(view: View, setting: RuleSetting, claim: Row, key: str, last: LastDay, words: str, wanted: str) -> Finding:
    sides = claim_sides(view, claim)
    ours = sides.direction == "we_reimburse"
    return speak(
        setting,
        claim.place,
        words.format(who="we have" if ours else f"{sides.payer or 'the payer'} has"),
        evidence={
            **shown(claim, "payer_claim_number", "submitted_at", "payer_decided_on", "payer_status"),
            "last day": last.on.isoformat(),
            "named by": last.why,
        },
        sources=(BASE,),
        key=key,
        due=last.on.isoformat(),
        required_action=(
            f"Give the partner {wanted}, and enter it; {sides.claimant_person or 'the claimant'} waits for it."
            if ours
            else f"Ask {sides.payer_person or 'the payer'} for {wanted}, and enter it."
        ),
        owner="" if ours else sides.claimant_person,
    )
