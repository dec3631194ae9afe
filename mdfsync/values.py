"""The canonical text of a cell: the one form in which values are compared, hashed, stored and explained.

Inside mdfsync every cell value is text in canonical form, `""` meaning blank, beside the `Kind` that the
field dictionary gives it. Equal values have equal text, so sameness, digests and history need no types.
Money and numbers are exact decimals without trailing zeros, instants are UTC with milliseconds, dates stay
dates, sets of choices and links are sorted JSON arrays. What cannot be read raises `ValueError`; nothing is
guessed (no day/month guessing, no float in between). Lowest layer of the flow: everything may import it.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal, get_args

import rfc8785

Kind = Literal[
    "text", "long_text", "email", "url", "phone", "integer", "number", "money", "percent", "date", "instant",
    "checkbox", "select", "multi_select", "link", "attachment",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
BLANK = ""
# Stamps stand in a plan for what only the applying run knows, so that a plan's digest holds no clock of ours.
# No canonical text can equal them: control characters are refused.
STAMP_NOW = "\x00now"
STAMP_RUN = "\x00run"
LISTS = frozenset({"multi_select", "link", "attachment"})
NUMBERS = frozenset({"integer", "number", "money", "percent"})
PLAIN = frozenset({"text", "long_text", "url", "phone", "select"})
"""Kinds of which a text is taken as it is."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH = re.compile(r"\d{12,14}")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def canonical(kind: Kind, raw: Any) -> str:
    """Canonical text of a raw JSON or spreadsheet value; `""` for blank. `ValueError` when it cannot be read."""
    if raw is None or raw == "" or raw == [] or raw is False:
        return BLANK
    if type(raw) is str and kind in PLAIN and raw.isascii() and raw.isprintable():  # most of what sources say
        return raw.strip()
    try:
        return _canonical(kind, raw)
    except OverflowError as error:
        raise ValueError(f"out of range: {str(raw)[:40]!r}") from error


def _canonical(kind: Kind, raw: Any) -> str:
    if kind in NUMBERS:
        return number_text(to_decimal(raw), integer=kind == "integer")
    if kind == "date":
        return _date_text(raw)
    if kind == "instant":
        return instant_text(to_instant(raw))
    if kind == "checkbox":
        return _checkbox_text(raw)
    if kind in LISTS:
        return list_text(raw if isinstance(raw, list | tuple | set | frozenset) else _items(raw))
    if kind == "email":
        return _text(raw).lower()
    return _text(raw)


def _items(raw: Any) -> Iterable[Any]:
    """A list's own canonical text is read back; any other text is one item."""
    if isinstance(raw, str) and raw.strip().startswith("["):
        try:
            found = json.loads(raw)
        except json.JSONDecodeError:
            return [raw]
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return found
    return [raw]


def _text(raw: Any) -> str:
    if isinstance(raw, float | int) and not isinstance(raw, bool):
        raw = number_text(to_decimal(raw), integer=False)
    text = unicodedata.normalize("NFC", str(raw)).replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROL.search(text):
        raise ValueError("control character in text")
    return text


def legible(text: str) -> str:
    """The text with U+FFFD for each character that no cell takes: for sentences that quote what a source said."""
    return _CONTROL.sub("\ufffd", text)


def in_sight(text: str) -> str:
    """The text with U+FFFD for each character that would act on a page or a terminal instead of being seen there:
    control characters, and those that turn the order of letters around."""
    return _UNSEEN.sub("\ufffd", text)


def to_decimal(raw: Any) -> Decimal:
    """Exact decimal of a JSON number or a plain machine-readable string (`1234.5`); no locale is assumed."""
    if isinstance(raw, bool):
        raise ValueError("a yes/no value is not a number")
    text = repr(raw) if isinstance(raw, float) else str(raw).strip()
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"not a plain number: {text[:40]!r}")
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {text[:40]!r}") from error
    if value.adjusted() > 20 or len(value.as_tuple().digits) > 28 or (value and value.adjusted() < -20):
        raise ValueError(f"number out of range: {text[:40]!r}")
    return value


