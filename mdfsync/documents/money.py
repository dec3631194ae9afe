"""The first section of every document: money at risk, in words, a table and plain values.

Reads what `money_at_risk` adds up; each amount names the rows behind it, so that whoever doubts it can look. A pure
function; the rules' own titles say what holds a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

from mdfsync.currencies import in_currency
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.paper import Block, Grid, Section, Words
from mdfsync.money_at_risk import AtRisk

_WHO = {"we_claim": "We claim", "we_reimburse": "We reimburse", "": "No paper says who pays"}
_SOURCES = ("MDF Funds", "MDF Budgets", "MDF Ledger", "Expenses", "Reimbursements")
Money = Callable[[Decimal], str]
_OURS_ALONE = frozenset({"claimable_now", "held", "not_eligible_yet", "ruled_out"})
MOST = 12
"""Ids that a cell of the table names; the JSON has all."""


def money_section(risk: Sequence[AtRisk], audience: Audience = OURS) -> Section:
    """Money at risk, one table for each direction and currency. What we could claim of a partner, and what holds it
    here, is not for that partner."""
    blocks: tuple[Block, ...] = tuple(_grid(part, whole=_is_whole(part, audience)) for part in risk)
    if not blocks:
        blocks = (Words(text="No partner money is requested, reserved or claimed here.", nature="fact"),)
    return Section(title="Money at risk", blocks=blocks)


def money_data(risk: Sequence[AtRisk], audience: Audience = OURS) -> list[dict[str, Any]]:
    """The same for machines; amounts are texts in the currency beside them. What the reader is not told is left out."""
    return [_told(part) if _is_whole(part, audience) else _shared(_told(part)) for part in risk]


def _is_whole(part: AtRisk, audience: Audience) -> bool:
    return audience.internal or part.direction == "we_reimburse"


def _shared(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in _OURS_ALONE}


def _told(part: AtRisk) -> dict[str, Any]:
    return {
        "direction": part.direction or None,
        "currency": part.currency,
        "claimable_now": {"amount": str(part.claimable), "expense_ids": part.claimable_ids},
        "held": {
            "amount": str(part.held),
            "by_rule": [
                {"rule_id": by.rule_id, "amount": str(by.amount), "expense_ids": list(by.expense_ids)}
                for by in part.held_by
            ],
            "amount_unknown": part.untold,
        },
        "not_eligible_yet": {"amount": str(part.not_yet), "expense_ids": part.not_yet_ids},
        "ruled_out": part.ruled_out,
        "underway": str(part.underway),
        "expiring_in_30_days": [
            {"record": str(e.row.place), "amount": str(e.amount), "last_day": e.last.on.isoformat()}
            for e in part.expiring
        ],
        "forfeited": [
            {"record": str(f.row.place), "amount": str(f.amount), "last_day": f.last.on.isoformat()}
            for f in part.forfeited
        ],
        "recovery": {
            "recovered": str(part.recovered),
            "settled": str(part.settled),
            "rate": None if part.recovery_rate is None else str(_rounded(part.recovery_rate * 100)),
        },
        "days_to_pay": part.days_to_pay,
    }


def _grid(part: AtRisk, *, whole: bool) -> Grid:
    return Grid(
        title=f"{_WHO[part.direction]}, {part.currency or 'no currency stated'}",
        columns=("What", "Amount", "Of which, and why"),
        rows=tuple(_rows(part, whole=whole)),
        widths=(24, 18, 58),
        right=(1,),
        nature="calculation",
        sources=_SOURCES,
    )


def _rows(part: AtRisk, *, whole: bool) -> Iterator[tuple[str, str, str]]:
    def money(amount: Decimal) -> str:
        return in_currency(amount, part.currency)

    if whole:
        yield from _claims_to_come(part, money)
    yield "Claimed or granted, not paid", money(part.underway), ""
    expiring = [f"{money(e.amount)} on {e.last.on} ({e.last.why})" for e in part.expiring]
    yield "Expiring in 30 days", money(sum((e.amount for e in part.expiring), Decimal(0))), "\n".join(expiring)
    lost = [f"{money(f.amount)} since {f.last.on} ({f.last.why})" for f in part.forfeited]
    yield "Forfeited, not booked yet", money(sum((f.amount for f in part.forfeited), Decimal(0))), "\n".join(lost)
    yield "Recovered", money(part.recovered), _recovery(part, money)
    yield "Days to pay", _days(part.days_to_pay), "from filing a claim to the payer's money, the middle one"


def _claims_to_come(part: AtRisk, money: Money) -> Iterator[tuple[str, str, str]]:
    yield "Claimable now", money(part.claimable), _ids(part.claimable_ids) or "no line is eligible and unclaimed"
    yield "Held", money(part.held), "\n".join(_held(part, money)) or "no line is held"
    if part.not_yet_ids:
        words = f"no hold; what they lack is not owed yet: {_ids(part.not_yet_ids)}"
        yield "Not eligible yet", money(part.not_yet), words
    if part.ruled_out:
        yield "Ruled out", "", f"not claimable as it stands: {_ids(part.ruled_out)}"


def _held(part: AtRisk, money: Money) -> Iterator[str]:
    for by in part.held_by:
        yield f"{by.rule_id}: {money(by.amount)} ({_ids(by.expense_ids)})"
    if len({id for by in part.held_by for id in by.expense_ids}) < sum(len(by.expense_ids) for by in part.held_by):
        yield "A line that two rules hold stands under both and is counted once in the amount."
    if part.untold:
        yield f"no amount can be told: {_ids(part.untold)}"


def _recovery(part: AtRisk, money: Money) -> str:
    rate = part.recovery_rate
    if rate is None:
        return "nothing is settled yet"
    return f"{_rounded(rate * 100)} % of {money(part.settled)} that was paid, lost or given back so far"


def _days(days: Sequence[int]) -> str:
    if not days:
        return "no claim is paid yet"
    return f"{median(days):g} ({len(days)} claim{'s' if len(days) > 1 else ''})"


def _rounded(percent: Decimal) -> Decimal:
    return percent.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST} more" if len(ids) > MOST else ""
    return ", ".join(ids[:MOST]) + more


def money_words(risk: Sequence[AtRisk]) -> Mapping[str, str]:
    """One line for each direction and currency, for the console."""
    return {
        f"{_WHO[part.direction]}, {part.currency}": f"{in_currency(part.claimable, part.currency)} claimable now, "
        f"{in_currency(part.held, part.currency)} held, "
        f"{in_currency(sum((e.amount for e in part.expiring), Decimal(0)), part.currency)} expiring in 30 days, "
        f"{in_currency(sum((f.amount for f in part.forfeited), Decimal(0)), part.currency)} forfeited"
        for part in risk
    }
