"""The budget of a campaign by request and line: planned, committed, actual, eligible, claimable, left; and whether the
lines add up to the ledger.

What a line costs are the ledger's own movements of it, in the request's currency; what it is worth is its standing. So
the lines can be held against the ledger's balances, and where they differ the document says by how much. An amount
without a rate is unknown and makes its sum unknown. It corrects nothing. Part of the control brief.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.currencies import in_currency
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.concluded import Concluded
from mdfsync.documents.paper import Block, Grid, Pairs, Section, Words
from mdfsync.documents.wording import day_text
from mdfsync.eligibility.life import state_of
from mdfsync.eligibility.standing import Standing, standings
from mdfsync.ledger import Balance, book_of, counts, rate_of_expense, sides_of
from mdfsync.ledger.balance import converted
from mdfsync.ledger.rates import worth
from mdfsync.view import Row, View

Amount = Decimal | None
"""`None` = unknown: no rate, or nobody can say yet."""
ZERO = Decimal(0)
COLUMNS = ("planned", "committed", "actual", "eligible", "claimable", "left")
SHARED = ("requested", "approved", "claimed", "granted", "paid", "lost", "left_to_claim")
"""The partner money of a request, which both sides know."""
RECONCILED = ("committed", "actual", "eligible", "claimable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An expense in the request's currency. `counts`: it is part of what the request costs; a cancelled one, or one
    that a person ruled ineligible, is not."""

    expense: Row
    title: str
    state: str
    verdict: str
    counts: bool
    amounts: dict[str, Amount]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`sums` = the lines together, `ledger` = what the balances say; `mdf` = the partner money by stage, and under
    `left_of_cost` the approved cost less what is spent or bound. `last_day` to claim, `""` where no paper names one."""

    row: Row
    title: str
    direction: str
    currency: str
    lines: tuple[Line, ...]
    ledger: dict[str, Amount]
    approved_cost: Amount
    mdf: dict[str, Amount]
    last_day: str
    sums: dict[str, Amount] = field(default_factory=dict)

    @property
    def differs(self) -> dict[str, Decimal]:
        """By how much the lines are more than the ledger, where both are known and differ."""
        out = {}
        for name in RECONCILED:
            lines, ledger = self.sums[name], self.ledger[name]
            if lines is not None and ledger is not None and lines != ledger:
                out[name] = lines - ledger
        return out

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(name for name in RECONCILED if None in (self.sums[name], self.ledger[name]))


def budget_of(c: Concluded, campaign: Row, audience: Audience = OURS) -> tuple[Request, ...]:
    """The requests of a campaign with their lines."""
    view, book = c.view, book_of(c.view)
    worths = standings(view, c.findings())
    by_expense = converted(
        book.movements,
        lambda movement: movement.source.id if movement.source.table == "Expenses" else "",
        _currency_of(view),
        worth(view),
    )
    return tuple(
        _request(c, request, worths, by_expense, audience)
        for request in audience.rows(view, view.where("MDF Budgets", "joint_campaign_id", campaign.id))
    )


def _currency_of(view: View) -> Callable[[str], str]:
    def currency(expense_id: str) -> str:
        expense = view.row("Expenses", expense_id)
        request = view.target(expense, "mdf_request_id") if expense else None
        return request.text("budget_currency").upper() if request else ""

    return currency


def _request(
    c: Concluded, request: Row, worths: Mapping[str, Standing], by_expense: Mapping[str, Balance], audience: Audience
) -> Request:
    view, balance = c.view, book_of(c.view).request(request)
    fund = view.target(request, "fund_id")
    approved, exposure = request.money("approved_activity_cost"), balance.exposure
    lines = tuple(
        _line(view, expense, fund, balance.currency, worths.get(expense.id), by_expense.get(expense.id))
        for expense in audience.rows(view, view.where("Expenses", "mdf_request_id", request.id))
    )
    return Request(
        row=request,
        title=request.text("request_title") or request.id,
        direction=sides_of(view, fund, request, request).direction,
        currency=balance.currency,
        lines=lines,
        sums={name: _sum(line.amounts[name] for line in lines if line.counts) for name in COLUMNS},
        ledger={
            "committed": balance.total("commitment"),
            "actual": balance.total("actual"),
            "eligible": _cell(c, request, "eligible_total"),
            "claimable": _cell(c, request, "claimable_total"),
        },
        approved_cost=approved,
        mdf={
            "requested": request.money("requested_amount"), "approved": balance.approved,
            "claimed": balance.total("claim"), "granted": balance.total("grant"), "paid": balance.stage("paid"),
            "lost": balance.lost, "left_to_claim": balance.stage("reserved"),
            "left_of_cost": None if approved is None or exposure is None else approved - exposure,
        },
        last_day=c.cell(request, "claim_deadline"),
    )  # fmt: skip


def _cell(c: Concluded, row: Row, name: str) -> Amount:
    text = c.cell(row, name)
    return Decimal(text) if text else None


def _line(
    view: View, expense: Row, fund: Row | None, currency: str, stand: Standing | None, cost: Balance | None
) -> Line:
    cost = cost or Balance(currency=currency)
    planned, rate = expense.money("planned_amount"), rate_of_expense(view, expense, fund, currency)
    planned = planned * rate if planned is not None and rate is not None else None if planned else ZERO
    exposure, counting = cost.exposure, counts(expense)
    verdict = stand.line.verdict if stand else None
    eligible = stand is not None and stand.status == "eligible"
    one_currency = stand is None or not eligible or stand.currency == currency
    return Line(
        expense=expense,
        title=expense.text("expense_title") or expense.text("line_description"),
        state=state_of(view, expense),
        verdict=stand.status if stand else "not judged",
        counts=counting,
        amounts={
            "planned": planned,
            "committed": cost.total("commitment"),
            "actual": cost.total("actual"),
            "eligible": ((verdict.base if verdict and eligible else ZERO) or ZERO) if one_currency else None,
            "claimable": (stand.claimable if stand else ZERO) if one_currency else None,
            "left": None if planned is None or exposure is None else planned - exposure,
        },
    )


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


# ---------------------------------------------------------------- as a section


def budget_section(requests: Sequence[Request], audience: Audience = OURS) -> Section:
    """Budget by line, a table for each request."""
    blocks: list[Block] = []
    for request in requests:
        agrees = (_agrees(request),) if audience.internal else ()
        blocks += [_grid(request, audience), *agrees, _mdf(request)]
    return Section(title="Budget by line", blocks=tuple(blocks) or (Words(text="No MDF request is on record."),))


def _grid(request: Request, audience: Audience) -> Grid:
    def money(amounts: dict[str, Amount]) -> tuple[str, ...]:
        return tuple(figure(amounts[name], request.currency) if name in amounts else "" for name in COLUMNS)

    rows = [(_said(line), *(money(line.amounts) if line.counts else ("",) * len(COLUMNS))) for line in request.lines]
    if request.lines:
        rows.append(("Lines together", *money(request.sums)))
    if audience.internal:
        rows.append(("By the ledger", *money(request.ledger)))
    if request.approved_cost is None:
        rows.append(("No cost is approved", *money({})))
    elif audience.internal:
        left = {"planned": request.approved_cost, "left": request.mdf["left_of_cost"]}
        rows.append(("Approved cost, and what is left of it", *money(left)))
    else:
        rows.append(("Approved cost", *money({"planned": request.approved_cost})))
    code = request.currency or "no currency stated"
    return Grid(
        title=f"{request.title} ({request.row.id}), amounts in {code}",
        columns=("Line", *(name.capitalize() for name in COLUMNS)), rows=tuple(rows),
        widths=(34, 11, 11, 11, 11, 11, 11), right=tuple(range(1, 7)), nature="calculation",
        sources=(request.row.id, "MDF Ledger", *(line.expense.id for line in request.lines)),
    )  # fmt: skip


def _said(line: Line) -> str:
    name = f"{line.expense.id} {line.title}".strip()
    return f"{name}\n{line.state}, {line.verdict}" + ("" if line.counts else "; costs the request nothing")


def _agrees(request: Request) -> Words:
    if request.differs:
        words = ", ".join(f"{name} by {figure(by, request.currency)}" for name, by in request.differs.items())
        return Words(text=f"The lines differ from the ledger: {words} {request.currency}.", tone="warning")
    if request.unknown:
        return Words(
            text=f"Not all can be told, so the lines cannot be held against the ledger: {', '.join(request.unknown)}.",
            tone="warning", nature="calculation",
        )  # fmt: skip
    return Words(
        text="The lines add up to the ledger. Left is what is planned and neither invoiced nor bound.",
        nature="calculation",
    )


def _mdf(request: Request) -> Pairs:
    names = {"requested": "MDF requested", "approved": "Approved", "claimed": "Claimed", "granted": "Granted",
             "paid": "Paid", "lost": "Lost or given back", "left_to_claim": "Left to claim"}  # fmt: skip
    rows = [(label, _money(request.mdf[name], request.currency)) for name, label in names.items()]
    rows.append(("Last day to claim", day_words(request.last_day)))
    return Pairs(rows=tuple(rows), nature="calculation", sources=(request.row.id, "MDF Ledger"))


def day_words(text: str) -> str:
    """A day of a computed cell in words."""
    return day_text(date.fromisoformat(text)) if text and text != "none" else "no paper names one"


def figure(amount: Amount, currency: str) -> str:
    """An amount without its currency, which stands in the table's title."""
    return "unknown" if amount is None else in_currency(amount, currency).removesuffix(currency).strip()


