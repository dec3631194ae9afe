"""The last day on which an expense, a request or a claim can be filed, and who says so.

The earliest of what the programme says of the expense, the fund of its claims and the charter of the campaign, unless
the payer extended it: nobody was ever refused for being early. Whether a claim that came later is refused is for the
programme's rules. Sixth layer, read by the rule `deadline_near` and by the derivation of deadlines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from mdfsync.eligibility.judged import Line, judged
from mdfsync.eligibility.life import is_cancelled
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force


@dataclass(frozen=True, slots=True, order=True)
class LastDay:
    """A last day and the paper that names it, in words."""

    day: date
    by: str


def claim_by(view: View, line: Line) -> LastDay | None:
    """The last day to claim an expense, None where no paper names one."""
    request = view.target(line.expense, "mdf_request_id")
    days = [*_of_papers(view, request, line.expense)]
    if line.verdict is not None and line.verdict.claim_by is not None and line.programme is not None:
        days.append(LastDay(line.verdict.claim_by, f"{line.programme.head.title}, version {line.verdict.version}"))
    return _extended(request, min(days, default=None))


def claim_by_of_request(view: View, request: Row) -> LastDay | None:
    """The last day to claim on a request: the earliest of its expenses, else by its papers."""
    lines = judged(view)
    rows = view.where("Expenses", "mdf_request_id", request.id)
    days = [claim_by(view, lines[row.id]) for row in rows if row.id in lines and not is_cancelled(row)]
    papers = _extended(request, min(_of_papers(view, request, request), default=None))
    return min((day for day in days if day), default=papers)


def _extended(request: Row | None, last: LastDay | None) -> LastDay | None:
    """The payer's extension in place of an earlier day."""
    granted = request.day("deadline_extended_to") if request else None
    if request is None or granted is None or last is None or granted <= last.day:
        return last
    return LastDay(granted, f"extension of {request.id}")


def _of_papers(view: View, request: Row | None, row: Row) -> Iterable[LastDay]:
    fund = view.target(request, "fund_id") if request else None
    campaign = campaign_in_force(view, view.ref(row, "joint_campaign_id"))
    if fund is not None and (day := fund.day("claim_deadline")):
        yield LastDay(day, f"fund {fund.id}")
    if campaign is not None and (day := campaign.day("reimbursement_deadline")):
        yield LastDay(day, f"charter of {campaign.id}")
