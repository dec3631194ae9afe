"""Reasons put together: what decided, in the words of the case. Between `compiled` and the judging parts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mdfsync.programme.calendars import Calendar
from mdfsync.programme.decisions import today
from mdfsync.programme.parts import Named
from mdfsync.programme.reading import Env, Unknown
from mdfsync.programme.values import Paths
from mdfsync.programme.verdict import Effect, Reason


def reason(
    part: Named,
    effect: Effect,
    values: dict[str, str],
    *,
    missing: tuple[str, ...] = (),
    amount: Decimal | None = None,
    curable_until: date | None = None,
) -> Reason:
    """A reason in the words of a part of the programme."""
    return Reason(
        rule=part.id, clause=part.clause, effect=effect, says=part.says, owner=part.owner, values=values,
        missing=missing, amount=None if amount is None else Decimal(money(amount)), curable_until=curable_until,
    )  # fmt: skip


def defect(
    part: Named,
    effect: Effect,
    values: dict[str, str],
    missing: tuple[str, ...],
    until: date | datetime | Unknown | None,
    env: Env,
    calendar: Calendar,
    *,
    ends: bool = True,
) -> Reason:
    """A defect: held while it can be cured (`until`), and what the programme says afterwards. `ends` = False: it cannot
    be told whether there is one, however late it is."""
    if until is None:
        return reason(part, effect, values, missing=missing)
    if isinstance(until, Unknown):
        return reason(part, "held", values, missing=missing + missing_of(until))
    day = calendar.local(until)
    curable = not ends or today(env, calendar) <= day
    return reason(part, "held" if curable else "ineligible", values, missing=missing, curable_until=day)


def shown(env: Env, paths: Paths) -> dict[str, str]:
    """What the attributes and named values under these names are in this case."""
    out = {}
    for name, path in paths:
        said: Any = env.case
        for part in path:
            said = said.get(part) if isinstance(said, dict) else None
        if said is None or (type(said) is not str and not _single(said)):
            said = env.known.get(name)
        if said is not None and type(said) is not Unknown and (text := word(said)):
            out[name] = text
    return out


def _single(said: Any) -> bool:
    """Whether people read it as one value, such as a list of texts: no record and no list of records."""
    if isinstance(said, list):
        return not any(isinstance(item, dict) for item in said)
    return not isinstance(said, dict)


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
    text = str(value)  # much quicker than formatting it, and the same but for very large and very small numbers
    if text[-3:-2] == ".":
        return text  # two places, as most amounts have
    whole, _, part = (text if "E" not in text else f"{value:f}").partition(".")
    if len(part) > 6:
        whole, _, part = f"{round(value, 6):f}".partition(".")
    part = part if len(part) <= 2 else part.rstrip("0").ljust(2, "0")
    return f"{whole}.{part}" if part else whole


def money(value: Decimal) -> str:
    """An amount, with both places where it has any."""
    text = plain(value)
    return f"{text}0" if text[-2:-1] == "." else text


def missing_of(*answers: Any) -> tuple[str, ...]:
    """What would have to be supplied for those answers that cannot be told."""
    unknown = [answer for answer in answers if type(answer) is Unknown]
    return _in_order(*unknown) if unknown else ()


@lru_cache(maxsize=10_000)
def _in_order(*unknown: Unknown) -> tuple[str, ...]:
    """The same few attributes are missing in case after case: their list is made, and kept in memory, once."""
    return tuple(sorted(Unknown.of(unknown)))
