"""Partner money that will be lost soon unless somebody claims or requests it.

What it protects: funds expire because nobody owns the calendar. Approved money that is not claimed by its last day is
lost, and so is allocated money that no request reserves in time.

When it fires: within the rulebook's days before the last day,
- on a request: part of the approved MDF is in no filed claim. Its last day is an extension that the payer granted,
  else the first of the claim deadlines of campaign and fund and the fund's expiry. Once `deadline_near` tells which
  expenses can be claimed for some of it, only the rest is told here: approved money with nothing to claim it for.
- on a fund: part of the allocation is reserved by no request. Its last day is the request deadline or the expiry,
  whichever comes first.
The finding grows graver when the second, shorter number of days begins. Requests that are over keep nothing back.

What clears it: the claim is filed, the request is approved, the money is released, or a later day is granted and
recorded (`deadline_extended_to`). After the last day `money_forfeited` takes its place.

Params: `days` = how long before the last day the warning begins; `urgent_days` = from when on it is grave.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.eligibility import judged
from mdfsync.eligibility.life import is_filed
from mdfsync.ledger import (
    Balance,
    LastDay,
    Sides,
    book_of,
    day_at,
    is_claim_filed,
    is_past,
    last_claim_day,
    last_request_day,
    sides_of,
)
from mdfsync.model import Finding, Severity, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.deadline_near import waiting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "money_expiring"
TABLES = ("MDF Funds", "MDF Budgets")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    book = book_of(view)
    told = _told_elsewhere(view)
    for request in view.rows("MDF Budgets"):
        fund = view.row("MDF Funds", view.ref(request, "fund_id"))
        last, balance = last_claim_day(view, request), book.request(request)
        left = balance.stage("reserved")
        backed = _could_be_claimed(view, request, balance.currency) if request.place in told else Decimal(0)
        if left is None or left <= backed:
            continue
        if last and (severity := _near(view, setting, fund, last)):
            yield _unclaimed(view, setting, request, balance, last, severity, left - backed)
    for fund in view.rows("MDF Funds"):
        last, left = last_request_day(fund), book.fund(fund).stage("available")
        if last and left and left > 0 and (severity := _near(view, setting, fund, last)):
            yield _unrequested(view, setting, fund, in_currency(left, book.fund(fund).currency), last, severity)


def _told_elsewhere(view: View) -> frozenset[Subject]:
    """Requests of which `deadline_near` names the expenses that wait to be claimed."""
    setting = view.rules["deadline_near"]
    return frozenset(subject for subject, _ in waiting(view, setting)) if setting.on else frozenset()


def _could_be_claimed(view: View, request: Row, currency: str) -> Decimal:
    """What its expenses that are not refused and in no filed claim may come to, as far as that can be said."""
    lines = judged(view)
    found = (lines[e.id] for e in view.where("Expenses", "mdf_request_id", request.id) if e.id in lines)
    return sum(
        (
            line.verdict.potential
            for line in found
            if line.verdict and line.verdict.potential and line.verdict.currency == currency
            if not line.refused and not is_filed(view, line.expense)
        ),
        Decimal(0),
    )


def _near(view: View, setting: RuleSetting, fund: Row | None, last: LastDay) -> Severity | None:
    """How grave it is by now; `None` while there is time, and once the day is over."""
    today = day_at(view, fund)
    if is_past(view, fund, last.on) or last.on > today + timedelta(days=setting.params["days"]):
        return None
    return "high" if last.on <= today + timedelta(days=setting.params["urgent_days"]) else setting.severity


def _unclaimed(
    view: View,
    setting: RuleSetting,
    request: Row,
    balance: Balance,
    last: LastDay,
    severity: Severity,
    amount: Decimal,
) -> Finding:
    left = balance.stage("reserved") or Decimal(0)
    unbacked = amount < left
    words = "has no expense that could be claimed for it" if unbacked else "is in no filed claim"
    sides = sides_of(view, view.row("MDF Funds", view.ref(request, "fund_id")), request, request)
    return speak(
        setting,
        request.place,
        f"{in_currency(amount, balance.currency)} of the approved MDF {words}. The last day to claim it is {last.on} "
        f"({last.why}).",
        evidence={
            "not claimed": in_currency(left, balance.currency),
            "approved": in_currency(balance.approved or Decimal(0), balance.currency),
            "last day": f"{last.on}, {last.why}",
            "in claims not filed": ", ".join(_drafts(view, request)),
            "who claims": _named(sides.claimant, sides.claimant_person),
            "who pays": _named(sides.payer, sides.payer_person),
        },
        sources=sources_of(view, "MDF Budgets", "approved_mdf_amount"),
        due=last.on.isoformat(),
        severity=severity,
        required_action=_release_action(last) if unbacked else _claim_action(sides, last),
    )


def _release_action(last: LastDay) -> str:
    return f"Carry out and claim what is still planned by {last.on}, or release the rest so that the fund can use it."


def _claim_action(sides: Sides, last: LastDay) -> str:
    who = sides.claimant_person or sides.claimant or "the claimant"
    asked = f"Remind {who} to file" if sides.direction == "we_reimburse" else f"Have {who} file"
    return f"{asked} the claim by {last.on}, or record a later day that was granted."


def _unrequested(view: View, setting: RuleSetting, fund: Row, left: str, last: LastDay, severity: Severity) -> Finding:
    return speak(
        setting,
        fund.place,
        f"{left} of the allocation is reserved by no request. The last day to request it is {last.on} ({last.why}).",
        evidence={"left": left, "last day": f"{last.on}, {last.why}", **shown(fund, "fund_owner", "expires_on")},
        sources=sources_of(view, "MDF Funds", "allocated_amount"),
        due=last.on.isoformat(),
        severity=severity,
        required_action=f"Have activities requested and approved against {fund.id} by {last.on}, or give the money up.",
    )


def _drafts(view: View, request: Row) -> list[str]:
    """Claims on the request that still lie here."""
    found = {
        claim.id
        for expense in view.where("Expenses", "mdf_request_id", request.id)
        for line in view.where("Reimbursement Lines", "expense_id", expense.id)
        if (claim := view.row("Reimbursements", view.ref(line, "reimbursement_id"))) is not None
        and not is_claim_filed(claim)
        and claim.text("reimbursement_state") != "withdrawn"
    }
    return sorted(found)


def _named(company: str, person: str) -> str:
    return ", ".join(name for name in (company, person) if name)
