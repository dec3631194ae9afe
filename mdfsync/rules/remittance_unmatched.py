"""Money that came in, or went out, and fits no claim, or not the amount that stands on it.

What it protects: the tie between bank and claim. A payment that no claim explains is either somebody else's, or a claim
that is still chased although it was paid; one of another amount hides a short payment or a payment twice.

When it fires:
- on a claim (`amount`): the payer remitted another amount than its lines say was paid.
- on a movement of the MDF Ledger: a payment is booked on no claim (`claim`), or its document number is the remittance
  of another claim than the one it is booked on (`reference`). Claims with that remittance, or that are granted just
  this amount and not paid, are named.

That a claim was booked as paid with another amount than it says, or paid beyond its grant, is told by
`ledger_disagrees`; that it was paid less than granted, by `short_payment`.

What clears it: the claim is entered on the movement, the number is corrected, or the amounts are spread over the lines
as they were paid.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger import Movement, decided_of, readings
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, speak
from mdfsync.view import Row, View

ID = "remittance_unmatched"
TABLES = ("Reimbursements", "MDF Ledger")
_UNPAID = frozenset({"approved", "partly_approved"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    claims = _Claims(view)
    for claim in view.rows("Reimbursements"):
        yield from _amount(view, setting, claim)
    for row, made in readings(view):
        if isinstance(made, Movement) and made.kind == "payment" and not made.back and not _is_reversed(view, row):
            yield from _movement(setting, claims, row, made)


class _Claims:
    """The claims by the remittances that stand on them, and those that wait by what is granted and not paid."""

    def __init__(self, view: View) -> None:
        self.by_number: dict[str, list[str]] = {}
        self.waiting: dict[tuple[str, Decimal], list[str]] = {}
        for claim in view.rows("Reimbursements"):
            lines = decided_of(view, claim)
            numbers = {row.text("remittance_reference").strip() for row in (claim, *(line.row for line in lines))}
            for number in numbers - {""}:
                self.by_number.setdefault(number, []).append(claim.id)
            if claim.text("reimbursement_state") in _UNPAID:
                open_ = sum((line.granted - line.paid for line in lines), Decimal(0))
                self.waiting.setdefault((claim.text("claim_currency").upper(), open_), []).append(claim.id)


def _amount(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    remitted, currency = claim.money("remitted_amount"), claim.text("claim_currency").upper()
    lines = decided_of(view, claim)
    spread = [line for line in lines if line.row.text("paid_amount")]
    if remitted is None or not spread or any(line.currency != currency for line in spread):
        return
    paid = sum((line.paid for line in spread), Decimal(0))
    if paid != remitted:
        gap = in_currency(abs(remitted - paid), currency)
        yield speak(
            setting,
            claim.place,
            f"The remittance is {in_currency(remitted, currency)}, the lines say {in_currency(paid, currency)} was "
            f"paid: {gap} apart.",
            evidence=shown(claim, "remittance_reference", "remitted_on", "remitted_amount"),
            sources=(BASE,),
            key="amount",
            required_action="Correct remitted_amount, or paid_amount of the lines, by the payer's advice.",
        )


def _movement(setting: RuleSetting, claims: _Claims, row: Row, made: Movement) -> Iterator[Finding]:
    named = claims.by_number.get(row.text("document_reference").strip(), [])
    amount = in_currency(made.amount, made.currency)
    if not made.claim_id:
        fits = named or claims.waiting.get((made.currency, made.amount), [])
        yield _about(setting, row, "claim", f"A payment of {amount} is booked on no claim.", fits)
    elif named and made.claim_id not in named:
        message = f"The payment of {amount} is booked on {made.claim_id}, and its number is another claim's remittance."
        yield _about(setting, row, "reference", message, named)


def _about(setting: RuleSetting, row: Row, key: str, message: str, fits: list[str]) -> Finding:
    return speak(
        setting,
        row.place,
        message,
        evidence={
            **shown(row, "document_reference", "amount", "currency", "effective_on", "reimbursement_id"),
            "may be": ", ".join(fits) or "no claim waits for this amount",
        },
        sources=(BASE,),
        key=key,
    )


def _is_reversed(view: View, row: Row) -> bool:
    taken = view.where("MDF Ledger", "reverses_movement_id", row.id)
    return sum((other.money("amount") or Decimal(0) for other in taken), Decimal(0)) == row.money("amount")
