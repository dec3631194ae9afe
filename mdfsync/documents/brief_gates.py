"""What is approved of a campaign and what is not: the gates of the approval matrix, each with its state and why.

The charter, the targets, deliverables and publication of the campaign, the budget of each request, each claim, and
every other gate at which somebody was asked; read from `approval.in_force`, the charter's signatures from
`view.standing`. It judges nothing. A partner sees its own part. Part of the control brief.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mdfsync.approval import InForce, Part, covered_by, in_force
from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.paper import Block, Grid, Section, Words
from mdfsync.documents.wording import day_text
from mdfsync.model import Subject
from mdfsync.values import to_instant
from mdfsync.view import Row, View
from mdfsync.view.standing import standing

OF_CAMPAIGN = ("charter", "targeting", "deliverables", "publication")
OF_ROWS = {"budget": "MDF Budgets", "reimbursement": "Reimbursements"}
_STATE = {
    "approved": "approved", "none": "nobody was asked", "pending": "not approved yet", "declined": "declined",
    "lapsed": "approval lapsed",
}  # fmt: skip
_CHARTER = {
    "draft": "draft, signed by nobody", "partly_signed": "signed by some, not by all", "signed": "signed by all",
    "outdated": "changed since it was signed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate of the approval matrix for one row. `state` is one of `_STATE`; `why` says who did what, line by line."""

    gate: str
    title: str
    of: Subject
    approved: bool
    state: str
    why: tuple[str, ...]
    source_ids: tuple[str, ...]


def gates_of(view: View, campaign: Row, audience: Audience = OURS) -> tuple[Gate, ...]:
    """The gates that concern a campaign: its own, those of its requests and claims, and others that somebody asked."""
    return tuple(_gates(view, campaign, audience))


def _gates(view: View, campaign: Row, audience: Audience) -> Iterator[Gate]:
    for name in (name for name in OF_CAMPAIGN if name in view.matrix.gates):
        gate = _gate(view, in_force(view, name, campaign.place), audience)
        yield _with_signatures(view, campaign, gate, audience) if name == "charter" else gate
    for name, table in OF_ROWS.items():
        for own in audience.rows(view, view.where(table, "joint_campaign_id", campaign.id)):
            if name in view.matrix.gates:
                yield _gate(view, in_force(view, name, own.place), audience)
    others = (name for name in view.matrix.gates if name not in {*OF_CAMPAIGN, *OF_ROWS}) if audience.internal else ()
    for name in others:
        for place in sorted(covered_by(view, name)):
            row = view.row(place.table, place.id)
            if row is not None and (row is campaign or place.table != "Campaigns") and _is_of(view, row, campaign):
                yield _gate(view, in_force(view, name, place), audience)


def _is_of(view: View, row: Row, campaign: Row) -> bool:
    return row.place == campaign.place or view.ref(row, "joint_campaign_id") == campaign.id


def _gate(view: View, found: InForce, audience: Audience) -> Gate:
    parts = [part for part in found.parts if audience.internal or part.partner_id in {"", audience.partner_id}]
    approvals = [approval for part in parts for approval in part.carried_by]
    return Gate(
        gate=found.gate,
        title=view.matrix.gates[found.gate].title,
        of=found.subject,
        approved=found.satisfied,
        state=found.state,
        why=tuple(line for part in parts for line in _part(view, part, audience)),
        source_ids=tuple(dict.fromkeys(approval.row.id for approval in approvals)),
    )


def _part(view: View, part: Part, audience: Audience) -> Iterator[str]:
    role = view.matrix.roles.get(part.role)
    who = role.title if role else part.role
    if part.partner_id:
        partner = view.row("Partners", part.partner_id)
        who += f" ({(partner.text('partner_name') if partner else '') or part.partner_id})"
    if not part.carried_by:
        yield f"{who}: {_STATE[part.state]}"
    for approval in part.carried_by:
        by = audience.person(approval.signer or approval.row.text("approver"))
        on = f", {day_text(to_instant(approval.decided_at).date())}" if approval.counts and approval.decided_at else ""
        plain = approval.status in {"approved", "pending"} or not audience.internal
        reason = "" if plain else f": {approval.reason}"
        limits = f", on condition: {c}" if (c := approval.row.text("conditions")) and audience.internal else ""
        who_did = f" by {by}" if part.state == "approved" else f" ({by})"
        yield f"{who}: {_STATE[part.state]}{who_did}{on}{limits}{reason}"


def _with_signatures(view: View, campaign: Row, gate: Gate, audience: Audience) -> Gate:
    """The charter gate with its signatures: a charter is in force by them."""
    stands = standing(view, campaign)
    lines = [f"Version {stands.version}: {_CHARTER[stands.status]}"]
    if stands.in_force is not None and stands.in_force.version != stands.version:
        lines.append(f"Version {stands.in_force.version} stays in force meanwhile")
    if audience.internal:
        lines += [f"Not signed: {one}" for one in stands.unsigned]
        signed = [s.row.id for _, s in stands.signatures]
    else:
        signed = []
    return Gate(
        gate=gate.gate, title=gate.title, of=gate.of, approved=stands.status == "signed",
        state="approved" if stands.status == "signed" else "lapsed" if stands.status == "outdated" else "pending",
        why=(*lines, *gate.why), source_ids=tuple(dict.fromkeys((*gate.source_ids, *signed))),
    )  # fmt: skip


def gates_section(gates: Sequence[Gate], view: View, audience: Audience = OURS) -> Section:
    """What is approved and what is not."""
    blocks: list[Block] = []
    for title, approved in (("Not approved", False), ("Approved", True)):
        these = [gate for gate in gates if gate.approved is approved]
        rows = tuple((gate.title, gate.of.id, _STATE[gate.state], "\n".join(gate.why)) for gate in these)
        if rows:
            sources = tuple(dict.fromkeys(id for gate in these for id in gate.source_ids))
            blocks.append(
                Grid(
                    title=title, columns=("What", "Of", "State", "Who, and why"), rows=rows, widths=(22, 16, 14, 48),
                    nature="decision", sources=(sources or ("Approvals",))[:12] if audience.internal else (),
                )
            )  # fmt: skip
    asked = {gate.gate for gate in gates}
    others = [gate.title for name, gate in view.matrix.gates.items() if name not in asked]
    if others and audience.internal:
        blocks.append(Words(text=f"Nobody has been asked so far: {'; '.join(others)}.", nature="fact"))
    return Section(title="Approved and not approved", blocks=tuple(blocks))


def gates_data(gates: Iterable[Gate]) -> list[dict[str, Any]]:
    return [
        {
            "gate": gate.gate, "title": gate.title, "table": gate.of.table, "record": gate.of.id,
            "approved": gate.approved, "state": gate.state, "why": list(gate.why), "nature": "decision",
            "source_ids": list(gate.source_ids),
        }
        for gate in gates
    ]  # fmt: skip
