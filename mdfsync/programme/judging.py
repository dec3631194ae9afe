"""One case against the rules of a programme, each answered with a reason where it does not hold.

A condition that cannot be told holds the case and says what to supply; what the programme leaves to somebody's
discretion is held until that person's decision is in the case. A defect is held while it can be cured and ineligible
afterwards. `proofs` looks for evidence, `amounts` goes from the cost to the money, `batch` puts cases in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from mdfsync.programme.compiled import Programme, Rule
from mdfsync.programme.decisions import ALLOWED, REFUSED
from mdfsync.programme.parts import Proof
from mdfsync.programme.proofs import Files, files_of, found, judge_proof
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.telling import defect, missing_of, reason, shown
from mdfsync.programme.unique import Seen, earlier
from mdfsync.programme.values import Value
from mdfsync.programme.verdict import Effect, Reason


def opened(programme: Programme, case: Any, seen: Seen, files: Files) -> Env:
    """A case ready to be judged: rules may ask for each other, and for what stands in other cases."""
    return Env(case, programme.rates, ask=partial(_met, programme, seen, files))


def judge_rules(programme: Programme, env: Env, seen: Seen) -> list[Reason]:
    """Reasons of the rules, in the order of the file."""
    out = []
    for rule in programme.rules:
        if rule.said.optional:
            continue
        applies = rule.when.run(env) if rule.when is not None else True
        if applies is False:
            continue
        found: Reason | None
        if rule.must is not None:
            holds = rule.must.run(env)
            found = None if holds is True else _broken(programme, rule, applies, holds, env)
        elif rule.said.discretion:
            found = _discretion(programme, rule, applies, env)
        else:
            found = _unique(programme, rule, applies, env, seen)
        if found is not None:
            out.append(found)
    return out


def required(programme: Programme, case: Mapping[str, Any]) -> list[Proof]:
    """The sets of evidence that the case needs, or may need as far as can be told."""
    env = opened(programme, case, {}, files_of((programme,), (case,)))
    return [
        p.said for p in programme.proofs if not p.said.optional and (p.when is None or p.when.run(env) is not False)
    ]


def deadline(programme: Programme, env: Env) -> date | None:
    """The last day on which the case can be claimed, None where the programme names none or it cannot be told."""
    return _until(programme, programme.claim_by, env)


def judge_evidence(programme: Programme, env: Env, files: Files) -> list[Reason]:
    """Reasons of the sets of evidence, in the order of the file."""
    out = []
    for proof in programme.proofs:
        found = None if proof.said.optional else judge_proof(proof, env, files, programme.calendar)
        if found is not None:
            out.append(found)
    return out


def _broken(programme: Programme, rule: Rule, applies: Any, holds: Any, env: Env) -> Reason:
    """Of a rule that applies, or may, and whose condition does not hold as far as can be told."""
    excepted = rule.unless.run(env) if rule.unless is not None else False
    values = shown(env, rule.shows)
    if excepted is True:
        return reason(rule.said, "excepted", values)
    missing = missing_of(applies, holds, excepted)
    if missing:
        return reason(rule.said, "held", values, missing=missing, curable_until=_until(programme, rule.until, env))
    supply = (rule.said.supply,) if rule.said.supply else ()
    last = rule.until.run(env) if rule.until is not None else None
    return defect(rule.said, rule.said.otherwise, values, supply, last, env, programme.calendar)


def _discretion(programme: Programme, rule: Rule, applies: Any, env: Env) -> Reason | None:
    """What a person decides and the worker never does. A refusal makes the case ineligible."""
    decided = programme.decide(env, rule.said.id)
    if decided.outcome == ALLOWED and applies is True:
        return None
    effect: Effect = "ineligible" if decided.outcome == REFUSED and applies is True else "held"
    wanted = rule.said.supply or f"a decision on {rule.said.id}: allowed or refused"
    missing = missing_of(applies) or decided.missing or ((wanted,) if effect == "held" else ())
    values = {"decided by": decided.by} if decided.by else {}
    return reason(rule.said, effect, values, missing=missing)


def _unique(programme: Programme, rule: Rule, applies: Any, env: Env, seen: Seen) -> Reason | None:
    """What may be claimed once only. What was refused before is held: somebody says whether it may come back."""
    told = earlier(rule, env, seen, programme)
    if told is False:
        return None
    excepted = rule.unless.run(env) if rule.unless is not None else False
    values = shown(env, rule.shows)
    if excepted is True:
        return reason(rule.said, "excepted", values)
    missing = missing_of(applies, told, excepted)
    if missing:
        return reason(rule.said, "held", values, missing=missing)
    values["as in"] = ", ".join(told.ids)
    if told.refused:
        wanted = rule.said.supply or f"whether what was refused as {values['as in']} may be claimed again"
        return reason(rule.said, "held", values, missing=(wanted,))
    supply = (rule.said.supply,) if rule.said.supply else ()
    return reason(rule.said, rule.said.otherwise, values, missing=supply)


def _met(programme: Programme, seen: Seen, files: Files, env: Env, id: str) -> Any:
    """Whether a rule holds (or does not apply), a set of evidence is there, a step took nothing away. Unknown where it
    cannot be told."""
    for rule in programme.rules:
        if rule.said.id == id:
            return _stands(programme, rule, env, seen)
    for proof in programme.proofs:
        if proof.said.id == id:
            applies = proof.when.run(env) if proof.when is not None else True
            if applies is False:
                return True
            there = found(proof, env, files)
            return there if there is True or applies is True else applies
    taken = env.known.get(f"taken({id})", 0)  # `rulebook` lets only later steps ask for a step
    return taken if type(taken) is Unknown else taken == 0


def _stands(programme: Programme, rule: Rule, env: Env, seen: Seen) -> Any:
    applies = rule.when.run(env) if rule.when is not None else True
    if applies is False:
        return True
    if rule.said.discretion:
        decided = programme.decide(env, rule.said.id)
        wanted = decided.missing or (f"a decision on {rule.said.id}: allowed or refused",)
        holds: Any = decided.outcome == ALLOWED if decided.outcome else Unknown(wanted)
    elif rule.must is not None:
        holds = rule.must.run(env)
    else:
        told = earlier(rule, env, seen, programme)
        holds = told if type(told) is Unknown else told is False
    if holds is True:
        return True
    excepted = rule.unless.run(env) if rule.unless is not None else False
    if excepted is True:
        return True
    missing = [answer for answer in (applies, holds, excepted) if type(answer) is Unknown]
    return Unknown.of(missing) if missing else False


def _until(programme: Programme, until: Value | None, env: Env) -> date | None:
    moment = until.run(env) if until is not None else None
    return None if moment is None or type(moment) is Unknown else programme.calendar.local(moment)
