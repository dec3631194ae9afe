"""Where the claims stand: claimed, granted, refused, paid, clawed back, and how many days that took.

Amounts of a filed claim are sums of ledger movements, booked or not, so that a review and the ledger say one thing; a
claim that was not filed has claimed nothing yet. Days are counted from filing in the fund's zone. For a quarter only
the claims that were filed in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.ledger import Movement, book_of, day_at, is_claim_filed, sides_of
from mdfsync.money_at_risk import claim_paid_on
from mdfsync.performance.asked import Ground
from mdfsync.view import Row, View

SOURCES = ("Reimbursements", "Reimbursement Lines", "MDF Ledger")
KINDS: Mapping[str, str] = {
    "claimed": "claim", "granted": "grant", "refused": "refusal", "paid": "payment", "clawed_back": "clawback",
}  # fmt: skip
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`amounts` by what became of the money, `None` where a line is in another currency than the claim; of a claim that
    was not filed all are 0, and `drafted` and `drafted_held` say what its lines ask for and how much of it is held."""

    claim_id: str
    title: str
    campaign_id: str
    partner_id: str
    direction: str
    currency: str
    state: str
    filed: date | None
    decided: date | None
    paid: date | None
    amounts: Mapping[str, Decimal | None]
    drafted: Decimal
    drafted_held: Decimal
    reason: str

    @property
    def is_filed(self) -> bool:
        return self.filed is not None

    @property
    def days_to_decision(self) -> int | None:
        return (self.decided - self.filed).days if self.filed and self.decided else None

    @property
    def days_to_pay(self) -> int | None:
        return (self.paid - self.filed).days if self.filed and self.paid else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """`totals` of the filed claims by direction and currency. `unfiled` = drafts that a quarter leaves out."""

    rows: tuple[Claim, ...]
    totals: Mapping[tuple[str, str], Mapping[str, Decimal | None]]
    unfiled: tuple[str, ...]


def claims_of(ground: Ground) -> Claims:
    """In order of campaign and id."""
    rows, unfiled = [], []
    for row in ground.rows("Reimbursements"):
        claim = _claim(ground.view, row)
        if ground.within(claim.filed):
            rows.append(claim)
        elif not claim.is_filed:
            unfiled.append(claim.claim_id)
    rows.sort(key=lambda claim: (claim.campaign_id, claim.claim_id))
    totals: dict[tuple[str, str], dict[str, Decimal | None]] = {}
    for claim in rows:
        if not claim.is_filed:
            continue
        total = totals.setdefault((claim.direction, claim.currency), dict.fromkeys(KINDS, ZERO))
        for name, amount in claim.amounts.items():
            before = total[name]
            total[name] = None if before is None or amount is None else before + amount
    return Claims(rows=tuple(rows), totals={key: totals[key] for key in sorted(totals)}, unfiled=tuple(unfiled))


def _claim(view: View, row: Row) -> Claim:
    fund = view.target(row, "fund_id")
    at = row.instant("submitted_at") if is_claim_filed(row) else None
    lines = view.where("Reimbursement Lines", "reimbursement_id", row.id) if row.id else ()
    asked = ZERO if is_claim_filed(row) else sum((line.money("claimed_amount") or ZERO for line in lines), ZERO)
    held = (line for line in lines if view.will_be(line, "line_status") != "eligible")
    return Claim(
        claim_id=row.id, title=row.text("claim_title"), campaign_id=view.ref(row, "joint_campaign_id"),
        partner_id=view.ref(row, "partner_id"), direction=sides_of(view, fund, None, row).direction,
        currency=row.text("claim_currency").upper(), state=row.text("reimbursement_state"),
        filed=day_at(view, fund, at) if at else None, decided=row.day("payer_decided_on") if at else None,
        paid=claim_paid_on(view, row) if at else None, amounts=_amounts(view, row), drafted=asked,
        drafted_held=sum((line.money("claimed_amount") or ZERO for line in held), ZERO) if asked else ZERO,
        reason=row.text("short_pay_reason"),
    )  # fmt: skip


def _amounts(view: View, row: Row) -> Mapping[str, Decimal | None]:
    currency, out = row.text("claim_currency").upper(), dict[str, Decimal | None](dict.fromkeys(KINDS, ZERO))
    names = {kind: name for name, kind in KINDS.items()}
    for movement in _by_claim(view).get(row.id, ()):
        if name := names.get(movement.kind):
            before = out[name]
            out[name] = before + movement.effect if before is not None and movement.currency == currency else None
    return out


def _by_claim(view: View) -> Mapping[str, list[Movement]]:
    """The movements of each claim, sorted out once per view."""
    found: dict[str, list[Movement]] | None = view.memo.get(("", "ledger", "of claims"))
    if found is None:
        found = view.memo["", "ledger", "of claims"] = {}
        for movement in book_of(view).movements:
            if movement.claim_id:
                found.setdefault(movement.claim_id, []).append(movement)
    return found
