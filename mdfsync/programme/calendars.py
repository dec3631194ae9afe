"""Days as programmes count them: calendar and business days, months, fiscal years and their parts, in a zone.

Holidays and week ends are data of the programme. A month later than the 31st is the last day of a shorter month. It
knows no present. Below `compiling` in `programme`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

Unit = Literal["day", "business day", "week", "month", "year"]
PERIODS = {
    "week": 0,
    "month": 1,
    "quarter": 3,
    "half": 6,
    "year": 12,
    "calendar quarter": 3,
    "calendar half": 6,
    "calendar year": 12,
}
FARTHEST = 40_000  # days, business days, weeks, months or years that a span may have
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """So many days, business days, weeks, months or years."""

    count: int
    unit: Unit

    @classmethod
    def read(cls, count: str, unit: str) -> Self:
        """`Span.read("30", "calendar days")`. `ValueError` for a part of a day."""
        if not count.replace("_", "").isdigit():
            raise ValueError(f"{count} {unit}: whole numbers only")
        if len(count) > 7 or int(count.replace("_", "")) > FARTHEST:
            raise ValueError(f"{count} {unit}: more than {FARTHEST:,}")
        name = unit.removeprefix("calendar ").removesuffix("s")
        return cls(int(count.replace("_", "")), name)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a programme counts: its zone, the days on which nobody works, the month in which its fiscal year begins."""

    zone: ZoneInfo
    weekend: frozenset[int] = frozenset({5, 6})
    holidays: frozenset[date] = frozenset()
    fiscal_start: int = 1
    _days: dict[tuple[date, int], date] = field(default_factory=dict, compare=False, repr=False)
    _between: dict[tuple[date, date], Decimal] = field(default_factory=dict, compare=False, repr=False)

    def local(self, moment: date | datetime) -> date:
        """The day on which a moment falls in the programme's zone; days stay what they are."""
        return moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment

    def works(self, day: date) -> bool:
        """Whether it is a business day."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def later(self, moment: date | datetime, span: Span, sign: int = 1) -> date | datetime:
        """A moment moved by a span. An instant keeps its time of day in the zone."""
        if isinstance(moment, datetime):
            here = moment.astimezone(self.zone)
            moved = self._later(here.date(), span, sign)
            return datetime.combine(moved, here.time(), self.zone).astimezone(moment.tzinfo)
        return self._later(moment, span, sign)

    def _later(self, day: date, span: Span, sign: int) -> date:
        count = span.count * sign
        if span.unit == "day":
            return day + timedelta(count)
        if span.unit == "week":
            return day + timedelta(count * 7)
        if span.unit == "business day":
            return self._business(day, count)
        moved: date = day + relativedelta(months=count * (12 if span.unit == "year" else 1))
        return moved

    def _business(self, day: date, count: int) -> date:
        known = self._days.get((day, count))
        if known is None:
            step, left, known = (_DAY if count >= 0 else -_DAY), abs(count), day
            while left:
                known += step
                left -= self.works(known)
            self._days[day, count] = known
        return known

    def next_business_day(self, moment: date | datetime) -> date:
        """The day itself where people work on it, else the next one on which they do."""
        day = self.local(moment)
        return day if self.works(day) else self._business(day, 1)

    def days(self, first: date | datetime, last: date | datetime) -> Decimal:
        """Calendar days from one day to another: 0 on the same day, negative backwards."""
        return Decimal((self.local(last) - self.local(first)).days)

    def business_days(self, first: date | datetime, last: date | datetime) -> Decimal:
        """Business days after the first day up to and with the last one; negative backwards."""
        ends = self.local(first), self.local(last)
        known = self._between.get(ends)
        if known is None:
            low, high = min(ends), max(ends)
            count = sum(self.works(low + timedelta(days=n)) for n in range(1, (high - low).days + 1))
            known = self._between[ends] = Decimal(count if ends[0] == low else -count)
        return known

    def first_of(self, period: str, moment: date | datetime) -> date:
        """First day of the week (Monday), month, fiscal or calendar quarter, half or year in which a moment falls."""
        day = self.local(moment)
        length = PERIODS[period]
        if not length:
            return day - timedelta(days=day.weekday())
        since = (day.month - (1 if period.startswith("calendar") else self.fiscal_start)) % 12
        first: date = day.replace(day=1) - relativedelta(months=since % length)
        return first

    def last_of(self, period: str, moment: date | datetime) -> date:
        """Last day of that period."""
        first, length = self.first_of(period, moment), PERIODS[period]
        following: date = first + (relativedelta(months=length) if length else relativedelta(weeks=1))
        return following - _DAY
