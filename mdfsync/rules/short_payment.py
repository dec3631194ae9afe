"""Less granted or paid than asked for, and nobody says why.

What it protects: the appeal, and the next claim. Without the payer's code or reason nobody can tell whether a line was
refused for good, for a proof that could still be sent, or by mistake; and the same line is refused again next time.
Where our fund pays, the partner is owed a reason with every refusal.

When it fires, one exception per claim:
- a line is refused or granted in part, and neither the line (`short_pay_code`, `short_pay_reason`) nor the claim
  (`short_pay_reason`) says why.
- a claim that is `paid` was paid less than was granted, and the claim does not say why; a line's code is about its
  grant.

What clears it: the payer's code or reason is entered, on the line or for the whole claim; or the rest is granted or
paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger import Decided, claim_sides, decided_of, is_claim_filed, paid_on_claim
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "short_payment"
TABLES = ("Reimbursements", "Reimbursement Lines")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        if is_claim_filed(claim) and not claim.text("short_pay_reason"):
            stands = decided_of(view, claim)
            short = [*_cut(stands), *_underpaid(claim, stands)]
            if short:
                yield _finding(view, setting, claim, short)


def _cut(stands: tuple[Decided, ...]) -> Iterator[str]:
    for line in stands:
        if line.is_cut and not _says_why(line):
            granted, claimed = in_currency(line.granted, line.currency), in_currency(line.claimed, line.currency)
            yield f"{line.row.id}: {granted} granted of {claimed}"


def _underpaid(claim: Row, stands: tuple[Decided, ...]) -> Iterator[str]:
    if claim.text("reimbursement_state") != "paid":
        return
    whole = paid_on_claim(claim, (line.row for line in stands))
    if whole is not None:
        granted, currency = sum((line.granted for line in stands), Decimal(0)), claim.text("claim_currency").upper()
        if whole < granted:
            yield f"{in_currency(whole, currency)} paid of {in_currency(granted, currency)} granted"
        return
    for line in stands:
        if line.paid < line.granted:
            paid, granted_ = in_currency(line.paid, line.currency), in_currency(line.granted, line.currency)
            yield f"{line.row.id}: {paid} paid of {granted_} granted"


def _says_why(line: Decided) -> bool:
    return bool(line.row.text("short_pay_code") or line.row.text("short_pay_reason"))


def _finding(view: View, setting: RuleSetting, claim: Row, short: list[str]) -> Finding:
    ours = claim_sides(view, claim).direction == "we_reimburse"
    who = "We cut the claim" if ours else "The payer cut the claim"
    return speak(
        setting,
        claim.place,
        f"{who} and no code or reason is on record: {'; '.join(short)}.",
        evidence={**shown(claim, "payer_claim_number", "remittance_reference", "payer_status")},
        sources=(BASE,),
        required_action=(
            "Tell the partner why, and enter it in short_pay_code or short_pay_reason."
            if ours
            else "Ask the payer why, and enter it in short_pay_code or short_pay_reason."
        ),
    )
