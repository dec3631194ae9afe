"""Lines and money that brought nothing: refused by us or by the payer, paid short, held, filed late, forfeited.

Each says why in the words of the verdict, the payer or the ledger. Amounts are what the line cost or what was cut; they
are not added up here: `money_at_risk` is the one place that sums money. Part of `record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mdfsync.eligibility.life import is_cancelled
from mdfsync.eligibility.standing import Standing, standings
from mdfsync.ledger import book_of, filed_on
from mdfsync.model import Finding
from mdfsync.view import Row, View

Kind = Literal["refused by us", "held", "refused by the payer", "paid short", "late", "forfeited"]
NO_REASON = "no reason is recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """`amount` in `currency`, `None` where nobody can tell it; `rules` are the rules or clauses that say so."""

    kind: Kind
    what: str
    amount: Decimal | None
    currency: str
    why: str
    owner: str
    row: str
    rules: tuple[str, ...] = ()


def lost(view: View, campaign: Row, findings: Iterable[Finding]) -> Iterator[Lost]:
    """Everything of a campaign that brought nothing, or less than was claimed."""
    for stand in standings(view, findings).values():
        expense = stand.line.expense
        ours = view.ref(expense, "joint_campaign_id") == campaign.id and not is_cancelled(expense)
        if ours and stand.status != "eligible":
            yield _of_expense(view, stand)
    for claim in view.where("Reimbursements", "joint_campaign_id", campaign.id):
        yield from _of_claim(view, claim)
    yield from _forfeited(view, campaign)


def _of_expense(view: View, stand: Standing) -> Lost:
    expense = stand.line.expense
    reasons = [_said(reason.says, reason.missing) for reason in stand.reasons]
    reasons += [f"{hold.message} [{hold.rule_id}]" for hold in stand.holds]
    if stand.line.refused:
        reasons.insert(0, expense.text("eligibility_decision_reason") or "a person refused it without a reason")
    if stand.line.verdict is None and not reasons:
        reasons.append("no programme judges it")
    rules = (*(f"{r.rule} ({r.clause})" for r in stand.reasons), *(hold.rule_id for hold in stand.holds))
    return Lost(
        kind="refused by us" if stand.status == "ineligible" else "held",
        what=_named(expense, "expense_title"), amount=expense.money("net_amount"),
        currency=expense.text("expense_currency").upper(), why="\n".join(dict.fromkeys(reasons)) or NO_REASON,
        owner=view.will_be(expense, "owner") or "nobody named", row=str(expense.place),
        rules=tuple(dict.fromkeys(rules)),
    )  # fmt: skip


def _said(says: str, missing: Iterable[str]) -> str:
    lacking = "; ".join(missing)
    return f"{says} Missing: {lacking}." if lacking else says


def _of_claim(view: View, claim: Row) -> Iterator[Lost]:
    owner = view.will_be(claim, "owner") or "nobody named"
    filed, deadline = filed_on(view, claim), view.will_be(claim, "claim_deadline")
    if filed and deadline and filed.isoformat() > deadline:
        amount = view.will_be(claim, "claimed_total")
        yield Lost(
            kind="late", what=_named(claim, "claim_title"), amount=Decimal(amount) if amount else None,
            currency=claim.text("claim_currency").upper(), why=f"filed on {filed}; the last day was {deadline}",
            owner=owner, row=str(claim.place),
        )  # fmt: skip
    for line in view.where("Reimbursement Lines", "reimbursement_id", claim.id):
        decided = line.text("line_decision")
        if decided not in {"refused", "partly_granted"}:
            continue
        claimed, granted = line.money("claimed_amount"), line.money("granted_amount") or Decimal(0)
        expense = view.target(line, "expense_id")
        code = line.text("short_pay_code")
        why = line.text("short_pay_reason") or claim.text("short_pay_reason") or NO_REASON
        yield Lost(
            kind="refused by the payer" if decided == "refused" else "paid short",
            what=_named(expense, "expense_title") if expense else line.id,
            amount=claimed - granted if claimed is not None else None,
            currency=(line.text("line_currency") or claim.text("claim_currency")).upper(),
            why=f"{why} [{code}]" if code else why, owner=owner, row=str(line.place),
        )  # fmt: skip


def _forfeited(view: View, campaign: Row) -> Iterator[Lost]:
    """What was left of a request when its last day passed, booked or not."""
    book, told = book_of(view), set()
    for forfeit in book.forfeits:
        if forfeit.row.subject.table == "MDF Budgets" and view.ref(forfeit.row, "joint_campaign_id") == campaign.id:
            told.add(forfeit.row.id)
            yield Lost(
                kind="forfeited", what=_named(forfeit.row, "request_title"), amount=forfeit.amount,
                currency=forfeit.currency, why=f"in no claim by {forfeit.last.on} ({forfeit.last.why})",
                owner=view.will_be(forfeit.row, "deadline_owner") or "nobody named", row=str(forfeit.row.place),
            )  # fmt: skip
    for request in view.where("MDF Budgets", "joint_campaign_id", campaign.id):
        balance = book.requests.get(request.id)
        gone = balance.stage("lost") if balance else None
        if request.id not in told and balance is not None and gone:
            yield Lost(
                kind="forfeited", what=_named(request, "request_title"), amount=gone, currency=balance.currency,
                why="booked as expired in the MDF Ledger",
                owner=view.will_be(request, "deadline_owner") or "nobody named", row=str(request.place),
            )  # fmt: skip


def _named(row: Row, title: str) -> str:
    return f"{row.text(title)} ({row.id})" if row.text(title) else row.id
