"""Tables that leave the house as files: CSV and XLSX of plain text cells.

A cell that a spreadsheet would run as a formula is neutralised with an apostrophe; inside the base and the archive it
stays as it was typed. The same table gives the same bytes: nothing in them tells when or where they were made. It
decides nothing about what may leave; whoever makes a table does.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_NO_TIME = datetime(1980, 1, 1)  # noqa: DTZ001 - the first that a zip file knows; it has no zones


def neutral(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, whatever blanks stand before it."""
    return f"'{text}" if text.lstrip(" \u00a0\u200b\ufeff").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """The table as CSV: UTF-8 with a mark for spreadsheets, comma, lines ended as the standard has them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([neutral(name) for name in columns])
    writer.writerows([neutral(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_bytes(columns: Sequence[str], rows: Iterable[Sequence[str]], *, sheet: str) -> bytes:
    """The table as a workbook with one sheet of text cells, its first line fixed."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook()
    page = book.active
    assert page is not None  # noqa: S101 - a new workbook has a sheet
    page.title = sheet[:31]
    for row in (columns, *rows):
        page.append([neutral(ILLEGAL_CHARACTERS_RE.sub("", text)) for text in row])
    page.freeze_panes = "A2"
    book.properties.created = book.properties.modified = _NO_TIME
    out = io.BytesIO()
    book.save(out)
    return _timeless(out.getvalue())


def _timeless(data: bytes) -> bytes:
    """The same package without the times of its making."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            content = given.read(name)
            if name == "docProps/core.xml":
                content = _without_saving(content)
            made.writestr(zipfile.ZipInfo(name, _NO_TIME.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _without_saving(core: bytes) -> bytes:
    """openpyxl writes when it saved, whatever the workbook says."""
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", core)
