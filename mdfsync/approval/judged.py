"""What each Approvals row is worth now: pending, approved, declined, returned, withdrawn, lapsed or refused, and why.

A decision counts when the person behind it is known and may take it. In the base that is whoever the change feed saw
set `decision`; on paper it is the approver whom an accepted document shows, with a recorder who is somebody else. Who
counted stays counted: a role that moves on later takes nothing back. But the terms of a decision do not change after
it, and what was seen is compared with what stands there: an approval lapses while something material differs. It comes
back by itself when the values do, since the values that were seen are what was approved. It refuses to approve anything
itself, and to take a typed name for a person. Third part of `approval`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mdfsync.approval.objections import Signing, objection, over_limit
from mdfsync.approval.scope import Scope, about, scope_of
from mdfsync.approval.seen import Move, moves, values_of, worded
from mdfsync.policy.approvals import Gate
from mdfsync.values import digest, instant_text
from mdfsync.view import Author, Row, View
from mdfsync.view.base import COMING

TABLE = "Approvals"
COUNTS = frozenset({"approved", "declined", "returned", "withdrawn", "lapsed"})
CLOSED = frozenset({"archived", "cancelled"})
TERMS = ("limit_amount", "limit_currency", "valid_until", "conditions")
SHOWN = 8
"""Moves that a reason names; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One row judged. `signer` = whose decision it is, `recorder` = who entered it; `values_seen`, `digest` and
    `policy_version` are of the moment at which the decision was first found to count, `""` when none counts."""

    row: Row
    gate: str
    role: str
    status: str
    reason: str
    scope: Scope
    signer: str = ""
    recorder: str = ""
    decided_at: str = ""
    values_seen: str = ""
    digest: str = ""
    policy_version: str = ""
    moved: tuple[Move, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether somebody's decision stands behind the status."""
        return self.status in COUNTS


def acts_on(view: View, approval: Approval) -> str:
    """E-mail of whoever has to see to it in the base: the approver, or where the approver is outside, who recorded the
    decision or asked for it."""
    role = view.matrix.roles.get(approval.role)
    if role is None or not role.outside:
        return approval.row.text("approver")
    return approval.recorder or approval.row.text("recorded_by") or approval.row.text("requested_by")


def is_closed(view: View, approval: Approval) -> bool:
    """Whether the campaign is history, so that nobody need approve anything for it any more."""
    campaign = view.target(approval.row, "joint_campaign_id")
    return campaign is not None and campaign.text("campaign_status") in CLOSED


def judged(view: View) -> Mapping[str, Approval]:
    """Every Approvals row by its id, worked out once for what the run has computed so far. Whoever asks while facts are
    derived may still see computed cells of the run before; rules and what follows from them see this one's."""
    key = (COMING, TABLE, "judged")
    found: dict[str, Approval] | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = {row.id: _judge(view, row) for row in view.rows(TABLE)}
    return found


def fault_of(view: View, row: Row) -> str:
    """Why an Approvals row counts for nothing, `""` when it counts. One that lapsed counted for what it saw."""
    found = judged(view).get(row.id)
    if found is None:
        return "has no id of its own"
    return "" if found.status in {"approved", "lapsed"} else found.reason or found.status


def _judge(view: View, row: Row) -> Approval:
    gate = view.matrix.gates.get(row.text("gate"))
    if gate is None:
        nothing = Scope(rows={}, covered=frozenset())
        words = f"the approval matrix has no gate “{row.text('gate') or 'blank'}”"
        return Approval(row=row, gate="", role="", status="refused", reason=words, scope=nothing)
    scope = scope_of(view, row, gate)
    signing = _signing(view, row, gate)
    waits = Approval(
        row=row, gate=gate.gate, role=signing.role, status="pending", reason=_waits_for(view, signing), scope=scope
    )
    if not row.text("decision"):
        return waits
    return _decided(view, waits, gate, signing)


def _signing(view: View, row: Row, gate: Gate) -> Signing:
    """The decision as it presents itself: in whose name, by whom entered, in which role."""
    author = view.facts.authors.get((row.subject, "decision"))
    on_paper = row.text("method") not in {"", "base"}
    entered = author.actor if author else ""
    signer = row.text("approver").lower() if on_paper else entered
    day = (row.text("decided_on") if on_paper else "") or (author.day if author else "")
    return Signing(
        row=row, gate=gate, role=row.text("approver_role"), signer=signer, recorder=entered, on_paper=on_paper, day=day,
    )  # fmt: skip


def _waits_for(view: View, signing: Signing) -> str:
    roles = [signing.role] if signing.role else list(signing.gate.roles)
    titles = " or ".join(view.matrix.roles[role].title.lower() for role in roles if role in view.matrix.roles)
    return f"waits for {signing.row.text('approver') or 'a decision'} ({titles})"


