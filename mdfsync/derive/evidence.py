"""Where each document stands, who decided about it, what its files are, and which documents and costs come twice.

A decision is shown with whoever the change feed (or, when that has forgotten, Change History) knows to have taken it.
The hash is that of the bytes in the archive; of several files all are given, in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from mdfsync.alike import claimed_by, same_costs, same_documents
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.eligibility.invoices import twice_claimed
from mdfsync.evidence.documents import state_of
from mdfsync.model import Subject
from mdfsync.values import attachment_of, instant_text
from mdfsync.view import Row, View

RULE = "evidence"
UNREAD = "not read"


def evidence(view: View) -> Iterator[Computed]:
    """Computed cells of Evidence, and `duplicate_of` of Evidence and Expenses."""
    twins = _twins(view)
    for row in view.rows("Evidence"):
        by, at = _decided(view, row)
        values = {
            "evidence_state": state_of(view, row),
            "reviewed_by": by,
            "reviewed_at": instant_text(at) if at else "",
            "file_name": _said(row, "file_name", (name for _, name, _ in map(attachment_of, row.items("file")))),
            "file_sha256": _said(row, "file_sha256", _hashes(view, row)),
            "duplicate_of": _said(row, "duplicate_of", twins.get(row.place, ())),
        }
        yield from cells(row.place, values, rule=RULE, inputs=("evidence_decision", "file"))
    for row in view.rows("Expenses"):
        values = {"duplicate_of": _said(row, "duplicate_of", twins.get(row.place, ()))}
        yield from cells(row.place, values, rule=RULE, inputs=("vendor_name", "invoice_number", "net_amount"))


def _said(row: Row, name: str, items: Iterable[str]) -> str:
    """The items; `none` where the cell speaks of some that are gone, since no cell is blanked."""
    return ", ".join(items) or (NOTHING if row.text(name) else "")


def _decided(view: View, row: Row) -> tuple[str, datetime | None]:
    author = view.facts.authors.get((row.subject, "evidence_decision"))
    if author is None or not row.text("evidence_decision"):
        return "", None
    known = row.instant("reviewed_at") if row.text("reviewed_by") == author.actor else None
    return author.actor, author.at if author.exact else known or author.at


def _hashes(view: View, row: Row) -> Iterator[str]:
    for item in row.items("file"):
        read = view.facts.files.get(attachment_of(item)[0])
        yield read.sha256 if read and read.sha256 else UNREAD


def _twins(view: View) -> dict[Subject, tuple[str, ...]]:
    """Ids of the rows that look like the same document or cost, by row."""
    found: dict[Subject, set[str]] = {}
    for group in (*same_documents(view), *same_costs(view)):
        for row in group.rows:
            found.setdefault(row.place, set()).update(other.id for other in group.others(row))
    for ids in (*(_ids(group) for group in twice_claimed(view)), *(claimed_by(view, g) for g in same_documents(view))):
        for id in ids:
            found.setdefault(Subject(table="Expenses", id=id), set()).update(ids - {id})
    return {place: tuple(sorted(ids)) for place, ids in found.items()}


def _ids(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(row.id for row in rows)
