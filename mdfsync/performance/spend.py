"""Spend against plan, by MDF request and by line: planned, committed, actual, eligible, claimable, claimed, granted,
paid back.

Costs are net, less credits, as the ledger has them, in the currency of the request at the rate that finance or the
programme states; without a rate a line's share of a total is unknown and so is the total. A line that was ruled out
was spent all the same and is part of the actual cost. Claims count once they are filed. A line belongs to the quarter
in which its activity ended (its invoice was written, where no activity is dated).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from mdfsync.currencies import in_currency
from mdfsync.eligibility.life import is_cancelled
from mdfsync.ledger import (
    actual_of,
    book_of,
    counts,
    is_claim_filed,
    paid_on_claim,
    rate_of_expense,
    requests_of,
    sides_of,
)
from mdfsync.ledger.facts import filed_claims_of
from mdfsync.performance.asked import Ground
from mdfsync.view import Row, View

Stage = Literal["planned", "committed", "actual", "eligible", "claimable", "claimed", "granted", "paid"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Amounts = Mapping[Stage, Decimal | None]
SOURCES = ("Expenses", "MDF Budgets", "Reimbursement Lines", "MDF Ledger")
ZERO = Decimal(0)
_DECIDED = frozenset({"granted", "partly_granted", "refused"})
_BOOKED: Mapping[Stage, str] = {
    "committed": "commitment", "actual": "actual", "claimed": "claim", "granted": "grant", "paid": "payment",
}  # fmt: skip
"""The stages of which the ledger has its own sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One expense. `amounts` are in the currency of its request; `own` = its net cost as invoiced, where that is in
    another currency. `status` is the verdict of its programme, `unknown` why an amount is missing."""

    expense_id: str
    title: str
    request_id: str
    campaign_id: str
    partner_id: str
    direction: str
    currency: str
    state: str
    status: str
    amounts: Amounts
    own: str = ""
    unknown: str = ""
    charged: bool = True
    """Whether the request is charged with it: not when a person ruled it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One MDF request with its lines, or (id blank) the lines of one campaign that name none. `planned_cost` and
    `approved_cost` are the request's own; `differs` are stages at which the ledger has another sum than the lines."""

    request_id: str
    title: str
    campaign_id: str
    partner_id: str
    direction: str
    currency: str
    planned_cost: Decimal | None
    approved_cost: Decimal | None
    approved_mdf: Decimal | None
    lines: tuple[Line, ...]
    total: Amounts
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """`flows` = the sums by direction and currency. `undated` are expenses that belong to no quarter."""

    requests: tuple[Request, ...]
    flows: Mapping[tuple[str, str], Amounts]
    undated: tuple[str, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for request in self.requests for line in request.lines)

    @property
    def cost(self) -> Mapping[str, Decimal | None]:
        """What was spent, by currency; `None` where a line's worth is unknown."""
        out: dict[str, Decimal | None] = {}
        for line in self.lines:
            if (actual := line.amounts["actual"]) != ZERO:
                before = out.get(line.currency, ZERO)
                out[line.currency] = None if before is None or actual is None else before + actual
        return dict(sorted(out.items()))


def spend_of(ground: Ground) -> Spend:
    """Requests in order of campaign and id; lines in order of id."""
    view = ground.view
    lines, undated = [], []
    for expense in ground.rows("Expenses"):
        day = expense.day("activity_end") or expense.day("activity_start") or expense.day("invoice_date")
        if is_cancelled(expense):
            continue
        if ground.within(day):
            lines.append(_line(view, expense))
        elif ground.undated(day):
            undated.append(expense.id)
    requests = [_request(ground, row, [x for x in lines if x.request_id == row.id]) for row in _requests(ground, lines)]
    for campaign, currency in sorted({(x.campaign_id, x.currency) for x in lines if not x.request_id}):
        of = [x for x in lines if not x.request_id and (x.campaign_id, x.currency) == (campaign, currency)]
        requests.append(_without_request(campaign, currency, of))
    requests.sort(key=lambda request: (request.campaign_id, request.request_id or "~", request.currency))
    return Spend(requests=tuple(requests), flows=_flows(requests), undated=tuple(undated))


def _requests(ground: Ground, lines: Iterable[Line]) -> list[Row]:
    """Requests of the campaigns; for a quarter only those with a line or an activity in it."""
    used = {line.request_id for line in lines}
    within = [
        row for row in ground.rows("MDF Budgets")
        if row.id in used or ground.within(row.day("activity_end") or row.day("activity_start"))
    ]  # fmt: skip
    known = {row.id for row in within}
    named = (ground.view.row("MDF Budgets", id) for id in sorted(used - known))
    return [*within, *(row for row in named if row is not None)]


def _line(view: View, expense: Row) -> Line:
    request = view.target(expense, "mdf_request_id")
    fund = view.target(request, "fund_id") if request else None
    own = expense.text("expense_currency").upper()
    currency = (request.text("budget_currency").upper() if request else "") or own
    rate = rate_of_expense(view, expense, fund, currency) if currency else None
    unknown = "" if rate is not None else f"no rate from {own or 'an unstated currency'} to {currency or 'any'}"
    net = actual_of(expense)

    def worth(amount: Decimal | None) -> Decimal | None:
        if not amount:
            return ZERO
        return None if rate is None else amount * rate

    amounts: dict[Stage, Decimal | None] = {
        "planned": worth(expense.money("planned_amount")),
        "committed": worth(expense.money("committed_amount")),
        "actual": worth(net),
        **_programme(view, expense, currency),
        **_claimed(view, expense, currency),
    }
    status = view.will_be(expense, "eligibility_status")
    return Line(
        expense_id=expense.id, title=expense.text("expense_title"), request_id=request.id if request else "",
        campaign_id=view.ref(expense, "joint_campaign_id"), partner_id=view.ref(expense, "partner_id"),
        direction=sides_of(view, fund, request, request or expense).direction, currency=currency,
        state=view.will_be(expense, "expense_state"), status=status, amounts=amounts,
        own=in_currency(net, own) if own != currency and net else "", charged=counts(expense),
        unknown=unknown or ("" if None not in amounts.values() else f"claimed in another currency than {currency}"),
    )  # fmt: skip


