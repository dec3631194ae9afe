"""Expenses that the programme does not pay for, or whose eligibility nobody may take for granted.

What it protects: a claim with one ineligible line is returned as a whole, and money paid on it is clawed back. An
expense is claimed only when it was approved first, in its category, inside its dates and its amount, once, and by
hands that differ.

When it fires, one hold per cause:
- `barred`: the category or activity is one that the rulebook bars.
- `category`: the category is not the one the MDF request was approved in.
- `not_approved`: money was committed on a request that is not on record or carries no approval.
- `before_approval`: committed, active, invoiced or paid before the approval, without a named exception code.
- `commit_date`: invoiced or paid, but nobody says when the cost was committed.
- `campaign_window`, `approved_period`: the activity lies outside the campaign, or outside the approved dates.
- `amount`: the net amount is zero or negative, the expense is not cancelled, and no credit note is on record for it
  (Evidence of that type that names the expense, its invoice or its number). A credit belongs in `credited_amount` of
  the expense that it lowers; a negative line by itself would quietly lower a claim.
- `over_approved`: more is claimed than was approved for the expense, or on its request as a whole.
- `currency`: claim and approval are in different currencies, so nothing can be compared.
- `duplicate`: the same supplier's invoice is claimed more than once, in any campaign, with any partner, refused or
  not: one hold on the first of them, which blocks the others.
- `double_funding`: another source pays for the same cost.
- `segregation`: the person who asked also approved.

What clears it: the cause is corrected at its source; or a permitted person decides eligible, with a reason, on the
expense (`eligibility_decision`), which frees every cause but those the rulebook never waives. A person's decision
"ineligible" or "held" replaces all other causes: the hold then says `decided` and stays until it is taken back. Of
duplicates, one is freed when the others are decided ineligible and a Decisions row (eligibility) names the one that
stands, so that a refused cost cannot come back under another number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.invoices import is_credit_note, twice_claimed
from mdfsync.rules.rule import is_cancelled, lines_of, ruled, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "ineligible_expense"
TABLES = ("Expenses", "MDF Budgets", "Reimbursement Lines")
_OF_REQUEST = frozenset({"approved_on", "approved_by", "requested_by", "mdf_request_id"})
_SPENT = ("committed_on", "activity_start", "invoice_date", "paid_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason against an expense: its key in the rulebook, its words, the cells that decided."""

    key: str
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    firm = frozenset(setting.params["never_waived"])
    barred = frozenset(word.casefold() for word in setting.params.get("barred_categories", ()))
    for expense in view.rows("Expenses"):
        causes = [*_causes(view, expense, barred)]
        decision = expense.text("eligibility_decision")
        if decision:
            causes = [cause for cause in causes if cause.key in firm]
        if decision in {"ineligible", "held"}:
            evidence = shown(expense, "eligibility_decision", "eligibility_decision_reason")
            causes = [Cause(key="decided", message=f"A person decided: {decision}.", evidence=evidence)]
        for cause in causes:
            yield speak(
                setting,
                expense.place,
                cause.message,
                evidence=cause.evidence,
                sources={
                    *sources_of(view, "Expenses", "expense_id", *cause.evidence),
                    *sources_of(view, "MDF Budgets", *(set(cause.evidence) & _OF_REQUEST)),
                },
                key=cause.key,
                blocks=lines_of(view, expense.id),
            )
    for group in twice_claimed(view):
        yield from _duplicate(view, setting, group)
    yield from _over_requested(view, setting)


def _causes(view: View, expense: Row, barred: frozenset[str]) -> Iterator[Cause]:
    request = view.row("MDF Budgets", view.ref(expense, "mdf_request_id"))
    for name in ("eligible_category", "activity_type"):
        if expense.text(name).casefold() in barred:
            yield Cause(key="barred", message=f"{name} is barred.", evidence=shown(expense, name))
    spent = {name: day for name in _SPENT if (day := expense.day(name)) and day <= view.as_of.date()}
    if spent or expense.money("paid_amount") is not None:
        yield from _approval_causes(expense, request, spent)
    if request is not None:
        yield from _category_causes(expense, request)
        yield from _people_causes(expense, request)
    yield from _date_causes(view, expense, request)
    if expense.text("other_funding_declared") == "yes":
        evidence = shown(expense, "other_funding_declared", "other_funding_detail")
        yield Cause(key="double_funding", message="Another source pays for the same cost.", evidence=evidence)
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


