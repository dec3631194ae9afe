"""One cell of a delivered file as a mapping reads it: text in the file's own way of writing, canonical text
out.

Numbers are read with the decimal and thousands marks that the mapping states, dates only in its formats; what
does not fit is a `ValueError` with the reason, never a guess. A cell that a spreadsheet typed itself needs no
format. A text that looks like a formula is a text. Pure; used by `files` and `crossbeam_files`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from mdfsync.edge.tabular import CellKind, Unreadable
from mdfsync.policy.mappings import MappingSpec, header_key
from mdfsync.values import LISTS, NUMBERS, Kind, canonical, instant_text, number_text, to_decimal

RUINED = re.compile(r"\d+([.,]\d+)?[Ee]\+\d+")
"""What a spreadsheet makes of a long number: `1.23E+11`."""
YEARS = range(1970, 2200)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " "})
_MINUS = str.maketrans({"\u2212": "-"})


def columns_of(
    header: Sequence[str],
    wanted: Mapping[str, tuple[str, ...]],
    prefix: str = "",
    needed: Collection[str] | None = None,
) -> dict[str, int]:
    """Position of each target whose header (best first, behind `prefix`) the file has. A header that stands twice is
    `Unreadable` if the target is `needed` (default: all are), else the target is left out."""
    places: dict[str, list[int]] = {}
    for position, name in enumerate(header):
        places.setdefault(header_key(name), []).append(position)
    found: dict[str, int] = {}
    for target, headers in wanted.items():
        present = [places[header_key(prefix + name)] for name in headers if header_key(prefix + name) in places]
        if not present:
            continue
        if len(present[0]) > 1:
            if needed is not None and target not in needed:
                continue
            columns = ", ".join(str(position + 1) for position in present[0])
            raise Unreadable(f"has the header {header[present[0][0]]!r} in columns {columns}: keep one")
        found[target] = present[0][0]
    return found


def read_cell(spec: MappingSpec, target: str, kind: Kind, text: str, typed: CellKind | None = None) -> str | list[str]:
    """Canonical text of a cell, `""` for blank; a list of texts for the kinds that are lists. `ValueError`
    says why a cell cannot be read."""
    text = text.strip()
    if text in spec.blanks or not text:
        return ""
    if target in spec.list_columns or kind in LISTS:
        items = [_word(spec, target, item) for item in split(text, spec.list_separators)]
        return items if kind in LISTS else canonical(kind, ", ".join(items))
    text = _word(spec, target, text)
    if kind in NUMBERS:
        return number_text(_number(spec, kind, text, typed), integer=kind == "integer")
    if kind == "date":
        return _date(spec, text, typed)
    if kind == "instant":
        return _instant(spec, text)
    return canonical(kind, text)


def split(text: str, separators: Sequence[str]) -> list[str]:
    """Items of a cell that holds several."""
    if not separators:
        return [text]
    pattern = "|".join(re.escape(separator) for separator in separators)
    return [item.strip() for item in re.split(pattern, text) if item.strip()]


def _word(spec: MappingSpec, target: str, text: str) -> str:
    words = spec.values.get(target)
    if not words:
        return text
    return {header_key(word): ours for word, ours in words.items()}.get(header_key(text), text)


def _number(spec: MappingSpec, kind: Kind, text: str, typed: CellKind | None) -> Decimal:
    if typed in ("date", "instant", "boolean"):
        raise ValueError(f"is a {typed}, not a number: {text[:40]!r}")
    points = kind == "percent" and spec.percent == "points"
    if typed == "number":
        return to_decimal(text).scaleb(-2 if points else 0)
    plain = text.translate(_SPACES).translate(_MINUS)
    if kind == "percent" and plain.endswith("%"):
        plain, points = plain[:-1].rstrip(), True
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain[1:-1].strip() if negative else plain
    if not _written(spec).fullmatch(plain):
        marks = f"decimal {spec.decimal!r}, thousands {spec.thousands or 'none'!r}"
        raise ValueError(f"not a number as this layout writes it ({marks}): {text[:40]!r}")
    if spec.thousands:
        plain = plain.replace(spec.thousands, "")
    value = to_decimal(plain.replace(spec.decimal, "."))
    if negative and value < 0:
        raise ValueError(f"negative twice: {text[:40]!r}")
    return (-value if negative else value).scaleb(-2 if points else 0)


def _written(spec: MappingSpec) -> re.Pattern[str]:
    decimal, thousands = re.escape(spec.decimal), re.escape(spec.thousands)
    grouped = rf"\d{{1,3}}(?:{thousands}\d{{3}})+|" if spec.thousands else ""
    return re.compile(rf"[+-]?(?:{grouped}\d+)(?:{decimal}\d+)?")


def _date(spec: MappingSpec, text: str, typed: CellKind | None) -> str:
    if typed == "date":
        return canonical("date", text)
    if typed is not None:
        raise ValueError(f"is a {typed}, not a date: {text[:40]!r}")
    for form in spec.date_formats:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        if moment.year not in YEARS:
            raise ValueError(f"year out of range: {text[:40]!r}")
        return moment.date().isoformat()
    raise ValueError(f"not a date in any of {', '.join(spec.date_formats)}: {text[:40]!r}")


def _instant(spec: MappingSpec, text: str) -> str:
    for form in spec.instant_formats:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - every instant format ends in %z
        except ValueError:
            continue
        if moment.year not in YEARS:
            raise ValueError(f"year out of range: {text[:40]!r}")
        return instant_text(moment)
    if spec.instant_formats:
        raise ValueError(f"not a time in any of {', '.join(spec.instant_formats)}: {text[:40]!r}")
    return canonical("instant", text)
