"""Many cases against one programme, in the order in which they draw on shared ceilings: by invoice date, then id.

The order in which cases are handed in changes nothing. A case that is held keeps its place: what it may come to is set
aside, so that a later one is never promised money that an earlier one still may need. An ineligible case takes nothing.
The public face of `programme`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from mdfsync.currencies import currency_exponent
from mdfsync.programme.amounts import ZERO, Counted, Totals, count, draw
from mdfsync.programme.judging import deadline, judge, shown
from mdfsync.programme.reading import Env, Unknown, attribute
from mdfsync.programme.rulebook import Programme
from mdfsync.programme.verdict import AGAINST, Effect, Judgement, Reason, Verdict


def judge_cases(programme: Programme, cases: Iterable[Mapping[str, Any]]) -> list[Verdict]:
    """A verdict for each case, in the order handed in. Every case has `id` and `as_of`."""
    return judge_versions((programme,), cases, {}, lambda _id, _reason: False)


def judge_versions(
    versions: Sequence[Programme],
    cases: Iterable[Mapping[str, Any]],
    against: Mapping[str, Sequence[Reason]],
    excepted: Callable[[str, Reason], bool],
) -> list[Verdict]:
    """The same with each case judged by that one of a programme's versions (oldest first) which is in force for it;
    their shared ceilings are the same ceilings. `against` = what was found against a case elsewhere, by its id;
    `excepted` = whether people let a reason of the programme pass for a case."""
    cases = list(cases)
    totals = Totals()
    verdicts: dict[int, Verdict] = {}
    for n in sorted(range(len(cases)), key=lambda i: _turn(cases[i])):
        programme = _in_force_for(versions, cases[n])
        verdicts[n] = _one(programme, cases[n], totals, against.get(str(cases[n]["id"]), ()), excepted)
    return [verdicts[n] for n in range(len(cases))]


def _in_force_for(versions: Sequence[Programme], case: Mapping[str, Any]) -> Programme:
    """The version whose days hold the day that governs the case; the last one where there is none."""
    *earlier, last = versions
    for programme in earlier:
        if not any(_in_force(programme, Env(case, programme.rates))):
            return programme
    return last


def _turn(case: Mapping[str, Any]) -> tuple[date, str]:
    invoiced = _invoiced(Env(case))
    # who does not say when comes last
    return (date.max if type(invoiced) is Unknown else invoiced, str(case["id"]))


_invoiced = attribute("expense.invoice_date", "date", "")


def _one(
    programme: Programme,
    case: Mapping[str, Any],
    totals: Totals,
    against: Sequence[Reason],
    excepted: Callable[[str, Reason], bool],
) -> Verdict:
    places = currency_exponent(programme.head.currency)
    env, id = Env(case, programme.rates), str(case["id"])
    counted = count(programme, env, totals, places)
    own = [*_in_force(programme, env), *judge(programme, env), *counted.reasons]
    if counted.amount is not None:
        own = [replace(r, effect="excepted") if r.effect in AGAINST and excepted(id, r) else r for r in own]
    reasons = [*against, *own]
    verdict = _worst(reasons)
    if verdict == "eligible" and not counted.amount:
        verdict = "held" if counted.waits else "ineligible"
        reasons.append(_nothing_left(counted, verdict))
    if verdict != "ineligible":
        draw(totals, counted, held=verdict == "held")
    cent = ZERO.quantize(ZERO.scaleb(-places)) if places else ZERO
    return Verdict(
        id=id, programme=programme.head.id, version=programme.head.version, verdict=verdict,
        claimable=counted.amount if verdict == "eligible" and counted.amount is not None else cent,
        potential=cent if verdict == "ineligible" else counted.amount,
        currency=programme.head.currency, reasons=tuple(reasons),
        base=counted.base if counted.amount is not None else None,
        share=counted.share if counted.amount is not None else None,
        claim_by=deadline(programme, env),
    )  # fmt: skip


def _worst(reasons: Sequence[Reason]) -> Judgement:
    effects = {reason.effect for reason in reasons}
    return "ineligible" if "ineligible" in effects else "held" if "held" in effects else "eligible"


def _in_force(programme: Programme, env: Env) -> Iterator[Reason]:
    """Another version of the programme may be the one that counts."""
    head, governed = programme.head, programme.compiled["programme.governed_by"]
    found = governed.run(env)
    if type(found) is Unknown:
        says, missing = "Which version of the programme counts cannot be told.", tuple(sorted(found))
    else:
        day = programme.calendar.local(found)
        if head.valid_from <= day <= (head.valid_until or date.max):
            return
        says = f"Version {head.version} is in force from {head.valid_from} to {head.valid_until or 'further notice'}."
        missing = (f"the version of {head.id} that was in force on {day}",)
    values = shown(programme, env, governed)
    yield Reason(rule="version", clause="", effect="held", says=says, values=values, missing=missing)


def _nothing_left(counted: Counted, effect: Effect) -> Reason:
    taken = [r for r in counted.reasons if r.effect == "reduced"]
    last = taken[-1] if taken else None
    says = "What is left is set aside for cases that are held." if counted.waits else "Nothing is left to be paid."
    return Reason(
        rule=last.rule if last else "amount", clause=last.clause if last else "", effect=effect, says=says,
        values=last.values if last else {},
    )  # fmt: skip
