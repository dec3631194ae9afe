"""Who signs a packet: distinct people, none of whom asked for the money.

    approvals of the gate `reimbursement` + the approval matrix ─sign_offs_of─> SignOff per role

The gate's own roles sign in the base, through Approvals rows that `approval` has judged; the partner's owner and the
marketing lead sign beside them, on paper where they are outside. A signature by whoever files the claim, requested the
money or submitted one of its expenses does not count, nor does one person's second. Nothing is signed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdfsync.approval import Approval, in_force, judged
from mdfsync.approval.scope import about
from mdfsync.packet.content import Asked, Line, SignOff
from mdfsync.view import View

GATE = "reimbursement"
BESIDE = ("partner-owner", "partner-marketing-lead")
"""Roles that sign a packet beside those of the gate."""


def sign_offs_of(view: View, asked: Asked, lines: Sequence[Line], preparer: str) -> tuple[SignOff, ...]:
    """Every signature that the packet needs, in the order of the roles."""
    of_gate = {part.role: part for part in in_force(view, GATE, asked.row.place).parts}
    barred = _asked_for_it(asked, lines, preparer)
    given: dict[str, str] = {}
    out = []
    for role in dict.fromkeys((*of_gate, *BESIDE)):
        approvals = of_gate[role].carried_by if role in of_gate else tuple(_beside(view, asked, role))
        out.append(_sign_off(view, asked, role, approvals, barred, given))
    return tuple(out)


def _asked_for_it(asked: Asked, lines: Sequence[Line], preparer: str) -> dict[str, str]:
    """People who may not sign, and why."""
    found = {preparer.lower(): "files the claim", asked.row.text("submitted_by").lower(): "files the claim"}
    for line in lines:
        found.setdefault(line.expense.text("submitted_by").lower(), f"submitted {line.expense.id}")
        if line.request is not None:
            found.setdefault(line.request.text("requested_by").lower(), f"requested {line.request.id}")
    return {person: why for person, why in found.items() if person}


def _beside(view: View, asked: Asked, role: str) -> Iterator[Approval]:
    for approval in judged(view).values():
        named = asked.row.id in approval.row.listed("subject_ids")
        if approval.gate == GATE and named and role == (approval.role or approval.row.text("approver_role")):
            yield approval


def _sign_off(
    view: View, asked: Asked, role: str, approvals: Sequence[Approval], barred: dict[str, str], given: dict[str, str]
) -> SignOff:
    """One role's signature. `given` = who has signed so far, by person."""
    title = view.matrix.roles[role].title if role in view.matrix.roles else role
    signed = next((a for a in reversed(approvals) if a.status == "approved"), None)
    if signed is None:
        last = approvals[-1] if approvals else None
        expected = [p for p in view.matrix.holders(role, about(view, asked.row)) if p.lower() not in barred]
        return SignOff(
            role=title, person=", ".join(expected) or "nobody who may sign is known",
            state="refused" if last is not None and last.status not in {"pending", "lapsed"} else "not signed",
            fault=last.reason if last is not None and last.status != "pending" else "",
        )  # fmt: skip
    person = signed.signer.lower()
    fault = f"{signed.signer} {barred[person]}" if person in barred else ""
    fault = fault or (f"{signed.signer} has signed as {given[person]} already" if person in given else "")
    given.setdefault(person, title)
    return SignOff(
        role=title, person=signed.signer, state="refused" if fault else "signed", at=signed.decided_at,
        how=(signed.row.text("method") or "base").replace("_", " "), fault=fault,
    )  # fmt: skip
