"""One case against one programme: its rules and its evidence, each answered with a reason where it does not hold.

A condition that cannot be told holds the case and says what to supply; what the programme leaves to somebody's
discretion is held until that person's decision is in the case. A defect is held while it can be cured and ineligible
afterwards. A pure function; `amounts` goes from the cost to the money, `batch` puts cases in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mdfsync.programme.calendars import Calendar
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.rulebook import Demand, Piece, Programme, Proof
from mdfsync.programme.values import Value
from mdfsync.programme.verdict import Effect, Reason

MAY, MAY_NOT = "allowed", "refused"
NOT_USABLE = frozenset({"rejected", "returned", "expected"})


def judge(programme: Programme, env: Env) -> Iterator[Reason]:
    """Reasons of the rules and of the evidence, in the order of the file."""
    for demand in programme.file.rule:
        yield from _demand(programme, demand, env)
    for proof in programme.file.evidence:
        yield from _proof(programme, proof, env)


def required(programme: Programme, case: Mapping[str, Any]) -> list[Proof]:
    """The sets of evidence that the case needs, or may need as far as can be told."""
    env = Env(case, programme.rates)
    return [p for p in programme.file.evidence if _applies(programme, f"evidence.{p.id}.when", env) is not False]


def deadline(programme: Programme, env: Env) -> date | None:
    """The last day on which the case can be claimed, None where the programme names none or it cannot be told."""
    return _until(programme, "programme.claim_by", env)


def _demand(programme: Programme, demand: Demand, env: Env) -> Iterator[Reason]:
    key = f"rule.{demand.id}"
    applies = _applies(programme, f"{key}.when", env)
    if applies is False:
        return
    if demand.discretion:
        yield from _discretion(programme, demand, applies, env)
        return
    must = programme.compiled[f"{key}.must"]
    holds = must.run(env)
    if holds is True:
        return
    excepted = _applies(programme, f"{key}.unless", env) if demand.unless else False
    values = shown(programme, env, must, programme.get(f"{key}.when"), programme.get(f"{key}.unless"))
    common: dict[str, Any] = {
        "rule": demand.id, "clause": demand.clause, "says": demand.says, "values": values, "owner": demand.owner,
    }  # fmt: skip
    if excepted is True:
        yield Reason(**common, effect="excepted")
        return
    missing = _missing(applies, holds, excepted)
    if missing:
        yield Reason(**common, effect="held", missing=missing, curable_until=_until(programme, f"{key}.until", env))
        return
    supply = (demand.supply,) if demand.supply else ()
    yield from _unmet(programme, f"{key}.until", demand.otherwise, common, supply, env)


def _unmet(
    programme: Programme, key: str, otherwise: Effect, common: dict[str, Any], missing: tuple[str, ...], env: Env
) -> Iterator[Reason]:
    """A defect: held while it can be cured, and what the programme says afterwards."""
    until = programme.get(key)
    if until is None:
        yield Reason(**common, effect=otherwise, missing=missing)
        return
    last = until.run(env)
    if type(last) is Unknown:
        yield Reason(**common, effect="held", missing=(*missing, *sorted(last)))
        return
    day = programme.calendar.local(last)
    curable = as_of(env, programme.calendar) <= day
    yield Reason(**common, effect="held" if curable else "ineligible", missing=missing, curable_until=day)


def _discretion(programme: Programme, demand: Demand, applies: Any, env: Env) -> Iterator[Reason]:
    """What a person decides and the worker never does. A refusal in the case makes it ineligible; a decision of a later
    day than the one judged on is none yet."""
    known = env.case.get("decisions")
    today = as_of(env, programme.calendar)
    decided = [
        d
        for d in (known if isinstance(known, list) else ())
        if isinstance(d, dict) and d.get("rule") == demand.id and str(d.get("at") or "")[:10] <= today.isoformat()
    ]
    outcomes = {str(d.get("outcome")) for d in decided}
    if outcomes == {MAY} and applies is True:
        return
    who = ", ".join(sorted(str(d.get("by") or "somebody") for d in decided))
    effect: Effect = "ineligible" if outcomes == {MAY_NOT} and applies is True else "held"
    wanted = demand.supply or f"a decision on {demand.id}: allowed or refused"
    if len(outcomes) > 1:
        wanted = f"one decision on {demand.id}; there are {' and '.join(sorted(outcomes))}"
    missing = _missing(applies) or ((wanted,) if effect == "held" else ())
    yield Reason(
        rule=demand.id, clause=demand.clause, effect=effect, says=demand.says, owner=demand.owner,
        values={"decided by": who} if who else {}, missing=missing,
    )  # fmt: skip


def _proof(programme: Programme, proof: Proof, env: Env) -> Iterator[Reason]:
    key = f"evidence.{proof.id}"
    applies = _applies(programme, f"{key}.when", env)
    if applies is False:
        return
    common: dict[str, Any] = {
        "rule": proof.id, "clause": proof.clause, "says": proof.says, "owner": proof.owner,
        "values": shown(programme, env, programme.get(f"{key}.when")),
    }  # fmt: skip
    pieces = (*proof.all_of, *proof.any_of)
    found = [_piece(programme, f"{key}.{n}.where", piece, env) for n, piece in enumerate(pieces)]
    if (any if proof.any_of else all)(f is True for f in found):
        return
    if type(applies) is Unknown:
        yield Reason(**common, effect="held", missing=tuple(sorted(applies)))
        return
    lacking = [_wanted(piece, got) for piece, got in zip(pieces, found, strict=True) if got is not True]
    words = (" or ".join(lacking),) if proof.any_of else tuple(lacking)
    if any(type(f) is Unknown for f in found):
        until = _until(programme, f"{key}.until", env)
        yield Reason(**common, effect="held", missing=words, curable_until=until)
        return
    yield from _unmet(programme, f"{key}.until", "held", common, words, env)


def _piece(programme: Programme, key: str, piece: Piece, env: Env) -> Any:
    """True when a usable file of this type is there and is as it must be; `Unknown` when one may be."""
    files = env.case.get("evidence")
    if not isinstance(files, list):
        return Unknown({"evidence"})
    where, missing = programme.get(key), Unknown()
    for file in files:
        usable = isinstance(file, dict) and file.get("type") == piece.type and file.get("state") not in NOT_USABLE
        if not usable:
            continue
        env.item = file
        verdict = where.run(env) if where is not None else True
        env.item = None
        if verdict is True:
            return True
        if type(verdict) is Unknown:
            missing = missing | verdict
    return missing or False


def _wanted(piece: Piece, got: Any) -> str:
    what = f"{piece.type} ({piece.says})" if piece.says else piece.type
    return f"{what}: {', '.join(sorted(got))}" if type(got) is Unknown else what


def _applies(programme: Programme, key: str, env: Env) -> Any:
    value = programme.get(key)
    return True if value is None else value.run(env)


def _missing(*answers: Any) -> tuple[str, ...]:
    return tuple(sorted(Unknown.of(a for a in answers if type(a) is Unknown)))


def _until(programme: Programme, key: str, env: Env) -> date | None:
    value = programme.get(key)
    moment = value.run(env) if value is not None else None
    return None if moment is None or type(moment) is Unknown else programme.calendar.local(moment)


def as_of(env: Env, calendar: Calendar) -> date:
    """The day on which the case is judged; every case has one."""
    raw = str(env.case["as_of"])
    return date.fromisoformat(raw) if len(raw) == 10 else calendar.local(datetime.fromisoformat(raw))


def shown(programme: Programme, env: Env, *values: Value | None) -> dict[str, str]:
    """What the attributes and named values behind these expressions are in this case."""
    names = sorted({name for value in values if value is not None for name in value.names})
    out = {}
    for name in names:
        said = env.named[name] if name in programme.file.values and name in env.named else _raw(env.case, name)
        if said is not None and type(said) is not Unknown:
            out[name] = word(said)
    return out


def _raw(case: Mapping[str, Any], path: str) -> Any:
    """What the case says under a path, None for what is not one value."""
    holder: Any = case
    for part in path.split("."):
        if not isinstance(holder, dict):
            return None
        holder = holder.get(part)
    several = isinstance(holder, dict) or (isinstance(holder, list) and any(isinstance(i, dict) for i in holder))
    return None if several else holder


def word(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
