"""Why a decision at a gate does not count, in one plain sentence.

Asked of every decision, in this order: is the person known and none of the worker's users; did the right person decide,
in a role that the gate knows; is the paper there and accepted, and somebody else its recorder; does the same person
stand on the other side of a forbidden pair. Whether a limit covers the amount is asked apart. Roles and delegates are
asked once, when the decision is first looked at: they say who might decide then. It changes nothing. Part of
`approval`, used by `judged` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mdfsync.approval.scope import Rows, about
from mdfsync.policy.approvals import Gate
from mdfsync.view import Row, View

PAPERS = frozenset({"form", "signed_document", "email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """A decision as it presents itself. `signer`: whose it is; `recorder`: who entered it in the base; `day`: when it
    was given, for delegates."""

    row: Row
    gate: Gate
    role: str
    signer: str
    recorder: str
    on_paper: bool
    day: str

    @property
    def said(self) -> str:
        """By whom and how, for the reason."""
        words = self.signer
        approver = self.row.text("approver").lower()
        if approver and approver != self.signer:
            words += f" for {approver}"
        if self.on_paper:
            words += f" ({self.row.text('method').replace('_', ' ')}, recorded by {self.recorder})"
        return words


def objection(view: View, signing: Signing, rows: Rows, *, anew: bool) -> str:
    """Why the decision does not count, `""` when it does. `anew`: it was not found to count before."""
    return next(_objections(view, signing, rows, anew), "")


def _objections(view: View, signing: Signing, rows: Rows, anew: bool) -> Iterator[str]:
    if view.matrix.is_worker(signing.recorder):
        yield f"{signing.recorder} is the worker, and the worker decides nothing"
    if signing.on_paper:
        yield from _of_paper(view, signing)
    if anew:
        yield from _of_role(view, signing)
    yield from _of_pairs(view, signing, rows)


def _of_paper(view: View, signing: Signing) -> Iterator[str]:
    row = signing.row
    if row.text("method") not in PAPERS:
        yield f"nobody knows the method “{row.text('method')}”"
    if not signing.signer:
        yield "the approver whom the document shows is not named"
    document = view.target(row, "evidence_id")
    if document is None:
        yield "a decision given outside the base needs its document as evidence"
    elif document.text("evidence_decision") != "accepted":
        yield f"its document {document.id} is not accepted as evidence"
    recorder = row.text("recorded_by").lower()
    if not recorder:
        yield "recorded_by is blank: name who recorded it"
    elif recorder != signing.recorder:
        yield f"recorded_by names {recorder}, but {signing.recorder} entered the decision"
    if why := view.matrix.forbidden(signing.signer, signing.recorder, "approver-recorder"):
        yield why


def _of_role(view: View, signing: Signing) -> Iterator[str]:
    matrix, gate, fields = view.matrix, signing.gate, about(view, signing.row)
    approver = signing.row.text("approver").lower()
    if approver and not signing.on_paper and not _stands_in(view, signing, approver):
        yield f"{signing.signer} decided, but the approver is {approver}"
    holder = approver or signing.signer
    if why := matrix.may_approve(holder, gate.gate, fields, on=signing.day):
        yield why
    if not signing.role:
        yield "approver_role is blank: say in which role the approver decides"
    if signing.role not in gate.roles:
        yield f"{signing.role} is no role of gate {gate.gate}, which asks for {' and '.join(gate.roles)}"
    elif holder not in matrix.holders(signing.role, fields, on=signing.day):
        yield f"{holder} does not hold {signing.role} here"
    elif matrix.roles[signing.role].outside and not signing.on_paper:
        yield f"{holder} is no user of the base: record the form, signed document or e-mail in which it was given"


def _stands_in(view: View, signing: Signing, approver: str) -> bool:
    """Whether the signer is the approver, his delegate of that day, or the delegate on the row whom another named."""
    if view.matrix.stands_in(signing.signer, approver, on=signing.day):
        return True
    author = view.facts.authors.get((signing.row.subject, "delegate"))
    named = signing.row.text("delegate").lower() == signing.signer
    return (
        named
        and author is not None
        and author.actor not in {signing.signer, ""}
        and not view.matrix.is_worker(author.actor)
    )


def over_limit(view: View, signing: Signing, rows: Rows) -> str:
    """Why the approval's own limit does not cover the amount as it stands, `""` when it does or has none."""
    limit, currency = signing.row.money("limit_amount"), signing.row.text("limit_currency")
    amounts = _amounts(view, signing.gate, rows) if limit is not None else {}
    if limit is None or not amounts:
        return ""
    if not currency:
        return f"its limit of {limit} has no currency"
    if strange := sorted(code or "no currency" for code in amounts if code != currency):
        return f"its limit is in {currency}, the amount in {', '.join(strange)}: not comparable"
    if amounts[currency] <= limit:
        return ""
    return f"its limit of {limit} {currency} does not cover {amounts[currency]} {currency}"


def _of_pairs(view: View, signing: Signing, rows: Rows) -> Iterator[str]:
    for pair in view.matrix.forbidden_pairs:
        table, _, name = pair.first_cell.partition(".")
        if pair.second_cell != "Approvals.approver" and signing.gate.gate not in pair.gates:
            continue
        others = (signing.row,) if table == "Approvals" else rows.get(table, ())
        people = {signing.signer, signing.row.text("approver").lower()}  # nor may he send his delegate
        for other in others:
            for person in sorted(people):
                if why := view.matrix.forbidden(view.will_be(other, name), person, pair.id):
                    yield why if other is signing.row else f"{why} ({other.place})"


def _amounts(view: View, gate: Gate, rows: Rows) -> dict[str, Decimal]:
    """Amount at stake by currency: of each row the first of the gate's amounts that is filled."""
    out: dict[str, Decimal] = {}
    for table in gate.tables:
        names = [cell.partition(".")[2] for cell in gate.amount if cell.partition(".")[0] == table]
        for row in rows.get(table, ()) if names else ():
            name = next((name for name in names if view.will_be(row, name)), "")
            if name:
                code = view.will_be(row, view.dictionary.field(table, name).currency_field)
                out[code] = out.get(code, Decimal(0)) + Decimal(view.will_be(row, name))
    return out
