"""Balances of the whole base by what they belong to: fund, request, partner, programme, month.

One balance per currency: partners and months have funds in several, and nothing is converted here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from mdfsync.ledger.balance import Balance, balances
from mdfsync.ledger.book import book_of
from mdfsync.ledger.movement import Movement
from mdfsync.view import View

Scope = Literal["fund", "request", "partner", "programme", "period"]


def balances_by(view: View, scope: Scope) -> dict[tuple[str, str], Balance]:
    """Balances by id (of a month: `YYYY-MM`) and currency; `""` is what belongs to none."""
    of: dict[Scope, Callable[[Movement], str]] = {
        "fund": lambda m: m.fund_id,
        "request": lambda m: m.request_id,
        "partner": lambda m: _partner(view, m),
        "programme": lambda m: _of_fund(view, m, "mdf_programme"),
        "period": lambda m: m.period,
    }
    return balances(book_of(view).movements, of[scope])


def _partner(view: View, movement: Movement) -> str:
    for table, id in (("MDF Funds", movement.fund_id), ("MDF Budgets", movement.request_id)):
        row = view.row(table, id)
        if row is not None and (partner := view.ref(row, "partner_id")):
            return partner
    return ""


def _of_fund(view: View, movement: Movement, name: str) -> str:
    fund = view.row("MDF Funds", movement.fund_id)
    return fund.text(name) if fund else ""
