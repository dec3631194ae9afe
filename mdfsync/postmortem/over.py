"""Whether a campaign is over, by what people set and by the last day of the charter in force."""

from __future__ import annotations

from datetime import UTC, date

from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import in_force

ENDED = frozenset({"completed", "archived", "cancelled"})
NOT_BEGUN = frozenset({"", "draft"})


def last_day(view: View, campaign: Row) -> date | None:
    """The last day by the charter in force; `None` where it names none."""
    return in_force(view, campaign).day("end_date")


def is_over(view: View, campaign: Row) -> bool:
    """Whether people ended it, or its last day has passed in the charter's zone. A draft, and a campaign that is
    paused, end by a person's word only; without a zone the day is that of UTC."""
    status = campaign.text("campaign_status")
    if status in ENDED:
        return True
    last = last_day(view, campaign)
    zone = zone_of(in_force(view, campaign).text("charter_time_zone")) or UTC
    return status not in {*NOT_BEGUN, "paused"} and last is not None and last < view.as_of.astimezone(zone).date()
