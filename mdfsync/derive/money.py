"""What the ledger comes to, as cells: the balances of funds, the totals of MDF requests, the sign of each movement.

What counts and what can be claimed of a request is the sum of what its expenses are worth by their programme
(`eligibility.standing`); everything else is a sum of movements. Funds and requests are added up in their own currency.
A total that rests on an amount without a rate is left as it was, `budget_status` says `unknown`, and the rule
`ledger_disagrees` names the amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from mdfsync.currencies import currency_exponent
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility.standing import Standing
from mdfsync.ledger import Balance, Book, Movement, Sides, book_of, readings, sides_of, signed
from mdfsync.values import money_text
from mdfsync.view import Row, View

RULE = "ledger"
NAMED = 12


def money(view: View, standing: Mapping[str, Standing]) -> Iterator[Computed]:
    """Computed cells of MDF Ledger, MDF Funds and MDF Budgets. `standing` = what each expense is worth, by id."""
    book = book_of(view)
    for row, made in readings(view):
        if isinstance(made, Movement):
            amount = signed(made.kind, made.amount, back=made.back)
            inputs = ("movement_type", "amount", "reverses_movement_id")
            yield from cells(row.place, in_cells(made.currency, signed_amount=amount), rule=RULE, inputs=inputs)
    of_funds, of_requests = _behind(book.movements, "fund_id"), _behind(book.movements, "request_id")
    for fund in view.rows("MDF Funds"):
        yield from cells(fund.place, _of_fund(book.fund(fund)), rule=RULE, inputs=of_funds.get(fund.id, ()))
    for request in view.rows("MDF Budgets"):
        sides = sides_of(view, view.row("MDF Funds", view.ref(request, "fund_id")), request, request)
        expenses = view.where("Expenses", "mdf_request_id", request.id) if request.id else ()
        worth = worth_of((standing[e.id] for e in expenses if e.id in standing), book.request(request).currency)
        values = {**_of_request(book, request), **worth, **_of_sides(sides)}
        yield from cells(request.place, values, rule=RULE, inputs=of_requests.get(request.id, ()))


def _behind(movements: Iterable[Movement], name: str) -> Mapping[str, tuple[str, ...]]:
    """The rows that moved money of each fund or request, the first dozen by name."""
    found: dict[str, dict[str, None]] = {}
    for movement in movements:
        found.setdefault(getattr(movement, name), {})[movement.source.id] = None
    return {
        id: (*sorted(rows)[:NAMED], *((f"{len(rows) - NAMED} more rows",) if len(rows) > NAMED else ()))
        for id, rows in found.items()
    }


def in_cells(currency: str, **amounts: Decimal | None) -> dict[str, str]:
    """Amounts as cells, rounded once at the currency's exponent; what is unknown is left out."""
    places = currency_exponent(currency)
    return {name: money_text(amount, places) for name, amount in amounts.items() if amount is not None}


def worth_of(standing: Iterable[Standing], currency: str) -> Mapping[str, str]:
    """Eligible base and claimable amount of these expenses together, where their programme counts in that currency."""
    eligible = [s for s in standing if s.status == "eligible" and s.line.verdict is not None]
    if any(s.currency != currency for s in eligible):
        return {}
    bases = [s.line.verdict.base or Decimal(0) for s in eligible if s.line.verdict is not None]
    return in_cells(
        currency,
        eligible_total=sum(bases, Decimal(0)),
        claimable_total=sum((s.claimable for s in eligible), Decimal(0)),
    )


def _of_fund(balance: Balance) -> Mapping[str, str]:
    return in_cells(
        balance.currency,
        balance_available=balance.stage("available"),
        balance_reserved=balance.stage("reserved"),
        balance_claimed=balance.underway,
        balance_paid=balance.stage("paid"),
        balance_lost=balance.lost,
    )


def _of_request(book: Book, request: Row) -> dict[str, str]:
    balance = book.request(request)
    totals = in_cells(
        balance.currency,
        committed_total=balance.total("commitment"),
        paid_total=balance.total("outlay"),
        claimed_total=balance.total("claim"),
        granted_total=balance.total("grant"),
        remaining_mdf_amount=balance.stage("reserved"),
    )
    return {**totals, "budget_status": budget_status(request, balance)}


def budget_status(request: Row, balance: Balance) -> str:
    """Whether the activity costs no more than was approved, and no more is claimed than was. What is known to exceed
    the approval exceeds it, whatever else is unknown."""
    approved, remaining = request.money("approved_activity_cost"), balance.stage("reserved")
    if (remaining is not None and remaining < 0) or (approved is not None and balance.known_exposure > approved):
        return "exceeded"
    if approved is None or remaining is None or balance.exposure is None:
        return "unknown"
    return "within"


def _of_sides(sides: Sides) -> Mapping[str, str]:
    return {"bill_to": sides.claimant or NOTHING, "deadline_owner": sides.claimant_person}
