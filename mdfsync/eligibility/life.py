"""Where an expense stands in its life, from planned to granted, and whether money has moved on it yet.

Read from what finance, the claims and people say; nothing is judged. Sixth layer, used by `house`, by rules and by the
derivation of expenses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mdfsync.view import Row, View

SPENT = ("committed_on", "activity_start", "invoice_date", "paid_on")
_GRANTED = frozenset({"granted", "partly_granted"})


def is_cancelled(expense: Row) -> bool:
    """Whether the finance system calls the expense off; its words are its own, these are the usual ones."""
    return expense.text("source_status").strip().casefold() in {"cancelled", "canceled", "void", "voided"}


def spent_on(view: View, expense: Row) -> Mapping[str, date]:
    """The days on which money was bound or used, those to come left out."""
    today = view.as_of.date()
    return {name: day for name in SPENT if (day := expense.day(name)) and day <= today}


def is_approved(request: Row | None) -> bool:
    """Whether the payer's approval of the request is on record, with its day and amount. Whether our own gate is passed
    too is asked of `approval.in_force`, and told by the rule `approval_missing`."""
    return request is not None and bool(request.text("approved_on") and request.text("approved_mdf_amount"))


def is_spent(view: View, expense: Row) -> bool:
    """Whether money is bound or used already, so that what is wrong costs something."""
    return bool(spent_on(view, expense)) or expense.money("paid_amount") is not None


def is_filed(view: View, expense: Row) -> bool:
    """Whether a claim that carries the expense has been filed."""
    lines = view.where("Reimbursement Lines", "expense_id", expense.id)
    claims = (view.target(line, "reimbursement_id") for line in lines)
    return any(claim is not None and _stands(claim) for claim in claims)


def _stands(claim: Row) -> bool:
    return bool(claim.text("submitted_at")) and claim.text("reimbursement_state") != "withdrawn"


def state_of(view: View, expense: Row) -> str:
    """One of the dictionary's states. What a person or the payer refused is rejected, whatever happened before."""
    lines = view.where("Reimbursement Lines", "expense_id", expense.id)
    decisions = {line.text("line_decision") for line in lines}
    if is_cancelled(expense):
        return "cancelled"
    if expense.text("eligibility_decision") == "ineligible" or decisions == {"refused"}:
        return "rejected"
    if decisions & _GRANTED:
        return "granted"
    if is_filed(view, expense):
        return "claimed"
    spent = spent_on(view, expense)
    if "paid_on" in spent or expense.money("paid_amount"):
        return "paid"
    if "invoice_date" in spent:
        return "invoiced"
    if "committed_on" in spent:
        return "committed"
    return "approved" if expense.money("approved_amount") else "planned"
