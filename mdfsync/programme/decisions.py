"""What people decided on a rule, as of the day on which a case is judged.

A decision counts once it was taken (`at`, by the day in the programme's zone), until it expires, unless a later one
`replaces` it, and where the rule says whose decisions count. Decisions that contradict each other are none, nor is an
approval whose conditions are not met. It never decides itself. Between `reading` and `asking` in `programme`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from mdfsync.programme.calendars import Calendar
from mdfsync.programme.reading import Env, Kind, Unknown, item_attribute
from mdfsync.programme.values import Value

ALLOWED, REFUSED = "allowed", "refused"
_KINDS: dict[str, Kind] = {
    "at": "instant", "expires": "date", "amount": "amount", "until": "date", "conditions": "texts",
    "conditions_met": "flag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """`outcome` = allowed, refused, or empty where nothing counts; `missing` says what stands in the way. `amount` = at
    most so much, `until` = by then, where the decision says so; `by` = who, in words."""

    outcome: str = ""
    missing: tuple[str, ...] = ()
    by: str = ""
    amount: Decimal | None = None
    until: date | None = None


NOTHING = Decided()
Decide = Callable[[Env, str], Decided]


def today(env: Env, calendar: Calendar) -> date:
    """The day on which the case is judged; every case has one."""
    raw = str(env.case["as_of"])
    return date.fromisoformat(raw) if len(raw) == 10 else calendar.local(datetime.fromisoformat(raw))


def decider(calendar: Calendar, currency: str, counting: Mapping[str, Value]) -> Decide:
    """A function that says what was decided on a rule. `counting` = which decisions count, of rules that say so."""
    read = {name: item_attribute("decisions", name, kind, currency) for name, kind in _KINDS.items()}

    def decide(env: Env, rule: str) -> Decided:
        if not env.case.get("decisions"):
            return NOTHING
        key = f"decided({rule})"
        if key not in env.known:
            env.known[key] = _decided(env, rule)
        found: Decided = env.known[key]
        return found

    def _decided(env: Env, rule: str) -> Decided:
        records = env.case["decisions"]
        if not isinstance(records, list) or not all(isinstance(item, dict) for item in records):
            return Decided(missing=("decisions as a list of records",))
        told = [_Told(item, env, read) for item in records if str(item.get("rule")).strip() == rule]
        counted, missing = _in_force(told, env, calendar, counting.get(rule))
        if missing:
            return Decided(missing=missing)
        return _agreed(counted, rule, any(t.expired for t in told))

    return decide


class _Told:
    """One decision of the case and what its attributes say."""

    def __init__(self, item: Mapping[str, Any], env: Env, read: Mapping[str, Callable[[Env], Any]]) -> None:
        env.items["decisions"] = item
        self.item = item
        self.said = {name: run(env) for name, run in read.items()}
        self.outcome = str(item.get("outcome") or "").strip()
        self.by = str(item.get("by") or "somebody")
        self.expired = False
        env.items.pop("decisions", None)

    def get(self, name: str) -> Any:
        """What it says, None where it does not."""
        value = self.said[name]
        return None if type(value) is Unknown else value

    @property
    def unreadable(self) -> Iterator[str]:
        for value in self.said.values():
            if type(value) is Unknown and not value.absent:
                yield from value


def _in_force(
    told: list[_Told], env: Env, calendar: Calendar, counts: Value | None
) -> tuple[list[_Told], tuple[str, ...]]:
    """(those that count on the day, what has to be known first)."""
    day = today(env, calendar)
    taken: list[_Told] = []
    missing: set[str] = set()
    for one in told:
        missing |= set(one.unreadable)
        at, expires = one.get("at"), one.get("expires")
        one.expired = expires is not None and expires < day
        if one.expired or (at is not None and calendar.local(at) > day):
            continue
        env.items["decisions"] = one.item
        passes = counts.run(env) if counts is not None else True
        env.items.pop("decisions", None)
        if type(passes) is Unknown:
            missing |= passes
        elif passes:
            taken.append(one)
    replaced = [one.item["replaces"] for one in taken if one.item.get("replaces")]
    return [one for one in taken if one.item.get("id") not in replaced], tuple(sorted(missing))


def _agreed(counted: list[_Told], rule: str, expired: bool) -> Decided:
    outcomes = {one.outcome for one in counted}
    by = ", ".join(sorted({one.by for one in counted}))
    if not outcomes:
        return Decided(missing=(f"a new decision on {rule}: the last one has expired",) if expired else ())
    if len(outcomes) > 1:
        return Decided(by=by, missing=(f"one decision on {rule}; there are {' and '.join(sorted(outcomes))}",))
    [outcome] = outcomes
    if outcome not in {ALLOWED, REFUSED}:
        return Decided(by=by, missing=(f"a decision on {rule}: allowed or refused",))
    open_terms = [
        term for one in counted for term in one.get("conditions") or () if one.get("conditions_met") is not True
    ]
    if outcome == ALLOWED and open_terms:
        return Decided(
            by=by, missing=(f"that the conditions of the decision on {rule} are met: {'; '.join(open_terms)}",)
        )
    amounts = [one.get("amount") for one in counted if one.get("amount") is not None]
    days = [one.get("until") for one in counted if one.get("until") is not None]
    unrated = {n for one in counted if type(one.said["amount"]) is Unknown for n in one.said["amount"] if ".rate" in n}
    if unrated:
        return Decided(by=by, missing=tuple(sorted(unrated)))
    return Decided(outcome, (), by, min(amounts, default=None), min(days, default=None))
