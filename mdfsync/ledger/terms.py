"""Until when money of a fund or a request can be used, and what day it is there.

A day ends in the fund's programme time zone. Where no zone is stated, a day is over only when it is over everywhere
on earth, so that nothing is called lost too early. A day that nobody stated is no deadline: nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of

LAST_ZONE = ZoneInfo("Etc/GMT+12")
_FINISHED = frozenset({"closed", "completed", "finished"})
_NOTHING = frozenset(
    {"cancelled", "canceled", "void", "voided", "withdrawn", "declined", "rejected", "denied", "terminated", "expired"}
)


@dataclass(frozen=True, slots=True, order=True)
class LastDay:
    """The last day on which something may be done, and the paper that says so."""

    on: date
    why: str


def day_at(view: View, fund: Row | None, moment: datetime | None = None) -> date:
    """The day in the fund's zone (UTC where none is stated), of the run or of a moment."""
    return (moment or view.as_of).astimezone(_zone(fund) or UTC).date()


def is_past(view: View, fund: Row | None, day: date) -> bool:
    """Whether that day has ended for the fund."""
    return day < view.as_of.astimezone(_zone(fund) or LAST_ZONE).date()


def _zone(fund: Row | None) -> ZoneInfo | None:
    return zone_of(fund.text("programme_time_zone")) if fund else None


def last_request_day(fund: Row) -> LastDay | None:
    """The last day on which unreserved money can be requested: the request deadline or the expiry, whichever comes
    first."""
    return _first(*_days(fund, request_deadline="request deadline", expires_on="expiry"))


def last_claim_day(view: View, request: Row) -> LastDay | None:
    """The last day to claim what was approved: an extension that the payer granted, else the first of the campaign's
    and the fund's deadlines."""
    if extended := request.day("deadline_extended_to"):
        return LastDay(extended, f"extension granted on {request.id}")
    campaign = view.row("Campaigns", view.ref(request, "joint_campaign_id"))
    fund = view.row("MDF Funds", view.ref(request, "fund_id"))
    return _first(
        *_days(campaign, reimbursement_deadline="claim deadline"),
        *_days(fund, claim_deadline="claim deadline", expires_on="expiry"),
    )


def came_to_nothing(request: Row) -> bool:
    """Whether the approving system calls the request declined, withdrawn or cancelled; its words are its own, these are
    the usual ones."""
    return _status(request) in _NOTHING


def is_over(request: Row) -> bool:
    """Whether the request is finished or came to nothing: nothing more will be claimed on it."""
    return _status(request) in _NOTHING | _FINISHED


def _status(request: Row) -> str:
    return request.text("request_status").strip().casefold()


def _days(paper: Row | None, **names: str) -> Iterator[LastDay]:
    for name, words in names.items():
        if paper is not None and (day := paper.day(name)):
            yield LastDay(day, f"{words} of {paper.id}")


def _first(*days: LastDay) -> LastDay | None:
    return min(days, default=None)