def _decided(view: View, waits: Approval, gate: Gate, signing: Signing) -> Approval:
    row, author = signing.row, view.facts.authors.get((signing.row.subject, "decision"))
    if author is None:
        return _as(waits, "refused", "nobody can be shown to have made this decision; decide again", _taken_down(row))
    before = _is_taken_down(row, author)
    if before and not author.exact and not signing.on_paper:  # the one who was taken down set the same word again
        signing = replace(signing, signer=row.text("decided_by"), recorder=row.text("decided_by"))
    at = row.text("decided_at") if before else instant_text(author.at) if author.at else ""
    known = {"signer": signing.signer, "recorder": signing.recorder, "decided_at": at}
    known |= _taken_down(row) if before else {}
    if not waits.scope.covered:
        return _as(waits, "refused", "it names nothing in the base that it approves", known)
    if why := objection(view, signing, waits.scope.rows, anew=not before):
        return _as(waits, "refused", why, known)
    if before and row.text("decided_by") != signing.signer:
        return _as(waits, "refused", "another approver was named after the decision; decide again", known)
    if before and known["digest"] != _digest(signing, known["values_seen"]):
        words = "gate, role, limit, conditions or last day were changed after the decision; decide again"
        return _as(waits, "refused", words, known)
    limit = over_limit(view, signing, waits.scope.rows) if row.text("decision") == "approved" else ""
    if limit and not before:
        return _as(waits, "refused", limit, known)
    values = values_of(view, waits.scope.rows, gate)
    if not before:
        seen = worded(values)
        known |= {"values_seen": seen, "digest": _digest(signing, seen), "policy_version": _versions(view, row)}
    found = moves(known["values_seen"], values, gate, view.dictionary) if before else ()
    if row.text("decision") != "approved":
        return _as(waits, row.text("decision"), f"{row.text('decision')} by {signing.said}", known)
    return _standing(view, waits, signing, known, found, limit)


def _standing(
    view: View, waits: Approval, signing: Signing, known: Mapping[str, str], found: tuple[Move, ...], limit: str
) -> Approval:
    """An approval that counted when it was given: in force, or lapsed since."""
    row, material = signing.row, [move for move in found if move.material]
    until = row.day("valid_until")
    if material:
        return _as(waits, "lapsed", f"changed since approval: {listed(material)}", known, found)
    if until is not None and until < view.as_of.date():
        return _as(waits, "lapsed", f"it was given until {until.isoformat()}", known, found)
    if limit:
        return _as(waits, "lapsed", limit, known, found)
    words = [f"approved by {signing.said}"]
    if conditions := row.text("conditions"):
        words.append(f"on condition: {conditions}")
    if slips := [move for move in found if not move.material]:
        words.append(f"smaller since: {listed(slips)}")
    return _as(waits, "approved", "; ".join(words), known, found)


def listed(found: Iterable[Move]) -> str:
    """Moves in words, not more than a cell's reader takes in."""
    said = [str(move) for move in found]
    more = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + more


def _is_taken_down(row: Row, author: Author) -> bool:
    """Whether the worker already took down the values of this very decision. Where only Change History still knows who
    decided, the time of the decision is the one that was taken down."""
    if not row.text("approved_digest") or not _readable(row.text("values_seen")) or not row.text("decided_at"):
        return False
    return not author.exact or (author.at is not None and row.text("decided_at") == instant_text(author.at))


def _taken_down(row: Row) -> dict[str, str]:
    """What the row says was taken down: it stays with its decision, whatever that is worth meanwhile."""
    names = {"values_seen": "values_seen", "digest": "approved_digest", "policy_version": "policy_version"}
    return {name: row.text(cell) for name, cell in names.items()}


def _digest(signing: Signing, seen: str) -> str:
    """What was approved, and on what terms."""
    terms = {name: signing.row.text(name) for name in TERMS}
    return digest([signing.gate.gate, signing.role, terms, json.loads(seen)])


def _readable(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _as(waits: Approval, status: str, reason: str, known: Mapping[str, str], found: tuple[Move, ...] = ()) -> Approval:
    return Approval(
        row=waits.row, gate=waits.gate, role=waits.role, scope=waits.scope, status=status, reason=reason, moved=found,
        **known,
    )  # fmt: skip


def _versions(view: View, row: Row) -> str:
    """Versions of dictionary, programme and charter, as an auditor looks them up."""
    fields = about(view, row)
    name = fields.get("mdf_programme", "")
    today = view.as_of.date()
    in_force = [v.head for v in view.versions(name) if v.head.valid_from <= today]
    programme = f"{name} {in_force[-1].version}" if in_force else name
    campaign = view.target(row, "joint_campaign_id")
    charter = view.will_be(campaign, "charter_version") if campaign else ""
    parts = (
        f"dictionary {view.dictionary.version}",
        programme and f"programme {programme}",
        charter and f"charter {charter}",
    )
    return "; ".join(part for part in parts if part)
