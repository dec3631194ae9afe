"""Activities that cost more than was approved, or that nobody approved; requests that are claimed beyond it.

What it protects: the payer reimburses what was approved. Cost beyond the approved activity cost is carried by whoever
spends it, unless an amendment is approved before the money is committed; found afterwards, it is a loss.

When it fires:
- `spend`: what is invoiced on a request, less credits, and what is committed beyond the invoices, is more than the
  approved cost of the activity. Cancelled expenses, and those that a person ruled ineligible, do not count.
- `unapproved`: a cost is committed, without a day yet, on a request that nobody approved. Once the cost has a day,
  `ineligible_expense` holds the expense, and nothing is said here.
- `claim`: what is booked and filed as claims is more than the approved MDF. Where the lines themselves exceed the
  approval, `ineligible_expense` holds them and nothing is said here.

What clears it: an amended approval in finance's file, a corrected or cancelled commitment, a corrected claim or
booking. An amount in another currency counts at the rate that finance or the programme states; without one, only what
is known is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.eligibility.life import is_approved, is_spent
from mdfsync.ledger import Balance, book_of, counts
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "budget_exceeded"
TABLES = ("MDF Budgets",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    book = book_of(view)
    for request in view.rows("MDF Budgets"):
        balance = book.request(request)
        yield from _spend(view, setting, request, balance)
        yield from _unapproved(view, setting, request)
        yield from _claim(view, setting, request, balance)


def _spend(view: View, setting: RuleSetting, request: Row, balance: Balance) -> Iterator[Finding]:
    approved, cost, currency = request.money("approved_activity_cost"), balance.known_exposure, balance.currency
    if approved is None or cost <= approved:
        return
    yield speak(
        setting,
        request.place,
        f"{in_currency(cost - approved, currency)} too much: the activity costs {in_currency(cost, currency)} so far, "
        f"{in_currency(approved, currency)} was approved.",
        evidence={
            "invoiced": in_currency(balance.sums.get("actual", Decimal(0)), currency),
            "committed beyond that": in_currency(balance.sums.get("open_commitment", Decimal(0)), currency),
            **shown(request, "approved_activity_cost", "approval_reference"),
        },
        sources=sources_of(view, "Expenses", "committed_amount", "net_amount"),
        key="spend",
    )


def _unapproved(view: View, setting: RuleSetting, request: Row) -> Iterator[Finding]:
    bound = _bound_without_approval(view, request)
    if not bound:
        return
    told = ", ".join(f"{id} {amount}" for id, amount in sorted(bound.items()))
    yield speak(
        setting,
        request.place,
        f"Money is committed on a request that is not approved: {told}.",
        evidence={**bound, **shown(request, "request_status")},
        sources=sources_of(view, "Expenses", "committed_amount"),
        key="unapproved",
        required_action="Have the request approved before more is committed, or cancel the commitment.",
    )


def _claim(view: View, setting: RuleSetting, request: Row, balance: Balance) -> Iterator[Finding]:
    left = balance.stage("reserved")
    if left is None or left >= 0 or _lines_say_so(view, request):
        return
    yield speak(
        setting,
        request.place,
        f"{in_currency(-left, balance.currency)} more is claimed on this request than was approved.",
        evidence={
            "claimed": in_currency(balance.total("claim") or Decimal(0), balance.currency),
            "approved": in_currency(balance.approved or Decimal(0), balance.currency),
        },
        sources=sources_of(view, "MDF Ledger", "amount"),
        key="claim",
    )


def _bound_without_approval(view: View, request: Row) -> dict[str, str]:
    """Commitments of a request that is not approved, by expense, of those that `ineligible_expense` does not hold."""
    if is_approved(request):
        return {}
    return {
        expense.id: in_currency(amount, expense.text("expense_currency").upper())
        for expense in view.where("Expenses", "mdf_request_id", request.id)
        if (amount := expense.money("committed_amount")) and counts(expense) and not is_spent(view, expense)
    }


def _lines_say_so(view: View, request: Row) -> bool:
    """Whether the lines alone exceed the approval: then `ineligible_expense` says it, and holds them."""
    approved = request.money("approved_mdf_amount")
    if approved is None:
        return False
    claimed = sum(
        (
            line.money("claimed_amount") or Decimal(0)
            for expense in view.where("Expenses", "mdf_request_id", request.id)
            for line in view.where("Reimbursement Lines", "expense_id", expense.id)
        ),
        Decimal(0),
    )
    return claimed > approved
