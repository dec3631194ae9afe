"""From the cost to the amount, step by step in the order of the programme's file, rounded once at the end.

Each step that takes something away says so and how much. Rounding never goes over a ceiling. What cannot be told holds
the case, and no potential is named. Pure but for the running totals that it is handed. `steps` has the single step,
`ceilings` what cases share.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal

from mdfsync.programme.ceilings import EVERYTHING, ZERO, Pot, Totals
from mdfsync.programme.compiled import Programme
from mdfsync.programme.decisions import ALLOWED
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.steps import NOT_YET, Counted, take
from mdfsync.programme.telling import money, reason, shown
from mdfsync.programme.values import paths_of
from mdfsync.programme.verdict import Reason

DUST = Decimal("1e-9")  # what dividing leaves behind: 100 / 3 * 3 is 100, also where it is rounded down
POSSIBLE = Decimal(10) ** 18  # more than any claim comes to: a slip
ROUNDING = {"half up": ROUND_HALF_UP, "half even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


def count(programme: Programme, env: Env, totals: Totals) -> Counted:
    """The amount of one case. `totals` is read here and drawn on by `draw`."""
    cost = programme.cost.run(env)
    out = Counted(None)
    if type(cost) is Unknown:
        clause, values = programme.file.amount.clause, shown(env, paths_of(programme.cost))
        out.reasons.append(
            Reason(rule="amount", clause=clause, effect="held", says="What it cost cannot be told.", values=values,
                   missing=tuple(sorted(cost)))
        )  # fmt: skip
        return out
    out.amount = env.known["cost"] = max(cost, ZERO)
    for stage in programme.stages:
        env.known["so_far"] = NOT_YET if out.amount is None else out.amount
        take(programme, stage, env, totals, out)
    _as_decided(programme, env, out)
    out.amount = _rounded(programme, out)
    return out


def _rounded(programme: Programme, out: Counted) -> Decimal | None:
    if out.amount is None:
        return None
    if abs(out.amount) >= POSSIBLE:
        missing = ("an amount that can be meant",)
        says = "The amount is larger than any claim."
        out.reasons.append(Reason(rule="amount", clause="", effect="held", says=says, missing=missing))
        return None
    written = programme.file.amount
    cent = programme.cent
    amount = max(out.amount, ZERO).quantize(DUST)
    if not written.round_to:
        rounded = amount.quantize(cent, ROUNDING[written.rounding])
        return rounded if rounded <= out.limit else amount.quantize(cent, ROUND_DOWN)
    unit = Decimal(written.round_to)
    whole = amount / unit
    rounded = whole.quantize(Decimal(1), ROUNDING[written.rounding]) * unit
    if rounded > out.limit:
        rounded = whole.quantize(Decimal(1), ROUND_DOWN) * unit
    return rounded.quantize(min(cent, unit))


def draw(totals: Totals, counted: Counted, *, held: bool) -> None:
    """What the case takes from every shared ceiling it came under: of a ceiling on the cost, the cost behind the
    amount. A held case whose amount cannot be told may still need all of it."""
    taken = totals.set_aside if held else totals.used
    for one in counted.draws:
        amount = _behind(counted, one.before) if one.units is None else one.units
        pot = taken.get(one.place)
        if pot is None:
            pot = taken[one.place] = Pot()
        pot.take(one.day, amount, one.names)


def _behind(counted: Counted, before: int) -> Decimal:
    if counted.amount is None:
        return EVERYTHING
    amount = counted.amount
    for kind, value in reversed(counted.steps[before:]):
        if kind == "share":
            amount = amount / value if value else ZERO
        elif kind == "add":
            amount = max(amount - value, ZERO)
        elif amount:
            amount += value
    return amount


def _as_decided(programme: Programme, env: Env, out: Counted) -> None:
    """Who allows what is left to discretion may allow a part of it."""
    for rule in programme.rules if env.case.get("decisions") else ():
        if not rule.said.discretion:
            continue
        decided = programme.decide(env, rule.said.id)
        if (
            decided.outcome != ALLOWED
            or decided.amount is None
            or (rule.when is not None and rule.when.run(env) is False)
        ):
            continue
        most = max(decided.amount, ZERO)
        out.limit = min(out.limit, most)
        if out.amount is not None and out.amount > most:
            values = {"decided by": decided.by, "allowed": money(most), "before": money(out.amount)}
            out.reasons.append(reason(rule.said, "reduced", values, amount=out.amount - most))
            out.amount = most
