"""Date and time functions of Airtable formulas: days, instants, their texts and distances. All in UTC, unless a value
went through `SET_TIMEZONE`."""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdfsync.sandbox.airtable.operands import FormulaError, number, text


def moment(value: Any) -> datetime:
    """A value as an instant; texts must be ISO, dates are midnight UTC."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
    except ValueError:
        pass
    raise FormulaError("not a date")


def milliseconds(value: datetime) -> int:
    """Of the epoch."""
    return round(value.timestamp() * 1000)


# -- texts

_FORMATS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at.year:04d}",
    "YY": lambda at: f"{at.year % 100:02d}",
    "MMMM": lambda at: at.strftime("%B"),
    "MMM": lambda at: at.strftime("%b"),
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: str(at.month),
    "DD": lambda at: f"{at.day:02d}",
    "D": lambda at: str(at.day),
    "dddd": lambda at: at.strftime("%A"),
    "ddd": lambda at: at.strftime("%a"),
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{at.hour % 12 or 12:02d}",
    "h": lambda at: str(at.hour % 12 or 12),
    "mm": lambda at: f"{at.minute:02d}",
    "m": lambda at: str(at.minute),
    "SSS": lambda at: f"{at.microsecond // 1000:03d}",
    "ss": lambda at: f"{at.second:02d}",
    "s": lambda at: str(at.second),
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "ZZ": lambda at: at.strftime("%z"),
    "Z": lambda at: at.isoformat()[-6:],
    "X": lambda at: str(math.floor(at.timestamp())),
    "x": lambda at: str(milliseconds(at)),
    "Q": lambda at: str((at.month + 2) // 3),
}
_WIDE = {"LL": "MMMM D, YYYY", "LT": "h:mm A", "L": "MM/DD/YYYY"}
_READ = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "DD": "%d", "D": "%d", "HH": "%H",
    "H": "%H", "hh": "%I", "h": "%I", "mm": "%M", "m": "%M", "ss": "%S", "s": "%S", "SSS": "%f", "A": "%p", "a": "%p",
    "Z": "%z", "ZZ": "%z",
}  # fmt: skip
_TOKEN = re.compile(r"\[[^\]]*\]|" + "|".join(sorted(_FORMATS, key=len, reverse=True)))
_SHORTHAND = re.compile(r"\[[^\]]*\]|LL|LT|L")


def _format(value: Any, pattern: Any = None) -> str:
    at = moment(value)
    if pattern is None:
        return at.isoformat(timespec="seconds")
    wide = _SHORTHAND.sub(lambda m: _WIDE.get(m.group(), m.group()), text(pattern))
    return _TOKEN.sub(lambda m: m.group()[1:-1] if m.group().startswith("[") else _FORMATS[m.group()](at), wide)


def _parse(value: Any, pattern: Any = None, _locale: Any = None) -> datetime:
    if pattern is None or not isinstance(value, str):
        return moment(value)
    literal = text(pattern).replace("%", "%%")
    form = _TOKEN.sub(lambda m: m.group()[1:-1] if m.group().startswith("[") else _READ.get(m.group(), "%%"), literal)
    try:
        read = datetime.strptime(value, form)  # noqa: DTZ007  (the zone is UTC where the text names none)
    except (ValueError, re.error):
        raise FormulaError("not a date") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _set_timezone(value: Any, zone: Any) -> datetime:
    try:
        return moment(value).astimezone(ZoneInfo(text(zone)))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FormulaError("unknown time zone") from None


# -- distances

_SECONDS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_MONTHS = {"months": 1, "quarters": 3, "years": 12}
_SHORT = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks",
          "M": "months", "Q": "quarters", "y": "years"}  # fmt: skip


def _unit(name: Any) -> str:
    given = text(name)
    if given in _SHORT:
        return _SHORT[given]
    plural = given.lower() if given.lower().endswith("s") else given.lower() + "s"
    if plural not in _SECONDS and plural not in _MONTHS:
        raise FormulaError("unknown unit")
    return plural


def _later(at: datetime, months: int) -> datetime:
    """So many months on; the last day of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise FormulaError("not a date")
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _add(value: Any, count: Any, unit: Any) -> datetime:
    at, name = moment(value), _unit(unit)
    if name in _MONTHS:
        return _later(at, int(number(count)) * _MONTHS[name])
    return at + timedelta(seconds=number(count) * _SECONDS[name])


