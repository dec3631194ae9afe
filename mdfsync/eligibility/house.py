"""The house's own causes against an expense, whatever its programme says: what no programme can see, and what every
programme takes for granted.

Approval first, inside its category, dates and amounts, once. That hands differ is asked by the rule `segregation`. A
programme that has a rule for the same thing says so (`stands_for`), and that rule speaks instead. It judges one line at
a time; which expenses claim one invoice is told by `invoices`. Sixth layer, read by `judged` and by the rule
`ineligible_expense`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mdfsync.eligibility.invoices import is_credit_note
from mdfsync.eligibility.life import is_cancelled, is_spent, spent_on
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason against an expense: its key in the rulebook, its words, the cells that decided; `refuses` = nothing
    that could still be supplied cures it."""

    key: str
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    refuses: bool = False


def causes_of(view: View, expense: Row, barred: frozenset[str]) -> Iterator[Cause]:
    """Every cause against the expense; `barred` = categories and activities that the rulebook bars, in lower case."""
    request = view.row("MDF Budgets", view.ref(expense, "mdf_request_id"))
    for name in ("eligible_category", "activity_type"):
        if expense.text(name).casefold() in barred:
            yield Cause(key="barred", message=f"{name} is barred.", evidence=_shown(expense, name), refuses=True)
    if is_spent(view, expense):
        yield from _approval_causes(expense, request, spent_on(view, expense))
    if request is not None:
        yield from _category_causes(expense, request)
    yield from _date_causes(view, expense, request)
    if expense.text("other_funding_declared") == "yes":
        evidence = _shown(expense, "other_funding_declared", "other_funding_detail")
        message = "Another source pays for the same cost."
        yield Cause(key="double_funding", message=message, evidence=evidence, refuses=True)
    yield from _net_causes(view, expense)
    yield from _amount_causes(view, expense)


def _approval_causes(expense: Row, request: Row | None, spent: Mapping[str, date]) -> Iterator[Cause]:
    approved = request.day("approved_on") if request else None
    dates = {name: day.isoformat() for name, day in spent.items()}
    if request is None or approved is None or request.money("approved_mdf_amount") is None:
        words = "has no approval on record" if request else "is not in the base"
        named = expense.text("mdf_request_id") or "none"
        message = f"Money was committed, but its MDF request ({named}) {words}."
        yield Cause(key="not_approved", message=message, evidence={"mdf_request_id": named, **dates})
        return
    exempt = expense.text("exception_code") or request.text("exception_code")
    early = {name: day for name, day in spent.items() if day < approved}
    if early and not exempt:
        first = min(early, key=lambda name: (early[name], name))
        yield Cause(
            key="before_approval",
            message=f"{first} {early[first].isoformat()} lies before the approval of {approved.isoformat()}.",
            evidence={**dates, "approved_on": approved.isoformat()},
        )
    elif "committed_on" not in spent and not exempt and ("invoice_date" in spent or "paid_on" in spent):
        message = "The cost is invoiced or paid, and the day it was committed is not on record."
        yield Cause(key="commit_date", message=message, evidence={**dates, "committed_on": "not on record"})


def _category_causes(expense: Row, request: Row) -> Iterator[Cause]:
    claimed, approved = expense.text("eligible_category"), request.text("eligible_category")
    if claimed and approved and claimed.casefold() != approved.casefold():
        yield Cause(
            key="category",
            message=f"Claimed as {claimed}; request {request.id} was approved as {approved}.",
            evidence={"eligible_category": claimed, f"eligible_category of {request.id}": approved},
        )


def _date_causes(view: View, expense: Row, request: Row | None) -> Iterator[Cause]:
    start, end = expense.day("activity_start"), expense.day("activity_end")
    if start and end and end < start:
        message = f"The activity ends on {end}, before it starts on {start}."
        yield Cause(key="dates", message=message, evidence=_shown(expense, "activity_start", "activity_end"))
        return
    campaign = campaign_in_force(view, view.ref(expense, "joint_campaign_id"))
    for key, words, limits, names in (
        ("campaign_window", "the campaign", campaign, ("start_date", "end_date")),
        ("approved_period", "the approved activity", request, ("activity_start", "activity_end")),
    ):
        start, end = (limits.day(name) if limits else None for name in names)
        days = {name: day for name in ("activity_start", "activity_end") if (day := expense.day(name))}
        outside = [day for day in days.values() if (start and day < start) or (end and day > end)]
        if outside:
            period = f"{start or 'open'} to {end or 'open'}"
            yield Cause(
                key=key,
                message=f"The activity lies outside {words} ({period}).",
                evidence={**_shown(expense, *days), words: period},
            )


def _net_causes(view: View, expense: Row) -> Iterator[Cause]:
    net = expense.money("net_amount")
    if net is not None and not expense.text("expense_currency") and not is_cancelled(expense):
        message = "The cost is in no currency: expense_currency is blank."
        yield Cause(key="currency", message=message, evidence=_shown(expense, "net_amount"))
    if net is None or net > 0 or is_cancelled(expense) or is_credit_note(view, expense):
        return
    message = f"The net amount is {'zero' if net == 0 else 'negative'}, and no credit note is on record for it."
    names = ("net_amount", "expense_currency", "vendor_name", "invoice_number")
    yield Cause(key="amount", message=message, evidence=_shown(expense, *names))


def _amount_causes(view: View, expense: Row) -> Iterator[Cause]:
    approved, currency = expense.money("approved_amount"), expense.text("expense_currency")
    lines = view.where("Reimbursement Lines", "expense_id", expense.id)
    if approved is None or not lines:
        return
    strange = sorted({c for line in lines if (c := line.text("line_currency")) and c != currency})
    if strange:
        message = f"Claimed in {', '.join(strange)}, approved in {currency or 'no currency'}: not comparable."
        yield Cause(key="currency", message=message, evidence={"expense_currency": currency, "claim": strange[0]})
        return
    claimed = sum((line.money("claimed_amount") or Decimal(0) for line in lines), Decimal(0))
    if claimed > approved:
        evidence = {**_shown(expense, "approved_amount", "expense_currency"), "claimed": str(claimed)}
        message = f"{claimed} is claimed, {approved} was approved ({currency})."
        yield Cause(key="over_approved", message=message, evidence=evidence)


def _shown(row: Row, *names: str) -> dict[str, str]:
    """The cells that decided, by field name."""
    return {name: text for name in names if (text := row.text(name))}
