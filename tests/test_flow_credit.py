"""Credit day by day on the embedded world, and against people who type what they may not."""

from __future__ import annotations

from typing import Any

import pytest
from flow_lab import HEARTBEAT, LEE, Lab


def gained(lab: Lab) -> set[str]:
    """Rows that report a partner as source or helper."""
    rows = [row["fields"] for row in lab.rows("Attributions")]
    return {row["attribution_id"] for row in rows if row["attribution_class"] in {"sourced", "assisted"}}


def states(lab: Lab) -> dict[str, str]:
    return {r["fields"]["registration_id"]: r["fields"]["registration_status"] for r in lab.rows("Deal Registrations")}


def quiet(lab: Lab) -> None:
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} == {HEARTBEAT}


def test_six_days_raise_nothing_unexplained_and_each_day_is_said_once(fresh: Lab) -> None:
    before = states(fresh)
    for _ in range(6):
        earned = gained(fresh)
        fresh.advance(1)
        fresh.run()
        rows = {r["fields"]["attribution_id"]: r["fields"] for r in fresh.rows("Attributions")}
        assert all(rows[id]["deciding_event"] != "none" for id in gained(fresh) - earned)
        quiet(fresh)
    ended = {"expired", "rejected", "won", "lost", "closed"}
    assert {id for id, state in states(fresh).items() if before.get(id) in ended and state not in ended} == set()


CREDIT: dict[str, Any] = {
    "introduction_at": "2026-05-01T09:00:00.000Z",
    "assist_action": "demo",
    "assist_at": "2026-11-01T09:00:00.000Z",
    "assist_person": "Somebody",
    "validated_class": "sourced",
    "validation_reason": "Because I say so.",
    "claimed_class": "sourced",
}


def typed_into_attributions(lab: Lab, who: str) -> None:
    deals = {r["fields"]["opportunity_id"]: r["fields"] for r in lab.rows("Opportunities")}
    for row in lab.rows("Attributions"):
        deal = deals.get(row["fields"].get("opportunity_id", ""), {})
        contact = str(deal.get("contact_ids", "")).split(",")[0].strip()
        owner = deal.get("opportunity_owner") or who
        named = {"introduction_contact_id": contact, "assist_contact_id": contact} if contact else {}
        lab.edit(who, "Attributions", row["id"], **CREDIT, **named, assist_confirmed_by=owner)


def typed_into_registrations(lab: Lab, who: str) -> None:
    for row in lab.rows("Deal Registrations"):
        lab.edit(
            who,
            "Deal Registrations",
            row["id"],
            registration_decision="approved",
            submitted_at="2026-05-01T09:00:00.000Z",
            approved_at="2026-05-02T09:00:00.000Z",
            extended_until="2027-06-30",
            extended_on="2026-05-03",
            last_update_on="2026-11-19",
            closed_outcome="won",
            closed_on="2026-06-01",
            registration_status="valid",
            expired_on="",
        )


def typed_into_leads(lab: Lab, who: str) -> None:
    for row in lab.rows("Leads"):
        lab.edit(who, "Leads", row["id"], ownership="OWNED-PARTNER", partner_submitted_on="2026-05-01")


@pytest.mark.parametrize(
    "typed", [typed_into_attributions, typed_into_registrations, typed_into_leads], ids=lambda f: f.__name__
)
def test_typing_raises_no_credit_without_the_authority(fresh: Lab, typed: Any) -> None:
    before = gained(fresh)
    typed(fresh, LEE)
    fresh.run()
    assert gained(fresh) <= before
    quiet(fresh)


def in_base(lab: Lab) -> list[str]:
    """What the campaign's journeys take for the class in the base, deal by deal."""
    done = lab.mdfsync("journeys", "JC-1041", "--json")
    return [judged["class_in_base"] for story in done.json["journeys"] for judged in story["classes"]]


def test_a_class_typed_over_the_workers_is_told_and_read_by_nobody(fresh: Lab) -> None:
    before = in_base(fresh)
    for row in fresh.rows("Attributions"):
        fresh.edit(LEE, "Attributions", row["id"], computed_class="sourced", attribution_class="sourced")
    fresh.run()
    rows = [r["fields"] for r in fresh.rows("Change History")]
    assert "attribution_class" in {r["field"] for r in rows if (r["table"], r["kind"]) == ("Attributions", "drift")}
    assert in_base(fresh) == before
    quiet(fresh)
