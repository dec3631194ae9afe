"""Reasons put together: what decided, in the words of the case. Between `compiled` and the judging parts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mdfsync.programme.parts import Named
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.values import Value
from mdfsync.programme.verdict import Effect, Reason


def reason(
    part: Named, effect: Effect, values: dict[str, str], *, amount: Decimal | None = None, **more: Any
) -> Reason:
    """A reason in the words of a part of the programme."""
    return Reason(
        rule=part.id, clause=part.clause, effect=effect, says=part.says, owner=part.owner, values=values,
        amount=None if amount is None else Decimal(money(amount)), **more,
    )  # fmt: skip


def shown(env: Env, *values: Value | None) -> dict[str, str]:
    """What the attributes and named values behind these expressions are in this case."""
    out = {}
    for name, path in _paths(*[value.names for value in values if value is not None]):
        said = _raw(env.case, path)
        if said is None:
            said = env.known.get(name)
        if said is not None and type(said) is not Unknown and not isinstance(said, dict):
            text = word(said)
            if text:
                out[name] = text
    return out


@lru_cache(maxsize=10_000)
def _paths(*names: frozenset[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names in their order, each with the steps of its path; asked for with the same names in every case."""
    return tuple((name, tuple(name.split("."))) for name in sorted(frozenset().union(*names)))


def _raw(case: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """What the case says under a path, None for what is not one value."""
    holder: Any = case
    for part in path:
        if not isinstance(holder, dict):
            return None
        holder = holder.get(part)
    several = isinstance(holder, dict) or (isinstance(holder, list) and any(isinstance(i, dict) for i in holder))
    return None if several else holder


def word(value: Any) -> str | None:
    """A value as people read it, None for what is no single value."""
    if isinstance(value, str):
        return _printable(value[:200])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, list | tuple):
        return None if any(isinstance(item, dict) for item in value) else ", ".join(map(str, value))
    return _printable(str(value)[:200])


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def plain(value: Decimal) -> str:
    """A number without the noughts and the long tail that its reckoning left behind, and never with an exponent."""
    whole, _, part = f"{value:f}".partition(".")
    if len(part) > 6:
        whole, _, part = f"{round(value, 6):f}".partition(".")
    part = part if len(part) <= 2 else part.rstrip("0").ljust(2, "0")
    return f"{whole}.{part}" if part else whole


def money(value: Decimal) -> str:
    """An amount, with both places where it has any."""
    whole, point, part = plain(value).partition(".")
    return f"{whole}{point}{part.ljust(2, '0')}" if point else whole


def missing_of(*answers: Any) -> tuple[str, ...]:
    """What would have to be supplied for those answers that cannot be told."""
    return tuple(sorted(Unknown.of(a for a in answers if type(a) is Unknown)))