def _difference(left: Any, right: Any, unit: Any = "seconds") -> int:
    """Whole units from the second to the first, towards zero."""
    a, b, name = moment(left), moment(right), _unit(unit)
    if name in _SECONDS:
        return math.trunc((a - b).total_seconds() / _SECONDS[name])
    early, late = sorted((a, b))
    months = (late.year - early.year) * 12 + late.month - early.month
    months -= _later(early, months) > late
    whole = months // _MONTHS[name]
    return whole if a >= b else -whole


def _is_same(left: Any, right: Any, unit: Any = None) -> bool:
    a, b = moment(left).astimezone(UTC), moment(right).astimezone(UTC)
    if unit is None:
        return milliseconds(a) == milliseconds(b)
    name = _unit(unit)
    if name == "weeks":
        return _week_start(a) == _week_start(b)
    if name == "quarters":
        return (a.year, (a.month + 2) // 3) == (b.year, (b.month + 2) // 3)
    length = {"years": 4, "months": 7, "days": 10, "hours": 13, "minutes": 16, "seconds": 19}.get(name, 23)
    return a.isoformat(timespec="milliseconds")[:length] == b.isoformat(timespec="milliseconds")[:length]


def _week_start(at: datetime) -> date:
    return (at - timedelta(days=(at.weekday() + 1) % 7)).date()


def _weekday(value: Any, first: Any = "Sunday") -> int:
    day = moment(value).weekday()
    return day if text(first) == "Monday" else (day + 1) % 7


def _week(value: Any, first: Any = "Sunday") -> int:
    at = moment(value)
    lead = _weekday(at.replace(month=1, day=1), first)
    return (at.timetuple().tm_yday + lead - 1) // 7 + 1


def _workdays(start: date, end: date, holidays: Any) -> int:
    """Working days from start to end, both included."""
    free = set(_days(holidays))
    span = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return sum(day.weekday() < 5 and day not in free for day in span)


def _days(holidays: Any) -> list[date]:
    """ISO days in a text, separated by commas."""
    return [moment(part).date() for part in text(holidays).split(",") if part.strip()]


def _workday_diff(start: Any, end: Any, holidays: Any = None) -> int:
    a, b = moment(start).date(), moment(end).date()
    if abs((b - a).days) > 100_000:
        raise FormulaError("too far apart")
    return _workdays(a, b, holidays) if a <= b else -_workdays(b, a, holidays)


def _workday(start: Any, count: Any, holidays: Any = None) -> date:
    day, left, free = moment(start).date(), int(number(count)), set(_days(holidays))
    if abs(left) > 100_000:
        raise FormulaError("too far")
    step = timedelta(days=1 if left > 0 else -1)
    while left:
        day += step
        if day.weekday() < 5 and day not in free:
            left -= 1 if left > 0 else -1
    return day


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "DATETIME_PARSE": (1, 3, _parse),
    "DATETIME_FORMAT": (1, 2, _format),
    "DATETIME_DIFF": (2, 3, _difference),
    "DATEADD": (3, 3, _add),
    "DATESTR": (1, 1, lambda v: moment(v).date().isoformat()),
    "TIMESTR": (1, 1, lambda v: moment(v).strftime("%H:%M:%S")),
    "SET_TIMEZONE": (2, 2, _set_timezone),
    "SET_LOCALE": (2, 2, lambda v, _locale: moment(v)),
    "IS_AFTER": (2, 2, lambda a, b: milliseconds(moment(a)) > milliseconds(moment(b))),
    "IS_BEFORE": (2, 2, lambda a, b: milliseconds(moment(a)) < milliseconds(moment(b))),
    "IS_SAME": (2, 3, _is_same),
    "YEAR": (1, 1, lambda v: moment(v).year),
    "MONTH": (1, 1, lambda v: moment(v).month),
    "DAY": (1, 1, lambda v: moment(v).day),
    "HOUR": (1, 1, lambda v: moment(v).hour),
    "MINUTE": (1, 1, lambda v: moment(v).minute),
    "SECOND": (1, 1, lambda v: moment(v).second),
    "WEEKDAY": (1, 2, _weekday),
    "WEEKNUM": (1, 2, _week),
    "WORKDAY": (2, 3, _workday),
    "WORKDAY_DIFF": (2, 3, _workday_diff),
}
