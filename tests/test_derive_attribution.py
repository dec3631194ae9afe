"""One class per opportunity and partner, with the instants that decided it."""

from __future__ import annotations

import pytest
from casebook import PARTNERSHIP, case, rulebook
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.derive.attribution import attribution
from mdfsync.view import View

OPPORTUNITY = """
Opportunities
opportunity_id: hs-deal-1
deal_id: 1
joint_campaign_id: JC-1
account_id: hs-co-77
create_date: {created}
created_at_hubspot: 2026-07-01T14:00:00Z
opportunity_owner: sam@northlight.example
amount: 48000
deal_currency: USD
deal_type: {kind}

hubspot.associations
id               | to     | fetched
deals:1:contacts | 11; 12 | 2026-07-02T06:00:00Z

hubspot.contacts
id | email            | associatedcompanyid
11 | ana@acme.example | 77
12 | bo@acme.example  | 77
13 | cy@acme.example  | 77

hubspot.owners
id  | email
501 | sam@northlight.example
502 | tomas@cobaltharbor.example
"""

REGISTRATION = """
Deal Registrations
registration_id: DR-1
partner_id: cobalt
opportunity_id: {deal}
contact_email: {email}
submitted_at: {at}
approved_at: {approved}
registration_decision: {decision}
expires_on: {expires}
"""


def deal(evidence: str = "", *, created: str = "2026-07-01T14:00:00Z", kind: str = "newbusiness", **cells: str) -> View:
    unread = tuple(filter(None, cells.pop("unread", "").split()))
    terms = PARTNERSHIP.replace("2026-01-01", cells.pop("agreed_from", "2026-01-01"))
    row = {"attribution_id": "attr-1-cobalt", "opportunity_id": "hs-deal-1", "partner_id": "cobalt", **cells}
    lines = "\n".join(f"{name}: {cell}" for name, cell in row.items())
    opportunity = OPPORTUNITY.format(created=created, kind=kind)
    return case(f"{terms}{opportunity}\nAttributions\n{lines}\n\n{evidence}", unread=unread)


def registered(
    at: str = "2026-06-20T09:00:00Z",
    *,
    approved: str = "2026-06-21T09:00:00Z",
    decision: str = "approved",
    expires: str = "",
    email: str = "ana@acme.example",
    names: str = "hs-deal-1",
) -> str:
    return REGISTRATION.format(at=at, approved=approved, decision=decision, expires=expires, email=email, deal=names)


def computed(view: View) -> dict[str, str]:
    defaults = rulebook()["unsupported_influence"].params
    return {c.field: c.value for c in attribution(view, defaults) if c.subject.table == "Attributions"}


def class_of(view: View) -> str:
    return computed(view)["computed_class"]


def meeting(at: str, *, owner: str = "502", contacts: str = "11", created: str = "", outcome: str = "COMPLETED") -> str:
    return f"""
hubspot.meetings
id | at   | created          | contacts   | hubspot_owner_id | hs_meeting_outcome
m1 | {at} | {created or at}  | {contacts} | {owner}          | {outcome}
"""


def call(at: str, *, owner: str = "501", contacts: str = "13", direction: str = "OUTBOUND") -> str:
    return f"""
hubspot.calls
id | at   | created | contacts   | hubspot_owner_id | hs_call_direction | hs_call_status
c1 | {at} | {at}    | {contacts} | {owner}          | {direction}       | COMPLETED
"""


ATTENDED = """
hubspot.marketing_events
id | event | contact | state    | at
p1 | ev-1  | 12      | ATTENDED | 2026-06-10T15:00:00Z
"""

# --------------------------------------------------------------------------------------------------- sourced


