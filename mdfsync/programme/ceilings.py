"""What was taken from ceilings that several cases share: amounts, units, or different names; ever, or within a span.

    ceiling = "3", of = "activity.id", per = ["partner.id"], within = "12 months", on = "activity.starts"

A case that is held keeps its place: what it may come to is set aside. What `prior_use` says was taken before counts
like earlier cases; an entry is a case in short, and its `date` stands for every date that it does not give itself. Part
of `amounts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.programme.compiled import Programme, Stage
from mdfsync.programme.reading import Env, Unknown, attribute, item_attribute
from mdfsync.programme.values import MOMENTS

Place = tuple[str, tuple[Any, ...]]
ZERO = Decimal(0)
EVERYTHING = Decimal("Infinity")
ANY_DAY = date.min  # where no span is counted, everything was on one day
_entries = attribute("prior_use", "records", "")
_units = item_attribute("prior_use", "count", "number", "")
_BARE = frozenset({"id", "amount", "currency", "rate", "ceiling", "state"})


@dataclass(slots=True)
class Pot:
    """What was taken from one ceiling: the sum, or sums by day, or on which days each name was met. Most ceilings know
    one sum and no days."""

    total: Decimal = ZERO
    sums: dict[date, Decimal] | None = None
    names: dict[str, set[date]] | None = None

    def take(self, day: date, amount: Decimal, names: tuple[str, ...]) -> None:
        if names:
            self.names = self.names or {}
            for name in names:
                self.names.setdefault(name, set()).add(day)
        elif day is ANY_DAY:
            self.total += amount
        else:
            self.sums = self.sums or {}
            self.sums[day] = self.sums.get(day, ZERO) + amount

    def days(self) -> Iterator[date]:
        yield from self.sums or ()
        for days in (self.names or {}).values():
            yield from days


@dataclass(slots=True)
class Window:
    """The days that count together with one day: all, or those less than a span before the last of them."""

    day: date = ANY_DAY
    begins: Callable[[date], date] | None = None  # the day before the window that ends on a day

    def spans(self, *pots: Pot) -> Iterator[Callable[[date], bool]]:
        """Every window that holds the day and ends on it or on a day on which something was taken."""
        begins = self.begins
        if begins is None:
            yield lambda _day: True
            return
        days = {day for pot in pots for day in pot.days()}
        for end in sorted({self.day, *(d for d in days if d > self.day and begins(d) < self.day)}):
            first = begins(end)
            yield lambda d, first=first, end=end: first < d <= end  # type: ignore[misc]


@dataclass(slots=True)
class Totals:
    """What was taken from shared ceilings so far, and what is set aside for cases that are held."""

    used: dict[Place, Pot] = field(default_factory=dict)
    set_aside: dict[Place, Pot] = field(default_factory=dict)


@dataclass(slots=True)
class Room:
    """What a shared ceiling leaves a case. `used`, `aside` = what others took and may take of it."""

    used: Decimal
    aside: Decimal
    left: Decimal
    free: Decimal


def room(ceiling: Decimal, totals: Totals, place: Place, window: Window, prior: Pot) -> Room:
    """What is left of a ceiling on amounts or units."""
    firm, aside = (totals.used.get(place, _EMPTY), prior), totals.set_aside.get(place, _EMPTY)
    if window.begins is None:
        used = firm[0].total + prior.total
        both = used + aside.total
    else:
        spans = list(window.spans(*firm, aside))
        used = max(_sum(firm, inside) for inside in spans)
        both = max(_sum((*firm, aside), inside) for inside in spans)
    return Room(used, both - used, max(ceiling - used, ZERO), max(ceiling - both, ZERO))


def places_for(
    names: tuple[str, ...], ceiling: Decimal, totals: Totals, place: Place, window: Window, prior: Pot
) -> tuple[tuple[str, ...], int, bool]:
    """(names that are within a ceiling on different names, how many others there are, whether only what is set aside
    keeps one out)."""
    firm, aside = [totals.used.get(place, _EMPTY), prior], totals.set_aside.get(place, _EMPTY)
    allowed, kept_out, most = list[str](), False, 0
    for name in sorted(set(names)):
        fits, would_fit = True, True
        for inside in window.spans(*firm, aside):
            known = {n for pot in firm for n, days in (pot.names or {}).items() if any(map(inside, days))}
            most = max(most, len(known))
            held = {n for n, days in (aside.names or {}).items() if any(map(inside, days))}
            would_fit = would_fit and len(known | {*allowed, name}) <= ceiling
            fits = fits and len(known | held | {*allowed, name}) <= ceiling
        if fits:
            allowed.append(name)
        kept_out = kept_out or (would_fit and not fits)
    return tuple(allowed), most, kept_out


def _sum(pots: tuple[Pot, ...], inside: Callable[[date], bool]) -> Decimal:
    return sum((v for pot in pots for day, v in (pot.sums or {}).items() if inside(day)), ZERO)


_EMPTY = Pot()
ALWAYS = Window()


def prior_use(programme: Programme, stage: Stage, env: Env, key: tuple[Any, ...]) -> Any:
    """What the case's `prior_use` took from the same ceiling; `Unknown` where that cannot be told."""
    if env.case.get("prior_use") is None:
        return _EMPTY
    entries = _entries(env)
    if type(entries) is Unknown:
        return entries
    pot = Pot()
    for entry in entries:
        if entry.get("ceiling", stage.said.id) != stage.said.id or entry.get("state") in ("rejected", "refused"):
            continue
        if stage.of is None and stage.on is None and entry.keys() <= _BARE:
            other = env  # it says nothing of its own but the amount
            env.items["prior_use"] = entry
        else:
            other = Env(as_case(env.case, entry, programme, stage), env.rates, {"prior_use": entry}, ask=env.ask)
            if tuple(part.run(other) for part in stage.per) != key:
                continue
        taken = _taken(programme, stage, other)
        day = stage.on.run(other) if stage.on is not None else ANY_DAY
        if type(taken) is Unknown or type(day) is Unknown:
            return taken if type(taken) is Unknown else day
        amount, names = taken
        if amount < 0:
            return Unknown({"prior_use.amount as an amount not below 0"})
        pot.take(programme.calendar.local(day), amount, names)
    return pot


