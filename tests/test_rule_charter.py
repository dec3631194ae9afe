"""The hold on campaigns whose charter is not signed by all: when it fires, when it does not, what clears it."""

from __future__ import annotations

from typing import Any

import pytest
from casebook import findings
from charter_lab import CAMPAIGN, PART, Base

from mdfsync.model import Finding

RULE = "unsigned_charter"


def held(base: Base) -> list[Finding]:
    return findings(RULE, base.view())


@pytest.mark.parametrize(
    ("cells", "fires"),
    [
        ({"campaign_status": "approved"}, True),
        ({"campaign_status": "live"}, True),
        ({"campaign_status": "paused"}, True),
        ({"campaign_status": "draft"}, False),
        ({"campaign_status": "draft", "start_date": "2026-11-20"}, True),
        ({"campaign_status": "draft", "launch_at": "2026-11-20T11:00:00Z"}, True),
        ({"campaign_status": "draft", "launch_at": "2026-12-01T11:00:00Z", "start_date": "2026-11-01"}, False),
        ({"campaign_status": "completed", "start_date": "2026-10-01"}, True),
        ({"campaign_status": "archived", "start_date": "2026-10-01"}, False),
        ({"campaign_status": "cancelled", "start_date": "2026-10-01"}, False),
    ],
)  # fmt: skip
def test_it_fires_for_campaigns_that_run_or_should(cells: dict[str, Any], fires: bool) -> None:
    assert bool(held(Base().set(CAMPAIGN, **cells))) == fires


@pytest.mark.parametrize(
    ("zone", "fires"), [("America/New_York", False), ("Asia/Tokyo", True), (None, False), ("Mars/Olympus", False)]
)
def test_the_first_day_begins_in_the_charters_zone(zone: str | None, fires: bool) -> None:
    base = Base("2026-11-20T16:00:00Z").set(CAMPAIGN, campaign_status="draft", start_date="2026-11-21")
    assert bool(held(base.set(CAMPAIGN, charter_time_zone=zone))) == fires


@pytest.mark.parametrize(
    ("cells", "fires"),
    [
        ({"campaign_status": "live", "start_date": "2026-10-01"}, False),
        ({"campaign_status": "completed", "start_date": "2025-10-01"}, False),
        ({"campaign_status": "live", "start_date": None}, False),
        ({"campaign_status": "approved", "start_date": "2026-12-01"}, True),
        ({"campaign_status": "approved", "start_date": None}, True),
    ],
)  # fmt: skip
def test_of_campaigns_that_were_taken_over_only_those_not_yet_launched(cells: dict[str, Any], fires: bool) -> None:
    assert bool(held(Base().set(CAMPAIGN, backfilled="yes", **cells))) == fires


def test_one_hold_names_who_has_not_signed_and_what_is_missing() -> None:
    base = Base().approve(("Approvals", "AP-1"), "campaign-owner").partner_signs("1", signature_evidence_id=None)
    [found] = held(base)
    assert found.message.startswith(
        "Version 1 of the charter is not signed by all: Budget owner, Cobalt Harbor missing; "
    ) and found.message.endswith(" required settings are missing.")
    assert found.evidence["not signed"] == (
        "Budget owner (ines@northlight.example): has not signed; "
        "Cobalt Harbor (rhea@cobaltharbor.example): CP-1: names no evidence"
    )
    assert "Disputes: Path" in found.evidence["missing settings"].split("; ")


def test_it_is_due_by_the_launch_while_that_is_ahead() -> None:
    assert [found.due for found in held(Base())] == ["2026-12-01"]
    assert [found.due for found in held(Base().set(CAMPAIGN, start_date="2026-11-01"))] == [""]


def test_it_blocks_the_campaign_and_what_leaves_the_company_not_every_lead() -> None:
    base = Base()
    for id, gate in (("AP-7", "lead_list"), ("AP-8", "publication"), ("AP-9", "budget")):
        base.set(("Approvals", id), gate=gate, joint_campaign_id="JC-1")
    base.set(("Leads", "L-1"), joint_campaign_id="JC-1")
    [found] = held(base)
    assert [str(place) for place in found.blocks] == ["Approvals/AP-7", "Approvals/AP-8", "Campaigns/JC-1"]


def test_the_last_signature_clears_it() -> None:
    base = Base()
    base.run()
    assert held(base)
    base.all_sign()
    assert not held(base)
    base.run()
    assert not held(base)


def test_a_changed_term_brings_it_back_with_what_changed_and_the_next_signatures_clear_it() -> None:
    base = Base().all_sign()
    base.run()
    base.set(CAMPAIGN, influence_window_days=120, offer="A webinar " * 40)
    [found] = held(base)
    assert "changed since version 1: influence_window_days, offer" in found.message
    assert "Campaigns/JC-1.influence_window_days: 90 → 120" in found.evidence["changed terms"]
    base.run()
    assert [again.fingerprint for again in held(base)] == [found.fingerprint]
    assert [again.message for again in held(base)] == [found.message]
    base.all_sign("2")
    assert not held(base)


def test_terms_that_are_put_back_clear_it() -> None:
    base = Base().all_sign()
    base.run()
    base.set(PART, funding_cap=12000).run()
    assert held(base)
    assert not held(base.set(PART, funding_cap=9000))


def test_a_campaign_that_is_over_is_not_asked_to_sign_again() -> None:
    base = Base().all_sign()
    base.run()
    base.set(CAMPAIGN, campaign_status="completed", start_date="2026-10-01")
    assert not held(base)


def test_its_words_hold_no_running_clock() -> None:
    said = [(f.message, f.evidence) for day in ("2026-11-20", "2026-11-29") for f in held(Base(f"{day}T12:00:00Z"))]
    assert len(said) == 2 and said[0] == said[1]
