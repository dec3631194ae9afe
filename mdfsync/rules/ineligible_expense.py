"""Expenses that the programme does not pay for, or whose eligibility nobody may take for granted.

What it protects: a claim with one ineligible line is returned as a whole, and money paid on it is clawed back. An
expense is claimed only when it was approved first, in its category, inside its dates and its amount, once, and when its
MDF programme pays for it.

When it fires, one hold per cause. What the programme says against the expense is named by its own rule, clause and
values (`programme …`): what it refuses at once, what it only lacks a fact for as soon as money is bound or used. Beside
it stand the causes that hold whatever the programme says, unless one of its rules stands for them:
- `barred`: the category or activity is one that the rulebook bars.
- `category`: the category is not the one the MDF request was approved in.
- `not_approved`: money was committed on a request that is not on record or carries no approval.
- `before_approval`: committed, active, invoiced or paid before the approval, without a named exception code.
- `commit_date`: invoiced or paid, but nobody says when the cost was committed.
- `campaign_window`, `approved_period`: the activity lies outside the campaign, or outside the approved dates.
- `dates`: the activity ends before it starts.
- `amount`: the net amount is zero or negative, the expense is not cancelled, and no credit note is on record for it
  (Evidence of that type that names the expense, its invoice or its number). A credit belongs in `credited_amount` of
  the expense that it lowers; a negative line by itself would quietly lower a claim.
- `over_approved`: more is claimed than was approved for the expense, or on its request as a whole.
- `currency`: claim and approval are in different currencies, so nothing can be compared; or the cost is in none.
- `duplicate`: the same supplier's invoice is claimed more than once, in any campaign, with any partner, refused or
  not: one hold on the first of them, which blocks the others.
- `double_funding`: another source pays for the same cost.

What clears it: the cause is corrected at its source; or a permitted person decides eligible, with a reason, on the
expense (`eligibility_decision`), which frees every cause but those the rulebook never waives; or, for what a programme
leaves to people, a Decisions row names its rule and rules `allowed`. A person's decision "ineligible" or "held"
replaces all other causes: the hold then says `decided` and stays until it is taken back. Of duplicates, one is freed
when the others are decided ineligible and a Decisions row (eligibility) names the one that stands, so that a refused
cost cannot come back under another number.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.eligibility import Line, judged, telling
from mdfsync.eligibility.invoices import twice_claimed
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, ruled, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "ineligible_expense"
TABLES = ("Expenses", "MDF Budgets", "Reimbursement Lines")
_OF_REQUEST = frozenset({"approved_on", "approved_by", "requested_by", "mdf_request_id"})
_DECIDED = "Uphold this hold to take it out of the queue; to have the expense judged anew, decide otherwise on it."
_SILENT = frozenset({"cancelled", "planned"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for line in judged(view).values():
        expense = line.expense
        for cause in line.causes:
            if cause.key not in _SILENT:
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
                    required_action=_DECIDED if cause.key == "decided" else "",
                )
        for told in telling.told(view, line):
            if told.place.rule == ID and told.now:
                yield _programme(view, setting, line, told)
    for group in twice_claimed(view):
        yield from _duplicate(view, setting, group)
    yield from _over_requested(view, setting)


def _programme(view: View, setting: RuleSetting, line: Line, told: telling.Told) -> Finding:
    reason = told.reason
    return speak(
        setting,
        told.place.subject,
        told.message,
        evidence={
            **told.values,
            "clause": telling.clause_of(line, reason),
            "wanted": told.wanted,
            "can be cured until": str(told.curable_until or ""),
        },
        sources=sources_of(view, "Expenses", "expense_id"),
        key=told.place.key,
        blocks=lines_of(view, line.expense.id),
        curable_until=told.curable_until,
        required_action=told.required_action,
    )


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
