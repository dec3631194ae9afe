"""The files that finance and partners drop for us: written from seed rows into `<home>/drop/inbox`.

Each file is a full export of its rows (collection `story.files.<name>`), in the shape its department likes:
plain CSV, CSV with English month names and thousands separators, XLSX with real date cells. A file is written
whole, under a stable name, with the world's time as its modification time. A world without a home (in memory)
writes none.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.crossbeam import write_dated
from mdfsync.sandbox.story.dates import seed_rows

_AMOUNTS = frozenset(
    {"Planned", "Requested", "Approved", "Committed", "Net", "Tax", "Gross", "Fees", "Paid", "Paid amount"}
)
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one department writes its file."""

    path: str
    write: Callable[[Sequence[str], Sequence[Row]], bytes]


def drop_folder(store: Store) -> Path | None:
    """Where files are dropped in this world; None without a home."""
    return store.path.parent / "drop" if store.path else None


def seed_files(store: Store, zero: date) -> None:
    """The rows of every file as they stand on day zero; files of an earlier world go."""
    for name in LAYOUTS:
        for number, row in enumerate(seed_rows(f"{name}.csv", zero), start=1):
            store.put(f"story.files.{name}", f"{number:04d}", row)
    drop = drop_folder(store)
    if drop is not None:
        for part in ("crossbeam", "inbox"):
            shutil.rmtree(drop / part, ignore_errors=True)


def add_row(store: Store, name: str, row: Row) -> None:
    """One more row at the end of a file."""
    rows = store.all(f"story.files.{name}")
    header = next(iter(rows.values()))
    unknown = set(row) - set(header)
    if unknown:
        raise ValueError(f"{name} has no columns {sorted(unknown)}")
    store.put(f"story.files.{name}", f"{len(rows) + 1:04d}", {column: row.get(column, "") for column in header})


def change_row(store: Store, name: str, first: str, changes: Row) -> None:
    """Change cells of the row whose first column says `first`."""
    for key, row in list(store.all(f"story.files.{name}").items()):
        if next(iter(row.values())) == first:
            store.put(f"story.files.{name}", key, {**row, **changes})
            return
    raise ValueError(f"{name} has no row {first}")


def write_files(store: Store, clock: Clock, names: Sequence[str] = ()) -> list[Path]:
    """Write the named files (all by default) as they stand now."""
    drop = drop_folder(store)
    if drop is None:
        return []
    written = []
    for name in names or LAYOUTS:
        layout = LAYOUTS[name]
        rows = list(store.all(f"story.files.{name}").values())
        data = layout.write(list(rows[0]), rows)
        written.append(write_dated(drop / "inbox" / layout.path, data, clock.now().timestamp()))
    return written


def _plain(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    """UTF-8 with a byte order mark, as a web application exports it."""
    return _csv(header, [[row[column] for column in header] for row in rows]).encode("utf-8-sig")


def _english(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Windows-1252, `08 Nov 2026`, `4,200.00`: as accounts payable saves it."""
    lines = [[_english_cell(column, row[column]) for column in header] for row in rows]
    return _csv(header, lines).encode("cp1252")


def _csv(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(lines)
    return out.getvalue()


def _english_cell(column: str, text: str) -> str:
    if text and column in _AMOUNTS:
        return f"{Decimal(text):,.2f}"
    day = _date(text)
    return f"{day:%d %b %Y}" if day else text


def _workbook(header: Sequence[str], rows: Sequence[Row]) -> bytes:
    """One sheet with a frozen header, dates and amounts as cells of their own kind, ids as text."""
    from openpyxl import Workbook  # heavy, and needed only when a file is written

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in rows:
        sheet.append([_cell(column, row[column]) for column in header])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(column: str, text: str) -> Any:
    if not text:
        return None
    if column in _AMOUNTS:
        return float(text)
    return _date(text) or text


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


LAYOUTS: dict[str, Layout] = {
    "requests": Layout(path="finance/requests.csv", write=_plain),
    "expenses": Layout(path="finance/expenses.csv", write=_plain),
    "invoices": Layout(path="finance/invoices.csv", write=_english),
    "payments": Layout(path="finance/payments.xlsx", write=_workbook),
    "leads-cobalt-harbor": Layout(path="partners/leads-cobalt-harbor.csv", write=_plain),
    "leads-fernway-systems": Layout(path="partners/leads-fernway-systems.xlsx", write=_workbook),
    "registrations-cobalt-harbor": Layout(path="partners/registrations-cobalt-harbor.csv", write=_plain),
}
