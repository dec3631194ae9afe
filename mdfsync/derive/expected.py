"""Rows of Evidence for proof that a programme asks for and that nobody has handed in yet.

Once a request is approved, each piece of proof of performance that it will owe gets a row of its own, so that whoever
owes it sees it before the activity and drops the file there. It has an id that follows from what is wanted of whom, so
it is made once; a document that is already meant for the piece stands for it. Invoices and payments are not expected
here: finance's files bring them with their own ids. Rows are never taken away: when a piece is no longer asked for,
`asked_for` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.derive.computed import Computed, cells
from mdfsync.eligibility.life import is_approved
from mdfsync.evidence.documents import state_of
from mdfsync.model import Subject
from mdfsync.values import STAMP_NOW
from mdfsync.view import Row, View
from mdfsync.wanted import Wanted, wanted

RULE = "expected_evidence"
TABLE = "Evidence"
GONE = "No longer asked for."
NOT_YET = "Asked for once the request is approved."


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A row to be made, with what went into it."""

    subject: Subject
    cells: Mapping[str, str]
    input: str


def expected_rows(view: View) -> Iterator[Expected]:
    """A row for each piece that an approved request will owe and for which there is no document of any kind."""
    for one in wanted(view):
        if one.state == "missing" and one.proof.purpose == "performance" and not one.documents and _approved(view, one):
            yield Expected(
                subject=Subject(table=TABLE, id=one.evidence_id), cells=_cells(view, one), input=_programme(one)
            )  # fmt: skip


def expected_cells(view: View) -> Iterator[Computed]:
    """`asked_for` and `due` of every document that names a requirement."""
    for row, one in _meant_for(view):
        asked = GONE if one is None else _asked(one) if _approved(view, one) else NOT_YET
        values = {"asked_for": asked, "due": str(one.until or "") if one else ""}
        yield from cells(row.place, values, rule=RULE, inputs=(_programme(one),) if one else ("requirement_id",))


def owners_of_expected(view: View) -> Mapping[Subject, str]:
    """Who owes the documents that have not come, or that were sent back, by row."""
    waiting = {"expected", "returned"}
    return {
        row.place: one.owner for row, one in _meant_for(view) if one and one.owner and state_of(view, row) in waiting
    }


def _meant_for(view: View) -> Iterator[tuple[Row, Wanted | None]]:
    """Every document that names a requirement, with what is wanted there; `None` when it is asked for no more."""
    asked = {(one.subject.place, one.requirement_id): one for one in wanted(view)}
    for row in view.rows(TABLE):
        if requirement := row.text("requirement_id"):
            about = [Subject(table="Deliverables", id=id) for id in view.refs(row, "deliverable_ids")]
            about += [Subject(table="Expenses", id=id) for id in view.refs(row, "expense_ids")]
            yield row, next((one for place in about if (one := asked.get((place, requirement)))), None)


def _approved(view: View, one: Wanted) -> bool:
    """Whether the payer has approved it; that an approval of our own lapsed since makes no photo superfluous."""
    return is_approved(view.target(one.line.expense, "mdf_request_id"))


def _cells(view: View, one: Wanted) -> dict[str, str]:
    """The row as it is made: what it is about and for. People own it from then on."""
    expense = one.line.expense
    named = "deliverable_ids" if one.subject.subject.table == "Deliverables" else "expense_ids"
    title = one.subject.text("deliverable_title") or one.subject.text("expense_title") or one.subject.id
    return {
        "evidence_type": "performance",
        "evidence_title": f"{title}: {one.name}",
        "joint_campaign_id": view.ref(expense, "joint_campaign_id"),
        "partner_id": view.ref(expense, "partner_id"),
        "mdf_request_id": view.ref(expense, "mdf_request_id"),
        named: one.subject.id,
        "requirement_id": one.requirement_id,
        "source_ref": _programme(one),
        "captured_at": STAMP_NOW,
    }


def _programme(one: Wanted) -> str:
    head = one.line.programme.head if one.line.programme else None
    return f"programme {head.id} {head.version} {one.proof.id}" if head else one.proof.id


def _asked(one: Wanted) -> str:
    """What is asked for, in the programme's words, and when it has to be made and handed in."""
    lines = [f"{one.proof.says} [{one.proof.clause}]", f"Here: {one.name}."]
    if one.starts:
        period = f"on {one.starts}" if one.ends in {None, one.starts} else f"from {one.starts} to {one.ends}"
        lines.append(f"The activity takes place {period}.")
    if one.until:
        lines.append(f"To be handed in by {one.until}.")
    return "\n".join(lines)
