"""The functions of the language, each with what it takes and gives; `docs/programmes.md` lists them for authors.

Here stand those of single values and of dates; `over_lists` has those over lists, `asking` those that ask the programme
itself (its rules, the decisions on them, its tables). Part of `compiling`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mdfsync.programme import asking, over_lists
from mdfsync.programme.calendars import PERIODS
from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import Call, Literal, Name, Node
from mdfsync.programme.reading import Env, Kind, Unknown
from mdfsync.programme.values import MOMENTS, Scope, Value, alike_names, in_order, joined, lifted

Compile = Callable[[Node, Scope], Value]
_Plain = Callable[[Scope], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class _Simple:
    """A function of single values: kinds of its arguments ("moment" = date or instant), kind of its answer."""

    takes: tuple[str, ...]
    gives: Kind
    call: _Plain


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SIMPLE: dict[str, _Simple] = {
    "days": _Simple(("moment", "moment"), "number", lambda s: s.calendar.days),
    "business_days": _Simple(("moment", "moment"), "number", lambda s: s.calendar.business_days),
    "next_business_day": _Simple(("moment",), "date", lambda s: s.calendar.next_business_day),
    "day": _Simple(("moment",), "date", lambda s: s.calendar.local),
    "weekday": _Simple(("moment",), "text", lambda s: lambda m: _WEEK[s.calendar.local(m).weekday()]),
    "year": _Simple(("moment",), "number", lambda s: lambda m: Decimal(s.calendar.local(m).year)),
    "month": _Simple(("moment",), "number", lambda s: lambda m: Decimal(s.calendar.local(m).month)),
    "round": _Simple(("number", "number"), "number", lambda _s: _rounded),
    "floor": _Simple(("number",), "number", lambda _s: lambda x: x.to_integral_value(ROUND_FLOOR)),
    "ceil": _Simple(("number",), "number", lambda _s: lambda x: x.to_integral_value(ROUND_CEILING)),
    "alike": _Simple(("text", "text"), "flag", lambda _s: _alike),
    "contains": _Simple(("text", "text"), "flag", lambda _s: lambda a, b: b.casefold() in a.casefold()),
    "starts": _Simple(("text", "text"), "flag", lambda _s: lambda a, b: a.casefold().startswith(b.casefold())),
    "lower": _Simple(("text",), "text", lambda _s: str.casefold),
    "includes_all": _Simple(("texts", "texts"), "flag", lambda _s: lambda a, b: set(b) <= set(a)),
    "includes_any": _Simple(("texts", "texts"), "flag", lambda _s: lambda a, b: bool(set(b) & set(a))),
    "size": _Simple(("texts",), "number", lambda _s: lambda a: Decimal(len(set(a)))),
}
_PERIOD = {"first_of": "date", "last_of": "date", "period": "text"}
_BEST = {
    "smallest": ("number", min),
    "largest": ("number", max),
    "earliest": ("moment", min),
    "latest": ("moment", max),
}
NAMES = frozenset({*_SIMPLE, *_PERIOD, *_BEST, *over_lists.NAMES, *asking.NAMES, "given", "default", "at"})


def call(node: Call, scope: Scope, compiled: Compile) -> Value:
    """The compiled form of a call. `ExpressionError` when there is no such function or its arguments do not fit."""
    if node.name in _SIMPLE:
        return _simple(node, scope, compiled)
    if node.name in _PERIOD:
        return _period(node, scope, compiled)
    if node.name in over_lists.NAMES:
        return over_lists.call(node, scope, compiled)
    if node.name in _BEST:
        return _best(node, scope, compiled)
    if node.name in asking.NAMES:
        return asking.call(node, scope, compiled)
    if node.name == "given":
        return _given(node, scope, compiled)
    if node.name == "default":
        return _default(node, scope, compiled)
    if node.name == "at":
        return _at(node, scope, compiled)
    near = alike_names(node.name, NAMES)
    raise ExpressionError(f"there is no function {node.name}{near}; there are {', '.join(sorted(NAMES))}")


def _fits(kind: Kind, wanted: str) -> bool:
    return kind in MOMENTS if wanted == "moment" else kind == wanted


def _simple(node: Call, scope: Scope, compiled: Compile) -> Value:
    known = _SIMPLE[node.name]
    values = [compiled(argument, scope) for argument in node.arguments]
    if len(values) != len(known.takes) or not all(map(_fits, (v.kind for v in values), known.takes)):
        given = ", ".join(v.kind for v in values)
        raise ExpressionError(f"{node.name} takes ({', '.join(known.takes)}), not ({given})")
    return Value(known.gives, lifted(known.call(scope), [v.run for v in values]), Value.asked(values))


def _period(node: Call, scope: Scope, compiled: Compile) -> Value:
    if len(node.arguments) != 2 or not isinstance(node.arguments[0], Literal) or node.arguments[0].value not in PERIODS:
        raise ExpressionError(f"{node.name} takes one of {', '.join(map(repr, PERIODS))} and a date")
    length, moment = str(node.arguments[0].value), compiled(node.arguments[1], scope)
    if moment.kind not in MOMENTS:
        raise ExpressionError(f"{node.name} takes a date, not a {moment.kind}")
    calendar = scope.calendar
    find = _remembering(calendar.last_of if node.name == "last_of" else calendar.first_of, length)
    run = lifted((lambda m: f"{length} from {find(m)}") if node.name == "period" else find, [moment.run])
    return Value("text" if node.name == "period" else "date", run, moment.names)


def _remembering(found: Callable[[str, Any], date], length: str) -> Callable[[date | datetime], date]:
    """The same few days are asked for by every case of a period."""
    known: dict[date | datetime, date] = {}

    def find(moment: date | datetime) -> date:
        day = known.get(moment)
        if day is None:
            day = known[moment] = found(length, moment)
        return day

    return find


def _at(node: Call, scope: Scope, compiled: Compile) -> Value:
    """A day at a time of day, in the programme's zone or in the one that is named."""
    first, *rest = node.arguments or (Literal(None),)
    said = [n.value for n in rest if isinstance(n, Literal) and isinstance(n.value, str)]
    moment = compiled(first, scope) if rest else None
    if (
        moment is None
        or moment.kind not in MOMENTS
        or not 1 <= len(said) <= 2
        or not all(isinstance(s, str) for s in said)
    ):
        raise ExpressionError(
            'at takes a day and a time of day, as in at(claim_by, "17:00"), and a zone if it is another'
        )
    try:
        clock = time.fromisoformat(said[0])
        zone = ZoneInfo(said[1]) if len(said) == 2 else scope.calendar.zone
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise ExpressionError(f"at: no time of day or no zone: {', '.join(said)}") from None
    local = scope.calendar.local
    return Value("instant", lifted(lambda m: datetime.combine(local(m), clock, zone), [moment.run]), moment.names)


