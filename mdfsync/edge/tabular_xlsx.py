"""Reads the first (or a named) sheet of an XLSX file into a `tabular.Table`.

A spreadsheet is a zip of XML written by anyone: sizes and compression are checked before anything is
unpacked, entities are refused (defusedxml), rows and columns are counted while streaming. Types that the
sheet gives are kept beside the text: a number is its exact decimal, a date a date. No formula is computed:
one whose result the file does not carry makes its line unusable, as does an error value. Used by
`tabular.read_table` alone, so that it can be replaced.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
from openpyxl.xml import DEFUSEDXML

from mdfsync.edge.tabular import MAX_COLUMNS, MAX_ROWS, CellKind, Line, Table, Unreadable, clean_header, fitted
from mdfsync.values import number_text

MAX_MEMBERS = 2_000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_RATIO = 200
RATIO_FROM = 1024 * 1024
"""Smaller members may be packed tighter: a page of zeros is no bomb."""
LAST_ROW = 1_048_576
DIGITS = 15
"""Significant decimal digits that a spreadsheet number carries; the rest is binary noise
(1234.5600000000001)."""
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")


def read_xlsx(data: bytes, sheet: str) -> Table:
    """The table of a sheet; `Unreadable` when the file or the sheet cannot be used."""
    try:
        header, lines = _read(data, sheet, formulas=_inspect(data))
    except Unreadable:
        raise
    except Exception as error:
        # zipfile and openpyxl raise whatever the malformed part happened to trip: zlib.error, KeyError, ParseError, …
        reason = type(error.__cause__ or error).__name__
        raise Unreadable(f"is not a readable XLSX file ({reason}): save it again") from error
    if not header:
        raise Unreadable("is empty")
    return Table(header=header, lines=tuple(lines), encoding="xlsx")


def _inspect(data: bytes) -> bool:
    """Check the zip before unpacking; true when a sheet holds formulas."""
    if not DEFUSEDXML:
        raise Unreadable("cannot be opened safely: defusedxml is switched off (OPENPYXL_DEFUSEDXML)")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        members = package.infolist()
        if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
            raise Unreadable("unpacks to more than a table can be: possibly a decompression bomb")
        if any(m.file_size > RATIO_FROM and m.file_size > MAX_RATIO * m.compress_size for m in members):
            raise Unreadable("is packed tighter than any table: possibly a decompression bomb")
        if "xl/workbook.xml" not in package.namelist():
            raise Unreadable("is a zip file but not an XLSX workbook")
        sheets = [m for m in members if m.filename.startswith("xl/worksheets/")]
        return any(_holds(package, member) for member in sheets)


def _holds(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    tail = b""
    with package.open(member) as stream:
        while piece := stream.read(1 << 20):
            if _FORMULA.search(tail + piece):
                return True
            tail = piece[-40:]
    return False


def _read(data: bytes, sheet: str, *, formulas: bool) -> tuple[tuple[str, ...], list[Line]]:
    rows = _rows(data, sheet, values=True)
    # Only the second reading tells a blank cell from a formula that was never computed.
    written = _rows(data, sheet, values=False) if formulas else None
    header: tuple[str, ...] = ()
    lines: list[Line] = []
    for number, (title, cells) in enumerate(rows, start=1):
        source = next(written, (title, ()))[1] if written else ()
        texts, kinds, problem = _texts(cells, source)
        if not any(texts) and not problem:
            continue
        if not header:
            header = clean_header(texts)
        else:
            padded = texts + [""] * (len(header) - len(texts))
            lines.append(fitted(f"{title}!{number}", padded, len(header), kinds, problem))
        if len(lines) > MAX_ROWS or number > LAST_ROW:
            raise Unreadable(f"has more than {MAX_ROWS:,} rows")
    return header, lines


def _rows(data: bytes, sheet: str, *, values: bool) -> Iterator[tuple[str, Sequence[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values, keep_links=False)
    try:
        named = {worksheet.title: worksheet for worksheet in book.worksheets}
        if not named or (sheet and sheet not in named):
            raise Unreadable(f"has no sheet {sheet!r}: it has {', '.join(named) or 'none'}")
        worksheet = named[sheet] if sheet else book.worksheets[0]
        worksheet.reset_dimensions()  # the stated size is a claim, the cells are the fact
        for row in worksheet.iter_rows():
            if len(row) > MAX_COLUMNS and any(cell.value is not None for cell in row[MAX_COLUMNS:]):
                raise Unreadable(f"has {len(row)} columns, more than {MAX_COLUMNS}")
            yield worksheet.title, row[:MAX_COLUMNS]
    finally:
        book.close()


def _texts(cells: Sequence[Any], written: Sequence[Any]) -> tuple[list[str], dict[int, CellKind], str]:
    texts: list[str] = []
    kinds: dict[int, CellKind] = {}
    problem = ""
    for position, cell in enumerate(cells):
        text, kind = _text(cell.value)
        if kind:
            kinds[position] = kind
        if cell.data_type == "e":
            problem = problem or f"column {position + 1} holds the error {text}"
        elif _uncomputed(cell, written[position] if position < len(written) else None):
            problem = problem or f"column {position + 1} holds a formula without its result: save it in Excel"
        texts.append(text)
    return texts, kinds, problem


def _uncomputed(cell: Any, written: Any) -> bool:
    """A formula whose result the file lacks; a result that is the empty text is typed `str`."""
    return cell.value is None and cell.data_type != "str" and getattr(written, "data_type", "") == "f"


def _text(value: Any) -> tuple[str, CellKind | None]:
    if value is None:
        return "", None
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean"
    if isinstance(value, int | float):
        exact = Decimal(value) if isinstance(value, int) else Decimal(format(value, f".{DIGITS}g"))
        return number_text(exact), "number"
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat(), "date"
        return value.isoformat(timespec="seconds"), "instant"
    if isinstance(value, date):
        return value.isoformat(), "date"
    if isinstance(value, timedelta | time):
        return str(value), None
    return str(value), None