def _programme(view: View, expense: Row, currency: str) -> dict[Stage, Decimal | None]:
    """What the programme's verdict comes to: nothing unless it is eligible."""
    if view.will_be(expense, "eligibility_status") != "eligible":
        return {"eligible": ZERO, "claimable": ZERO}
    same = view.will_be(expense, "claim_currency") in {"", currency}
    base, claimable = (view.will_be(expense, name) for name in ("eligible_base", "claimable_amount"))
    return {
        "eligible": Decimal(base or 0) if same else None,
        "claimable": Decimal(claimable or 0) if same else None,
    }


def _claimed(view: View, expense: Row, currency: str) -> dict[Stage, Decimal | None]:
    """What filed claims say of the expense."""
    out: dict[Stage, Decimal | None] = {"claimed": ZERO, "granted": ZERO, "paid": ZERO}
    for line in view.where("Reimbursement Lines", "expense_id", expense.id) if expense.id else ():
        claim = view.target(line, "reimbursement_id")
        if claim is None or not is_claim_filed(claim):
            continue
        decided = line.text("line_decision") in _DECIDED
        said: Mapping[Stage, Decimal | None] = {
            "claimed": line.money("claimed_amount"),
            "granted": line.money("granted_amount") if decided else None,
            "paid": line.money("paid_amount"),
        }
        for stage, amount in said.items():
            before = out[stage]
            if amount:
                alike = line.text("line_currency").upper() == currency
                out[stage] = before + amount if alike and before is not None else None
    return out


def _request(ground: Ground, row: Row, lines: list[Line]) -> Request:
    view, currency = ground.view, row.text("budget_currency").upper()
    total = _total(lines)
    if ground.asked.quarter is None:
        total = {**total, "paid": _plus(total["paid"], _on_whole_claims(view, row, currency))}
    fund = view.target(row, "fund_id")
    return Request(
        request_id=row.id, title=row.text("request_title"), campaign_id=view.ref(row, "joint_campaign_id"),
        partner_id=view.ref(row, "partner_id"), direction=sides_of(view, fund, row, row).direction,
        currency=currency, planned_cost=row.money("planned_cost"), approved_cost=row.money("approved_activity_cost"),
        approved_mdf=row.money("approved_mdf_amount"), lines=tuple(lines), total=total,
        differs=tuple(_differs(ground, row, lines, total)),
    )  # fmt: skip


def _without_request(campaign: str, currency: str, lines: list[Line]) -> Request:
    return Request(
        request_id="", title="Lines without a request", campaign_id=campaign,
        partner_id=lines[0].partner_id if len({line.partner_id for line in lines}) == 1 else "", direction="",
        currency=currency, planned_cost=None, approved_cost=None, approved_mdf=None, lines=tuple(lines),
        total=_total(lines), differs=(),
    )  # fmt: skip


def _total(lines: Iterable[Line], having: Callable[[Line], bool] = lambda _: True) -> dict[Stage, Decimal | None]:
    out: dict[Stage, Decimal | None] = dict.fromkeys(STAGES, ZERO)
    for line in lines:
        for stage in STAGES if having(line) else ():
            out[stage] = _plus(out[stage], line.amounts[stage])
    return out


def _on_whole_claims(view: View, request: Row, currency: str) -> Decimal | None:
    """Payments that nobody spread over the lines of a claim on this request alone."""
    paid: Decimal | None = ZERO
    for id in filed_claims_of(view, request.id):
        claim, lines = view.row("Reimbursements", id), view.where("Reimbursement Lines", "reimbursement_id", id)
        if claim is None or requests_of(view, id) != (request.id,):
            continue
        if amount := paid_on_claim(claim, lines):
            paid = _plus(paid, amount if claim.text("claim_currency").upper() == currency else None)
    return paid


def _differs(ground: Ground, row: Row, lines: list[Line], total: Amounts) -> Iterable[str]:
    """Stages at which the ledger's sum of the request is another one, as far as both are known and speak of the same
    lines."""
    of_request = ground.view.where("Expenses", "mdf_request_id", row.id)
    if ground.asked.quarter or {e.id for e in of_request if not is_cancelled(e)} != {x.expense_id for x in lines}:
        return
    balance, charged = book_of(ground.view).request(row), _total(lines, lambda line: line.charged)
    for stage, kind in _BOOKED.items():
        ours = charged[stage] if stage in {"committed", "actual"} else total[stage]
        ledger = balance.total(kind)
        if ours is not None and ledger is not None and ours != ledger:
            yield f"{stage}: {ours} by the lines, {ledger} in the ledger"


def _flows(requests: Iterable[Request]) -> Mapping[tuple[str, str], Amounts]:
    out: dict[tuple[str, str], dict[Stage, Decimal | None]] = {}
    for request in requests:
        flow = out.setdefault((request.direction, request.currency), dict.fromkeys(STAGES, ZERO))
        for stage in STAGES:
            flow[stage] = _plus(flow[stage], request.total[stage])
    return {key: out[key] for key in sorted(out)}


def _plus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left + right
