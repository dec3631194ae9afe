"""The plan of a campaign's deliverables as plain values: what its paper, its tables and its JSON have in common.

Facts stand in the base (owners, dates, conditions, decisions); expected days, slack, what slips and the critical path
are counted from them by `deliverables`. Cells are read as a run would leave them now. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from mdfsync.deliverables.plan import TABLE, Piece, Plan, plan_of
from mdfsync.deliverables.schedule import critical_path, slips
from mdfsync.deliverables.standing import Standing, standings
from mdfsync.documents.concluded import Concluded, Open
from mdfsync.documents.money import money_data
from mdfsync.money_at_risk import AtRisk
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import in_force, standing

CAMPAIGN = "end of the campaign"
"""What slack ends at where no other deliverable is late first."""
STATUSES = ("late", "blocked", "due_soon", "on_track", "unknown", "done", "cancelled")


def deliverables_data(c: Concluded, campaign: Row, risk: tuple[AtRisk, ...], *, slip: int) -> dict[str, Any]:
    """The whole plan of a campaign; `slip` = the days by which each open piece is tried to come later."""
    view, plan = c.view, plan_of(c.view)
    pieces = sorted(plan.of(campaign.id), key=_by_date)
    stands = standings(plan, view.rules, c.findings())
    chain = critical_path(plan.schedule, {piece.id for piece in pieces})
    counted = Counter[str](stands[piece.id].status for piece in pieces)
    least = [slack for id in chain if (slack := plan.days(id).slack) is not None]
    return {
        "document": "deliverables",
        **_about(c, campaign),
        "money_at_risk": money_data(risk),
        "counts": {status: counted[status] for status in STATUSES if counted[status]},
        "deliverables": [_piece(view, plan, piece, stands[piece.id], slip, chain) for piece in pieces],
        "elsewhere": list(_elsewhere(plan, pieces)),
        "critical_path": {"deliverable_ids": list(chain), "slack_days": min(least, default=None)},
        "circles": [list(members) for members in plan.schedule.order.circles if _touches(members, pieces)],
        "slip_days": slip,
        "findings": [_finding(one) for one in c.open if _concerns(view, one, campaign)],
    }


def _about(c: Concluded, campaign: Row) -> dict[str, Any]:
    view = c.view
    terms, stands = in_force(view, campaign), standing(view, campaign)
    zone = zone_of(terms.text("charter_time_zone"))
    parts = view.where("Campaign Partners", "joint_campaign_id", campaign.id)
    return {
        "joint_campaign_id": campaign.id,
        "campaign_name": campaign.text("campaign_name") or campaign.id,
        "campaign_owner": terms.text("campaign_owner") or None,
        "partners": [
            {
                "partner_id": view.ref(part, "partner_id"),
                "partner": partner_name(view, view.ref(part, "partner_id")),
                "campaign_owner": in_force(view, part).text("partner_campaign_owner") or None,
            }
            for part in sorted(parts, key=lambda row: row.id)
        ],
        "first_day": terms.text("start_date") or None,
        "last_day": terms.text("end_date") or None,
        "as_of": view.as_of.date().isoformat(),
        "today": view.as_of.astimezone(zone).date().isoformat() if zone else view.as_of.date().isoformat(),
        "time_zone": zone.key if zone else None,
        "charter": {
            "version": stands.version,
            "in_force": stands.in_force.version if stands.in_force else None,
            "changed_since": [
                {"deliverable_id": m.id, "field": m.field, "in_force": m.signed, "now": m.now}
                for m in stands.moved
                if m.table == TABLE
            ],
        },
        "policy": {"version": c.policy.version, "digest": c.policy.digest},
    }


def partner_name(view: View, id: str) -> str:
    row = view.row("Partners", id)
    return (row.text("partner_name") if row else "") or id


def _by_date(piece: Piece) -> tuple[date, date, str]:
    due = piece.due or date.max
    return piece.start or due, due, piece.id


def _piece(view: View, plan: Plan, piece: Piece, stands: Standing, slip: int, chain: tuple[str, ...]) -> dict[str, Any]:
    row, days = piece.row, plan.days(piece.id)
    return {
        "deliverable_id": piece.id,
        "title": piece.title,
        "activity_type": row.text("activity_type") or None,
        "partner_id": view.ref(row, "partner_id") or None,
        "partner": partner_name(view, view.ref(row, "partner_id")) or None,
        "mdf_request_id": view.ref(row, "mdf_request_id") or None,
        "owed_by": {"side": row.text("owner_side") or None, "person": row.text("deliverable_owner") or None},
        "accepted_by": row.text("reviewer") or None,
        "acceptance_condition": row.text("acceptance_condition") or None,
        "planned_start": row.text("planned_start") or None,
        "due": row.text("due_date") or None,
        "begun_on": row.text("actual_start") or None,
        "delivered_on": row.text("delivered_on") or None,
        "state": row.text("deliverable_state") or None,
        "acceptance": {
            "decision": piece.acceptance.decision or None,
            "counts": piece.acceptance.accepted if piece.acceptance.decision else None,
            "why_not": piece.acceptance.fault or None,
        },
        "status": stands.status,
        "blocked_by": list(stands.blocked_by),
        "held_by": list(stands.held_by),
        "waits_for": list(piece.waits_for),
        "blocks": list(plan.blocks.get(piece.id, ())),
        "expected": days.expected.isoformat() if days.expected else None,
        "slack_days": days.slack,
        "slack_ends_at": (days.meets or CAMPAIGN) if days.slack is not None else None,
        "on_critical_path": piece.id in chain,
        "if_it_slips": [{"deliverable_id": id, "days": by} for id, by in slips(plan.schedule, piece.id, slip).items()],
    }


def _elsewhere(plan: Plan, pieces: list[Piece]) -> Iterator[Mapping[str, str]]:
    """Deliverables of other campaigns that these wait for, or that wait for these."""
    here = {piece.id for piece in pieces}
    named = {id for piece in pieces for id in (*piece.waits_for, *plan.blocks.get(piece.id, ()))}
    for id in sorted(named - here):
        if other := plan.pieces.get(id):
            yield {"deliverable_id": id, "title": other.title, "joint_campaign_id": other.campaign_id}


def _touches(members: tuple[str, ...], pieces: list[Piece]) -> bool:
    return any(piece.id in members for piece in pieces)


def _concerns(view: View, one: Open, campaign: Row) -> bool:
    """Whether it is about a deliverable of the campaign, or holds one."""
    held = one.finding.blocks if one.finding.kind == "hold" else ()
    rows = (view.row(TABLE, place.id) for place in (one.finding.subject, *held) if place.table == TABLE)
    return any(row is not None and view.ref(row, "joint_campaign_id") == campaign.id for row in rows)


def _finding(one: Open) -> Mapping[str, Any]:
    found = one.finding
    return {
        "kind": found.kind,
        "rule_id": found.rule_id,
        "row_id": one.row_id,
        "severity": found.severity,
        "record": str(found.subject),
        "message": found.message,
        "required_action": found.required_action,
        "owner": one.owner or None,
        "due": one.due or None,
        "status": one.status,
        "source_ids": list(found.source_ids),
    }
