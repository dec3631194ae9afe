"""The functions of the language, each with what it takes and gives; `docs/programmes.md` lists them for authors.

Functions over lists (`any`, `count`, `sum` …) take the list by name, with a condition behind `where`; an item that
lacks an attribute on which the answer depends makes the answer unknown. Part of `compiling`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mdfsync.programme.calendars import PERIODS
from mdfsync.programme.errors import ExpressionError
from mdfsync.programme.expression import Call, Literal, Name, Node, Selected
from mdfsync.programme.reading import Env, Kind, Run, Unknown, attribute
from mdfsync.programme.values import MOMENTS, Scope, Value, lifted

Compile = Callable[[Node, Scope], Value]
_Plain = Callable[[Scope], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class _Simple:
    """A function of single values: kinds of its arguments ("moment" = date or instant), kind of its answer."""

    takes: tuple[str, ...]
    gives: Kind
    call: _Plain


_SIMPLE: dict[str, _Simple] = {
    "days": _Simple(("moment", "moment"), "number", lambda s: s.calendar.days),
    "business_days": _Simple(("moment", "moment"), "number", lambda s: s.calendar.business_days),
    "day": _Simple(("moment",), "date", lambda s: s.calendar.local),
    "year": _Simple(("moment",), "number", lambda s: lambda m: Decimal(s.calendar.local(m).year)),
    "month": _Simple(("moment",), "number", lambda s: lambda m: Decimal(s.calendar.local(m).month)),
    "round": _Simple(("number", "number"), "number", lambda _s: _rounded),
    "alike": _Simple(("text", "text"), "flag", lambda _s: _alike),
    "contains": _Simple(("text", "text"), "flag", lambda _s: lambda a, b: b.casefold() in a.casefold()),
    "starts": _Simple(("text", "text"), "flag", lambda _s: lambda a, b: a.casefold().startswith(b.casefold())),
    "lower": _Simple(("text",), "text", lambda _s: str.casefold),
    "includes_all": _Simple(("texts", "texts"), "flag", lambda _s: lambda a, b: set(b) <= set(a)),
    "includes_any": _Simple(("texts", "texts"), "flag", lambda _s: lambda a, b: bool(set(b) & set(a))),
}
_PERIOD = {"first_of": "date", "last_of": "date", "period": "text"}
_BEST = {
    "smallest": ("number", min),
    "largest": ("number", max),
    "earliest": ("moment", min),
    "latest": ("moment", max),
}
_LISTS = frozenset({"any", "count", "sum"})
NAMES = frozenset({*_SIMPLE, *_PERIOD, *_BEST, *_LISTS, "given", "default"})


def call(node: Call, scope: Scope, compiled: Compile) -> Value:
    """The compiled form of a call. `ExpressionError` when there is no such function or its arguments do not fit."""
    if node.name in _SIMPLE:
        return _simple(node, scope, compiled)
    if node.name in _PERIOD:
        return _period(node, scope, compiled)
    if node.name in _LISTS:
        return _over_list(node, scope, compiled)
    if node.name in _BEST:
        return _best(node, scope, compiled)
    if node.name == "given":
        return _given(node, scope, compiled)
    if node.name == "default":
        return _default(node, scope, compiled)
    raise ExpressionError(f"there is no function {node.name}; there are {', '.join(sorted(NAMES))}")


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
    if value.kind != instead.kind and {value.kind, instead.kind} != MOMENTS:
        raise ExpressionError(f"default takes two values of one kind, not {value.kind} and {instead.kind}")
    first, second = value.run, instead.run
    lists = tuple(f"{path}." for path, kind in scope.attributes.items() if kind == "records" and path != scope.items)

    def run(env: Env) -> Any:
        found = first(env)
        if type(found) is not Unknown or not found.absent:
            return found
        # that an item lacks it does not mean that there is no list
        return found if any(name.startswith(lists) for name in found) else second(env)

    return Value(value.kind, run, Value.asked([value, instead]))


def _best(node: Call, scope: Scope, compiled: Compile) -> Value:
    wanted, choose = _BEST[node.name]
    if len(node.arguments) == 1:
        return _best_of_list(node, scope, compiled)
    values = [compiled(argument, scope) for argument in node.arguments]
    if not values or not all(_fits(v.kind, wanted) for v in values):
        raise ExpressionError(f"{node.name} takes values of kind {wanted}, two or more, or one of a list")
    local = scope.calendar.local
    kinds = {v.kind for v in values}
    mixed = kinds == MOMENTS
    kind: Kind = "date" if mixed else values[0].kind
    pick = (lambda *found: choose(local(m) for m in found)) if mixed else (lambda *found: choose(found))
    return Value(kind, lifted(pick, [v.run for v in values]), Value.asked(values))


def _best_of_list(node: Call, scope: Scope, compiled: Compile) -> Value:
    wanted, choose = _BEST[node.name]
    items, value, passes = _items_of(node, scope, compiled)
    if value is None or not _fits(value.kind, wanted):
        raise ExpressionError(f"{node.name} takes an attribute of each item, as in {node.name}(payments.paid_at)")
    read, name = _records(items), Unknown({f"any of {items}"})

    def run(env: Env) -> Any:
        found = _each(env, read, passes, value.run)
        if type(found) is Unknown:
            return found
        return choose(found) if found else name

    return Value(value.kind, run, value.names)


def _over_list(node: Call, scope: Scope, compiled: Compile) -> Value:
    items, value, passes = _items_of(node, scope, compiled)
    if node.name == "sum":
        if value is None or value.kind != "number":
            raise ExpressionError("sum takes a number of each item, as in sum(payments.amount where …)")
        return Value("number", _sum(items, value.run, passes), value.names | (passes.names if passes else frozenset()))
    if value is not None:
        raise ExpressionError(f"{node.name} takes a list, not an attribute of its items")
    names = frozenset({items}) | (passes.names if passes else frozenset())
    if node.name == "count":
        return Value("number", _count(items, passes), names)
    return Value("flag", _any(items, passes), names)


def _items_of(node: Call, scope: Scope, compiled: Compile) -> tuple[str, Value | None, Value | None]:
    """(list, the attribute asked of each item if any, the condition if any)."""
    if len(node.arguments) != 1:
        raise ExpressionError(f"{node.name} takes one list")
    first = node.arguments[0]
    condition = first.condition if isinstance(first, Selected) else None
    target = first.items if isinstance(first, Selected) else first
    if not isinstance(target, Name):
        raise ExpressionError(f"{node.name} takes a list by its name")
    items, _, attribute_name = target.path, "", ""
    while scope.attributes.get(items) != "records":
        items, _, last = items.rpartition(".")
        attribute_name = f"{last}.{attribute_name}" if attribute_name else last
        if not items:
            raise ExpressionError(f"{target.path} is no list of records")
    inside = scope.within(items)
    passes = compiled(condition, inside) if condition is not None else None
    if passes is not None and passes.kind != "flag":
        raise ExpressionError("`where` needs a condition")
    value = compiled(Name(attribute_name), inside) if attribute_name else None
    return items, value, passes


def _each(env: Env, read: Run, passes: Value | None, ask: Run) -> Any:
    """What every item that passes says; unknown when one may pass or does not say."""
    records = read(env)
    if type(records) is Unknown:
        return records
    before = env.item
    found: list[Any] = []
    missing: list[Unknown] = []
    for env.item in records:
        verdict = passes.run(env) if passes is not None else True
        if type(verdict) is Unknown:
            missing.append(verdict)
        elif verdict:
            value = ask(env)
            (missing if type(value) is Unknown else found).append(value)
    env.item = before
    return Unknown.of(missing) if missing else found


def _records(items: str) -> Run:
    return attribute(items, "records", "")


def _sum(items: str, ask: Run, passes: Value | None) -> Run:
    read = _records(items)

    def run(env: Env) -> Any:
        found = _each(env, read, passes, ask)
        return found if type(found) is Unknown else sum(found, Decimal(0))

    return run


def _count(items: str, passes: Value | None) -> Run:
    read = _records(items)

    def run(env: Env) -> Any:
        found = _each(env, read, passes, lambda _env: 1)
        return found if type(found) is Unknown else Decimal(len(found))

    return run


def _any(items: str, passes: Value | None) -> Run:
    read = _records(items)

    def run(env: Env) -> Any:
        records = read(env)
        if type(records) is Unknown:
            return records
        before, missing = env.item, []
        try:
            for env.item in records:
                verdict = passes.run(env) if passes is not None else True
                if type(verdict) is Unknown:
                    missing.append(verdict)
                elif verdict:
                    return True
            return Unknown.of(missing) if missing else False
        finally:
            env.item = before

    return run


def _rounded(value: Decimal, places: Decimal) -> Any:
    if not 0 <= places <= 6:
        return Unknown({"a number of places from 0 to 6"})
    return value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)


def _alike(left: str, right: str) -> bool:
    return bool(_bare(left)) and _bare(left) == _bare(right)


def _bare(text: str) -> str:
    """Names as people compare them: letters and digits, without case."""
    return "".join(c for c in text.casefold() if c.isalnum())
