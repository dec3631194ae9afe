"""What stands behind a line that is claimed: its approval, its documents, and the tests of its dates.

Documents are those that `eligibility` judged by; one that is named and does not count stays with the reason why. That a
line is eligible is decided elsewhere: nothing here changes it, and a test that fails is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from mdfsync.approval import Approval, in_force
from mdfsync.currencies import in_currency
from mdfsync.eligibility.case import days_of
from mdfsync.eligibility.clocks import claim_by
from mdfsync.eligibility.judged import Line as Judged
from mdfsync.eligibility.proof import documents_of, why_not
from mdfsync.eligibility.telling import types_of
from mdfsync.evidence.documents import has_arrived
from mdfsync.ledger import filed_on
from mdfsync.model import FileRead
from mdfsync.packet.content import KINDS, Filed, Kind, Proof, Tested
from mdfsync.values import attachment_of
from mdfsync.view import Row, View

_OF_TYPE: dict[str, Kind] = {
    "invoice": "invoice",
    "credit_note": "invoice",
    "payment": "payment",
    "approval": "approval",
}
LISTS_OF_PEOPLE = frozenset({"lead list", "attendee list"})


def proofs_of(view: View, expense: Row, request: Row | None) -> Iterator[Proof]:
    """The documents behind an expense and its request's approval, in the order in which they are read; what has not
    arrived is no document yet."""
    found = {document.place: document for document in documents_of(view, expense) if has_arrived(document)}
    if request is not None:
        for document in _of_approval(view, request):
            found.setdefault(document.place, document)
    proofs = [
        Proof(kind=_kind(row), row=row, files=tuple(files_of(view, row)), fault=why_not(view, row))
        for row in found.values()
    ]
    yield from sorted(proofs, key=lambda proof: (KINDS.index(proof.kind), proof.row.place))


def _kind(document: Row) -> Kind:
    return _OF_TYPE.get(document.text("evidence_type"), "performance")


def _of_approval(view: View, request: Row) -> Iterator[Row]:
    """Documents that show the approval of a request, its own and those of our gate."""
    for id in in_force(view, "budget", request.place).approval_ids:
        approval = view.row("Approvals", id)
        document = view.target(approval, "evidence_id") if approval else None
        if document is not None and has_arrived(document):
            yield document
    yield from (row for row in view.where("Evidence", "mdf_request_id", request.id) if _kind(row) == "approval")


def files_of(view: View, document: Row) -> Iterator[Filed]:
    """Every file that is attached, also one that nobody could fetch: that one says so."""
    for item in document.items("file"):
        id, name, size = attachment_of(item)
        read = view.facts.files.get(id) or FileRead(id=id, size=size, lost="nobody has fetched it yet")
        yield Filed(name=name, read=read)


def approval_of(view: View, expense: Row, request: Row | None) -> Iterator[tuple[str, str]]:
    """Who approved it, when, how much and on which conditions."""
    if request is None:
        yield "Request", "none"
        return
    currency = request.text("budget_currency")
    amount, cost = request.money("approved_mdf_amount"), request.money("approved_activity_cost")
    yield "Request", " ".join(part for part in (request.id, request.text("request_title")) if part)
    yield "Approved by the payer", ", ".join(
        part for part in (request.text("approved_by"), request.text("approved_on"), request.text("approval_reference"))
        if part
    )  # fmt: skip
    yield "Approved amount", in_currency(amount, currency) if amount is not None else "not stated"
    if cost is not None:
        yield "Approved cost of the activity", in_currency(cost, currency)
    yield "Conditions", request.text("approval_conditions") or "none"
    gate = in_force(view, "budget", request.place)
    signed = [f"{part}: {_by(a)}" for part in gate.parts for a in part.carried_by if a.counts]
    yield "Approval in the base", "\n".join(signed) or "none on record"
    if exception := expense.text("exception_code") or request.text("exception_code"):
        yield "Named exception", exception


def _by(approval: Approval) -> str:
    """Who approved, on which day by their own word, and when that was entered, where it was another day."""
    stated, entered = approval.row.text("decided_on"), approval.decided_at[:10]
    days = f"{stated}, entered {entered}" if stated and entered and stated != entered else stated or entered
    return f"{approval.signer} ({days})"


def dates_of(view: View, line: Judged, request: Row | None) -> Iterator[Tested]:
    """The days of the line against the days that bound it."""
    expense = line.expense
    approved = request.text("approved_on") if request else ""
    excepted = expense.text("exception_code") or (request.text("exception_code") if request else "")
    against = f"not before the approval of {approved}" if approved else "no approval day on record"
    if excepted:
        against += f"; exception {excepted}"
    yield _tested("Committed", expense.text("committed_on"), against, first=approved, excepted=bool(excepted))
    starts, ends = days_of(view, expense)
    period = tuple(request.text(name) for name in ("activity_start", "activity_end")) if request else ("", "")
    words = f"approved period {period[0] or 'open'} to {period[1] or 'open'}"
    yield _tested("Activity begins", starts, words, first=period[0], last=period[1])
    yield _tested("Activity ends", ends, words, first=period[0], last=period[1])
    yield _tested("Invoice", expense.text("invoice_date"), "has to be there")
    yield _tested("Payment", expense.text("paid_on"), "has to be there")
    if last := claim_by(view, line):
        filed, words = _filed_on(view, expense), f"last day {last.day.isoformat()} ({last.by})"
        if filed:
            yield _tested("Claim filed", filed, words, last=last.day.isoformat())
        else:
            yield Tested(what="Claim filed", day="not filed yet", against=words, outcome="open")


def _filed_on(view: View, expense: Row) -> str:
    """The first day, in its fund's zone, on which a claim of the expense was filed."""
    lines = view.where("Reimbursement Lines", "expense_id", expense.id)
    claims = [claim for line in lines if (claim := view.target(line, "reimbursement_id"))]
    return min((day.isoformat() for claim in claims if (day := filed_on(view, claim))), default="")


def _tested(what: str, day: str, against: str, *, first: str = "", last: str = "", excepted: bool = False) -> Tested:
    if not _is_day(day):
        return Tested(what=what, day=day or "not on record", against=against, outcome="cannot be told")
    kept = excepted or ((not first or day >= first) and (not last or day <= last))
    return Tested(what=what, day=day, against=against, outcome="kept" if kept else "not kept")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def asks_for_leads(line: Judged) -> bool:
    """Whether the programme asks for a list of people among the proof of this line."""
    return any(LISTS_OF_PEOPLE & set(types_of(proof.all_of, proof.any_of)) for proof in line.asked)
