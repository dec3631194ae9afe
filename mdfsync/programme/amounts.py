"""From the cost to the amount: exclusions, share, ceilings and minimum in the order of the programme's file.

Each step that takes something away says so and how much. A ceiling with `per` is shared by all cases that give the
same values there: what earlier cases and `prior_use` took is gone. Rounding is done once, half up, at the end. A step
that cannot be told holds the case, and no potential is named. Pure but for the running totals that it is handed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from math import prod
from typing import Any

from mdfsync.programme.judging import shown
from mdfsync.programme.reading import Env, Unknown, attribute, item_attribute
from mdfsync.programme.rulebook import STEPS, Programme, Step
from mdfsync.programme.values import Value
from mdfsync.programme.verdict import Effect, Reason

Key = tuple[str, tuple[Any, ...]]
ZERO = Decimal(0)
EVERYTHING = Decimal("Infinity")


@dataclass(slots=True)
class Totals:
    """What was taken from shared ceilings so far, and what is set aside for cases that are held."""

    used: dict[Key, Decimal] = field(default_factory=dict)
    set_aside: dict[Key, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class Counted:
    """The amount so far (None: it cannot be told), why it is less than the cost, and the shared ceilings it came under,
    each with the number of steps before it. `steps` = (kind, value) of the steps taken; `limit` = the least ceiling on
    the amount; `waits` = only what is set aside for others stands in the way."""

    amount: Decimal | None
    reasons: list[Reason] = field(default_factory=list)
    draws: list[tuple[Key, int]] = field(default_factory=list)
    steps: list[tuple[str, Decimal]] = field(default_factory=list)
    limit: Decimal = EVERYTHING
    waits: bool = False
    before_share: Decimal | None = None

    @property
    def share(self) -> Decimal:
        """What is paid of the part that counts, all shares together."""
        return prod((value for kind, value in self.steps if kind == "share"), start=Decimal(1))

    @property
    def base(self) -> Decimal | None:
        """The part of the cost that counts: what is left before the first share is taken."""
        return self.amount if self.before_share is None else self.before_share


def count(programme: Programme, env: Env, totals: Totals, places: int) -> Counted:
    """The amount of one case. `totals` is read here and drawn on by `draw`."""
    base = programme.compiled["amount.of"]
    cost = base.run(env)
    out = Counted(None)
    if type(cost) is Unknown:
        words = ("amount", programme.file.amount.clause, "What it cost cannot be told.", "")
        out.reasons.append(_held(words, base, programme, env, cost))
        return out
    out.amount = cost
    for step in programme.file.amount.step:
        _step(programme, step, env, totals, out)
    if out.amount is not None:
        cent = Decimal(1).scaleb(-places)
        rounded = max(out.amount, ZERO).quantize(cent, ROUND_HALF_UP)
        out.amount = rounded if rounded <= out.limit else out.amount.quantize(cent, ROUND_DOWN)
    return out


def draw(totals: Totals, counted: Counted, *, held: bool) -> None:
    """What the case takes from every shared ceiling it came under: of a ceiling on the cost, the cost behind the
    amount. A held case whose amount cannot be told may still need all of it."""
    taken = totals.set_aside if held else totals.used
    for key, before in counted.draws:
        taken[key] = taken.get(key, ZERO) + _behind(counted, before)


def _behind(counted: Counted, before: int) -> Decimal:
    if counted.amount is None:
        return EVERYTHING
    amount = counted.amount
    for kind, value in reversed(counted.steps[before:]):
        if kind == "share":
            amount = amount / value if value else ZERO
        elif amount:
            amount += value
    return amount


def _step(programme: Programme, step: Step, env: Env, totals: Totals, out: Counted) -> None:
    key = f"amount.{step.id}"
    when = programme.get(f"{key}.when")
    applies = when.run(env) if when is not None else True
    if applies is False:
        return
    name = next(n for n in STEPS if getattr(step, n) is not None)
    value = programme.compiled[f"{key}.{name}"]
    found = value.run(env)
    missing = [x for x in (applies, found) if type(x) is Unknown]
    if not missing and (found < 0 or (name == "share" and found > 1)):
        missing = [Unknown({f"{name} as {'a share from 0 to 100 %' if name == 'share' else 'an amount not below 0'}"})]
    if missing:
        out.reasons.append(_held(_words(step), value, programme, env, Unknown.of(missing)))
        out.amount = None
    if out.amount is None:
        if name == "ceiling" and step.per:
            _under(programme, step, env, totals, ZERO, {}, out)  # it may still need its part
        return
    values = shown(programme, env, value, when)
    if name == "minimum":
        if out.amount < found:
            values |= {"minimum": f"{found:f}", "amount": f"{out.amount:f}"}
            out.reasons.append(_said(step, step.otherwise, values))
        return
    before = out.amount
    if name == "ceiling":
        _under(programme, step, env, totals, found, values, out)
    else:
        out.amount = before - found if name == "exclude" else before * found
        out.steps.append((name, found))
        if name == "share":
            out.before_share = before if out.before_share is None else out.before_share
            out.limit = EVERYTHING  # that was a ceiling on the cost, not on the amount
    if out.amount is not None and out.amount < before:
        out.amount = max(out.amount, ZERO)
        values |= {name: f"{found:f}", "before": f"{before:f}", "after": f"{out.amount:f}"}
        out.reasons.append(_said(step, "reduced", values, before - out.amount))


def _under(
    programme: Programme, step: Step, env: Env, totals: Totals, ceiling: Decimal, values: dict[str, str], out: Counted
) -> None:
    """The amount under a ceiling, of which others may have taken their part."""
    amount = out.amount
    if not step.per:
        out.limit = min(out.limit, ceiling)
        out.amount = None if amount is None else min(amount, ceiling)
        return
    parts = [programme.compiled[f"amount.{step.id}.per.{n}"] for n in range(len(step.per))]
    key = tuple(part.run(env) for part in parts)
    missing = Unknown.of(k for k in key if type(k) is Unknown)
    earlier: Any = missing or _earlier(programme, step, parts, env, key)
    if type(earlier) is Unknown:
        if amount is not None:
            out.reasons.append(_held(_words(step), parts[0], programme, env, earlier))
        out.amount = None
        return
    place = (step.id, key)
    out.draws.append((place, len(out.steps)))
    if amount is None:
        return
    used, aside = totals.used.get(place, ZERO) + earlier, totals.set_aside.get(place, ZERO)
    values |= {"used before": f"{used:f}"} if used else {}
    values |= {"set aside for held cases": "all" if aside == EVERYTHING else f"{aside:f}"} if aside else {}
    left, free = max(ceiling - used, ZERO), max(ceiling - used - aside, ZERO)
    out.waits = out.waits or (free < min(amount, left) and not free)
    out.limit = min(out.limit, free)
    out.amount = min(amount, free)


def _earlier(programme: Programme, step: Step, parts: Sequence[Value], env: Env, key: tuple[Any, ...]) -> Any:
    """What `prior_use` took from the same ceiling. An entry is a case in short: what it does not say is as in this
    case."""
    if env.case.get("prior_use") is None:
        return ZERO
    entries = _entries(env)
    if type(entries) is Unknown:
        return entries
    amount_of = item_attribute("prior_use", "amount", "amount", programme.head.currency)
    total = ZERO
    for entry in entries:
        if entry.get("ceiling", step.id) != step.id:
            continue
        other = Env({**env.case, **entry}, env.rates, item=entry)
        if tuple(part.run(other) for part in parts) == key:
            amount = amount_of(other)
            if type(amount) is Unknown or amount < 0:
                return amount if type(amount) is Unknown else Unknown({"prior_use.amount as an amount not below 0"})
            total += amount
    return total


_entries = attribute("prior_use", "records", "")


Words = tuple[str, str, str, str]


def _words(step: Step) -> Words:
    return step.id, step.clause, step.says, step.owner


def _said(step: Step, effect: Effect, values: dict[str, str], amount: Decimal | None = None) -> Reason:
    return Reason(
        rule=step.id, clause=step.clause, effect=effect, says=step.says, owner=step.owner, values=values, amount=amount
    )


def _held(words: Words, value: Value, programme: Programme, env: Env, missing: Unknown) -> Reason:
    rule, clause, says, owner = words
    return Reason(
        rule=rule, clause=clause, effect="held", says=says, values=shown(programme, env, value),
        missing=tuple(sorted(missing)), owner=owner,
    )  # fmt: skip
