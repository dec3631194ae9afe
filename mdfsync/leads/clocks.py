"""The clocks of a lead: its qualifying touches with the campaign, when the lists were due, when sales must follow up.

A touch is what `view.touches` dates; a place on a list is none. The follow-up clock starts with the first qualifying
touch, or with the end of the day on which the partner handed the lead over where there is no touch, and stops with our
first sales activity with the person after that: what is logged on the deal or the company without the person does not
show that anybody turned to this lead, and stops nothing. Hours are clock hours unless the rulebook names days that are
free; then the charter's zone says which day it is, and without a zone nothing is due. It tells instants, never how long
is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mdfsync.leads.lists import policy
from mdfsync.view import Row, View
from mdfsync.view.charter import Charter, charter_of, within_a_century, zone_of
from mdfsync.view.people import CONTACTS, OWNERS
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import OWN_SALES, SOURCE_OF, Touch, journeys, unknown_sources

WINDOWS = "unsupported_influence"
FOLLOW_UP = "follow_up_overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """`start` and `due` of the clock; `done` = our first sales activity after the start; `unread` = sources without
    which nobody can say that there was none."""

    start: datetime
    due: datetime
    done: datetime | None
    unread: tuple[str, ...]

    @property
    def late(self) -> bool:
        return self.done is not None and self.done > self.due


def charter_for(view: View, joint_campaign_id: str) -> Charter | None:
    """The terms in force of a campaign, worked out once per view."""
    known: dict[str, Charter | None] = view.memo.setdefault(("Leads", "charters"), {})
    if joint_campaign_id not in known:
        campaign = campaign_in_force(view, joint_campaign_id)
        known[joint_campaign_id] = charter_of(campaign, view.rules[WINDOWS].params) if campaign else None
    return known[joint_campaign_id]


def qualifying(view: View, lead: Row) -> tuple[Touch, ...]:
    """The lead's touches that count under its campaign's charter, in order of time."""
    joint = view.ref(lead, "joint_campaign_id")
    charter = charter_for(view, joint)
    touches = journeys(view).touches.get(lead.text("contact_id"), ()) if charter else ()
    found = [
        touch
        for touch in touches
        if charter and joint in touch.campaigns and touch.kind in charter.qualifying and touch.moment.stated
    ]
    return tuple(sorted(found, key=lambda touch: (_at(touch), touch.kind, touch.external_id)))


def unread_touches(view: View, joint_campaign_id: str) -> tuple[str, ...]:
    """Sources without which a qualifying touch may have been missed."""
    charter = charter_for(view, joint_campaign_id)
    kinds = charter.qualifying if charter else ()
    return unknown_sources(view, CONTACTS, *sorted({SOURCE_OF[kind] for kind in kinds if kind in SOURCE_OF}))


def list_due(view: View, campaign: Row) -> datetime | None:
    """When both sides' lists were due: the agreed hours after the campaign's last day. `campaign` as in force."""
    end = _end_of(campaign, "end_date")
    return end + list_hours(view, campaign) if end else None


def list_hours(view: View, campaign: Row) -> timedelta:
    """The charter's hours for handing lists over, else the rulebook's."""
    return _hours(campaign, "lead_list_due_hours", policy(view)["hours"])


def handed_over(view: View, lead: Row) -> datetime | None:
    """The end of the day on which the partner handed the lead over, in the charter's zone."""
    campaign = campaign_in_force(view, view.ref(lead, "joint_campaign_id"))
    return _end_of(lead, "partner_submitted_on", campaign)


def follow_up_hours(view: View, campaign: Row) -> timedelta:
    """The charter's hours for turning to a lead, else the rulebook's."""
    return _hours(campaign, "lead_follow_up_hours", view.rules[FOLLOW_UP].params["hours"])


def follow_up(view: View, lead: Row) -> FollowUp | None:
    """The lead's follow-up clock; `None` while nothing has started it, or where nobody can count it."""
    campaign = campaign_in_force(view, view.ref(lead, "joint_campaign_id"))
    touches = qualifying(view, lead)
    start = _at(touches[0]) if touches else handed_over(view, lead)
    if campaign is None or start is None or start > view.as_of:
        return None
    params = view.rules[FOLLOW_UP].params
    zone = zone_of(campaign.text("charter_time_zone"))
    due = after(start, follow_up_hours(view, campaign), zone, params["free_days"])
    if due is None:
        return None
    # Without the owners nobody knows which meeting was ours, and which one a partner's.
    known = journeys(view).touches.get(lead.text("contact_id"), ()) if view.health(OWNERS).known else ()
    own = (t for t in known if t.own and t.moment.stated)
    done = min((_at(t) for t in own if _at(t) > start), default=None)
    return FollowUp(start=start, due=due, done=done, unread=unknown_sources(view, *OWN_SALES, CONTACTS, OWNERS))


def after(start: datetime, hours: timedelta, zone: ZoneInfo | None, free_days: Iterable[str]) -> datetime | None:
    """The instant so many hours later; hours on free days (names of week days, or dates) do not count. `None` when free
    days are to be left out and no zone says which day it is."""
    free = {day.casefold() for day in free_days}
    if not free:
        return start + hours
    if zone is None:
        return None
    here, left = start.astimezone(zone), hours
    for _ in range(36_525):
        midnight = datetime.combine(here.date() + timedelta(days=1), time.min, tzinfo=zone)
        if {f"{here:%A}".casefold(), here.date().isoformat()} & free:
            here = midnight
            continue
        span = midnight.astimezone(UTC) - here.astimezone(UTC)
        if left <= span:
            return here.astimezone(UTC) + left
        here, left = midnight, left - span
    return None


def local_time(moment: datetime, zone: ZoneInfo | None) -> str:
    """An instant as people of the campaign read it: day, hour and zone."""
    return f"{moment.astimezone(zone or UTC):%Y-%m-%d %H:%M} ({zone.key if zone else 'UTC'})"


def _hours(campaign: Row, name: str, default: int) -> timedelta:
    stated = campaign.money(name)
    return timedelta(hours=default) if stated is None else timedelta(days=float(within_a_century(stated / 24)))


def _end_of(row: Row, name: str, campaign: Row | None = None) -> datetime | None:
    """The end of a day in the charter's zone (UTC where it names none)."""
    day = row.day(name)
    zone = zone_of((campaign or row).text("charter_time_zone")) or UTC
    return datetime.combine(day, time.max, tzinfo=zone) if day else None


def _at(touch: Touch) -> datetime:
    assert touch.moment.stated is not None  # noqa: S101 - only touches with a stated time are asked
    return touch.moment.stated
