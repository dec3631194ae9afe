"""What money is worth in another currency: by the rate that finance states for the expense, else by the one that the
fund's programme states, and by no other.

Where neither is there, the worth is unknown (`None`): no rate is looked up elsewhere, and none is taken to be 1.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from mdfsync.ledger.balance import Rate
from mdfsync.ledger.movement import Movement
from mdfsync.policy.programmes import version_on
from mdfsync.view import Row, View


def rate_of(view: View, fund: Row | None, on: date | None, currency: str, target: str) -> Decimal | None:
    """What one unit of `currency` is worth in `target` under the programme of the fund, in its version of that day."""
    if currency and currency == target:
        return Decimal(1)
    versions = view.versions(fund.text("mdf_programme")) if fund else ()
    programme = version_on(versions, on or view.as_of.date())
    return programme.rates.get(currency) if programme and programme.head.currency == target else None


def rate_of_expense(view: View, expense: Row, fund: Row | None, target: str) -> Decimal | None:
    """What one unit of the expense's currency is worth in the currency of its request or claim."""
    currency = expense.text("expense_currency").upper()
    if currency and currency == target:
        return Decimal(1)
    return expense.money("stated_rate") or rate_of(view, fund, expense.day("invoice_date"), currency, target)


def worth(view: View) -> Rate:
    """The same for movements."""

    def rate(movement: Movement, currency: str) -> Decimal | None:
        fund = view.row("MDF Funds", movement.fund_id)
        return rate_of(view, fund, movement.on, movement.currency, currency)

    return rate
