"""Which of two things came first, when each time has two faces: the one somebody stated and the one a
system took.

A meeting's start, a form's `submittedAt`, a deal's create date are *stated* and can be backdated;
`createdAt` or our own first sight of a row is *recorded* and cannot. An order is firm only when both faces
say so. Where one side was not recorded, its stated time must agree with the other's recorded one as well: whoever
moves a deal's create date or close date changes no order. It refuses to decide between times that lie closer together
than the systems that stamp them agree, or between two that are known by the day alone. Used by the attribution classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

TOLERANCE = timedelta(minutes=5)
"""One action in HubSpot is stamped by several services; live records were seen 234 ms "before" themselves."""

Order = Literal["firm", "stated", "not", "disputed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happened. `day` instead of `stated` when the source knows only the date."""

    stated: datetime | None = None
    recorded: datetime | None = None
    day: date | None = None

    def on(self, zone: ZoneInfo) -> date | None:
        """The calendar day in a zone: of the stated time, else the bare date, else of the recorded time."""
        if self.stated is not None:
            return self.stated.astimezone(zone).date()
        if self.day is not None:
            return self.day
        return self.recorded.astimezone(zone).date() if self.recorded else None

    @property
    def known(self) -> bool:
        return self.stated is not None or self.recorded is not None or self.day is not None

    @property
    def logged_late(self) -> timedelta:
        """How long after the stated time the system took note; zero when one of the two is missing."""
        if self.stated is None or self.recorded is None:
            return timedelta(0)
        return max(self.recorded - self.stated, timedelta(0))


def came_before(first: Moment, second: Moment, zone: ZoneInfo) -> Order:
    """Whether `first` came before `second`: `firm` (both faces say so), `stated` (only the stated times
    can say so), `not`, `disputed` (they contradict each other, or lie too close together), `unknown` (a
    side is missing)."""
    stated = _stated(first, second, zone)
    recorded = _sign(first.recorded, second.recorded)
    if stated is None:
        return {None: "unknown", -1: "stated", 0: "disputed", 1: "not"}[recorded]  # type: ignore[return-value]
    if stated == 0:
        return "disputed"
    if recorded is None:
        if _stated(_at_best(first), _at_best(second), zone) not in {None, stated}:
            return "disputed"
        return "stated" if stated < 0 else "not"
    if stated != recorded:
        return "disputed" if recorded else ("stated" if stated < 0 else "not")
    return "firm" if stated < 0 else "not"


def _stated(first: Moment, second: Moment, zone: ZoneInfo) -> int | None:
    sign = _sign(first.stated, second.stated)
    return _day_sign(first, second, zone) if sign is None else sign


def _at_best(moment: Moment) -> Moment:
    """The moment by its recorded time alone, where it has one."""
    return Moment(stated=moment.recorded) if moment.recorded else moment


def _sign(left: datetime | None, right: datetime | None) -> int | None:
    if left is None or right is None:
        return None
    if abs(left - right) <= TOLERANCE:
        return 0
    return -1 if left < right else 1


def _day_sign(first: Moment, second: Moment, zone: ZoneInfo) -> int | None:
    """Days alone: the same day decides nothing."""
    if first.day is None and second.day is None:
        return None
    left, right = first.on(zone), second.on(zone)
    if left is None or right is None:
        return None
    return 0 if left == right else (-1 if left < right else 1)
