"""Records dated where no agreement with the partner holds.

What it protects: outside the period of a signed agreement there is no right to be paid, to share leads or
to earn credit. A renewal opens a new period; it does not stretch the old one.

When it fires: an expense's or deliverable's activity, the day a partner handed over a lead, the submission
of a deal registration, or the dated event of an attribution claim (its introduction or action, else the
opportunity's creation) lies on a day on which no signed agreement with that partner holds. Where a partner
has no signed agreement at all, there is one hold, on the partner, and it blocks all of those rows.

What clears it: the agreement that covers the date is recorded with its signature, or the date is corrected
at its source. It cannot be waived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.view.charter import GENERAL, agreements_of, cover, zone_of
from mdfsync.view.standing import campaign_in_force

ID = "outside_agreement"
TABLES = ("Expenses", "Deliverables", "Leads", "Deal Registrations", "Attributions")
_KINDS: Mapping[str, frozenset[str]] = {
    "Deal Registrations": GENERAL | {"deal_registration"},
    "Leads": GENERAL | {"data_sharing"},
}


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    bare: dict[str, list[Subject]] = {}
    for table in TABLES:
        kinds = _KINDS.get(table, GENERAL)
        for row in view.rows(table):
            partner_id, days = view.ref(row, "partner_id"), _days(view, row)
            if not partner_id or not days:
                continue
            found = cover(view, partner_id, days.values(), kinds)
            if found == "none":
                bare.setdefault(partner_id, []).extend((row.place, *_carried(view, row)))
            elif found == "outside":
                yield _outside(view, setting, row, partner_id, days, kinds)
    for partner_id, rows in sorted(bare.items()):
        yield _without(view, setting, partner_id, rows)


def uncovered(view: View, row: Row) -> bool:
    """Whether the rule holds this row: its partner or one of its dates stands under no signed agreement."""
    partner_id, days = view.ref(row, "partner_id"), _days(view, row)
    kinds = _KINDS.get(row.subject.table, GENERAL)
    return bool(partner_id and days) and cover(view, partner_id, days.values(), kinds) != "inside"


def _outside(
    view: View, setting: RuleSetting, row: Row, partner_id: str, days: Mapping[str, date], kinds: frozenset[str]
) -> Finding:
    said = {name: day.isoformat() for name, day in days.items()}
    periods = [
        f"{a.id}: {a.text('period_start')} to {a.text('terminated_on') or a.text('period_end')}"
        for a in agreements_of(view, partner_id, kinds)
    ]
    partner = view.row("Partners", partner_id)
    name = partner.text("partner_name") if partner else ""
    return speak(
        setting,
        row.place,
        f"No signed agreement with {f'{name} ({partner_id})' if name else partner_id} covers every one of its dates.",
        evidence={**said, "agreements": "; ".join(sorted(periods))},
        sources={*sources_of(view, row.subject.table, *days), *sources_of(view, "Agreements", "period_start")},
        blocks=_carried(view, row),
    )


def _without(view: View, setting: RuleSetting, partner_id: str, rows: list[Subject]) -> Finding:
    unsigned = sorted(a.id for a in view.where("Agreements", "partner_id", partner_id) if not a.text("signed_on"))
    words = f"only unsigned ones ({', '.join(unsigned)})" if unsigned else "none"
    return speak(
        setting,
        Subject(table="Partners", id=partner_id),
        f"No signed agreement with this partner covers such records; on file: {words}.",
        evidence={"agreements": words},
        sources=sources_of(view, "Agreements", "signed_on"),
        key="no agreement",
        blocks=rows,
    )


def _carried(view: View, row: Row) -> tuple[Subject, ...]:
    return lines_of(view, row.id) if row.subject.table == "Expenses" else ()


def _days(view: View, row: Row) -> dict[str, date]:
    """The dates of a row that must lie inside an agreement, by field name; empty when it has none yet."""
    match row.subject.table:
        case "Expenses":
            return _first(row, ("activity_start", "activity_end"), ("committed_on",), ("invoice_date",))
        case "Deliverables":
            if row.text("deliverable_state") == "cancelled":
                return {}
            return _first(row, ("actual_start", "actual_end"), ("planned_start", "due_date"))
        case "Leads":
            return _first(row, ("partner_submitted_on",))
        case "Deal Registrations":
            return _instants(view, row, view.ref(row, "joint_campaign_id"), "submitted_at")
        case _:
            return _of_claim(view, row)


def _of_claim(view: View, row: Row) -> dict[str, date]:
    if row.text("claimed_class") in {"", "direct"}:
        return {}
    joint = view.ref(row, "joint_campaign_id")
    days = _instants(view, row, joint, "introduction_at", "assist_at")
    opportunity = view.row("Opportunities", view.ref(row, "opportunity_id"))
    if not days and opportunity is not None:
        days = _instants(view, opportunity, joint, "created_at_hubspot") or _instants(
            view, opportunity, joint, "create_date"
        )
    return days


def _first(row: Row, *sets: tuple[str, ...]) -> dict[str, date]:
    """The dates of the first set of fields that has any."""
    for names in sets:
        days = {name: day for name in names if (day := row.day(name))}
        if days:
            return days
    return {}


def _instants(view: View, row: Row, joint: str, *names: str) -> dict[str, date]:
    """Days of moments, counted in the charter's zone (UTC where no charter names one)."""
    campaign = campaign_in_force(view, joint)
    zone = zone_of(campaign.text("charter_time_zone")) if campaign else None
    return {name: at.astimezone(zone or UTC).date() for name in names if (at := row.instant(name))}