def number_text(value: Decimal, *, integer: bool = False) -> str:
    """`1500`, `0.5`, `-3`: no exponent, no trailing zeros, no negative zero."""
    if integer and value != value.to_integral_value():
        raise ValueError(f"not a whole number: {value}")
    text = format(value.normalize(), "f")
    return "0" if text in {"-0", "0"} else text


def money_text(value: Decimal, exponent: int) -> str:
    """Amount rounded once, half-up, at the currency's exponent."""
    return number_text(value.quantize(Decimal(1).scaleb(-exponent), rounding=ROUND_HALF_UP))


def _date_text(raw: Any) -> str:
    if isinstance(raw, datetime):
        raise ValueError("an instant is not a date without a zone")
    if isinstance(raw, date):
        return raw.isoformat()
    text = str(raw).strip()
    if not _DATE.fullmatch(text):
        raise ValueError(f"not a date (YYYY-MM-DD): {text[:40]!r}")
    return date.fromisoformat(text).isoformat()


def to_instant(raw: Any) -> datetime:
    """Aware UTC datetime of an ISO text with offset or of epoch milliseconds; naive times are refused."""
    if isinstance(raw, bool):
        raise ValueError("a yes/no value is not a time")
    if isinstance(raw, datetime):
        moment = raw
    elif isinstance(raw, int) or (isinstance(raw, str) and _EPOCH.fullmatch(raw)):
        moment = datetime.fromtimestamp(int(raw) / 1000, tz=UTC)
    else:
        moment = datetime.fromisoformat(str(raw).strip())
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {str(raw)[:40]!r}")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def instant_text(moment: datetime) -> str:
    """`2026-11-20T05:00:00.000Z`."""
    if moment.tzinfo is UTC:
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_utc(at: datetime) -> str:
    """A time as stories and messages show it: day and minute in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _checkbox_text(raw: Any) -> str:
    text = str(raw).strip().lower()
    if text in {"true", "1", "yes"}:
        return "true"
    if text in {"false", "0", "no"}:
        return BLANK
    raise ValueError(f"not yes or no: {text[:40]!r}")


def list_text(items: Iterable[Any]) -> str:
    """Sorted JSON array of distinct texts; `""` when empty."""
    texts = sorted({t for t in (_text(i) for i in items if i is not None) if t})
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")) if texts else BLANK


def list_items(text: str) -> tuple[str, ...]:
    """Items of a canonical list text."""
    return tuple(json.loads(text)) if text else ()


def cell_items(text: str) -> tuple[str, ...]:
    """Items of a cell that may hold a list; a plain text is one item, a blank none."""
    if not text:
        return ()
    return list_items(text) if text.startswith("[") else (text,)


def attachment_of(item: str) -> tuple[str, str, int | None]:
    """(attachment id, file name, size in bytes if known) of one item of an attachment cell, `name (size) id`."""
    rest, _, id = item.rpartition(" ")
    found = re.fullmatch(r"(.*) \((\d+)\)", rest, flags=re.DOTALL)
    return (id, found[1], int(found[2])) if found else (id, rest, None)


def same(kind: Kind, left: str, right: str, *, exponent: int | None = None) -> bool:
    """Whether two canonical texts mean the same; money is compared at the currency's exponent."""
    if left == right:
        return True
    if kind == "money" and left and right and exponent is not None:
        return money_text(Decimal(left), exponent) == money_text(Decimal(right), exponent)
    return False


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of a value made of dicts, lists, texts, small ints, bools, None."""
    if type(value) is list and _only_texts(value):  # nothing to sort and no number to write: an id's parts, mostly
        return hashlib.sha256(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def _only_texts(items: list[Any]) -> bool:
    return all(type(item) is str or (type(item) is list and _only_texts(item)) for item in items)


def short_id(prefix: str, *parts: str) -> str:
    """A derived id: a pure function of its parts, 16 hex digits behind a prefix."""
    return f"{prefix}-{digest(list(parts))[:16]}"
