"""Operators and functions of Airtable formulas over plain Python values; those of dates and numbers are in
`airtable/dates` and `airtable/numbers`.

Values are None (blank), text, int or float, bool, `date`, aware `datetime` and lists. `FormulaError` is what a
cell shows as `#ERROR!`. Dates join other text in ISO form, arrays joined by comma and space, as in the service.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from mdfsync.sandbox.airtable import dates, numbers
from mdfsync.sandbox.airtable.dates import milliseconds, moment
from mdfsync.sandbox.airtable.operands import ERRORS, FormulaError, number, text

Getter = Callable[[Any], Any]
MANY = 10_000
_LONGEST = 100_000


def truthy(value: Any) -> bool:
    """What AND, OR, NOT, IF and a filter count as true: not blank, 0, "", [] nor NaN."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) or isinstance(right, list):
        return text(left) == text(right)
    if left is None or right is None:
        other = right if left is None else left
        return other is None or other == "" or (isinstance(other, bool | int | float) and other == 0)
    if isinstance(left, date) or isinstance(right, date):
        try:
            return milliseconds(moment(left)) == milliseconds(moment(right))
        except FormulaError:
            return text(left) == text(right)
    if isinstance(left, str) != isinstance(right, str):
        return False
    return bool(left == right)


def _order(left: Any, right: Any) -> int:
    """-1, 0 or 1; dates by time, texts by code point, everything else as numbers."""
    if isinstance(left, date) or isinstance(right, date):
        a, b = milliseconds(moment(left)), milliseconds(moment(right))
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


LAZY: dict[str, tuple[int, int, Callable[[list[Getter]], Getter]]] = {
    "AND": (1, MANY, lambda args: lambda row: all(truthy(a(row)) for a in args)),
    "OR": (1, MANY, lambda args: lambda row: any(truthy(a(row)) for a in args)),
    "XOR": (1, MANY, lambda args: lambda row: sum(truthy(a(row)) for a in args) % 2 == 1),
    "NOT": (1, 1, lambda args: lambda row: not truthy(args[0](row))),
    "IF": (2, 3, _if),
    "SWITCH": (3, MANY, _switch),
    "ISERROR": (1, 1, lambda args: lambda row: _fails(args[0], row)),
    "IFERROR": (2, 2, lambda args: lambda row: args[1](row) if _fails(args[0], row) else args[0](row)),
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


def _flat(values: tuple[Any, ...]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _numbers(values: tuple[Any, ...]) -> list[float | int]:
    return [item for item in _flat(values) if isinstance(item, int | float)]


def _array_join(values: Any, separator: Any = ", ") -> str:
    return text(separator).join(text(item) for item in (values if isinstance(values, list) else [values]))


def _expression(pattern: Any) -> re.Pattern[str]:
    try:
        return re.compile(text(pattern))
    except (re.error, OverflowError, RecursionError):
        raise FormulaError("invalid expression") from None


def _extract(value: Any, pattern: Any) -> str | None:
    found = _expression(pattern).search(text(value))
    return found.group() if found else None


def _replace(value: Any, start: Any, count: Any, new: Any) -> str:
    old, place = text(value), max(int(number(start)) - 1, 0)
    return old[:place] + text(new) + old[place + max(int(number(count)), 0) :]


def _repeat(value: Any, times: Any) -> str:
    count = max(int(number(times)), 0)
    if len(text(value)) * count > _LONGEST:
        raise FormulaError("too long")
    return text(value) * count


def _substitute(value: Any, old: Any, new: Any, which: Any = None) -> str:
    whole, part = text(value), text(old)
    if not part:
        return whole
    if which is None:
        return whole.replace(part, text(new))
    pieces, place = whole.split(part), int(number(which))
    if not 1 <= place < len(pieces):
        return whole
    return part.join(pieces[:place]) + text(new) + part.join(pieces[place:])


def _slice(values: Any, start: Any, end: Any = None) -> list[Any]:
    """1 is the first item; negative places count from the end."""
    items, first = _flat((values,)), int(number(start))
    last = len(items) if end is None else int(number(end))
    place = first - 1 if first > 0 else len(items) + first
    return items[max(place, 0) : last if last >= 0 else len(items) + last + 1]


def _error(*_: Any) -> Any:
    raise FormulaError("ERROR()")


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
    "SUBSTITUTE": (3, 4, _substitute),
    "REPLACE": (4, 4, _replace),
    "REPT": (2, 2, _repeat),
    "T": (1, 1, lambda v: v if isinstance(v, str) else None),
    "ENCODE_URL_COMPONENT": (1, 1, lambda v: quote(text(v), safe="~()*!.'")),
    "CONCATENATE": (1, MANY, lambda *v: "".join(text(item) for item in v)),
    "VALUE": (1, 1, _value),
    "ARRAYJOIN": (1, 2, _array_join),
    "ARRAYUNIQUE": (1, 1, lambda v: list(dict.fromkeys(v if isinstance(v, list) else [v]))),
    "ARRAYCOMPACT": (1, 1, lambda v: [item for item in _flat((v,)) if item not in (None, "")]),
    "ARRAYFLATTEN": (1, MANY, lambda *v: _flat(v)),
    "ARRAYSLICE": (2, 3, _slice),
    "REGEX_MATCH": (2, 2, lambda v, pattern: _expression(pattern).search(text(v)) is not None),
    "REGEX_EXTRACT": (2, 2, _extract),
    "REGEX_REPLACE": (3, 3, lambda v, pattern, new: _expression(pattern).sub(lambda _m: text(new), text(v))),
    "SUM": (1, MANY, lambda *v: sum(_numbers(v))),
    "AVERAGE": (1, MANY, lambda *v: _divide(sum(_numbers(v)), len(_numbers(v)))),
    "MAX": (1, MANY, lambda *v: max(_numbers(v), default=0)),
    "MIN": (1, MANY, lambda *v: min(_numbers(v), default=0)),
    "COUNT": (1, MANY, lambda *v: len(_numbers(v))),
    "COUNTA": (1, MANY, lambda *v: len([item for item in _flat(v) if item not in (None, "")])),
    "COUNTALL": (1, MANY, lambda *v: len(_flat(v))),
    **numbers.FUNCTIONS,
    **dates.FUNCTIONS,
}