def _given(node: Call, scope: Scope, compiled: Compile) -> Value:
    if len(node.arguments) != 1 or not isinstance(node.arguments[0], Name):
        raise ExpressionError("given takes one attribute")
    value = compiled(node.arguments[0], scope)
    ask = value.run

    def run(env: Env) -> Any:
        found = ask(env)
        return (False if found.absent else found) if type(found) is Unknown else True

    return Value("flag", run, value.names)


def _default(node: Call, scope: Scope, compiled: Compile) -> Value:
    if len(node.arguments) != 2:
        raise ExpressionError("default takes an attribute and what counts when it is not given")
    value, instead = (compiled(argument, scope) for argument in node.arguments)
    kind = joined(value.kind, instead.kind)
    if kind is None:
        raise ExpressionError(f"default takes two values of one kind, not {value.kind} and {instead.kind}")
    first, second = value.run, instead.run
    lists = tuple(f"{p}." for p, k in scope.attributes.items() if k == "records" and p not in scope.items)

    @lru_cache(maxsize=1_000)
    def absent(found: Unknown) -> bool:
        # that an item lacks it does not mean that there is no list
        return found.absent and not any(name.startswith(lists) for name in found)

    def run(env: Env) -> Any:
        found = first(env)
        return second(env) if type(found) is Unknown and absent(found) else found

    return Value(kind, run, Value.asked([value, instead]))


def _best(node: Call, scope: Scope, compiled: Compile) -> Value:
    """The best of several values, or of what every item of a list says."""
    wanted, choose = _BEST[node.name]
    key = in_order(scope.calendar) if wanted == "moment" else None
    pick = (lambda *found: choose(found, key=key)) if key else (lambda *found: choose(found))
    if len(node.arguments) == 1:
        items = over_lists.items_of(node, scope, compiled)
        if items.value is None or not _fits(items.value.kind, wanted):
            raise ExpressionError(f"{node.name} takes an attribute of each item, as in {node.name}(payments.paid_at)")
        return Value(items.value.kind, over_lists.folded(items, pick), items.names)
    values = [compiled(argument, scope) for argument in node.arguments]
    if not values or not all(_fits(v.kind, wanted) for v in values):
        raise ExpressionError(f"{node.name} takes values of kind {wanted}, two or more, or one of a list")
    kinds = {v.kind for v in values}
    return Value(
        "instant" if kinds == MOMENTS else values[0].kind, lifted(pick, [v.run for v in values]), Value.asked(values)
    )


def _rounded(value: Decimal, places: Decimal) -> Any:
    if not 0 <= places <= 6 or abs(value) >= 10**18:
        return Unknown({"a number that can be rounded to 0 to 6 places as a number"})
    return value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)


def _alike(left: str, right: str) -> bool:
    return bool(bare(left)) and bare(left) == bare(right)


@lru_cache(maxsize=20_000)
def bare(text: str) -> str:
    """Names as people compare them: letters and digits, without case."""
    return "".join(c for c in text.casefold() if c.isalnum())
