"""What a case says about an attribute, read as the kind it is declared to be; or what it does not say.

A missing, null or unreadable attribute is `Unknown` and names itself. Amounts in another currency than the programme's
are counted in the programme's at the rate that stands beside them, and are unknown without one. Lowest part of judging.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Self

Kind = Literal["text", "number", "amount", "date", "instant", "flag", "texts", "numbers", "records", "span"]
CASE_KINDS = ("text", "number", "amount", "date", "instant", "flag", "texts", "records")


class Unknown(frozenset[str]):
    """What would have to be supplied: attributes that are not given, and `… as …` for those that cannot be read."""

    __slots__ = ()

    @property
    def absent(self) -> bool:
        """Whether nothing is wrong but that it is not said."""
        return not any(" as " in name for name in self)

    def __or__(self, other: Iterable[str]) -> Self:  # type: ignore[override]
        return type(self)(frozenset(self) | frozenset(other))

    @classmethod
    def of(cls, parts: Iterable[Iterable[str]]) -> Self:
        return cls(name for part in parts for name in part)


@dataclass(slots=True)
class Env:
    """One case while it is judged: its attributes, the item under a `where`, named values found so far, rates."""

    case: Mapping[str, Any]
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    item: Mapping[str, Any] | None = None
    named: dict[str, Any] = field(default_factory=dict)


Run = Callable[[Env], Any]
_Read = Callable[[Any], Any]


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError(raw)
    return raw.strip()


def _number(raw: Any) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise ValueError(raw)  # a JSON number with a fraction is read as Decimal; a float never gets here
    value = Decimal(raw)
    if not value.is_finite():
        raise ValueError(raw)
    return value


def _date(raw: Any) -> date:
    if not isinstance(raw, str) or len(raw) != 10:
        raise ValueError(raw)
    return date.fromisoformat(raw)


def _instant(raw: Any) -> datetime | date:
    """An instant with its offset, or only the day where no more is known."""
    if not isinstance(raw, str):
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
    return tuple(_text(item) for item in raw)


def _records(raw: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise ValueError(raw)
    return raw


_READERS: dict[Kind, _Read] = {
    "text": _text, "number": _number, "amount": _number, "date": _date, "instant": _instant, "flag": _flag,
    "texts": _texts, "records": _records,
}  # fmt: skip


def attribute(path: str, kind: Kind, currency: str) -> Run:
    """Reads one attribute of the case by its dotted path."""
    return _at(path, lambda env: env.case, path, kind, currency)


def item_attribute(items: str, name: str, kind: Kind, currency: str) -> Run:
    """Reads one attribute of the list item that is looked at."""
    return _at(name, lambda env: env.item, f"{items}.{name}", kind, currency)


def _at(place: str, start: Callable[[Env], Any], path: str, kind: Kind, currency: str) -> Run:
    *holders, last = place.split(".")
    read = _reader(kind, path, currency)
    missing = Unknown({path})

    def run(env: Env) -> Any:
        holder = start(env)
        for part in holders:
            holder = holder.get(part)
            if not isinstance(holder, dict):
                return missing
        return read(holder, last, env)

    return run


def _reader(kind: Kind, path: str, currency: str) -> Callable[[Mapping[str, Any], str, Env], Any]:
    if kind not in _READERS:
        raise ValueError(f"{path}: {kind} is not a kind of attribute")
    convert = _READERS[kind]
    missing = Unknown({path})
    unreadable = Unknown({f"{path} as {_WANTED[kind]}"})

    def read(holder: Mapping[str, Any], name: str, _env: Env) -> Any:
        raw = holder.get(name)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return missing
        try:
            return convert(raw)
        except (ValueError, InvalidOperation):
            return unreadable

    root = path.split(".")[0]

    def amount(holder: Mapping[str, Any], name: str, env: Env) -> Any:
        value = read(holder, name, env)
        if type(value) is Unknown:
            return value
        priced = holder if holder.get("currency") else _parent(env.case.get(root), holder)
        if priced.get("currency") in {None, "", currency}:
            return value
        rate = rate_of(priced, env)
        return value * rate if rate is not None else Unknown({f"{path.rpartition('.')[0]}.rate"})

    return amount if kind == "amount" else read


def _parent(record: Any, holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line without a currency of its own is in that of the record it belongs to."""
    return record if isinstance(record, dict) else holder


def rate_of(holder: Mapping[str, Any], env: Env) -> Decimal | None:
    """What one unit of the record's currency is worth in the programme's: the record's own rate, else the
    programme's."""
    try:
        rate = _number(holder["rate"]) if holder.get("rate") else env.rates.get(str(holder.get("currency")))
    except (ValueError, InvalidOperation):
        return None
    return rate if rate is not None and rate > 0 else None


_WANTED: dict[Kind, str] = {
    "text": "text", "number": "a number", "amount": "an amount", "date": "a day, YYYY-MM-DD",
    "instant": "an instant with its offset, or a day", "flag": "true or false", "texts": "a list of texts",
    "records": "a list of records",
}  # fmt: skip
