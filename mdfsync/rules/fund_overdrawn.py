"""Funds that promise more than they hold, and requests that their fund cannot take.

What it protects: an approval against an empty or closed fund is a promise that nobody can pay. It is found when the
request is made or approved, not when the claim comes back.

When it fires:
- `overdrawn`: approved requests have reserved more than was allocated to the fund.
- `over_accrual`: more was allocated than was earned so far. Only for a fund that says what it earned and is not just
  planned.
- `closed`: a request that nobody decided yet is made against a fund that is closed or expired.
- `late`: a request was made after the fund's request deadline.
- `minimum`: a request is for less than the fund takes.
- `period`: the activity of a request lies outside the fund's period.
Requests that were declined, withdrawn or cancelled are not asked about.

What clears it: a larger allocation or a released reservation; another fund for the request; corrected dates or amounts
at their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.currencies import in_currency
from mdfsync.ledger import Balance, book_of, came_to_nothing
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "fund_overdrawn"
TABLES = ("MDF Funds", "MDF Budgets")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fund cannot take of a request: key, words, and the fields of both that decided."""

    key: str
    message: str
    of_fund: tuple[str, ...]
    of_request: tuple[str, ...]


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    book = book_of(view)
    for fund in view.rows("MDF Funds"):
        yield from _of_fund(view, setting, fund, book.fund(fund))
    for request in view.rows("MDF Budgets"):
        paying = view.row("MDF Funds", view.ref(request, "fund_id"))
        if paying is None or came_to_nothing(request):
            continue
        for fault in _faults(request, paying):
            yield speak(
                setting,
                request.place,
                fault.message,
                evidence={**shown(paying, *fault.of_fund), **shown(request, *fault.of_request), "fund": paying.id},
                sources=sources_of(view, "MDF Budgets", *fault.of_request),
                key=fault.key,
            )


def _of_fund(view: View, setting: RuleSetting, fund: Row, balance: Balance) -> Iterator[Finding]:
    available, earned = balance.stage("available"), balance.stage("earned")
    said_of = sources_of(view, "MDF Ledger", "amount")
    totals = {
        kind: in_currency(total, balance.currency)
        for kind in ("accrual", "allocation", "adjustment", "reservation", "release")
        if (total := balance.total(kind))
    }
    if available is not None and available < 0:
        words = f"{in_currency(-available, balance.currency)} more is reserved than was allocated to this fund."
        yield speak(setting, fund.place, words, evidence=totals, sources=said_of, key="overdrawn")
    accrues = fund.text("accrued_amount") or balance.total("accrual")
    if accrues and fund.text("fund_state") != "planned" and earned is not None and earned < 0:
        words = f"{in_currency(-earned, balance.currency)} more is allocated than was earned."
        yield speak(setting, fund.place, words, evidence=totals, sources=said_of, key="over_accrual")


def _faults(request: Row, fund: Row) -> Iterator[Fault]:
    state = fund.text("fund_state")
    if state in {"closed", "expired"} and not request.text("approved_on"):
        yield Fault("closed", f"{fund.id} is {state} and takes no request.", ("fund_state",), ("request_status",))
    asked, until = request.day("requested_on"), fund.day("request_deadline")
    if asked and until and asked > until:
        words = f"Requested on {asked}; {fund.id} takes requests until {until}."
        yield Fault("late", words, ("request_deadline",), ("requested_on",))
    amount, least = request.money("requested_amount"), fund.money("minimum_request")
    currency = fund.text("fund_currency").upper()
    if amount is not None and least and amount < least and request.text("budget_currency").upper() == currency:
        smallest = in_currency(least, currency)
        words = f"{in_currency(amount, currency)} is requested; {fund.id} takes requests from {smallest}."
        yield Fault("minimum", words, ("minimum_request",), ("requested_amount",))
    start, end = fund.day("period_start"), fund.day("period_end")
    days = [day for name in ("activity_start", "activity_end") if (day := request.day(name))]
    if any((start and day < start) or (end and day > end) for day in days):
        words = f"The activity lies outside the period of {fund.id} ({start or 'open'} to {end or 'open'})."
        yield Fault("period", words, ("period_start", "period_end"), ("activity_start", "activity_end"))
