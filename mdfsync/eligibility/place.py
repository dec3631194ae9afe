"""Where a reason of a programme is told: under which rule, on which row, by which key.

Proof of performance that a deliverable owes stands on the deliverable, once for all expenses that rest on it; all else
stands on the expense. A waiver is found by the same place. Sixth layer, for `judged` and `telling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdfsync.model import Subject, fingerprint
from mdfsync.programme import Programme, Reason
from mdfsync.view import Row, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`rule` is the rule's id, `subject` the row, `key` what tells several findings of it on one row apart."""

    rule: str
    subject: Subject
    key: str

    def is_waived(self, view: View) -> bool:
        """Whether people let the finding at this place pass."""
        waived = view.facts.waived
        return bool(waived) and fingerprint(self.rule, self.subject, self.key) in waived


def purposes_of(versions: Sequence[Programme]) -> Mapping[str, str]:
    """What each set of evidence is for (performance, financial), by its id; a later version has the last word."""
    return {proof.id: proof.purpose for programme in versions for proof in programme.file.evidence}


def place_of(view: View, expense: Row, purposes: Mapping[str, str], reason: Reason) -> Place:
    """The place of one reason against an expense; `purposes` as `purposes_of` tells them."""
    key, purpose = f"programme {reason.rule}", purposes.get(reason.rule)
    if purpose is None:
        return Place(rule="ineligible_expense", subject=expense.place, key=key)
    deliverable = view.target(expense, "deliverable_id") if purpose == "performance" else None
    return Place(rule="missing_proof", subject=(deliverable or expense).place, key=key)
