"""What the signed papers say about a date: the campaign's charter (windows, time zone) and the partner's
agreements.

The charter is the version in force (`standing.in_force`), not what somebody is drafting. A term that it
leaves blank is the rulebook's; a time zone that is blank or unknown has no substitute, and nothing may be
judged by the calendar without it. An agreement counts once it is signed, from its first day to its last or
to its termination, each period by itself: a renewal does not move an old period. Used by the attribution
classes and by the rule on agreement periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mdfsync.view.base import View
from mdfsync.view.row import Row

Cover = Literal["inside", "outside", "none"]
GENERAL = frozenset({"partner_agreement", "co_marketing", "mdf_addendum"})
_CENTURY = Decimal(36_525)
DEFAULT_TOUCHES = ("event_attendance", "form_submission", "introduction", "meeting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """The terms by which a campaign's opportunities are classified. `zone` is `None` when none can be
    told."""

    campaign: Row
    zone: ZoneInfo | None
    sourcing_window_days: int
    influence_window_days: int
    sales_lookback_days: int
    lock_after_create_days: int
    registration_valid_days: int
    backdating_gap_days: int
    qualifying: frozenset[str]
    expansions: frozenset[str] = frozenset()
    """Deal types, lower case, that are existing business."""

    @property
    def named(self) -> str:
        """Rule version as reports print it."""
        version = self.campaign.text("charter_version") or "unversioned"
        zone = self.zone.key if self.zone else "no time zone"
        return f"charter {version} of {self.campaign.id}, {zone}"


def charter_of(campaign: Row, defaults: Mapping[str, Any]) -> Charter:
    """The terms of a campaign as `in_force` gives it, with the rulebook's where it states none."""

    def days(name: str) -> int:
        stated = campaign.money(name)
        return int(within_a_century(stated)) if stated is not None else int(defaults[name])

    return Charter(
        campaign=campaign,
        zone=zone_of(campaign.text("charter_time_zone")),
        sourcing_window_days=days("sourcing_window_days"),
        influence_window_days=days("influence_window_days"),
        sales_lookback_days=days("sales_lookback_days"),
        lock_after_create_days=days("lock_after_create_days"),
        registration_valid_days=days("registration_valid_days"),
        backdating_gap_days=int(defaults["backdating_gap_days"]),
        qualifying=frozenset(campaign.items("qualifying_touch_types") or DEFAULT_TOUCHES),
        expansions=frozenset(str(kind).casefold() for kind in defaults["expansion_deal_types"]),
    )


@lru_cache(maxsize=256)
def within_a_century(days: Decimal) -> Decimal:
    """Days as a charter states them. A century is as good as any longer time, and the calendar ends."""
    return max(-_CENTURY, min(days, _CENTURY))


def zone_of(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, or `None`."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def agreements_of(view: View, partner_id: str, kinds: Iterable[str] = GENERAL) -> tuple[Row, ...]:
    """The partner's signed agreements of these kinds, whatever their period."""
    wanted = frozenset(kinds)
    return tuple(
        row
        for row in view.where("Agreements", "partner_id", partner_id)
        if row.text("signed_on") and row.text("agreement_type") in wanted
    )


def holds_on(agreement: Row, day: date) -> bool:
    """Whether the agreement is in force on a day, both ends included; a termination ends it before that
    day."""
    start, end, ended = (agreement.day(n) for n in ("period_start", "period_end", "terminated_on"))
    if start is None or end is None or not start <= day <= end:
        return False
    return ended is None or day < ended


def cover(view: View, partner_id: str, days: Iterable[date], kinds: Iterable[str] = GENERAL) -> Cover:
    """Whether signed agreements with the partner hold on all of these days; `none` when there is no
    agreement."""
    agreements = agreements_of(view, partner_id, kinds)
    if not agreements:
        return "none"
    return "inside" if all(any(holds_on(a, day) for a in agreements) for day in days) else "outside"


def ruling_due(view: View, dispute: Row, clock_days: int) -> str:
    """The day by which a dispute must be ruled on by the charter's clock, `clock_days` where it states none; `""` when
    nobody says on which day it was raised."""
    raised, campaign = dispute.day("raised_on"), view.target(dispute, "joint_campaign_id")
    stated = campaign.money("dispute_clock_days") if campaign else None
    return (
        (raised + timedelta(days=clock_days if stated is None else int(within_a_century(stated)))).isoformat()
        if raised
        else ""
    )
