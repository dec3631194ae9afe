"""One step of the amount: something is excluded or added, a share is paid, a ceiling or a minimum holds.

A ceiling with `per` is shared by all cases that give the same values there: what earlier cases and `prior_use` took is
gone. A step that cannot be told leaves no amount, but keeps its place under a shared ceiling: the case may still need
all of it. Part of `amounts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import prod
from typing import Any

from mdfsync.programme.calendars import Calendar, Span
from mdfsync.programme.ceilings import (
    ALWAYS,
    EVERYTHING,
    ZERO,
    Place,
    Pot,
    Totals,
    Window,
    names_of,
    places_for,
    prior_use,
    room,
)  # fmt: skip
from mdfsync.programme.compiled import Programme, Stage
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.telling import money, plain, reason, shown
from mdfsync.programme.verdict import Effect, Reason

NOT_YET = Unknown({"amount"})  # what an earlier step could not tell and has said so


@dataclass(slots=True)
class Draw:
    """A shared ceiling that a case came under: what it takes there is the amount as it was after so many steps
    (`before`), or these units, or these names."""

    place: Place
    day: date
    before: int
    units: Decimal | None = None
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Least:
    """A minimum that several cases reach together: what this one brings to it; `limited` = it would bring more if
    others had not taken from a shared ceiling."""

    place: Place
    stage: Stage
    least: Decimal
    amount: Decimal
    limited: bool


@dataclass(slots=True)
class Counted:
    """The amount so far (None: it cannot be told), why it is not the cost, and the shared ceilings it came under.
    `steps` = (kind, value) of the steps taken; `limit` = the least ceiling on the amount; `limited` = others had
    taken from a shared one; `waits` = only what is set aside for others stands in the way."""

    amount: Decimal | None
    reasons: list[Reason] = field(default_factory=list)
    draws: list[Draw] = field(default_factory=list)
    least: list[Least] = field(default_factory=list)
    steps: list[tuple[str, Decimal]] = field(default_factory=list)
    limit: Decimal = EVERYTHING
    limited: bool = False
    waits: bool = False
    before_share: Decimal | None = None

    @property
    def share(self) -> Decimal:
        """What is paid of the part that counts, all shares together."""
        first, *more = [value for kind, value in self.steps if kind == "share"] or [Decimal(1)]
        return prod(more, start=first)

    @property
    def base(self) -> Decimal | None:
        """The part of the cost that counts: what is left before the first share is taken."""
        return self.amount if self.before_share is None else self.before_share


def take(programme: Programme, stage: Stage, env: Env, totals: Totals, out: Counted) -> None:
    """The amount after one step; `met` of the step is answered by what it took, which is not noted where it is 0."""
    applies = stage.when.run(env) if stage.when is not None else True
    if applies is False:
        return
    found = stage.value.run(env)
    if type(applies) is Unknown or type(found) is Unknown or found < ZERO or (stage.kind == "share" and found > 1):
        _untold(stage, env, applies, found, out)
    if out.amount is None:
        if stage.kind == "ceiling" and stage.per:
            _shared(programme, stage, env, totals, ZERO, out)  # it may still need its part
        elif stage.kind == "minimum" and stage.per:
            _minimum(stage, env, ZERO, EVERYTHING, out)  # it may still bring what is wanted
        return
    if stage.kind == "minimum":
        _minimum(stage, env, found, out.amount, out)
        return
    before, more = out.amount, _moved(programme, stage, env, totals, found, out)
    after = out.amount
    if after is None or after == before:
        return
    env.known[stage.taken] = before - after
    values = shown(env, stage.shows)
    values |= more
    values[stage.kind] = plain(found) if stage.kind == "share" or stage.of is not None else money(found)
    values["before"], values["after"] = money(before), money(after)
    effect: Effect = "reduced" if after < before else "added"
    out.reasons.append(reason(stage.said, effect, values, amount=abs(before - after)))


def _untold(stage: Stage, env: Env, applies: Any, found: Any, out: Counted) -> None:
    missing = Unknown.of(x for x in (applies, found) if type(x) is Unknown)
    if not missing:
        wanted = "a share from 0 to 100 %" if stage.kind == "share" else "an amount not below 0"
        missing = Unknown({f"{stage.kind} as {wanted}"})
    if missing != NOT_YET:
        values = shown(env, stage.shows)
        out.reasons.append(reason(stage.said, "held", values, missing=tuple(sorted(missing - NOT_YET))))
    out.amount, env.known[stage.taken] = None, missing


def _moved(
    programme: Programme, stage: Stage, env: Env, totals: Totals, found: Decimal, out: Counted
) -> dict[str, str]:
    """Changes the amount by a step that is no minimum; answers with what else should be known of it."""
    amount = out.amount or ZERO
    if stage.kind == "ceiling":
        if stage.per:
            return _shared(programme, stage, env, totals, found, out)
        out.limit, out.amount = min(out.limit, found), min(amount, found)
        return {}
    out.steps.append((stage.kind, found))
    if stage.kind == "exclude":
        out.amount = max(amount - found, ZERO)
        return {}
    if stage.kind == "share" and out.before_share is None:
        out.before_share = amount
    out.amount = amount * found if stage.kind == "share" else amount + found
    out.limit = EVERYTHING  # what was a ceiling before is none on this amount
    return {}


def _minimum(stage: Stage, env: Env, least: Decimal, amount: Decimal, out: Counted) -> None:
    if not stage.per:
        if amount < least:
            env.known[stage.taken] = least - amount
            values = shown(env, stage.shows) | {"minimum": money(least), "amount": money(amount)}
            out.reasons.append(reason(stage.said, stage.said.otherwise, values))
        return
    key = tuple([part.run(env) for part in stage.per])
    missing = Unknown.among(key)
    if missing is None:
        out.least.append(Least((stage.said.id, key), stage, least, amount, out.limited))
    elif out.amount is not None:
        out.reasons.append(reason(stage.said, "held", shown(env, stage.shows_shared), missing=tuple(sorted(missing))))


def _shared(
    programme: Programme, stage: Stage, env: Env, totals: Totals, ceiling: Decimal, out: Counted
) -> dict[str, str]:
    """The amount under a ceiling of which others may have taken their part."""
    key = tuple([part.run(env) for part in stage.per])
    day = stage.on.run(env) if stage.on is not None else None
    of = stage.of.run(env) if stage.of is not None else None
    prior: Any = Unknown.among((*key, day, of)) or prior_use(programme, stage, env, key)
    if type(prior) is not Unknown and isinstance(of, Decimal) and of < 0:
        prior = Unknown({"what the ceiling counts as a number not below 0"})
    if type(prior) is Unknown:
        if out.amount is not None:
            values = shown(env, stage.shows_shared)
            out.reasons.append(reason(stage.said, "held", values, missing=tuple(sorted(prior))))
        out.amount = None
        return {}
    place = (stage.said.id, key)
    window = ALWAYS if day is None or stage.within is None else _window(programme.calendar, stage.within.run(env), day)
    if stage.of is not None and stage.of.kind != "number":
        return _names(place, window, totals, prior, names_of(of), ceiling, out)
    return _room(place, window, totals, prior, of, ceiling, out)


def _room(
    place: Place, window: Window, totals: Totals, prior: Pot, units: Decimal | None, ceiling: Decimal, out: Counted
) -> dict[str, str]:
    """A ceiling on amounts, or on units: of those that are too many, their part of the amount is not paid."""
    known, asked = room(ceiling, totals, place, window, prior), units
    if out.amount is not None:
        wanted = out.amount if units is None else units
        out.limited = out.limited or (known.free < wanted and known.free < ceiling)
        out.waits = out.waits or (known.free < min(wanted, known.left) and not known.free)
        if units is None:
            out.limit = min(out.limit, known.free)
            out.amount = min(out.amount, known.free)
        elif units > known.free:
            units, out.amount = known.free, out.amount * known.free / units
    out.draws.append(Draw(place, window.day, len(out.steps), units))
    more = {} if asked is None else {"of these": plain(asked)}
    if known.used:
        more["used before"] = plain(known.used)
    if known.aside:
        more["set aside for held cases"] = "all" if known.aside == EVERYTHING else plain(known.aside)
    return more


def _names(
    place: Place, window: Window, totals: Totals, prior: Pot, names: tuple[str, ...], ceiling: Decimal, out: Counted
) -> dict[str, str]:
    """A ceiling on how many different names there are: of those that are too many, their part is not paid."""
    allowed, others, kept_out = places_for(names, ceiling, totals, place, window, prior)
    asked = len(set(names))
    out.draws.append(Draw(place, window.day, len(out.steps), ZERO, names if out.amount is None else allowed))
    if out.amount is not None and len(allowed) < asked:
        out.amount, out.limited = out.amount * len(allowed) / asked, True
        out.waits = out.waits or (kept_out and not allowed)
    return {"of these": ", ".join(sorted(set(names)))} | ({"used before": str(others)} if others else {})


def _window(calendar: Calendar, span: Span, day: date) -> Window:
    return Window(calendar.local(day), lambda last: calendar.local(calendar.later(last, span, -1)))
