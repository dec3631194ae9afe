"""Airtable cells to canonical text and back, by the kind that the field dictionary gives a field.

Three forms meet here: the canonical text of `values.py`, the REST form (what listings return and writes
take) and the form of the change feed (selects and links as objects). Everything is written out per kind;
nothing is guessed, no typecast is ever counted on, and a number is written only if JSON gives back exactly
the same one. Policy for what cannot be read (an error of a formula, a special value, an object where a text
should be): `ValueError`, never blank, because a blank cell may be filled and this one is not blank. Used by
`airtable.py` and `airtable_feed.py` only; the flow itself sees canonical text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mdfsync.model import Attached
from mdfsync.values import (
    BLANK,
    LISTS,
    NUMBERS,
    Kind,
    canonical,
    instant_text,
    list_items,
    list_text,
    number_text,
    to_decimal,
    to_instant,
)

YEARS = range(1900, 2200)
"""Days that a person can mean. Beyond them a typing error would be counted with, up to the end of the calendar."""
TOO_MUCH = Decimal(10) ** 13
"""No amount, count or rate comes near it, and from here on products of two lose their last digits."""
_RECORD_ID = re.compile(r"rec[0-9A-Za-z]{14}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read(kind: Kind, raw: Any) -> str:
    """Canonical text of a REST cell, `""` for blank (Airtable leaves blank cells out, or gives null).

    Links become JSON arrays of record ids, attachments of `filename (size) attId`, collaborators their
    e-mail address (or user id). Control characters in a text become U+FFFD. `ValueError` when the cell
    cannot be read, or holds a day or a number that nobody can mean.
    """
    text = _read(kind, raw)
    if text and kind in {"date", "instant"} and int(text[:4]) not in YEARS:
        raise ValueError(f"year out of range: {text}")
    if text and kind in NUMBERS and abs(Decimal(text)) >= TOO_MUCH:
        raise ValueError(f"number out of range: {Decimal(text):.3g}")
    return text


def _read(kind: Kind, raw: Any) -> str:
    if raw is None or raw == [] or raw is False:
        return BLANK
    if kind in LISTS:
        return list_text(_item(kind, item) for item in _listed(raw))
    if kind in NUMBERS:
        return _number(kind, raw)
    if kind == "checkbox":
        return canonical(kind, _only(raw, bool))
    if kind in {"date", "instant"}:
        return canonical(kind, _only(raw, str))
    return canonical(kind, _CONTROL.sub("\ufffd", _text(raw)))


def files(raw: Any) -> list[Attached]:
    """The files of a REST attachment cell, with the addresses that `read` leaves out."""
    return [
        Attached(
            id=str(item["id"]), name=_CONTROL.sub("\ufffd", str(item.get("filename") or "unnamed")),
            size=item.get("size"), url=str(item.get("url") or ""),
        )
        for item in raw or []
    ]  # fmt: skip


def read_feed(kind: Kind, raw: Any) -> str:
    """Canonical text of a cell of the change feed: choices come as `{id, name, color}`, links as `[{id,
    name}]`; everything else is as in the REST form, whatever day or number somebody typed. `ValueError` as in
    `read`."""
    if kind == "select" and isinstance(raw, dict):
        raw = _member(raw, "name")
    elif kind == "multi_select" and isinstance(raw, list):
        raw = [_member(item, "name") for item in raw]
    elif kind == "link" and isinstance(raw, list):
        raw = [_member(item, "id") for item in raw]
    return _read(kind, raw)


def write(kind: Kind, text: str) -> Any:
    """REST value of a canonical text; `None` (which clears the cell) for `""`.

    `ValueError` for a text that is not canonical for its kind, for a number that JSON cannot carry exactly,
    for links that are no record ids, and for attachments, which are uploaded and never written.
    """
    if text == BLANK:
        return None
    if kind in NUMBERS:
        return _json_number(kind, text)
    if kind == "attachment":
        raise ValueError("attachments are not written as cell values")
    if kind in LISTS:
        items = list(list_items(text))
        if kind == "link" and not all(_RECORD_ID.fullmatch(item) for item in items):
            raise ValueError("a link holds something that is no record id")
        return items
    if canonical(kind, text) != text:
        raise ValueError(f"not the canonical form of a {kind}: {text[:40]!r}")
    if kind == "checkbox":
        return True
    return instant_text(to_instant(text)) if kind == "instant" else text


def _number(kind: Kind, raw: Any) -> str:
    """A JSON number, exactly. A fraction in a whole-number field is still what the cell holds: its plain decimal is
    returned, so that it is seen to differ and is not taken for blank."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError(f"not a number: {_shape(raw)}")
    try:
        return canonical(kind, raw)
    except ValueError:
        return number_text(Decimal(repr(raw)))


def _json_number(kind: Kind, text: str) -> int | float:
    value = to_decimal(text)
    if number_text(value, integer=kind == "integer") != text:
        raise ValueError(f"not the canonical form of a {kind}: {text[:40]!r}")
    if value == value.to_integral_value() and abs(value) < 2**53:
        return int(value)
    if to_decimal(float(value)) != value:
        raise ValueError(f"{text[:40]} has more digits than Airtable keeps")
    return float(value)


def _text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, dict) and str(raw.get("id", "")).startswith("usr"):
        return _collaborator(raw)
    raise ValueError(f"not a text: {_shape(raw)}")


def _collaborator(raw: Mapping[str, Any]) -> str:
    return str(raw.get("email") or raw["id"]).lower()


def _item(kind: Kind, raw: Any) -> str:
    if kind == "attachment":
        if not isinstance(raw, dict) or not raw.get("id"):
            raise ValueError(f"not an attachment: {_shape(raw)}")
        size = f" ({raw['size']})" if raw.get("size") is not None else ""
        return _CONTROL.sub("\ufffd", f"{raw.get('filename') or 'unnamed'}{size} {raw['id']}")
    return _text(raw)


def _listed(raw: Any) -> list[Any]:
    if not isinstance(raw, list):
        raise ValueError(f"not a list: {_shape(raw)}")
    return raw


def _only(raw: Any, wanted: type) -> Any:
    if not isinstance(raw, wanted):
        raise ValueError(f"not a {wanted.__name__}: {_shape(raw)}")
    return raw


def _member(raw: Any, name: str) -> Any:
    if isinstance(raw, dict) and name in raw:
        return raw[name]
    return raw


def _shape(raw: Any) -> str:
    """What the cell is, without its content (which may be personal data)."""
    if isinstance(raw, dict):
        special = raw.get("error") or raw.get("specialValue")
        return str(special)[:40] if special else f"object with {', '.join(sorted(map(str, raw))[:4])}"
    return f"a {type(raw).__name__}"
