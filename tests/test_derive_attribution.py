"""One class per opportunity and partner, with the instants that decided it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attribution_lab import FERNWAY, attended, cells_of, class_of, deal, met, registered
from casebook import rulebook
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.derive.attribution import attribution


def call(at: str, *, owner: str = "501", contacts: str = "13", direction: str = "OUTBOUND") -> str:
    return f"""
hubspot.calls
id | at   | created | contacts   | hubspot_owner_id | hs_call_direction | hs_call_status
c1 | {at} | {at}    | {contacts} | {owner}          | {direction}       | COMPLETED
"""


# --------------------------------------------------------------------------------------------------- sourced


@pytest.mark.parametrize(
    "evidence, expected",
    [
        (registered(), "sourced"),
        (registered(approved="2026-07-03T09:00:00Z"), "sourced"),
        (registered(at="2026-07-02T09:00:00Z"), "direct"),
        (registered(at="2026-03-01T09:00:00Z", until="2026-12-31"), "direct"),
        (registered(until="2026-06-30"), "direct"),
        (registered(decision="rejected"), "direct"),
        (registered(decision=""), "hold"),
        (registered(email="nobody@acme.example"), "hold"),
        (registered(email="cy@acme.example"), "direct"),
        (registered(deal=""), "direct"),
    ],
)
def test_a_registration_sources_by_its_submission(evidence: str, expected: str) -> None:
    assert class_of(deal(evidence)) == expected


@pytest.mark.parametrize(
    "own, expected",
    [
        (call("2026-06-01T10:00:00Z"), "direct"),
        (call("2026-03-01T10:00:00Z"), "sourced"),
        (call("2026-06-25T10:00:00Z"), "sourced"),
        (call("2026-06-01T10:00:00Z", direction="INBOUND"), "sourced"),
        (call("2026-06-01T10:00:00Z", owner="502"), "sourced"),
    ],
)
def test_own_sales_activity_before_the_registration_ends_sourcing(own: str, expected: str) -> None:
    assert class_of(deal(registered() + own)) == expected


def test_unread_activity_is_not_no_activity() -> None:
    assert class_of(deal(registered(), unread="hubspot.emails")) == "hold"


@pytest.mark.parametrize("created, expected", [("2026-07-01T14:00:00Z", "sourced"), ("2026-06-19T10:00:00Z", "hold")])
def test_a_create_date_that_disputes_the_systems_own_holds(created: str, expected: str) -> None:
    stated = {"create_date: 2026-07-01T14:00:00Z": f"create_date: {created}"}
    introduced = deal(met("2026-06-25T10:00:00Z"), parts=stated)
    assert class_of(introduced) == expected


def test_an_expansion_is_sourced_only_if_the_charter_says_so() -> None:
    assert class_of(deal(registered(), parts={"deal_type: newbusiness": "deal_type: existingbusiness"})) == "direct"


@pytest.mark.parametrize("since, expected", [("2026-06-20", "sourced"), ("2026-06-21", "hold")])
def test_an_event_outside_every_agreement_is_held(since: str, expected: str) -> None:
    assert class_of(deal(registered(), parts={"2026-01-01": since})) == expected


def test_two_partners_who_both_meet_every_test_are_both_held() -> None:
    found = cells_of(deal(registered() + registered("DR-2", partner="fernway") + FERNWAY))
    assert (found["computed_class"], found["fernway"]) == ("hold", "hold")


# ------------------------------------------------------------------------------------------------ introduction


@pytest.mark.parametrize(
    "evidence, expected",
    [
        (met("2026-06-20T10:00:00Z"), "sourced"),
        (met("2026-06-20T10:00:00Z", outcome="NO_SHOW"), "direct"),
        (met("2026-06-20T10:00:00Z", logged="2026-07-20T10:00:00Z"), "hold"),
        (met("2026-07-20T10:00:00Z"), "influenced"),
        (met("2026-06-20T10:00:00Z", owner="501"), "direct"),
    ],
)
def test_the_partners_own_meeting_with_a_contact_of_the_deal(evidence: str, expected: str) -> None:
    assert class_of(deal(evidence)) == expected


@pytest.mark.parametrize(
    "typed, expected",
    [("2026-06-21T09:00:00Z", "sourced"), ("2026-06-28T09:00:00Z", "hold"), ("2026-11-01T09:00:00Z", "direct")],
)
def test_an_introduction_that_somebody_typed_is_as_old_as_its_typing(typed: str, expected: str) -> None:
    """Within the gap; beyond it; after the lock."""
    author = f"""
