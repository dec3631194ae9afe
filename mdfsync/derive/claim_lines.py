"""What each line of a claim is worth now: the standing of its expense, less what other lines claim of it.

An instalment may claim what is left; together the lines never come to more than the expense. What the payer refused,
and what stands on a withdrawn claim, is claimed no longer. A hold on the line itself holds it too. A line in another
currency than its expense's programme says no amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal

from mdfsync.currencies import currency_exponent
from mdfsync.derive.blocking import Blocking
from mdfsync.derive.computed import Computed, cells
from mdfsync.eligibility.standing import Standing
from mdfsync.ledger import decided, is_appealed
from mdfsync.model import Finding
from mdfsync.view import Row, View

RULE = "claim_lines"
ZERO = Decimal(0)


def claim_lines(view: View, standing: Mapping[str, Standing], blocking: Blocking) -> Iterator[Computed]:
    """`line_status`, `line_reason` and `claimable_amount` of every line whose expense was judged."""
    for line in view.rows("Reimbursement Lines"):
        found = standing.get(view.ref(line, "expense_id"))
        if found is not None:
            own = _own(line, found, blocking)
            status = line_status(line, found, blocking)
            values = {"line_status": status, "line_reason": _reason(found, own), "claimable_amount": ""}
            if line.text("line_currency") == found.currency:
                values["claimable_amount"] = str(left_of(view, line, found))
            yield from cells(line.place, values, rule=RULE, inputs=(found.line.expense.id,))


def line_status(line: Row, standing: Standing, blocking: Blocking) -> str:
    """The expense's status, and held where a hold stands on the line alone."""
    return "held" if standing.status == "eligible" and _own(line, standing, blocking) else standing.status


def _own(line: Row, standing: Standing, blocking: Blocking) -> tuple[Finding, ...]:
    """Holds on the line that do not stand on, or block, its expense: those are part of the expense's standing."""
    of_expense = {hold.fingerprint for hold in blocking.holds(standing.line.expense.place)}
    return tuple(
        hold
        for hold in blocking.holds(line.place)
        if hold.fingerprint not in of_expense and hold.subject.table == line.subject.table
    )


def _reason(standing: Standing, own: tuple[Finding, ...]) -> str:
    causes = [cause.message for cause in standing.line.causes]
    said = [*causes, *(reason.says for reason in standing.reasons), *(hold.message for hold in (*standing.holds, *own))]
    return "\n".join(dict.fromkeys(said)) or "Every rule is met."


def left_of(view: View, line: Row, standing: Standing) -> Decimal:
    """The part of the claimable amount that no other line of the same expense takes, in whole units of its currency;
    nothing while one takes an amount in another currency, since nobody can say what is left then."""
    lines = view.where("Reimbursement Lines", "expense_id", standing.line.expense.id)
    taken = [(other, _takes(view, other)) for other in lines if other is not line]
    if any(amount and other.text("line_currency").upper() != standing.currency for other, amount in taken):
        return ZERO
    left = standing.claimable - sum((amount for _, amount in taken), ZERO)
    unit = Decimal(1).scaleb(-currency_exponent(standing.currency))
    return max(left.quantize(unit, ROUND_DOWN), ZERO)


def _takes(view: View, line: Row) -> Decimal:
    """What a line takes of its expense: what it still claims, or what was granted where that is more, and never less
    than nothing. A refusal under appeal is not the last word; a claim that was withdrawn keeps what it was granted."""
    claim = view.target(line, "reimbursement_id")
    if claim is None:
        return max(line.money("claimed_amount") or ZERO, ZERO)
    stands = decided(claim, line)
    if claim.text("reimbursement_state") == "withdrawn":
        return max(stands.granted, stands.paid, ZERO)
    refused = ZERO if is_appealed(line) else stands.refused
    return max(stands.claimed - refused, stands.granted, stands.paid, ZERO)
