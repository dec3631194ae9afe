"""What partners owe to report of the leads they handed over: the disposition of each, monthly, for the agreed months.

Months are counted from the first hand-over of a partner's list, in the charter's zone. A lead is reported for a month
when its line of the list came to us anew in that month or later, or when its disposition is final. One report tells of
everything before it, so only the last month whose report is due is asked for. Campaigns that are archived or cancelled
owe nothing more. It reads the list as it was last delivered and refuses to call an unread list an unpaid debt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

from mdfsync.leads.classes import counts
from mdfsync.leads.clocks import charter_for
from mdfsync.leads.lists import SOURCE, lists_of
from mdfsync.observe.landing import said
from mdfsync.view import Row, View

RULE = "disposition_overdue"
OVER = frozenset({"archived", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What one partner owes for one campaign: `month` counts from the hand-over, `owed` are the leads without a report
    for it, `blank` those of them of which nothing was ever reported."""

    first: date
    month: int
    begins: date
    due: date
    leads: tuple[str, ...]
    owed: tuple[str, ...]
    blank: tuple[str, ...]

    @property
    def name(self) -> str:
        """The month by its last day's calendar month, as `2026-09`."""
        return f"{self.due:%Y-%m}"


def handed_to_us(view: View, joint_campaign_id: str, partner_id: str) -> tuple[Row, ...]:
    """The counting leads that a partner handed over for a campaign."""
    return tuple(
        lead
        for lead in view.where("Leads", "joint_campaign_id", joint_campaign_id)
        if view.ref(lead, "partner_id") == partner_id and lead.day("partner_submitted_on") and counts(view, lead)
    )


def reporting(view: View, part: Row) -> Reporting | None:
    """The last due month of a Campaign Partners row; `None` while none is due, or nobody can tell."""
    joint, partner = view.ref(part, "joint_campaign_id"), view.ref(part, "partner_id")
    charter, params = charter_for(view, joint), view.rules[RULE].params
    if charter is None or charter.campaign.text("campaign_status") in OVER or not view.health(SOURCE).known:
        return None
    leads = handed_to_us(view, joint, partner)
    if not leads:
        return None
    zone, first = charter.zone or UTC, min(_handed_over(lead) for lead in leads)
    today, grace = view.as_of.astimezone(zone).date(), timedelta(days=params["grace_days"])
    over = [n for n in range(1, params["months"] + 1) if first + relativedelta(months=n) + grace < today]
    if not over:
        return None
    begins, ends = (first + relativedelta(months=n) for n in (over[-1] - 1, over[-1]))
    final = {word.casefold() for word in params["final"]}
    open_ = [x for x in leads if _handed_over(x) < ends and x.text("partner_disposition").casefold() not in final]
    blank = [lead.place.id for lead in open_ if not lead.text("partner_disposition")]
    stale = [x.place.id for x in open_ if (news := _news(view, x, partner, zone)) and news < begins]
    return Reporting(
        first=first,
        month=over[-1],
        begins=begins,
        due=ends + grace,
        leads=tuple(sorted(lead.place.id for lead in leads)),
        owed=tuple(sorted({*blank, *stale})),
        blank=tuple(sorted(blank)),
    )


def _handed_over(lead: Row) -> date:
    day = lead.day("partner_submitted_on")
    assert day is not None  # noqa: S101 - only leads with that day are asked
    return day


def _news(view: View, lead: Row, partner_id: str, zone: tzinfo) -> date | None:
    """The day on which the partner's line of the lead last came to us anew."""
    lines = lists_of(view).lines.get(lead.place, ())
    own = [line.ref.fetched_at for line in lines if said(line, "partner_id") == partner_id]
    return max(own).astimezone(zone).date() if own else None