def _people_causes(expense: Row, request: Row) -> Iterator[Cause]:
    approver = request.text("approved_by")
    asked = {"requested_by": request.text("requested_by"), "submitted_by": expense.text("submitted_by")}
    same = sorted(name for name, person in asked.items() if person and person == approver)
    if same:
        evidence = {**dict.fromkeys(same, approver), "approved_by": approver}
        message = f"{approver} approved the request and is also {' and '.join(same)}."
        yield Cause(key="segregation", message=message, evidence=evidence)


def _date_causes(view: View, expense: Row, request: Row | None) -> Iterator[Cause]:
    campaign = view.row("Campaigns", view.ref(expense, "joint_campaign_id"))
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
                evidence={**shown(expense, *days), words: period},
            )


def _net_causes(view: View, expense: Row) -> Iterator[Cause]:
    net = expense.money("net_amount")
    if net is None or net > 0 or is_cancelled(expense) or is_credit_note(view, expense):
        return
    message = f"The net amount is {'zero' if net == 0 else 'negative'}, and no credit note is on record for it."
    names = ("net_amount", "expense_currency", "vendor_name", "invoice_number")
    yield Cause(key="amount", message=message, evidence=shown(expense, *names))


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
        evidence = {**shown(expense, "approved_amount", "expense_currency"), "claimed": str(claimed)}
        message = f"{claimed} is claimed, {approved} was approved ({currency})."
        yield Cause(key="over_approved", message=message, evidence=evidence)


def _duplicate(view: View, setting: RuleSetting, group: tuple[Row, ...]) -> Iterator[Finding]:
    """Those of the group that may not be claimed before somebody has said which one stands."""
    refused = {row.place for row in group if row.text("eligibility_decision") == "ineligible"}
    still = [row for row in group if row.place not in refused]
    if not still or (len(still) == 1 and ruled(view, still[0].place, "eligibility")):
        return
    first, *others = still
    yield speak(
        setting,
        first.place,
        f"The same invoice is also claimed by {', '.join(row.id for row in group if row is not first)}.",
        evidence={
            **shown(first, "vendor_name", "invoice_number", "net_amount"),
            "claimed by": ", ".join(row.id for row in group),
            "refused": ", ".join(row.id for row in group if row.place in refused),
        },
        sources=sources_of(view, "Expenses", "invoice_number"),
        key="duplicate",
        blocks=[*(row.place for row in others), *(line for row in still for line in lines_of(view, row.id))],
    )


def _over_requested(view: View, setting: RuleSetting) -> Iterator[Finding]:
    """Each line may stay within its expense while all of them together exceed what the request was
    granted."""
    claimed: dict[str, Decimal] = {}
    for expense in view.rows("Expenses"):
        for line in view.where("Reimbursement Lines", "expense_id", expense.id):
            asked = view.ref(expense, "mdf_request_id")
            claimed[asked] = claimed.get(asked, Decimal(0)) + (line.money("claimed_amount") or Decimal(0))
    for request in view.rows("MDF Budgets"):
        approved, total = request.money("approved_mdf_amount"), claimed.get(request.id)
        if approved is None or total is None or total <= approved:
            continue
        expenses = view.where("Expenses", "mdf_request_id", request.id)
        yield speak(
            setting,
            request.place,
            f"{total} is claimed on this request, {approved} was approved.",
            evidence={**shown(request, "approved_mdf_amount", "budget_currency"), "claimed": str(total)},
            sources=sources_of(view, "MDF Budgets", "approved_mdf_amount"),
            key="over_approved",
            blocks=[line for expense in expenses for line in lines_of(view, expense.id)],
        )
