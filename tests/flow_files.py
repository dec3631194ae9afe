"""The drop folders of a flow test: files as people and systems really leave them, well-formed or not."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from flow_lab import Lab

Table = list[list[str]]
EXPENSES, INVOICES, REQUESTS = "finance/expenses.csv", "finance/invoices.csv", "finance/requests.csv"
PAYMENTS = "finance/payments.xlsx"
SOURCES = {
    EXPENSES: "finance.expenses", INVOICES: "finance.invoices", REQUESTS: "finance.requests",
    PAYMENTS: "finance.payments",
}  # fmt: skip


def inbox(lab: Lab) -> Path:
    return lab.home / "sandbox" / "world" / "drop" / "inbox"


def exports(lab: Lab) -> Path:
    return lab.home / "sandbox" / "world" / "drop" / "crossbeam"


def drop(lab: Lab, path: Path, data: bytes) -> bytes:
    """Leave a file, dated now in that world; its bytes."""
    path.write_bytes(data)
    now = datetime.fromisoformat(lab.world.admin("GET", "health")["now"]).timestamp()
    os.utime(path, (now, now))
    return data


def read(path: Path) -> Table:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def written(table: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(table)
    return out.getvalue().encode()


def with_cells(table: Table, first: str, **cells: str) -> Table:
    """The table with other cells in the row that begins with `first` (underscores in names are blanks)."""
    places = {table[0].index(name.replace("_", " ")): text for name, text in cells.items()}
    return [[places.get(n, text) if row[0] == first else text for n, text in enumerate(row)] for row in table]


def row_of(table: Table, first: str) -> list[str]:
    return next(row for row in table if row[0] == first)


def archived(lab: Lab, data: bytes) -> bool:
    """Whether the archive holds exactly these bytes."""
    sha = hashlib.sha256(data).hexdigest()
    blob = lab.home / "sandbox" / "archive" / "blobs" / sha[:2] / sha
    return blob.is_file() and blob.read_bytes() == data


# -- ways in which a whole file can be useless: from a good file's bytes


def _twice_headed(good: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(good.decode("utf-8-sig"))))
    return written([[*row, row[0]] for row in rows])


def _huge_cell(good: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(good.decode("utf-8-sig"))))
    return written([*rows[:-1], ["x" * 200_000, *rows[-1][1:]]])


def _archive_of(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name, data)
    return out.getvalue()


def _with_entities(good: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    head, _, body = members["xl/workbook.xml"].partition(b"<workbook")
    outside = b'<!DOCTYPE w [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    return _archive_of({**members, "xl/workbook.xml": head + outside + b"<workbook" + body})


USELESS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _good: b"", "is empty"),
    "header only": (lambda good: good.splitlines(keepends=True)[0], "no rows, while"),
    "wrong delimiter": (lambda good: good.replace(b",", b"^"), "lacks the columns"),
    "unbalanced quote": (lambda good: good.rstrip() + b'\r\n"never closed', "cannot be cut into cells from line"),
    "duplicate header": (_twice_headed, "keep one"),
    "a page instead": (lambda _good: b"<html><body>Please log in</body></html>", "lacks the columns"),
    "UTF-16 without its mark": (lambda good: good.decode("utf-8-sig").encode("utf-16-le"), "holds NUL characters"),
    "no text at all": (lambda _good: bytes([0x81, 0x8D, 0xFF]) * 999, "save it as UTF-8"),
    "a cell without end": (_huge_cell, "field larger than field limit"),
    "zip bomb": (
        lambda _good: _archive_of({"xl/workbook.xml": b"<w/>", "xl/worksheets/sheet1.xml": b"0" * 60_000_000}),
        "possibly a decompression bomb",
    ),
    "zip of something else": (lambda _good: _archive_of({"../../etc/passwd": b"x"}), "not an XLSX workbook"),
    "entities": (_with_entities, "is not a readable XLSX file"),
    "old Excel": (lambda _good: b"\xd0\xcf\x11\xe0" + b"x" * 512, "save it as .xlsx or .csv without a password"),
    "half a workbook": (lambda good: good[: len(good) // 2], "is not a readable XLSX file"),
}
"""Name → what becomes of a good file, what the register's owner is told."""
