"""Costs of which the sponsors together carry more than all.

What it protects: where several pay for one cost, their shares add up to the cost and no further; whoever collects
more than 100 % is paid twice, and pays it back with the programme's trust.

When it fires, one hold per cause, which keeps the claims on that cost back:
- `campaign`: the funding shares of the partners of a campaign add up to more than 100 %.
- `request`: approved MDF and the claimant's own match together are more than the approved cost of the activity.
- `declared`: the request says that other sources pay for the same cost. Where an expense says it too,
  `ineligible_expense` holds that expense and nothing is said here.
- `claims`: more is claimed on an expense from several claims together than it did cost. A single claim, or one above
  the expense's approval, is `ineligible_expense`'s.

What clears it: corrected shares, amounts or lines at their source, or the declaration answered with no other funding.
It cannot be waived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger import actual_of, came_to_nothing
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "split_funding"
TABLES = ("MDF Budgets", "Expenses", "Reimbursement Lines")
WHOLE, ZERO = Decimal(1), Decimal(0)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        yield from _of_campaign(view, setting, campaign)
    for request in view.rows("MDF Budgets"):
        if not came_to_nothing(request):
            yield from _of_request(view, setting, request)
    for expense in view.rows("Expenses"):
        yield from _of_expense(view, setting, expense)


def _of_campaign(view: View, setting: RuleSetting, campaign: Row) -> Iterator[Finding]:
    parts = view.where("Campaign Partners", "joint_campaign_id", campaign.id) if campaign.id else ()
    shares = {part.id: share for part in parts if (share := part.money("funding_share"))}
    total = sum(shares.values(), ZERO)
    if total <= WHOLE:
        return
    yield speak(
        setting,
        campaign.place,
        f"The partners' funding shares add up to {percent(total)}.",
        evidence={id: percent(share) for id, share in sorted(shares.items())},
        sources=sources_of(view, "Campaign Partners", "funding_share"),
        key="campaign",
        blocks=_lines(view, view.where("Expenses", "joint_campaign_id", campaign.id)),
    )


def _of_request(view: View, setting: RuleSetting, request: Row) -> Iterator[Finding]:
    expenses = view.where("Expenses", "mdf_request_id", request.id) if request.id else ()
    granted, match, cost = (
        request.money(name) for name in ("approved_mdf_amount", "match_amount", "approved_activity_cost")
    )
    currency = request.text("budget_currency").upper()
    if granted is not None and match is not None and cost is not None and granted + match > cost:
        yield speak(
            setting,
            request.place,
            f"MDF of {in_currency(granted, currency)} and a match of {in_currency(match, currency)} are more than the "
            f"approved cost of {in_currency(cost, currency)}.",
            evidence=shown(request, "approved_mdf_amount", "match_amount", "approved_activity_cost", "budget_currency"),
            sources=sources_of(view, "MDF Budgets", "approved_mdf_amount", "match_amount"),
            key="request",
            blocks=_lines(view, expenses),
        )
    declared = request.text("other_funding_declared") == "yes"
    if declared and not any(e.text("other_funding_declared") == "yes" for e in expenses):
        yield speak(
            setting,
            request.place,
            "The request declares other funding for the same cost, so what its sponsors pay together is not known.",
            evidence=shown(request, "other_funding_declared", "other_funding_detail", "funding_share"),
            sources=sources_of(view, "MDF Budgets", "other_funding_declared"),
            key="declared",
            blocks=_lines(view, expenses),
        )


def _of_expense(view: View, setting: RuleSetting, expense: Row) -> Iterator[Finding]:
    lines = view.where("Reimbursement Lines", "expense_id", expense.id) if expense.id else ()
    claims = {view.ref(line, "reimbursement_id") for line in lines}
    currency, cost = expense.text("expense_currency").upper(), actual_of(expense)
    approved = expense.money("approved_amount")
    if len(claims) < 2 or cost <= 0 or any(line.text("line_currency").upper() != currency for line in lines):
        return
    claimed = sum((_asked(line) for line in lines), ZERO)
    if claimed <= cost or (approved is not None and claimed > approved):
        return
    yield speak(
        setting,
        expense.place,
        f"{in_currency(claimed, currency)} is claimed in {len(claims)} claims; the expense did cost "
        f"{in_currency(cost, currency)}.",
        evidence={line.id: in_currency(_asked(line), currency) for line in lines},
        sources=sources_of(view, "Reimbursement Lines", "claimed_amount"),
        key="claims",
        blocks=lines_of(view, expense.id),
    )


def percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"


def _asked(line: Row) -> Decimal:
    """What is asked of the payer: what he granted, once he has decided."""
    decided = line.text("line_decision") in {"granted", "partly_granted", "refused"}
    return (line.money("granted_amount") if decided else line.money("claimed_amount")) or ZERO


def _lines(view: View, expenses: Iterable[Row]) -> list[Subject]:
    return [line for expense in expenses for line in lines_of(view, expense.id)]
