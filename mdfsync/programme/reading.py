"""What a case says about an attribute, read as the kind it is declared to be; or what it does not say.

A missing, null or unreadable attribute is `Unknown` and names itself. Amounts in another currency than the programme's
are counted in the programme's at the rate that stands beside them, and are unknown without one. Numbers have at most 15
digits before the point and 12 behind it, years four that people live in: anything else is a slip and is asked for
again. Lowest part of judging.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, Self

Kind = Literal["text", "number", "amount", "date", "instant", "flag", "texts", "numbers", "records", "span"]
CASE_KINDS = ("text", "number", "amount", "date", "instant", "flag", "texts", "records")


class Unknown(frozenset[str]):
    """What would have to be supplied: attributes that are not given, and `… as …` for those that cannot be read."""

    __slots__ = ()

    @property
    def absent(self) -> bool:
        """Whether nothing is wrong but that it is not said."""
        return " as " not in "\n".join(self)

    def __or__(self, other: Iterable[str]) -> Self:  # type: ignore[override]
        return type(self)(frozenset.union(self, other))

    @classmethod
    def of(cls, parts: Iterable[Iterable[str]]) -> Self:
        return cls(name for part in parts for name in part)

    @classmethod
    def among(cls, answers: Collection[Any]) -> Self | None:
        """What those answers lack that cannot be told; None where all can."""
        if cls not in map(type, answers):
            return None
        return cls.of(answer for answer in answers if type(answer) is cls)


@dataclass(slots=True)
class Env:
    """One case while it is judged: its attributes, rates, the items under a `where` by their list, what was found so
    far (named values, answers of `met`, what steps took), and who answers `met`."""

    case: Mapping[str, Any]
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    items: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    ask: Callable[[Env, str], Any] | None = None


Run = Callable[[Env], Any]
_Read = Callable[[Any], Any]
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?").fullmatch
_DAY = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}").fullmatch


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not (text := raw.strip()):
        raise ValueError(raw)
    return text


def _number(raw: Any) -> Decimal:
    if isinstance(raw, str):
        if not _NUMBER(raw) and not _NUMBER(raw.strip()):
            raise ValueError(raw)
        return Decimal(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise ValueError(raw)  # a JSON number with a fraction is read as Decimal; a float never gets here
    value = Decimal(raw)
    if not value.is_finite() or value.adjusted() > 14 or int(value.as_tuple().exponent) < -12:
        raise ValueError(raw)
    return value


@lru_cache(maxsize=10_000)
def _date(raw: Any) -> date:
    if not isinstance(raw, str) or not _DAY(raw):
        raise ValueError(raw)
    return date.fromisoformat(raw)


def day_of(raw: Any) -> date | None:
    """The day that is written, None where none is."""
    try:
        return _date(raw)
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=10_000)
def _instant(raw: Any) -> datetime | date:
    """An instant with its offset, or only the day where no more is known."""
    if not isinstance(raw, str) or not _DAY(raw[:10]):
        raise ValueError(raw)
    if len(raw) == 10:
        return date.fromisoformat(raw)
    moment = datetime.fromisoformat(raw)
    if moment.tzinfo is None:
        raise ValueError(raw)
    return moment


def _flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(raw)
    return raw


def _texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError(raw)
    return tuple([_text(item) for item in raw])


def _records(raw: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(raw, list):
        raise ValueError(raw)
    for item in raw:
        if not isinstance(item, dict):
            raise ValueError(raw)
    return raw


_READERS: dict[Kind, _Read] = {
    "text": _text, "number": _number, "amount": _number, "date": _date, "instant": _instant, "flag": _flag,
    "texts": _texts, "records": _records,
}  # fmt: skip
_WANTED: dict[Kind, str] = {
    "text": "text", "number": "a number", "amount": "an amount", "date": "a day, YYYY-MM-DD",
    "instant": "an instant with its offset, or a day", "flag": "true or false", "texts": "a list of texts",
    "records": "a list of records",
}  # fmt: skip


def attribute(path: str, kind: Kind, currency: str) -> Run:
    """Reads one attribute of the case by its dotted path."""
    return _reader("", path, kind, currency)


def item_attribute(items: str, name: str, kind: Kind, currency: str) -> Run:
    """Reads one attribute of the item of this list that is looked at."""
    return _reader(items, name, kind, currency)


def _reader(items: str, name: str, kind: Kind, currency: str) -> Run:
    """Judging spends more of its time here than anywhere: one function without a step more than it takes. To remember
    what was read takes longer than to read it again, as few attributes are asked for twice in a case."""
    path = f"{items}.{name}" if items else name
    if kind not in _READERS:
        raise ValueError(f"{path}: {kind} is not a kind of attribute")
    *holders, last = name.split(".")
    convert, is_amount = _READERS[kind], kind == "amount"
    missing, unreadable = Unknown({path}), Unknown({f"{path} as {_WANTED[kind]}"})
    root, group = path.split(".")[0], path.rpartition(".")[0]

    def run(env: Env) -> Any:
        holder: Any = env.items[items] if items else env.case
        for part in holders:
            holder = holder.get(part)
            if not isinstance(holder, dict):
                return missing
        raw = holder.get(last)
        if raw is None:
            return missing
        try:
            value = convert(raw)
        except (ValueError, TypeError):
            return missing if isinstance(raw, str) and not raw.strip() else unreadable
        return in_currency(value, holder, env) if is_amount else value

    def in_currency(value: Decimal, holder: Mapping[str, Any], env: Env) -> Any:
        record = holder if holder.get("currency") else env.case.get(root)
        # a line without a currency of its own is in that of the record it belongs to
        priced: Mapping[str, Any] = record if isinstance(record, dict) else holder
        code = priced.get("currency")
        if not code or code == currency:
            return value
        if not isinstance(code, str):
            return Unknown({f"{group}.currency as text"})
        rate = Decimal(1) if code.strip().upper() == currency else _rate_of(priced, code.strip().upper(), env)
        return value * rate if rate is not None else Unknown({f"{group}.rate"})

    return run


def _rate_of(holder: Mapping[str, Any], code: str, env: Env) -> Decimal | None:
    """What one unit of the record's currency is worth in the programme's: the record's own rate, else the
    programme's."""
    try:
        rate = _number(holder["rate"]) if holder.get("rate") else env.rates.get(code)
    except ValueError:
        return None
    return rate if rate is not None and rate > 0 else None
