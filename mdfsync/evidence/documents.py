"""One document: whether it has arrived, what was decided about it, what it is about, and what its files are.

A document that nobody has decided about is received once there is something to look at, and expected before. It says
nothing of whether the document is any good: `faults` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mdfsync.model import FileRead
from mdfsync.values import attachment_of
from mdfsync.view import Row, View

VOID = frozenset({"returned", "rejected"})
FINANCIAL = frozenset({"invoice", "payment", "credit_note"})
_ARRIVED = (
    "file", "file_url", "received_on", "document_date", "document_number", "paid_on", "landing_page_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a document: its name in the base, and what became of it."""

    name: str
    read: FileRead


def has_arrived(document: Row) -> bool:
    """Whether there is something to look at: a file, an address, or what finance's files say of it."""
    return any(document.text(name) for name in _ARRIVED)


def decision_on(view: View, document: Row) -> str:
    """What the reviewer decided about the document as it is: a decision on an earlier file is none."""
    author = view.facts.authors.get((document.subject, "evidence_decision"))
    return "" if author and author.outdated else document.text("evidence_decision")


def state_of(view: View, document: Row) -> str:
    """`expected`, `received`, or what the reviewer decided."""
    return decision_on(view, document) or ("received" if has_arrived(document) else "expected")


def is_void(view: View, document: Row) -> bool:
    """Whether a reviewer sent it back or refused it."""
    return decision_on(view, document) in VOID


def files_of(view: View, document: Row) -> Iterator[File]:
    """The files of the document in the order of their names; those that nobody has tried to read yet are left out."""
    for item in document.items("file"):
        id, name, _ = attachment_of(item)
        if (read := view.facts.files.get(id)) is not None:
            yield File(name=name, read=read)


def expenses_of(view: View, document: Row) -> tuple[Row, ...]:
    """The expenses that the document names and that are in the base."""
    found = (view.row("Expenses", id) for id in view.refs(document, "expense_ids"))
    return tuple(row for row in found if row is not None)


def deliverables_of(view: View, document: Row) -> tuple[Row, ...]:
    """The deliverables that the document names, and those that its expenses paid for."""
    named = [view.row("Deliverables", id) for id in view.refs(document, "deliverable_ids")]
    named += [view.target(expense, "deliverable_id") for expense in expenses_of(view, document)]
    return tuple(dict.fromkeys(row for row in named if row is not None))


def behind(view: View, document: Row) -> tuple[Row, ...]:
    """The expenses that rest on the document: those that it names, and those of the deliverables that it names."""
    found = list(expenses_of(view, document))
    for id in view.refs(document, "deliverable_ids"):
        found += view.where("Expenses", "deliverable_id", id)
    return tuple(dict.fromkeys(found))


def subjects_of(view: View, document: Row) -> frozenset[tuple[str, str]]:
    """What the document is about: its expenses and deliverables, else its request, else its campaign."""
    rows = (*expenses_of(view, document), *deliverables_of(view, document))
    if rows:
        return frozenset((row.subject.table, row.id) for row in rows)
    for name in ("mdf_request_id", "joint_campaign_id"):
        if id := view.ref(document, name):
            return frozenset({(name, id)})
    return frozenset({("Evidence", document.place.id)})


def activity_of(view: View, document: Row) -> tuple[date | None, date | None]:
    """(first day, last day) of the activity that the document shows, as it took place; `None` where nobody says."""
    days: list[tuple[date | None, date | None]] = [
        (row.day("actual_start"), row.day("actual_end") or row.day("actual_start"))
        for row in deliverables_of(view, document)
    ]
    days += [(row.day("activity_start"), row.day("activity_end")) for row in expenses_of(view, document)]
    starts = [first for first, _ in days if first]
    ends = [last for _, last in days if last]
    return min(starts, default=None), max(ends, default=None)


def requirement(set_id: str, *pieces: str) -> str:
    """How a document names what it is meant to meet: the programme's set of evidence, and the piece in it or the pieces
    of which one will do."""
    return f"{set_id}/{' or '.join(pieces)}"


def pieces_of(document: Row) -> tuple[str, ...]:
    """The pieces of a programme's set that the document was handed in for; none when it names no requirement."""
    pieces = document.text("requirement_id").rpartition("/")[2]
    return tuple(pieces.split(" or ")) if pieces else ()


def names_of(document: Row) -> tuple[str, ...]:
    """Every name by which a programme may know the document: its type, what it was handed in for, what it shows (an
    attendee list, an agenda), and for a payment the kind of document."""
    shows = (name.replace("_", " ") for name in document.items("shown_attributes"))
    own = document.text("evidence_type"), document.text("payment_document_type")
    return tuple(dict.fromkeys(name for name in (own[0], *pieces_of(document), own[1], *shows) if name))
