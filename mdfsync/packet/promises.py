"""What the claimant promised beside the money: to carry a part itself, and to reach results.

The match is shown with the paper that proves it, the results with what is known of them. Neither decides whether a
line may be claimed: performance never repairs an ineligible expense.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from mdfsync.ledger import rate_of_expense
from mdfsync.packet.content import Line, Match, Promised
from mdfsync.view import Row, View

ZERO = Decimal(0)


def matches_of(view: View, lines: Sequence[Line], currency: str) -> Iterator[Match]:
    """For each request, what the lines that are claimed cost and who carries it."""
    for request in _requests(lines):
        of = [line for line in lines if line.request is request]
        promised = request.money("match_amount")
        if promised is not None and (own := request.text("budget_currency").upper()) != currency:
            rate = rate_of_expense(view, of[0].expense, view.target(request, "fund_id"), currency)
            promised = promised * rate if rate is not None and own == of[0].expense.text("expense_currency") else None
        yield Match(
            request=request, currency=currency, cost=sum((line.cost for line in of), ZERO),
            paid_by_payer=sum((line.amount for line in of), ZERO), promised=promised,
            other_funding=_other_funding(request), evidence=view.row("Evidence", request.text("match_evidence_id")),
        )  # fmt: skip


def _other_funding(request: Row) -> str:
    declared = request.text("other_funding_declared")
    if declared == "yes":
        return f"declared: {request.text('other_funding_detail') or 'nobody says whose'}"
    return "declared: none" if declared == "no" else "nothing is declared"


def promised_of(view: View, campaign: Row | None, lines: Sequence[Line]) -> Iterator[Promised]:
    """Results of the campaign's objective, of the requests and of the deliverables behind the lines."""
    if campaign is not None and campaign.text("objective"):
        yield Promised(of=f"campaign {campaign.id}", promised=campaign.text("objective"), actual="")
    for request in _requests(lines):
        if request.text("expected_outcome"):
            yield Promised(of=f"request {request.id}", promised=request.text("expected_outcome"), actual="")
    deliverables = (view.target(line.expense, "deliverable_id") for line in lines)
    for row in dict.fromkeys(row for row in deliverables if row is not None):
        if row.text("planned_result") or row.text("actual_result"):
            title = row.text("deliverable_title") or row.id
            yield Promised(of=title, promised=row.text("planned_result"), actual=row.text("actual_result"))


def _requests(lines: Sequence[Line]) -> Iterator[Row]:
    yield from dict.fromkeys(line.request for line in lines if line.request is not None)