@pytest.mark.parametrize(
    "evidence, expected",
    [
        (registered(), "sourced"),
        (registered(approved="2026-07-03T09:00:00Z"), "sourced"),
        (registered("2026-07-02T09:00:00Z"), "direct"),
        (registered("2026-03-01T09:00:00Z", expires="2026-12-31"), "direct"),
        (registered(expires="2026-06-30"), "direct"),
        (registered(decision="rejected"), "direct"),
        (registered(decision=""), "hold"),
        (registered(email="nobody@acme.example"), "hold"),
        (registered(email="cy@acme.example"), "direct"),
        (registered(names=""), "direct"),
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
    introduced = deal(meeting("2026-06-25T10:00:00Z"), created=created)
    assert class_of(introduced) == expected


def test_an_expansion_is_sourced_only_if_the_charter_says_so() -> None:
    assert class_of(deal(registered(), kind="existingbusiness")) == "direct"


@pytest.mark.parametrize("since, expected", [("2026-06-20", "sourced"), ("2026-06-21", "hold")])
def test_an_event_outside_every_agreement_is_held(since: str, expected: str) -> None:
    assert class_of(deal(registered(), agreed_from=since)) == expected


RIVAL = """
Partners
partner_id | partner_name
fernway    | Fernway Systems

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-2         | fernway    | partner_agreement | 2026-01-01   | 2026-12-31 | 2025-12-15

Attributions
attribution_id | opportunity_id | partner_id
attr-1-fernway | hs-deal-1      | fernway
"""


def test_two_partners_who_both_meet_every_test_are_both_held() -> None:
    second = registered().replace("DR-1", "DR-2").replace("cobalt", "fernway")
    view = deal(registered() + "\n" + second + RIVAL)
    defaults = rulebook()["unsupported_influence"].params
    assert [c.value for c in attribution(view, defaults) if c.field == "computed_class"] == ["hold", "hold"]


# ------------------------------------------------------------------------------------------------ introduction


@pytest.mark.parametrize(
    "evidence, expected",
    [
        (meeting("2026-06-20T10:00:00Z"), "sourced"),
        (meeting("2026-06-20T10:00:00Z", outcome="NO_SHOW"), "direct"),
        (meeting("2026-06-20T10:00:00Z", created="2026-07-20T10:00:00Z"), "hold"),
        (meeting("2026-07-20T10:00:00Z"), "influenced"),
        (meeting("2026-06-20T10:00:00Z", owner="501"), "direct"),
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
    assert class_of(deal(author, **cells)) == expected


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
    assert class_of(deal(**{**ACTION, **changed})) == expected


# ------------------------------------------------------------------------------------------------- influenced


def test_a_campaign_touch_of_a_contact_on_the_deal_influences() -> None:
    assert class_of(deal(ATTENDED)) == "influenced"


def test_nothing_at_all_is_direct() -> None:
    assert class_of(deal()) == "direct"


@pytest.mark.parametrize("source", ["hubspot.contacts", "hubspot.owners", "hubspot.associations"])
def test_without_knowing_the_people_nothing_is_direct(source: str) -> None:
    assert class_of(deal(unread=source)) == "hold"


def test_unread_touches_leave_the_class_open() -> None:
    found = computed(deal(unread="hubspot.marketing_events"))
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
    assert computed(deal(submitted))["deciding_event"] == "form_submission s1"


# ------------------------------------------------------------------------------------------------ what is shown


def test_the_deciding_instants_are_printed() -> None:
    found = computed(deal(ATTENDED))
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
    assert computed(deal(ATTENDED, **cells))["claim_comparison"] == expected


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
    found = computed(deal(ATTENDED, validated_class=validated, validation_reason=reason))
    assert (found["computed_class"], found["attribution_class"]) == ("influenced", used)


def test_an_opportunity_is_summed_up_by_partner() -> None:
    cells = {c.field: c.value for c in attribution(deal(ATTENDED), rulebook()["unsupported_influence"].params)}
    assert (cells["attribution_summary"], cells["opportunity_timing"]) == ("cobalt: influenced", "during_campaign")


def test_without_a_charter_zone_nothing_is_counted() -> None:
    text = f"{PARTNERSHIP}{OPPORTUNITY.format(created='2026-07-01T14:00:00Z', kind='')}{ATTENDED}"
    text += "\nAttributions\nattribution_id | opportunity_id | partner_id\nattr-1-cobalt | hs-deal-1 | cobalt\n"
    assert class_of(case(text.replace("America/New_York", "                "))) == "hold"


@given(st.integers(min_value=-200, max_value=60))
def test_a_touch_counts_exactly_inside_its_window(days: int) -> None:
    """Ninety days before creation until the present, on an open deal."""
    from datetime import UTC, datetime, timedelta

    at = datetime(2026, 7, 1, 14, tzinfo=UTC) + timedelta(days=days)
    evidence = ATTENDED.replace("2026-06-10T15:00:00Z", at.isoformat())
    inside = days >= -90 and at.year == 2026
    assert class_of(deal(evidence)) == ("influenced" if inside else "direct")
