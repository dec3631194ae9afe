"""Many cases against one programme, in the order in which they draw on shared ceilings: by invoice date, then id.

The order in which cases are handed in changes nothing. A case that is held keeps its place: what it may come to is set
aside, so that a later one is never promised money that an earlier one still may need. An ineligible case takes nothing.
The public face of `programme`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import iso4217

from mdfsync.programme.amounts import ZERO, Counted, Totals, count, draw
from mdfsync.programme.judging import judge, shown
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.rulebook import Programme
from mdfsync.programme.verdict import Effect, Judgement, Reason, Verdict


def judge_cases(programme: Programme, cases: Iterable[Mapping[str, Any]]) -> list[Verdict]:
    """A verdict for each case, in the order handed in. Every case has `id` and `as_of`."""
    cases = list(cases)
    places = _places(programme.head.currency)
    totals = Totals()
    verdicts: dict[int, Verdict] = {}
    for n in sorted(range(len(cases)), key=lambda i: _turn(cases[i])):
        verdicts[n] = _one(programme, cases[n], totals, places)
    return [verdicts[n] for n in range(len(cases))]


def _turn(case: Mapping[str, Any]) -> tuple[str, str]:
    expense = case.get("expense")
    try:
        invoiced = date.fromisoformat(expense["invoice_date"]).isoformat()  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        invoiced = "9999-12-31"  # who does not say when comes last
    return (invoiced, str(case["id"]))


def _one(programme: Programme, case: Mapping[str, Any], totals: Totals, places: int) -> Verdict:
    env = Env(case, programme.rates)
    reasons = [*_in_force(programme, env), *judge(programme, env)]
    counted = count(programme, env, totals, places)
    reasons += counted.reasons
    verdict = _worst(reasons)
    if verdict == "eligible" and not counted.amount:
        verdict = "held" if counted.waits else "ineligible"
        reasons.append(_nothing_left(counted, verdict))
    if verdict != "ineligible":
        draw(totals, counted, held=verdict == "held")
    cent = ZERO.quantize(ZERO.scaleb(-places)) if places else ZERO
    return Verdict(
        id=str(case["id"]), programme=programme.head.id, version=programme.head.version, verdict=verdict,
        claimable=counted.amount if verdict == "eligible" and counted.amount is not None else cent,
        potential=cent if verdict == "ineligible" else counted.amount,
        currency=programme.head.currency, reasons=tuple(reasons),
    )  # fmt: skip


def _worst(reasons: Sequence[Reason]) -> Judgement:
    effects = {reason.effect for reason in reasons}
    return "ineligible" if "ineligible" in effects else "held" if "held" in effects else "eligible"


def _in_force(programme: Programme, env: Env) -> Iterator[Reason]:
    """Another version of the programme may be the one that counts."""
    head, governed = programme.head, programme.compiled["programme.governed_by"]
    found = governed.run(env)
    common = {"rule": "version", "clause": "", "values": shown(programme, env, governed)}
    if type(found) is Unknown:
        says = "Which version of the programme counts cannot be told."
        yield Reason(**common, effect="held", says=says, missing=tuple(sorted(found)))  # type: ignore[arg-type]
        return
    day = programme.calendar.local(found)
    if day < head.valid_from or (head.valid_until is not None and day > head.valid_until):
        said = f"Version {head.version} is in force from {head.valid_from} to {head.valid_until or 'further notice'}."
        wanted = f"the version of {head.id} that was in force on {day}"
        yield Reason(**common, effect="held", says=said, missing=(wanted,))  # type: ignore[arg-type]


def _nothing_left(counted: Counted, effect: Effect) -> Reason:
    taken = [r for r in counted.reasons if r.effect == "reduced"]
    last = taken[-1] if taken else None
    says = "What is left is set aside for cases that are held." if counted.waits else "Nothing is left to be paid."
    return Reason(
        rule=last.rule if last else "amount", clause=last.clause if last else "", effect=effect, says=says,
        values=last.values if last else {},
    )  # fmt: skip


def _places(currency: str) -> int:
    try:
        return int(iso4217.Currency(currency).exponent or 0)
    except ValueError:
        return 2