Authors
row                        | field           | actor                  | at
Attributions/attr-1-cobalt | introduction_at | sam@northlight.example | {typed}
"""
    cells = {"introduction_at": "2026-06-20T09:00:00Z", "introduction_contact_id": "11"}
    assert class_of(deal(author, cells)) == expected


# --------------------------------------------------------------------------------------------------- assisted

ACTION = {
    "assist_action": "demo",
    "assist_at": "2026-07-20T15:00:00Z",
    "assist_person": "Tomas Reyl",
    "assist_contact_id": "11",
    "assist_confirmed_by": "sam@northlight.example",
}


@pytest.mark.parametrize(
    "changed, expected",
    [
        ({}, "assisted"),
        ({"assist_at": "2026-06-20T15:00:00Z"}, "direct"),
        ({"assist_confirmed_by": ""}, "hold"),
        ({"assist_confirmed_by": "tomas@cobaltharbor.example"}, "hold"),
        ({"assist_contact_id": "13"}, "direct"),
    ],
)
def test_a_named_action_on_the_open_deal_assists(changed: dict[str, str], expected: str) -> None:
    assert class_of(deal(cells={**ACTION, **changed})) == expected


# ------------------------------------------------------------------------------------------------- influenced


def test_a_campaign_touch_of_a_contact_on_the_deal_influences() -> None:
    assert class_of(deal(attended())) == "influenced"


def test_nothing_at_all_is_direct() -> None:
    assert class_of(deal()) == "direct"


@pytest.mark.parametrize("source", ["hubspot.contacts", "hubspot.owners", "hubspot.associations"])
def test_without_knowing_the_people_nothing_is_direct(source: str) -> None:
    assert class_of(deal(unread=source)) == "hold"


def test_unread_touches_leave_the_class_open() -> None:
    found = cells_of(deal(unread="hubspot.marketing_events"))
    assert (found["computed_class"], found["computed_reason"]) == (
        "hold",
        "touches cannot be read: hubspot.marketing_events",
    )


def test_a_form_of_the_campaign_is_known_by_its_utm() -> None:
    submitted = """
hubspot.form_submissions
id | form_id | at                   | email           | utm_campaign
s1 | f-9     | 2026-06-12T08:00:00Z | bo@acme.example | Spend-Series
"""
    assert cells_of(deal(submitted))["deciding_event"] == "form_submission s1"


# ------------------------------------------------------------------------------------------------ what is shown


def test_the_deciding_instants_are_printed() -> None:
    found = cells_of(deal(attended()))
    shown = ("deciding_event", "deciding_event_at", "deciding_contact_id", "contact_joined_before", "locked_from")
    assert [found[name] for name in shown] == [
        "event_attendance p1",
        "2026-06-10T15:00:00.000Z",
        "12",
        "2026-07-02T06:00:00.000Z",
        "2026-07-15T14:00:00.000Z",
    ]


@pytest.mark.parametrize(
    "cells, expected",
    [
        ({"claimed_class": "influenced"}, "agrees"),
        ({"claimed_class": "sourced"}, "claims_more"),
        ({"claimed_label": "accelerated"}, "claims_more"),
        ({"claimed_class": "direct"}, "claims_less"),
        ({}, "no_claim"),
    ],
)
def test_claims_are_compared(cells: dict[str, str], expected: str) -> None:
    assert cells_of(deal(attended(), cells))["claim_comparison"] == expected


@pytest.mark.parametrize(
    "validated, reason, used",
    [
        ("direct", "", "direct"),
        ("sourced", "", "influenced"),
        ("sourced", "Introduced at the fair, before HubSpot had the account", "sourced"),
    ],
)
def test_a_validated_class_is_the_one_that_reports_use_and_adds_only_with_a_reason(
    validated: str, reason: str, used: str
) -> None:
    found = cells_of(deal(attended(), {"validated_class": validated, "validation_reason": reason}))
    assert (found["computed_class"], found["attribution_class"]) == ("influenced", used)


def test_an_opportunity_is_summed_up_by_partner() -> None:
    cells = {c.field: c.value for c in attribution(deal(attended()), rulebook()["unsupported_influence"].params)}
    assert (cells["attribution_summary"], cells["opportunity_timing"]) == ("cobalt: influenced", "during_campaign")


def test_without_a_charter_zone_nothing_is_counted() -> None:
    assert class_of(deal(attended(), parts={"America/New_York": ""})) == "hold"


@given(st.integers(min_value=-200, max_value=60))
def test_a_touch_counts_exactly_inside_its_window(days: int) -> None:
    """Ninety days before creation until the present, on an open deal."""
    at = datetime(2026, 7, 1, 14, tzinfo=UTC) + timedelta(days=days)
    inside = days >= -90 and at.year == 2026
    assert class_of(deal(attended(at.isoformat()))) == ("influenced" if inside else "direct")