def _money(amount: Amount, currency: str) -> str:
    return "not stated" if amount is None else in_currency(amount, currency)


def budget_data(requests: Sequence[Request], audience: Audience = OURS) -> list[dict[str, Any]]:
    """The same for machines; `null` = unknown, or not for the reader."""

    def told(amounts: dict[str, Amount]) -> dict[str, str | None]:
        return {name: None if amount is None else str(amount) for name, amount in amounts.items()}

    return [
        {
            "mdf_request_id": request.row.id, "title": request.title, "direction": request.direction or None,
            "currency": request.currency, "nature": "calculation",
            "source_ids": [request.row.id, *(line.expense.id for line in request.lines)],
            "lines": [
                {
                    "expense_id": line.expense.id, "title": line.title, "state": line.state, "verdict": line.verdict,
                    "counts": line.counts, **told(line.amounts),
                }
                for line in request.lines
            ],
            "lines_together": told(request.sums),
            "ledger": told(request.ledger) if audience.internal else None,
            "reconciles": None if request.unknown or not audience.internal else not request.differs,
            "approved_cost": None if request.approved_cost is None else str(request.approved_cost),
            "mdf": told({name: amount for name, amount in request.mdf.items() if audience.internal or name in SHARED}),
            "last_day_to_claim": request.last_day or None,
        }
        for request in requests
    ]  # fmt: skip
