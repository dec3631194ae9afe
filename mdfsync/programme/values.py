"""Compiled values and what names mean where an expression stands. Between `reading` and `compiling`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from mdfsync.programme.calendars import Calendar
from mdfsync.programme.reading import Env, Kind, Run, Unknown

MOMENTS = frozenset({"date", "instant"})


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled expression: what kind of value it has, and how to find it for a case. `names` are the attributes it
    asks for, in the words of the case."""

    kind: Kind
    run: Run
    names: frozenset[str] = frozenset()

    @staticmethod
    def asked(values: Iterable[Value]) -> frozenset[str]:
        """The attributes that any of them asks for."""
        return frozenset(name for value in values for name in value.names)


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: attributes of a case by path, named values of the programme, its tables, the ids of its rules,
    what was decided on them, and (inside `where`) the lists whose items are looked at, the innermost last."""

    attributes: Mapping[str, Kind]
    calendar: Calendar
    currency: str
    named: Mapping[str, Value] = field(default_factory=dict)
    tables: Mapping[str, Mapping[tuple[str, ...], Value]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    decide: Callable[[Env, str], Any] = lambda _env, _rule: None
    items: tuple[str, ...] = ()

    def within(self, items: str) -> Scope:
        return replace(self, items=(*self.items, items))


Paths = tuple[tuple[str, tuple[str, ...]], ...]


def paths_of(*values: Value | None) -> Paths:
    """The names that these expressions ask for, in their order, each with the steps of its path."""
    return tuple((name, tuple(name.split("."))) for name in sorted(Value.asked(v for v in values if v is not None)))


def joined(left: Kind, right: Kind) -> Kind | None:
    """The kind of something that is one or the other, None where they do not go together."""
    if left == right:
        return left
    return "instant" if {left, right} == MOMENTS else None


def alike_names(name: str, known: Iterable[str]) -> str:
    """`; did you mean x?` where something known looks like it."""
    near = get_close_matches(name, list(known), 1, 0.75)
    return f"; did you mean {near[0]}?" if near else ""


def in_order(calendar: Calendar) -> Callable[[Any], Any]:
    """A key by which days and instants can be put in one order, by the day in the zone where one of them is a day."""

    def key(moment: Any) -> Any:
        here = moment.astimezone(calendar.zone) if isinstance(moment, datetime) else None
        return (here.date(), moment.timestamp()) if here else (moment, float("-inf"))

    return key


class Fixed:
    """The function of an expression that is the same for every case."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _env: Env) -> Any:
        return self.value


def lifted(call: Callable[..., Any], runs: Sequence[Run]) -> Run:
    """A function of values, unknown where one of them is."""
    if len(runs) == 1:
        only = runs[0]

        def one(env: Env) -> Any:
            value = only(env)
            return value if type(value) is Unknown else call(value)

        return one
    if len(runs) == 2:
        first, second = runs
        if isinstance(second, Fixed) and type(second.value) is not Unknown:
            fixed = second.value

            def beside(env: Env) -> Any:
                left = first(env)
                return left if type(left) is Unknown else call(left, fixed)

            return beside

        def two(env: Env) -> Any:
            left, right = first(env), second(env)
            if type(left) is Unknown:
                return left | right if type(right) is Unknown else left
            return right if type(right) is Unknown else call(left, right)

        return two

    def many(env: Env) -> Any:
        values = [run(env) for run in runs]
        missing = Unknown.among(values)
        return call(*values) if missing is None else missing

    return many
