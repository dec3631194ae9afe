"""Which approval is in force: the answer for a gate and a row, role by role.

`in_force(view, "budget", Subject(table="MDF Budgets", id="MDF-5101"))` tells whether every role of the gate has
approved and every approval still holds, who is missing, and which approvals carry it. Each of the gate's roles approves
in a row of its own; a role whose holders are outside the base (the partner's owners) approves once per partner. Of
several rows for one role the last decision stands. It decides nothing and remembers nothing; rules, derivations and
documents ask it. Last part of `approval`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from mdfsync.approval.judged import Approval, judged
from mdfsync.approval.scope import partners_of
from mdfsync.model import Subject
from mdfsync.view import View
from mdfsync.view.base import COMING

State = Literal["none", "pending", "approved", "declined", "lapsed"]
_NO = frozenset({"declined", "returned", "withdrawn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One role's part in a gate, for one partner where the role is the partner's. `carried_by`: the approvals that
    decide the state."""

    role: str
    partner_id: str
    state: State
    carried_by: tuple[Approval, ...]

    def __str__(self) -> str:
        return f"{self.role} of {self.partner_id}" if self.partner_id else self.role


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Where a gate stands for one row. A gate that the matrix does not know is never satisfied."""

    gate: str
    subject: Subject
    parts: tuple[Part, ...]

    @property
    def satisfied(self) -> bool:
        """Whether everybody whom the gate asks has approved, and nothing has lapsed."""
        return bool(self.parts) and all(part.state == "approved" for part in self.parts)

    @property
    def state(self) -> State:
        """In one word: a no weighs more than a lapse, a lapse more than waiting; `none` = nobody was asked."""
        if self.satisfied:
            return "approved"
        states = {part.state for part in self.parts}
        if states <= {"none"}:
            return "none"
        return "declined" if "declined" in states else "lapsed" if "lapsed" in states else "pending"

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that have not approved, or no longer have."""
        return tuple(str(part) for part in self.parts if part.state != "approved")

    @property
    def lapsed(self) -> tuple[Approval, ...]:
        """Approvals that would carry the gate if nothing had moved."""
        return tuple(a for part in self.parts if part.state == "lapsed" for a in part.carried_by)

    @property
    def approval_ids(self) -> tuple[str, ...]:
        """Approvals that carry the gate; `()` while it is not satisfied."""
        if not self.satisfied:
            return ()
        return tuple(sorted({approval.row.id for part in self.parts for approval in part.carried_by}))

    @property
    def words(self) -> str:
        """What stands against it, for a finding: who has not approved, who declined, what lapsed."""
        said = {"none": "not asked", "pending": "has not approved", "declined": "said no", "lapsed": "approval lapsed"}
        return "; ".join(f"{part}: {said[part.state]}" for part in self.parts if part.state != "approved")


def in_force(view: View, gate: str, subject: Subject) -> InForce:
    """Where the gate stands for the row. `subject` is the row that is approved: the campaign for charter, targeting,
    deliverables and publication, the MDF request for budget, the claim for reimbursement, else the row itself."""
    known = view.matrix.gates.get(gate)
    covering = _covering(view).get((gate, subject), ())
    parts: list[Part] = []
    for role in known.roles if known else ():
        holders = view.matrix.roles[role]
        for partner in (partners_of(view, subject) or ("",)) if holders.outside else ("",):
            mine = [a for a in covering if a.role == role and _speaks_for(view, a, partner, subject)]
            parts.append(_part(role, partner, mine))
    return InForce(gate=gate, subject=subject, parts=tuple(parts))


def _speaks_for(view: View, approval: Approval, partner: str, subject: Subject) -> bool:
    """Whether an approval counts for the partner asked about. `""`: for all of them, so that one that names a partner
    does only where there is no other."""
    named = view.ref(approval.row, "partner_id")
    if partner:
        return named in {"", partner}
    return not named or set(partners_of(view, subject)) <= {named}


def _part(role: str, partner: str, mine: list[Approval]) -> Part:
    decided = sorted((a for a in mine if a.counts), key=lambda a: (a.decided_at, a.row.id))
    last_no = max((n for n, a in enumerate(decided) if a.status in _NO), default=-1)
    since = decided[last_no + 1 :]
    approved = tuple(a for a in since if a.status == "approved")
    if approved:
        return Part(role=role, partner_id=partner, state="approved", carried_by=approved)
    if since:
        return Part(role=role, partner_id=partner, state="lapsed", carried_by=tuple(since))
    waiting = tuple(a for a in mine if not a.counts)
    if last_no >= 0 and not waiting:
        return Part(role=role, partner_id=partner, state="declined", carried_by=(decided[last_no],))
    return Part(role=role, partner_id=partner, state="pending" if waiting else "none", carried_by=waiting)


def _covering(view: View) -> Mapping[tuple[str, Subject], tuple[Approval, ...]]:
    """(gate, row) → the approvals of it."""
    key = (COMING, "Approvals", "covering")
    found: dict[tuple[str, Subject], tuple[Approval, ...]] | None = view.memo.get(key)
    if found is None:
        lists: dict[tuple[str, Subject], list[Approval]] = {}
        for approval in judged(view).values():
            for place in approval.scope.covered:
                lists.setdefault((approval.gate, place), []).append(approval)
        found = view.memo[key] = {place: tuple(these) for place, these in lists.items()}
    return found


def covered_by(view: View, gate: str) -> frozenset[Subject]:
    """Rows of which somebody was asked for, or gave, an approval at the gate."""
    return frozenset(place for asked, place in _covering(view) if asked == gate)


def superseded(view: View, approval: Approval) -> bool:
    """Whether other approvals of the same role carry what this one covers: then nobody need look at it again."""
    its_parts = [
        part
        for subject in _chief(approval.scope.covered)
        for part in in_force(view, approval.gate, subject).parts
        if part.role == approval.role and _speaks_for(view, approval, part.partner_id, subject)
    ]
    return bool(its_parts) and all(
        part.state == "approved" and approval.row.id not in {a.row.id for a in part.carried_by} for part in its_parts
    )


def _chief(covered: Iterable[Subject]) -> tuple[Subject, ...]:
    """The campaign where it covers one, else all of its rows."""
    campaigns = tuple(place for place in covered if place.table == "Campaigns")
    return campaigns or tuple(sorted(covered))
