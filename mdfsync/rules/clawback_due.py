"""Money that was paid and has to go back.

What it protects: the next claim. A payer that waits for its money sets it off against the next claim, or pays that one
not at all; and where our fund takes money back, what nobody asks for again is lost to the next request.

When it fires: a clawback is demanded (`clawback_amount`), and `clawback_repaid_on` says no day. It is due on
`clawback_due`, else so many days after `clawback_on` as the fund's programme states (`repayment_days` under
`[after_filing]`), else as the rulebook states. From the rulebook's days before on it is critical. That more is taken
back than was paid is told by `ledger_disagrees`.

What clears it: `clawback_repaid_on` is entered; or the demand is withdrawn and `clawback_amount` emptied.

Params: `repayment_days` = days that count where nobody states any; `urgent_days` = days before the last at which it
becomes critical.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.currencies import in_currency
from mdfsync.ledger import LastDay, claim_sides, last_day
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "clawback_due"
TABLES = ("Reimbursements",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        amount = claim.money("clawback_amount")
        if amount and amount > 0 and not claim.day("clawback_repaid_on"):
            yield _finding(view, setting, claim, in_currency(amount, claim.text("claim_currency").upper()))


def _finding(view: View, setting: RuleSetting, claim: Row, amount: str) -> Finding:
    sides, last = claim_sides(view, claim), _due(view, setting, claim)
    ours = sides.direction == "we_reimburse"
    payer, claimant = sides.payer or "the payer", sides.claimant or "the claimant"
    by = f" by {last.on} ({last.why})" if last else "; no day is on record"
    why = claim.text("clawback_reason")
    urgent = last is not None and view.as_of.date() >= last.on - timedelta(days=setting.params["urgent_days"])
    act = f"Remind {sides.claimant_person or claimant} to pay" if ours else f"Pay {payer} back"
    return speak(
        setting,
        claim.place,
        f"{amount} goes back from {claimant} to {payer}{by}{f': {why}' if why else '.'}",
        evidence=shown(claim, "clawback_on", "clawback_due", "remittance_reference", "payer_claim_number"),
        sources=(BASE,),
        due=last.on.isoformat() if last else "",
        severity="critical" if urgent else setting.severity,
        required_action=f"{act}, then enter the day in clawback_repaid_on and book the clawback in the MDF Ledger.",
    )


def _due(view: View, setting: RuleSetting, claim: Row) -> LastDay | None:
    if named := claim.day("clawback_due"):
        return LastDay(named, "payer")
    return last_day(view, claim, "repayment", claim.day("clawback_on"), setting.params["repayment_days"])
