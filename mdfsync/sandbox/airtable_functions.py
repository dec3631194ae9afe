"""Operators and functions of Airtable formulas over plain Python values.

Values are None (blank), text, int or float, bool, `date`, aware `datetime` and lists. `FormulaError` is what a
cell shows as `#ERROR!`. Dates join other text in ISO form, arrays joined by comma and space, as in the service.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mdfsync.sandbox.clock import instant_text

Getter = Callable[[Any], Any]


class FormulaError(Exception):
    """The value is `#ERROR!`."""


ERRORS = (FormulaError, ValueError, OverflowError)
"""What evaluating a formula may raise: Python's own numbers refuse to be rounded when they are not finite."""


def truthy(value: Any) -> bool:
    """What AND, OR, NOT, IF and a filter count as true: not blank, 0, "", [] nor NaN."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def text(value: Any) -> str:
    """A value joined to text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(text(item) for item in value)
    return str(value)


def number(value: Any) -> float | int:
    """A value in arithmetic; blank counts as 0."""
    if value is None or value == "":
        return 0
    if isinstance(value, list) and len(value) == 1:
        return number(value[0])
    if isinstance(value, bool | int | float):
        return value
    raise FormulaError("not a number")


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


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) or isinstance(right, list):
        return text(left) == text(right)
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other == "" or (isinstance(other, bool | int | float) and other == 0)
    if isinstance(left, date) or isinstance(right, date):
        try:
            return _to_ms(moment(left)) == _to_ms(moment(right))
        except FormulaError:
            return text(left) == text(right)
    if isinstance(left, str) != isinstance(right, str):
        return False
    return bool(left == right)


def _to_ms(value: datetime) -> int:
    return round(value.timestamp() * 1000)


def _order(left: Any, right: Any) -> int:
    """-1, 0 or 1; dates by time, texts by code point, everything else as numbers."""
    if isinstance(left, date) or isinstance(right, date):
        a, b = _to_ms(moment(left)), _to_ms(moment(right))
        return (a > b) - (a < b)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    x, y = number(left), number(right)
    return (x > y) - (x < y)


def _divide(left: Any, right: Any) -> float:
    dividend, divisor = number(left), number(right)
    if divisor == 0:
        if dividend == 0:
            return math.nan
        raise FormulaError("division by zero")
    return dividend / divisor


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "<": lambda a, b: _order(a, b) < 0,
    "<=": lambda a, b: _order(a, b) <= 0,
    ">": lambda a, b: _order(a, b) > 0,
    ">=": lambda a, b: _order(a, b) >= 0,
    "&": lambda a, b: text(a) + text(b),
    "+": lambda a, b: number(a) + number(b),
    "-": lambda a, b: number(a) - number(b),
    "*": lambda a, b: number(a) * number(b),
    "/": _divide,
}


# -- functions whose arguments are evaluated only as far as needed


def _if(arguments: list[Getter]) -> Getter:
    condition, yes, *rest = arguments
    no: Getter = rest[0] if rest else lambda _row: None
    return lambda row: yes(row) if truthy(condition(row)) else no(row)


def _switch(arguments: list[Getter]) -> Getter:
    subject, *rest = arguments
    pairs = list(zip(rest[0::2], rest[1::2], strict=False))
    default: Getter = rest[-1] if len(rest) % 2 else lambda _row: None

    def choose(row: Any) -> Any:
        value = subject(row)
        for pattern, result in pairs:
            if _equal(value, pattern(row)):
                return result(row)
        return default(row)

    return choose


def _fails(getter: Getter, row: Any) -> bool:
    try:
        getter(row)
    except ERRORS:
        return True
    return False


LAZY: dict[str, Callable[[list[Getter]], Getter]] = {
    "AND": lambda args: lambda row: all(truthy(a(row)) for a in args),
    "OR": lambda args: lambda row: any(truthy(a(row)) for a in args),
    "XOR": lambda args: lambda row: sum(truthy(a(row)) for a in args) % 2 == 1,
    "NOT": lambda args: lambda row: not truthy(args[0](row)),
    "IF": _if,
    "SWITCH": _switch,
    "ISERROR": lambda args: lambda row: _fails(args[0], row),
    "IFERROR": lambda args: lambda row: args[1](row) if _fails(args[0], row) else args[0](row),
}


# -- functions of values


def _find(needle: Any, hay: Any, start: Any = 1) -> int:
    return text(hay).find(text(needle), max(int(number(start)) - 1, 0)) + 1


def _search(needle: Any, hay: Any, start: Any = 1) -> int | None:
    return text(hay).lower().find(text(needle).lower(), max(int(number(start)) - 1, 0)) + 1 or None


def _value(raw: Any) -> float | int:
    if isinstance(raw, bool | int | float):
        return raw
    digits = re.sub(r"[^0-9.eE+-]", "", text(raw))
    try:
        return float(digits)
    except ValueError:
        raise FormulaError("not a number") from None


_TOKENS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "A": "%p"}
_FORMAT = re.compile(r"\[[^\]]*\]|YYYY|MM|DD|HH|hh|mm|ss|SSS|A")