def _taken(programme: Programme, stage: Stage, entry: Env) -> Any:
    """(amount or units, names) of an entry, as its ceiling counts."""
    if stage.of is None:
        amount = programme.prior_amount(entry)
        return amount if type(amount) is Unknown else (amount, ())
    if stage.of.kind == "number":
        units = _units(entry)
        units = stage.of.run(entry) if type(units) is Unknown and units.absent else units
        return units if type(units) is Unknown else (units, ())
    names = stage.of.run(entry)
    return names if type(names) is Unknown else (ZERO, names_of(names))


def names_of(said: Any) -> tuple[str, ...]:
    """The names that a ceiling on different names counts."""
    return said if isinstance(said, tuple) else (said,)


def as_case(case: Mapping[str, Any], entry: Mapping[str, Any], programme: Programme, stage: Stage) -> dict[str, Any]:
    """An entry of `prior_use` as the case that it stands for: what it does not say is as in the case at hand, but its
    `date` is the date of everything and its `category` the expense's."""
    out: dict[str, Any] = {**case}
    if entry.get("date"):
        kinds = programme.attributes
        asked = {name for value in (*stage.per, stage.on) if value is not None for name in value.names}
        for path in asked - {"as_of"}:
            if kinds.get(path) in MOMENTS:
                _put(out, path.split("."), entry["date"])
    if entry.get("category"):
        _put(out, ["expense", "category"], entry["category"])
    for name, said in entry.items():
        known = out.get(name)
        out[name] = {**known, **said} if isinstance(known, dict) and isinstance(said, dict) else said
    return out


def _put(out: dict[str, Any], path: list[str], value: Any) -> None:
    *holders, last = path
    for holder in holders:
        known = out.get(holder)
        out[holder] = out = {**known} if isinstance(known, dict) else {}
    out[last] = value
