"""Clocks that are about to run out, told while something can still be done.

What it protects: most money that partners lose is lost by the calendar: a claim not filed, a request made too late, an
appeal missed.

When it fires, from the rulebook's days before the last day on, until it has passed:
- `claim`: expenses of a request on which money is used and that are not refused are in no filed claim, and the last day
  to claim them comes near: the earliest that the programme, the fund or the charter names. One exception for all
  expenses of a request with the same last day; it names what they may come to.
- `request`: a request that has not been made yet, and its fund's last day for requests comes near.
- `appeal`: lines of a claim were refused or cut, nobody has appealed (`appealed_on` of the line) or noted that nobody
  will (`appeal_note`), and the last day to appeal comes near: the payer's, else by the programme's days from the
  decision on.

A question of the payer that waits for its answer is a hold of its own (`answer_due`).

What clears it: the claim, request or appeal is filed; or the last day passes, and then the programme's rules and the
ledger say what is lost.

Params: `days` = days before the last day at which it is told; `urgent_days` = days before it at which it is critical.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.eligibility import Line, judged
from mdfsync.eligibility.clocks import LastDay, claim_by
from mdfsync.eligibility.life import is_filed, is_spent
from mdfsync.ledger import decided_of, is_claim_filed, last_appeal_day
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import sources_of, speak
from mdfsync.view import View

ID = "deadline_near"
TABLES = ("Expenses", "MDF Budgets", "Reimbursements")
_CUT = frozenset({"rejected", "partly_approved"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    yield from _claims(view, setting)
    yield from _requests(view, setting)
    yield from _appeals(view, setting)


def _claims(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for (subject, last), lines in sorted(waiting(view, setting).items()):
        ids = ", ".join(sorted(line.expense.id for line in lines))
        yield _told(
            view,
            setting,
            subject,
            f"{_worth(lines)} of {ids} can be claimed until {last.day} and is in no filed claim.",
            last,
            key=f"claim {last.day}",
            action=f"File the claim by {last.day}; what is still held is named on the expenses.",
        )


def waiting(view: View, setting: RuleSetting) -> dict[tuple[Subject, LastDay], list[Line]]:
    """Used expenses in no filed claim whose last day comes near, by request (else expense) and last day."""
    found: dict[tuple[Subject, LastDay], list[Line]] = {}
    for line in judged(view).values():
        verdict = line.verdict
        refused = line.refused or (verdict is not None and verdict.verdict == "ineligible")
        last = claim_by(view, line)
        if last is None or refused or not is_spent(view, line.expense) or is_filed(view, line.expense):
            continue
        if _is_near(view, setting, last.day):
            request = view.target(line.expense, "mdf_request_id")
            found.setdefault(((request or line.expense).place, last), []).append(line)
    return found


def _worth(lines: list[Line]) -> str:
    """What the lines may come to, by currency."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.verdict is not None and line.verdict.potential is not None:
            currency = line.verdict.currency
            sums[currency] = sums.get(currency, Decimal(0)) + line.verdict.potential
    return " and ".join(f"Up to {in_currency(amount, code)}" for code, amount in sorted(sums.items())) or "The money"


def _requests(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for request in view.rows("MDF Budgets"):
        fund = view.target(request, "fund_id")
        last = fund.day("request_deadline") if fund else None
        if fund is None or last is None or request.day("requested_on") or not _is_near(view, setting, last):
            continue
        yield _told(
            view,
            setting,
            request.place,
            f"The request has not been made, and fund {fund.id} takes requests until {last}.",
            LastDay(last, f"fund {fund.id}"),
            key="request",
            action=f"Make the request by {last}, or withdraw it.",
        )


def _appeals(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for claim in view.rows("Reimbursements"):
        last = last_appeal_day(view, claim)
        if (
            last is None
            or claim.text("appeal_note")
            or not is_claim_filed(claim)
            or not _is_near(view, setting, last.on)
        ):
            continue
        lines = decided_of(view, claim)
        cut = [line for line in lines if line.is_cut and not line.row.day("appealed_on")]
        of_no_amount = claim.text("reimbursement_state") in _CUT and not any(line.claimed for line in lines)
        if cut or of_no_amount:
            told = "; ".join(f"{in_currency(line.refused, line.currency)} of {line.row.id}" for line in cut)
            yield _told(
                view,
                setting,
                claim.place,
                f"The claim was not granted in full and can be appealed until {last.on}{f': {told}' if told else ''}.",
                LastDay(last.on, last.why),
                key="appeal",
                action=f"Appeal by {last.on} and enter appealed_on, or note in appeal_note that nobody will.",
            )


def _told(
    view: View, setting: RuleSetting, subject: Subject, words: str, last: LastDay, *, key: str, action: str
) -> Finding:
    urgent = last.day - timedelta(days=setting.params["urgent_days"])
    return speak(
        setting,
        subject,
        words,
        evidence={"last day": last.day.isoformat(), "named by": last.by},
        sources=sources_of(view, subject.table, "claim_deadline", "requested_on", "submitted_at", "appeal_deadline"),
        key=key,
        due=last.day.isoformat(),
        severity="critical" if view.as_of.date() >= urgent else setting.severity,
        required_action=action,
    )


def _is_near(view: View, setting: RuleSetting, last: date) -> bool:
    """Whether the last day is still to come or today, and not further off than the rulebook's days."""
    return last - timedelta(days=setting.params["days"]) <= view.as_of.date() <= last