def _datetime_format(value: Any, pattern: Any = None) -> str:
    at = moment(value)
    if pattern is None:
        return at.isoformat(timespec="seconds")

    def token(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith("["):
            return found[1:-1]
        return f"{at.microsecond // 1000:03d}" if found == "SSS" else at.strftime(_TOKENS[found])

    return _FORMAT.sub(token, text(pattern))


def _datetime_parse(value: Any, pattern: Any = None) -> datetime:
    if pattern is None or not isinstance(value, str):
        return moment(value)
    form = _FORMAT.sub(lambda m: "%f" if m.group() == "SSS" else _TOKENS.get(m.group(), m.group()), text(pattern))
    try:
        return datetime.strptime(value, form).replace(tzinfo=UTC)
    except ValueError:
        raise FormulaError("not a date") from None


_PRECISION = {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19}


def _is_same(left: Any, right: Any, unit: Any = None) -> bool:
    a, b = moment(left).astimezone(UTC), moment(right).astimezone(UTC)
    if unit is None:
        return _to_ms(a) == _to_ms(b)
    length = _PRECISION.get(text(unit).rstrip("s").lower())
    if length is None:
        raise FormulaError("unknown unit")
    return a.isoformat()[:length] == b.isoformat()[:length]


_UNITS = {"milliseconds": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def _seconds(unit: Any) -> float:
    name = text(unit).lower()
    found = _UNITS.get(name if name.endswith("s") else name + "s")
    if found is None:
        raise FormulaError("unknown unit")
    return found


def _datetime_diff(left: Any, right: Any, unit: Any = "seconds") -> int:
    return math.trunc((moment(left) - moment(right)).total_seconds() / _seconds(unit))


def _flat(values: tuple[Any, ...]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _numbers(values: tuple[Any, ...]) -> list[float | int]:
    return [item for item in _flat(values) if isinstance(item, int | float)]


def _array_join(values: Any, separator: Any = ", ") -> str:
    return text(separator).join(text(item) for item in (values if isinstance(values, list) else [values]))


def _round(value: Any, digits: Any = 0) -> float:
    scale = 10.0 ** int(number(digits))
    return math.floor(number(value) * scale + 0.5) / scale


def _matches(value: Any, pattern: Any) -> bool:
    try:
        return re.search(text(pattern), text(value)) is not None
    except re.error:
        raise FormulaError("invalid expression") from None


def _error(*_: Any) -> Any:
    raise FormulaError("ERROR()")


MANY = 10_000
PLAIN: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "TRUE": (0, 0, lambda: True),
    "FALSE": (0, 0, lambda: False),
    "BLANK": (0, 0, lambda: None),
    "ERROR": (0, 1, _error),
    "FIND": (2, 3, _find),
    "SEARCH": (2, 3, _search),
    "LOWER": (1, 1, lambda v: text(v).lower()),
    "UPPER": (1, 1, lambda v: text(v).upper()),
    "TRIM": (1, 1, lambda v: text(v).strip()),
    "LEN": (1, 1, lambda v: len(text(v))),
    "LEFT": (2, 2, lambda v, n: text(v)[: int(number(n))]),
    "RIGHT": (2, 2, lambda v, n: text(v)[max(len(text(v)) - int(number(n)), 0) :]),
    "MID": (3, 3, lambda v, s, n: text(v)[int(number(s)) - 1 :][: int(number(n))]),
    "SUBSTITUTE": (3, 3, lambda v, old, new: text(v).replace(text(old), text(new))),
    "CONCATENATE": (1, MANY, lambda *v: "".join(text(item) for item in v)),
    "VALUE": (1, 1, _value),
    "ARRAYJOIN": (1, 2, _array_join),
    "ARRAYUNIQUE": (1, 1, lambda v: list(dict.fromkeys(v if isinstance(v, list) else [v]))),
    "REGEX_MATCH": (2, 2, _matches),
    "ROUND": (1, 2, _round),
    "INT": (1, 1, lambda v: math.floor(number(v))),
    "ABS": (1, 1, lambda v: abs(number(v))),
    "SUM": (1, MANY, lambda *v: sum(_numbers(v))),
    "AVERAGE": (1, MANY, lambda *v: _divide(sum(_numbers(v)), len(_numbers(v)))),
    "MAX": (1, MANY, lambda *v: max(_numbers(v), default=0)),
    "MIN": (1, MANY, lambda *v: min(_numbers(v), default=0)),
    "COUNT": (1, MANY, lambda *v: len(_numbers(v))),
    "COUNTA": (1, MANY, lambda *v: len([item for item in _flat(v) if item not in (None, "")])),
    "COUNTALL": (1, MANY, lambda *v: len(_flat(v))),
    "DATETIME_PARSE": (1, 3, lambda v, pattern=None, _locale=None: _datetime_parse(v, pattern)),
    "DATETIME_FORMAT": (1, 2, _datetime_format),
    "DATETIME_DIFF": (2, 3, _datetime_diff),
    "DATEADD": (3, 3, lambda v, n, unit: moment(v) + timedelta(seconds=number(n) * _seconds(unit))),
    "IS_AFTER": (2, 2, lambda a, b: _to_ms(moment(a)) > _to_ms(moment(b))),
    "IS_BEFORE": (2, 2, lambda a, b: _to_ms(moment(a)) < _to_ms(moment(b))),
    "IS_SAME": (2, 3, _is_same),
    "YEAR": (1, 1, lambda v: moment(v).year),
    "MONTH": (1, 1, lambda v: moment(v).month),
    "DAY": (1, 1, lambda v: moment(v).day),
}
