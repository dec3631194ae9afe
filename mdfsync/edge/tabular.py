"""Reads a delivered table, CSV or XLSX, into a header and lines of text: tolerant of form, never of doubt.

What may differ is form: byte order mark, UTF-16, `sep=` line, delimiter, line ends, blank lines, a
spreadsheet instead of text. What is not clear is refused: bytes that are not the stated encoding, a quote
never closed, too many rows. A single bad line (too few cells, control characters, a formula without its
result) is given back with its problem, the others are used. It computes no formula, guesses no encoding,
knows no column by name. Below `files`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 131_072
"""Characters: the limit of Python's own CSV reader, and far beyond a spreadsheet's 32,767."""
DELIMITERS = (",", ";", "\t", "|")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

CellKind = Literal["number", "date", "instant", "boolean"]


class Unreadable(ValueError):
    """The delivery as a whole cannot be used; the message says why and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `place` is where a person finds it (`line 7`, `Sheet1!7`); `cells` are as many
    as the header has; `kinds` names the cells that the file itself types (spreadsheets only); `problem`
    non-blank = the line must not be used, and why."""

    place: str
    cells: tuple[str, ...]
    kinds: Mapping[int, CellKind] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A delivered table. `encoding` is how the bytes were read, `delimiter` blank for a spreadsheet."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]
    encoding: str
    delimiter: str = ""


def read_table(data: bytes, *, fallback: str = "", delimiter: str = "", sheet: str = "") -> Table:
    """Read the bytes of a CSV or XLSX file (told apart by content). `fallback` is the encoding for bytes that
    are neither marked nor UTF-8, blank or `utf-8` = none; `delimiter` blank = found among `DELIMITERS`;
    `sheet` blank = the first. `Unreadable` when the file as a whole cannot be used."""
    if len(data) > MAX_BYTES:
        raise Unreadable(f"has {len(data):,} bytes, more than {MAX_BYTES:,}")
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise Unreadable("is empty")
    if data.startswith(b"PK\x03\x04"):
        from mdfsync.edge.tabular_xlsx import read_xlsx

        return read_xlsx(data, sheet)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("is an old or password-protected Excel file: save it as .xlsx or .csv without a password")
    text, encoding = decode(data, fallback)
    return _read_csv(text, encoding, delimiter)


def decode(data: bytes, fallback: str) -> tuple[str, str]:
    """Text and encoding of CSV bytes: marked UTF-8 or UTF-16, strict UTF-8, else the stated fallback."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError as error:
        first = error
    if encoding == "utf-8" and fallback and fallback != "utf-8":
        try:
            return data.decode(fallback), fallback
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"is neither UTF-8 (byte {first.start}) nor {fallback} (byte {error.start}): save it as UTF-8"
            ) from None
    raise Unreadable(f"is not {encoding} at byte {first.start}: save it as UTF-8")


def _read_csv(text: str, encoding: str, delimiter: str) -> Table:
    if "\x00" in text[:1000]:
        raise Unreadable("holds NUL characters: probably UTF-16 without its mark, save it as UTF-8")
    skipped = 0
    named = re.match(r'"?sep=([,;|\t])"?\r?\n', text, re.IGNORECASE)
    if named:
        text, skipped = text[named.end() :], 1
        delimiter = delimiter or named[1]
    delimiter = delimiter or _delimiter(text)
    records = _records(text, delimiter, skipped)
    header: tuple[str, ...] = ()
    lines: list[Line] = []
    for number, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = clean_header(cells)
        else:
            lines.append(fitted(f"line {number}", cells, len(header), {}))
        if len(lines) > MAX_ROWS:
            raise Unreadable(f"has more than {MAX_ROWS:,} rows")
    if not header:
        raise Unreadable("is empty")
    return Table(header=header, lines=tuple(lines), encoding=encoding, delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The delimiter that cuts the first record into most cells; a comma for a table of one column."""
    widths = {}
    for candidate in DELIMITERS:
        try:
            first = next(csv.reader(io.StringIO(text[: 2 * MAX_CELL].lstrip()), delimiter=candidate))
        except (csv.Error, StopIteration):
            continue
        widths[candidate] = len(first)
    best = max(widths.values(), default=1)
    return next((c for c in DELIMITERS if widths.get(c) == best), ",") if best > 1 else ","


def _records(text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Records with the number of the line each begins on. Strict: a quote that is not closed, or closed in
    the middle of a cell, would silently swallow rows."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1 + skipped
        try:
            yield begins, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"cannot be cut into cells from line {begins} on: {error}") from None


def clean_header(cells: list[str]) -> tuple[str, ...]:
    """The header without blank columns at its end; `Unreadable` when it cannot be one."""
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise Unreadable(f"has {len(header)} columns, more than {MAX_COLUMNS}")
    if any(CONTROL.search(cell) or len(cell) > 500 for cell in header):
        raise Unreadable("has a header that is not text")
    return tuple(header)


def fitted(place: str, cells: list[str], width: int, kinds: Mapping[int, CellKind], problem: str = "") -> Line:
    """A line cut to the header's width, with what is wrong with it."""
    if not problem and len(cells) < width:
        problem = f"has {len(cells)} cells, the header has {width}"
    if not problem and any(cell.strip() for cell in cells[width:]):
        problem = f"has {len(cells)} cells, the header has {width}"
    for position, cell in enumerate(cells[:width], start=1):
        if not problem and CONTROL.search(cell):
            problem = f"column {position} holds a control character"
        if not problem and len(cell) > MAX_CELL:
            problem = f"column {position} holds {len(cell):,} characters, more than {MAX_CELL:,}"
    padded = tuple((cells + [""] * (width - len(cells)))[:width])
    return Line(place=place, cells=padded, kinds=kinds, problem=problem)
