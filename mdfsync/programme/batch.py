"""Many cases against one programme, in the order in which they draw on shared ceilings: by invoice date, then id.

The order in which cases are handed in changes nothing. A case that is held keeps its place: what it may come to is set
aside, so that a later one is never promised money that an earlier one still may need. An ineligible case takes nothing.
Where cases reach a minimum together, all are judged again once it is known which do not. The public face of
`programme`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.programme.amounts import count, draw
from mdfsync.programme.ceilings import ZERO, Place, Totals
from mdfsync.programme.compiled import Programme
from mdfsync.programme.judging import deadline, judge_evidence, judge_rules, opened
from mdfsync.programme.proofs import Files, files_of
from mdfsync.programme.reading import Env, Unknown, day_of
from mdfsync.programme.repaying import repay
from mdfsync.programme.steps import Counted, Least
from mdfsync.programme.telling import money, reason, shown
from mdfsync.programme.unique import Seen, remember
from mdfsync.programme.values import paths_of
from mdfsync.programme.verdict import AGAINST, Effect, Judgement, Reason, Verdict

PASSES = 50  # after so many times through all cases


@dataclass(slots=True)
class _Sitting:
    """One time through all cases: what was taken and seen so far, and what each brings to a minimum that several reach
    together. `short` = those that are not reached, with what the cases came to."""

    files: Files
    short: Mapping[Place, tuple[Effect, Decimal]]
    totals: Totals = field(default_factory=Totals)
    seen: Seen = field(default_factory=dict)
    least: dict[Place, list[tuple[Judgement, Least]]] = field(default_factory=dict)


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
    collecting = gc.isenabled()
    gc.disable()  # judging makes no circles: looking for them among all that was judged so far only costs time
    try:
        return _judged(versions, list(cases), against, excepted)
    finally:
        if collecting:
            gc.enable()


def _judged(
    versions: Sequence[Programme],
    cases: Sequence[Mapping[str, Any]],
    against: Mapping[str, Sequence[Reason]],
    excepted: Callable[[str, Reason], bool],
) -> list[Verdict]:
    files = files_of(versions, cases)
    order = sorted(range(len(cases)), key=lambda n: _turn(cases[n]))
    short: dict[Place, tuple[Effect, Decimal]] = {}
    passes = 0
    while True:
        passes += 1
        sitting, verdicts = _Sitting(files, short), dict[int, Verdict]()
        for n in order:
            programme = _in_force_for(versions, cases[n])
            verdicts[n] = _one(programme, cases[n], sitting, against.get(str(cases[n]["id"]), ()), excepted)
        more = list(_not_reached(sitting))
        if not more:
            return [verdicts[n] for n in range(len(cases))]
        # what the first of those that others have limited gives back may be enough for the next; in a crowd of them
        # that are all too small nobody waits for the last
        certain = {place: found for place, found, limited in more if not limited or passes > PASSES}
        short |= certain or {more[0][0]: more[0][1]}


def _not_reached(sitting: _Sitting) -> Iterator[tuple[Place, tuple[Effect, Decimal], bool]]:
    """(minimum that the eligible cases do not reach, what follows and what they come to, whether others have limited
    it); held where those that are held might reach it."""
    for place, brought in sitting.least.items():
        least = max([one.least for _, one in brought])
        firm = sum([one.amount for verdict, one in brought if verdict == "eligible"], ZERO)
        if firm < least and place not in sitting.short and any(verdict == "eligible" for verdict, _ in brought):
            may_be = sum([one.amount for verdict, one in brought if verdict != "ineligible"], ZERO)
            effect: Effect = "held" if may_be >= least else brought[0][1].stage.said.otherwise
            yield place, (effect, firm), any(one.limited for _, one in brought)


def _in_force_for(versions: Sequence[Programme], case: Mapping[str, Any]) -> Programme:
    """The version whose days hold the day that governs the case; the last one where there is none."""
    *earlier, last = versions
    for programme in earlier:
        if not _in_force(programme, Env(case, programme.rates)):
            return programme
    return last


def _turn(case: Mapping[str, Any]) -> tuple[date, str]:
    expense = case.get("expense")
    invoiced = day_of(expense.get("invoice_date")) if isinstance(expense, dict) else None
    return invoiced or date.max, str(case["id"])  # who does not say when comes last


def _one(
    programme: Programme,
    case: Mapping[str, Any],
    sitting: _Sitting,
    against: Sequence[Reason],
    excepted: Callable[[str, Reason], bool],
) -> Verdict:
    env, id, head = opened(programme, case, sitting.seen, sitting.files), str(case["id"]), programme.head
    counted = count(programme, env, sitting.totals)
    own = _in_force(programme, env)
    own += judge_rules(programme, env, sitting.seen)
    own += judge_evidence(programme, env, sitting.files)
    own += counted.reasons
    if counted.amount is not None:
        own = [replace(r, effect="excepted") if r.effect in AGAINST and excepted(id, r) else r for r in own]
    reasons = [*against, *own]
    if counted.least and _worst(reasons) != "ineligible":
        reasons += [_below(one, env, *sitting.short[one.place]) for one in counted.least if one.place in sitting.short]
    verdict = _worst(reasons)
    if verdict == "eligible" and not counted.amount:
        verdict = "held" if counted.waits else "ineligible"
        reasons.append(_nothing_left(counted, verdict))
    if verdict != "ineligible":
        draw(sitting.totals, counted, held=verdict == "held")
    for one in counted.least:
        sitting.least.setdefault(one.place, []).append((verdict, one))
    remember(programme, env, sitting.seen, refused=verdict == "ineligible")
    none = ZERO.quantize(programme.cent)
    potential = none if verdict == "ineligible" else counted.amount
    reasons += repay(programme, env, potential)
    return Verdict(
        id=id, programme=head.id, version=head.version, verdict=verdict,
        claimable=counted.amount if verdict == "eligible" and counted.amount is not None else none,
        potential=potential, currency=head.currency, reasons=tuple(reasons),
        base=counted.base if counted.amount is not None else None,
        share=counted.share if counted.amount is not None else None,
        claim_by=deadline(programme, env),
    )  # fmt: skip


def _worst(reasons: Sequence[Reason]) -> Judgement:
    effects = {reason.effect for reason in reasons}
    return "ineligible" if "ineligible" in effects else "held" if "held" in effects else "eligible"


def _in_force(programme: Programme, env: Env) -> list[Reason]:
    """Another version of the programme may be the one that counts, or one for the other direction."""
    head, governed, out = programme.head, programme.governed_by, list[Reason]()
    asked = env.case.get("direction")
    if asked and head.direction not in {"both", asked}:
        says = f"{head.title} is for cases in which {head.direction.replace('_', ' ')}."
        missing: tuple[str, ...] = (f"the programme under which {str(asked).replace('_', ' ')}",)
        values = {"direction": str(asked)}
        out.append(Reason(rule="direction", clause="", effect="held", says=says, values=values, missing=missing))
    found = governed.run(env)
    if type(found) is Unknown:
        says, missing = "Which version of the programme counts cannot be told.", tuple(sorted(found))
    else:
        day = programme.calendar.local(found)
        if head.valid_from <= day <= (head.valid_until or date.max):
            return out
        says = f"Version {head.version} is in force from {head.valid_from} to {head.valid_until or 'further notice'}."
        missing = (f"the version of {head.id} that was in force on {day}",)
    values = shown(env, paths_of(governed))
    out.append(Reason(rule="version", clause="", effect="held", says=says, values=values, missing=missing))
    return out


def _below(one: Least, env: Env, effect: Effect, together: Decimal) -> Reason:
    values = shown(env, paths_of(one.stage.value, one.stage.when, *one.stage.per))
    values |= {"minimum": money(one.least), "amount": money(one.amount), "together": money(together)}
    wait = ("more that is eligible, to reach the minimum together",) if effect == "held" else ()
    return reason(one.stage.said, effect, values, missing=wait)


def _nothing_left(counted: Counted, effect: Effect) -> Reason:
    taken = [r for r in counted.reasons if r.effect == "reduced"]
    last = taken[-1] if taken else None
    says = "What is left is set aside for cases that are held." if counted.waits else "Nothing is left to be paid."
    return Reason(
        rule=last.rule if last else "amount", clause=last.clause if last else "", effect=effect, says=says,
        values=last.values if last else {},
    )  # fmt: skip
