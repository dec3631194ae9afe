"""What may be claimed once only, such as an invoice: the same key in an earlier case or in `prior_use`.

Texts are compared by letters and digits, numbers in them without leading noughts. Several lines of one invoice are no
duplicates as long as together they stay within `up_to`. An entry of `prior_use` counts where it says everything that is
compared itself. Between `telling` and `judging` in `programme`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mdfsync.programme.compiled import Programme, Rule
from mdfsync.programme.functions import bare
from mdfsync.programme.reading import Env, Unknown, attribute

REFUSED = ("rejected", "refused", "ineligible")
_NOUGHTS = re.compile(r"(?<!\d)0+(?=\d)")
_prior = attribute("prior_use", "records", "")


@dataclass(slots=True)
class Earlier:
    """Who claimed the same before, whether all of it was refused, and what it cost together."""

    ids: list[str] = field(default_factory=list)
    refused: bool = True
    cost: Decimal = Decimal(0)

    def take(self, id: str, cost: Decimal, refused: bool) -> None:
        self.ids.append(id)
        if not refused:
            self.refused = False
            self.cost += cost


Seen = dict[tuple[str, tuple[Any, ...]], Earlier]


def key_of(rule: Rule, env: Env) -> Any:
    """What is compared; `Unknown` where the case does not say it. Found once for a case."""
    name = f"unique({rule.said.id})"
    if name not in env.known:
        env.known[name] = _key_of(rule, env)
    return env.known[name]


def _key_of(rule: Rule, env: Env) -> Any:
    parts = [part.run(env) for part in rule.unique]
    return Unknown.among(parts) or tuple(bare(_NOUGHTS.sub("", p)) if isinstance(p, str) else p for p in parts)


def earlier(rule: Rule, env: Env, seen: Seen, programme: Programme) -> Any:
    """What was claimed before under the same key and is in the way; False where nothing is."""
    key = key_of(rule, env)
    if type(key) is Unknown:
        return key
    known, before = seen.get((rule.said.id, key)), Earlier()
    if known is not None:
        before = Earlier(list(known.ids), known.refused, known.cost)
    if _prior_use(rule, env, programme, key, before):
        return Unknown({"prior_use as a list of records"})
    if not before.ids:
        return False
    if before.refused or rule.up_to is None:
        return before
    most, cost = rule.up_to.run(env), programme.cost.run(env)
    return Unknown.among((most, cost)) or (before if before.cost + cost > most else False)


def _prior_use(rule: Rule, env: Env, programme: Programme, key: tuple[Any, ...], before: Earlier) -> bool:
    """Adds what was claimed before the cases at hand; True where that cannot be read."""
    if env.case.get("prior_use") is None:
        return False
    entries = _prior(env)
    if type(entries) is Unknown:
        return True
    names = {name for part in rule.unique for name in part.names if name in programme.attributes}
    for entry in entries:
        other = Env({**env.case, **entry}, env.rates, items={"prior_use": entry})
        if all(_says(entry, name) for name in names) and key_of(rule, other) == key:
            amount = programme.prior_amount(other)
            cost = Decimal(0) if type(amount) is Unknown else amount
            before.take(str(entry.get("id") or "an earlier claim"), cost, entry.get("state") in REFUSED)
    return False


def _says(entry: Mapping[str, Any], path: str) -> bool:
    holder: Any = entry
    for part in path.split("."):
        holder = holder.get(part) if isinstance(holder, dict) else None
    return holder not in (None, "")


def remember(programme: Programme, env: Env, seen: Seen, *, refused: bool) -> None:
    """Notes the case under every key that it is not to share with a later one."""
    for rule, key in _keys(programme, env):
        cost = programme.cost.run(env)
        place = seen.setdefault((rule.said.id, key), Earlier())
        place.take(str(env.case["id"]), Decimal(0) if type(cost) is Unknown else cost, refused)


def _keys(programme: Programme, env: Env) -> Iterator[tuple[Rule, tuple[Any, ...]]]:
    for rule in programme.rules:
        if rule.unique and (rule.when is None or rule.when.run(env) is True):
            key = key_of(rule, env)
            if type(key) is not Unknown:
                yield rule, key
