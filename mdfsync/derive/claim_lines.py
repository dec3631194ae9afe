"""What each line of a claim is worth now: the standing of its expense, less what other lines claim of it.

An instalment may claim what is left; together the lines never come to more than the expense. A line in another currency
than its expense's programme says no amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from mdfsync.derive.computed import Computed, cells
from mdfsync.eligibility.standing import Standing
from mdfsync.view import Row, View

RULE = "claim_lines"
ZERO = Decimal(0)


def claim_lines(view: View, standing: Mapping[str, Standing]) -> Iterator[Computed]:
    """`line_status`, `line_reason` and `claimable_amount` of every line whose expense was judged."""
    for line in view.rows("Reimbursement Lines"):
        found = standing.get(view.ref(line, "expense_id"))
        if found is not None:
            values = {"line_status": found.status, "line_reason": _reason(found), "claimable_amount": ""}
            if line.text("line_currency") == found.currency:
                values["claimable_amount"] = str(left_of(view, line, found))
            yield from cells(line.place, values, rule=RULE, inputs=(found.line.expense.id,))


def _reason(standing: Standing) -> str:
    causes = [cause.message for cause in standing.line.causes]
    said = [*causes, *(reason.says for reason in standing.reasons), *(hold.message for hold in standing.holds)]
    return "\n".join(dict.fromkeys(said)) or "Every rule is met."


def left_of(view: View, line: Row, standing: Standing) -> Decimal:
    """The part of the claimable amount that no other line of the same expense claims."""
    lines = view.where("Reimbursement Lines", "expense_id", standing.line.expense.id)
    others = sum((other.money("claimed_amount") or ZERO for other in lines if other is not line), ZERO)
    return max(standing.claimable - others, ZERO)
