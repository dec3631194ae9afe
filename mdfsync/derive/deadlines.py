"""The last days to claim: of every expense, every request and every claim, the earliest that any paper names."""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import Computed, cells
from mdfsync.eligibility import judged
from mdfsync.eligibility.clocks import LastDay, claim_by, claim_by_of_request
from mdfsync.model import Subject
from mdfsync.view import View

RULE = "claim_deadlines"


def deadlines(view: View) -> Iterator[Computed]:
    """`claim_deadline` of Expenses, MDF Budgets and Reimbursements, where one can be told."""
    lines = judged(view)
    for line in lines.values():
        yield from _cell(line.expense.place, claim_by(view, line))
    for request in view.rows("MDF Budgets"):
        yield from _cell(request.place, claim_by_of_request(view, request))
    for claim in view.rows("Reimbursements"):
        ids = (view.ref(row, "expense_id") for row in view.where("Reimbursement Lines", "reimbursement_id", claim.id))
        days = [day for id in ids if id in lines and (day := claim_by(view, lines[id]))]
        yield from _cell(claim.place, min(days, default=None))


def _cell(place: Subject, last: LastDay | None) -> Iterator[Computed]:
    if last is not None:
        yield from cells(place, {"claim_deadline": last.day.isoformat()}, rule=RULE, inputs=(last.by,))
