"""What a claim's line came to so far: claimed, granted, refused, undecided, paid. Always
claimed = granted + refused + undecided.

Nothing is concluded from a blank: a line that nobody decided is undecided, and so is a grant whose amount is not known.
More granted than claimed shows as less than nothing undecided, and is told elsewhere. Part of `ledger`: movements,
totals and reconciliation all count by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mdfsync.view import Row, View

ZERO = Decimal(0)
_DECIDED = frozenset({"granted", "partly_granted", "refused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A line in its own currency. `row` is the line; `paid` is what stands on the line itself."""

    row: Row
    currency: str
    claimed: Decimal
    granted: Decimal
    refused: Decimal
    paid: Decimal

    @property
    def undecided(self) -> Decimal:
        return self.claimed - self.granted - self.refused

    @property
    def is_cut(self) -> bool:
        """Whether the payer granted less than was claimed."""
        return self.refused > ZERO


def decided(claim: Row, line: Row) -> Decided:
    """Where one line of a claim stands."""
    claimed, granted = line.money("claimed_amount") or ZERO, line.money("granted_amount")
    decision = line.text("line_decision")
    return Decided(
        row=line,
        currency=line.text("line_currency").upper(),
        claimed=claimed,
        granted=granted if granted and decision in _DECIDED else ZERO,
        refused=_refused(claim, decision, claimed, granted),
        paid=line.money("paid_amount") or ZERO,
    )


def decided_of(view: View, claim: Row) -> tuple[Decided, ...]:
    """Every line of a claim."""
    lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id) if claim.id else ()
    return tuple(decided(claim, line) for line in lines)


def is_appealed(line: Row) -> bool:
    """Whether an appeal against the line waits for the payer: no later day of a decision stands on it."""
    appealed, granted = line.day("appealed_on"), line.day("granted_on")
    return appealed is not None and (granted is None or granted <= appealed)


def _refused(claim: Row, decision: str, claimed: Decimal, granted: Decimal | None) -> Decimal:
    """What the payer refused of a line; nothing while a grant has no amount."""
    if decision == "refused" or (not decision and claim.text("reimbursement_state") == "rejected"):
        return max(claimed - (granted or ZERO if decision else ZERO), ZERO)
    return max(claimed - granted, ZERO) if decision in _DECIDED and granted is not None else ZERO
