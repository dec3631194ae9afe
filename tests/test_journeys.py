"""The data of a journey: why a deal has its class, every entry with its time, source and worth; unknown stays unknown."""

# ruff: noqa: E501, DTZ001 (sentences as they are read)

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from casebook import case
from hypothesis import given, settings
from hypothesis import strategies as st
from journey_lab import (
    ATTENDED,
    COLLEAGUE,
    OVERLAP,
    OWN_CALL,
    REGISTERED,
    ROADSHOW,
    WON,
    entry,
    told,
    why,
    with_row,
    world,
)

from mdfsync.journeys.ground import ground_of
from mdfsync.journeys.journey import placed_at
from mdfsync.journeys.plain import journey_data, when_data
from mdfsync.journeys.story import Entry, Origin, When
from mdfsync.values import instant_text
from mdfsync.view import View

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
NOTHING_SOURCED = "no registration, introduction or lead of this partner on record"
NOTHING_ASSISTED = "no dated action of the partner's staff on record"


# ------------------------------------------------------------------------------------------- the two sentences


def test_influenced_names_who_when_how_long_before_and_why_not_more() -> None:
    assert why(world(ATTENDED)) == (
        "Influenced by Fernway Systems: Amara Drozd attended an event on 3 October 2026, 12 days before the deal was created, and is on the deal. "
        f"Not sourced: {NOTHING_SOURCED}; not assisted: {NOTHING_ASSISTED}."
    )


def test_a_touch_on_the_open_deal_is_told_as_after_its_creation() -> None:
    said = "attended an event on 20 October 2026, 5 days after the deal was created"
    assert said in why(world(ATTENDED.replace("2026-10-03", "2026-10-20")))


def test_the_overlap_of_another_partner_is_no_word_on_this_one() -> None:
    other = OVERLAP.replace("| fernway    | hs-co-77", "| cobalt     | hs-co-77")
    assert "overlap" not in why(world(COLLEAGUE + other))


def test_sourced_says_that_our_sales_were_not_there() -> None:
    assert why(world(REGISTERED)) == (
        "Sourced by Fernway Systems: it registered the deal on 6 October 2026, 9 days before the deal was created; Amara Drozd is on the deal. "
        "Our own sales have no activity with the account on record in the 90 days before that."
    )


def test_own_sales_that_end_sourcing_stand_in_the_answer_and_in_the_story() -> None:
    view = world(REGISTERED + ATTENDED + OWN_CALL)
    assert (
        "Not sourced: our own call with Oona Ashdown on 20 September 2026, 12:00 with the account in the lookback"
        in why(view)
    )
    assert entry(view, "call c1").weight == "against"


ON_THE_DEAL = """
hubspot.meetings
id | at                   | created              | contacts | deals | hubspot_owner_id | hs_meeting_outcome
m1 | 2026-09-20T10:00:00Z | 2026-09-20T10:00:00Z |          | 1     | 501              | COMPLETED
"""


def test_what_our_sales_logged_on_the_deal_alone_stands_in_the_answer_and_in_the_story() -> None:
    view = world(REGISTERED + ATTENDED + ON_THE_DEAL)
    told_so = "Not sourced: our own meeting on 20 September 2026, 12:00 with the account in the lookback"
    assert told_so in why(view)
    found = entry(view, "meeting m1")
    assert (found.lane, found.weight, found.people) == ("own_sales", "against", ())
    assert found.title == "Our sales met the account, nobody named"


def test_where_our_sales_logged_what_it_did_can_be_unknown() -> None:
    view = world(REGISTERED + ON_THE_DEAL.replace("|          | 1     |", "|          | unread |"))
    assert told(view).judgements[0].class_ == "hold"
    assert ("on which deals and companies our sales logged what it did", "hubspot.meetings") in {
        (gap.what, gap.source) for gap in told(view).unknown
    }


def test_direct_says_that_overlap_and_colleagues_are_no_credit() -> None:
    said = why(world(COLLEAGUE + OVERLAP))
    assert said.startswith(
        "Direct: nothing that Fernway Systems did counts for this deal (the overlap is presence, never credit; "
        "1 touch of colleagues who are not on the deal does not count)."
    )


def test_hold_says_which_class_is_open_and_what_would_settle_it() -> None:
    judged = told(
        world(
            REGISTERED.replace("registration_decision: approved\n", "").replace(
                "approved_at: 2026-10-06T09:00:00Z\n", ""
            )
        )
    ).judgements[0]
    assert judged.why.startswith(
        "On hold for Fernway Systems: whether it is sourced cannot be told: registration DR-1 is not decided."
    )
    assert [gap.source for gap in judged.unknown] == ["Deal Registrations: the decision and the deal it names"]


def test_a_validated_class_is_told_as_such_with_the_rules_beside_it() -> None:
    judged = told(
        world(validated_class="influenced", validation_reason="seen by sam.ortiz@northlight.example")
    ).judgements[0]
    assert (judged.class_, judged.by_rules) == ("influenced", "direct")
    assert judged.why.startswith(
        "Reports use “influenced” for Fernway Systems, because a person validated it. Reason given: seen by Sam Ortiz. By the rules it would be direct:"
    )


# --------------------------------------------------------------------------------------------------- entries


PENDING = REGISTERED.replace("registration_decision: approved\n", "").replace("approved_at: 2026-10-06T09:00:00Z\n", "")
LATER_LEAD = """
Leads
lead_id: lead-12-JC-1
joint_campaign_id: JC-1
contact_id: 12
partner_id: fernway
partner_submitted_on: 2026-10-10
ownership: OWNED-PARTNER
consent_basis: opt-in
allowed_recipients: Northlight Analytics
"""


@pytest.mark.parametrize(
    "evidence, id, lane, weight",
    [
        (ATTENDED, "event_attendance p1", "touches", "decides"),
        (COLLEAGUE, "event_attendance p2", "colleagues", "does_not_count"),
        (ATTENDED.replace("ev-1", "ev-9"), "event_attendance p1", "touches", "context"),
        (ATTENDED.replace("2026-10-03", "2026-03-03"), "event_attendance p1", "touches", "does_not_count"),
        (ATTENDED.replace("ATTENDED", "REGISTERED"), "event_registration p1", "touches", "does_not_count"),
        (OWN_CALL, "call c1", "own_sales", "context"),
        (ON_THE_DEAL, "meeting m1", "own_sales", "context"),
        (REGISTERED, "registration DR-1", "partner", "decides"),
        (PENDING, "registration DR-1", "partner", "unknown"),
        (REGISTERED + LATER_LEAD + OWN_CALL.replace("2026-09-20", "2026-10-08"), "call c1", "own_sales", "context"),
        (OVERLAP, "snapshot sa-JC-1-fernway-hs-co-77", "presence", "context"),
    ],
)
def test_what_an_entry_is_worth(evidence: str, id: str, lane: str, weight: str) -> None:
    found = entry(world(evidence), id)
    assert (found.lane, found.weight) == (lane, weight)


def test_a_colleagues_touch_says_why_it_does_not_count() -> None:
    assert (
        entry(world(COLLEAGUE), "event_attendance p2").why
        == "Oona Ashdown works at the account but is not on the deal."
    )


def test_a_touch_after_close_shows_the_test_it_failed() -> None:
    late = entry(world(ATTENDED.replace("2026-10-03", "2026-11-12"), **WON), "event_attendance p1")
    assert [test.text for test in late.tried[0].tests if test.outcome == "no"] == [
        "the attendance of Amara Drozd is not before the close on 10 November 2026, 01:00"
    ]


def test_a_failed_event_shows_the_tests_it_passed_too() -> None:
    late = entry(world(ATTENDED.replace("2026-10-03", "2026-11-12"), **WON), "event_attendance p1")
    assert "Amara Drozd was on the deal before its close" in [
        test.text for test in late.tried[0].tests if test.outcome == "yes"
    ]


def test_when_a_contact_joined_is_an_interval_never_a_moment() -> None:
    joined = entry(world(), "joined 11").stated
    assert (joined.interval, joined.after, joined.at) == (True, None, datetime(2026, 10, 16, 6, tzinfo=UTC))


def test_stage_moves_are_those_that_hubspot_dates_and_those_we_saw() -> None:
    deals = """
hubspot.deals
id | dealstage | pipeline | hs_v2_date_entered_current_stage
1  | s2        | p1       | 2026-10-20T09:00:00Z
"""
    moved = {
        "table": "Opportunities",
        "record": "hs-deal-1",
        "field": "stage",
        "kind": "tracked",
        "captured_at": "2026-10-21T06:00:00.000Z",
    }
    view = with_row(world(deals), "Change History", "chg-1", **moved, prior_value="s1", proposed_value="s2")
    story = told(view)
    assert [e.title for e in story.entries if e.kind.startswith("stage")] == [
        "Entered stage “Proposal”",
        "Stage “s1” became “s2”, as we saw",
    ]


def test_holds_and_claims_are_in_the_story_and_show_no_address() -> None:
    held = {
        "table": "Attributions",
        "record": "attr-1-fernway",
        "rule_id": "unsupported_influence",
        "first_seen": "2026-11-01T06:00:00.000Z",
    }
    view = world(claimed_class="sourced", claimed_by="lena.vogt@fernway.example", claimed_on="2026-10-30")
    view = with_row(view, "Holds", "h-1", **held, message="Ask lena.vogt@fernway.example for it.")
    assert entry(view, "claim attr-1-fernway").title == "Lena Vogt claims “sourced” for Fernway Systems"
    assert entry(view, "hold h-1").why == "Ask Lena Vogt for it."


def test_windows_are_calendar_days_of_the_charters_zone() -> None:
    spans = {span.kind: (span.start, span.end) for span in told(world(REGISTERED, **WON)).spans}
    assert spans == {
        "sourcing_window": (date(2026, 7, 17), date(2026, 10, 15)),
        "influence_window": (date(2026, 7, 17), date(2026, 11, 10)),
        "lock": (date(2026, 10, 15), date(2026, 10, 29)),
        "campaign": (date(2026, 9, 1), date(2026, 12, 15)),
        "agreement": (date(2026, 1, 1), date(2026, 12, 31)),
        "registration": (date(2026, 10, 6), date(2027, 1, 3)),
        "sales_lookback": (date(2026, 7, 8), date(2026, 10, 6)),
    }


# --------------------------------------------------------------------------------------------------- unknown


def test_an_agreement_that_was_terminated_covers_until_the_day_before() -> None:
    view = world(ATTENDED)
    [agreement] = view.rows("Agreements")
    assert isinstance(agreement.fields, dict)
    agreement.fields["terminated_on"] = "2026-11-01"
    assert [span.end for span in told(view).spans if span.kind == "agreement"] == [date(2026, 10, 31)]


def test_each_window_has_the_charters_days() -> None:
    view = world(REGISTERED, **WON)
    [campaign] = view.rows("Campaigns")
    assert isinstance(campaign.fields, dict)
    campaign.fields.update(sourcing_window_days="60", influence_window_days="30", sales_lookback_days="10")
    starts = {span.kind: span.start for span in told(view).spans}
    assert (starts["sourcing_window"], starts["influence_window"]) == (date(2026, 8, 16), date(2026, 9, 15))
    assert starts["sales_lookback"] == date(2026, 9, 26)  # ten days before the registration of 6 October


def test_a_source_that_was_not_read_is_named_and_its_class_is_open() -> None:
    story = told(world(unread="hubspot.meetings"))
    assert "hubspot.meetings" in [gap.source for gap in story.unknown]
    assert story.judgements[0].class_ == "hold"


def test_without_a_time_zone_the_story_is_told_and_no_class() -> None:
    view = case(
        ROADSHOW.replace("Europe/Berlin", "")
        + "\nOpportunities\nopportunity_id: hs-deal-1\ndeal_id: 1\njoint_campaign_id: JC-1\n\nAttributions\nattribution_id: a\nopportunity_id: hs-deal-1\npartner_id: fernway\n"
    )
    story = told(view)
    assert (story.zone, story.zone_known, story.judgements[0].class_) == ("UTC", False, "hold")
    assert any(e.kind == "contact_joined" for e in story.entries)


def test_a_deal_without_partners_and_a_person_without_a_name_are_told_as_they_are() -> None:
    view = case(
        "Opportunities\nopportunity_id: hs-deal-1\ndeal_id: 1\n\nhubspot.associations\nid | to | fetched\ndeals:1:contacts | 99 | 2026-10-16T06:00:00Z\n"
    )
    story = told(view)
    assert [p.name for p in story.people] == ["contact 99"]
    assert "the class: no partner is tried on this deal yet" in [gap.what for gap in story.unknown]


def test_an_entry_without_a_stated_time_stands_where_a_system_took_note() -> None:
    row = Entry(
        id="x",
        lane="touches",
        kind="call",
        title="Call",
        stated=When(),
        recorded=When(at=NOON),
        origin=Origin(source_id="s", row="r"),
    )
    assert (placed_at(row, ZoneInfo("UTC")), when_data(row.stated, ZoneInfo("UTC"))["precision"]) == (NOON, "unknown")


# ------------------------------------------------------------------------------------------------ properties


def known_instants(view: View) -> set[str]:
    """Every instant that a row of the mirror or of the base states, and every one at which we looked."""
    found: set[str] = set()

    def read(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                read(item)
        elif isinstance(value, list):
            for item in value:
                read(item)
        elif isinstance(value, int) and not isinstance(value, bool) and value > 10**11:
            found.add(instant_text(datetime.fromtimestamp(value / 1000, UTC)))
        elif isinstance(value, str):
            for text in re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
                found.add(instant_text(datetime.fromisoformat(text)))

    for rows in view.mirror.values():
        for raw in rows:
            read(dict(raw.body))
            found.add(instant_text(raw.ref.fetched_at))
    for cells in view.tables.values():
        for row in cells:
            read(dict(row.fields))
    for seen in view.facts.seen.values():
        found |= {instant_text(at) for at in (seen.after, seen.by) if at}
    return found


instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 19)).map(lambda at: f"{at:%Y-%m-%dT%H:%M}:00Z")
evidence = st.lists(
    st.one_of(
        st.tuples(st.just("event"), instants, st.sampled_from(["11", "12", "13"])),
        st.tuples(st.just("call"), instants, st.sampled_from(["11", "13"])),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(events=evidence, submitted=instants, since=instants)
def test_every_instant_shown_stands_in_a_row_of_the_mirror_or_the_base(
    events: list[tuple[str, str, str]], submitted: str, since: str
) -> None:
    attended = "".join(
        f"p{n} | ev-1 | {who} | ATTENDED | {at}\n" for n, (kind, at, who) in enumerate(events) if kind == "event"
    )
    called = "".join(
        f"c{n} | {at} | {at} | {who} | 501 | OUTBOUND | COMPLETED\n"
        for n, (kind, at, who) in enumerate(events)
        if kind == "call"
    )
    tables = REGISTERED.replace("2026-10-05T22:30:00Z", submitted) + OVERLAP.replace("2026-03-01T09:00:00Z", since)
    tables += f"\nhubspot.marketing_events\nid | event | contact | state | at\n{attended}" if attended else ""
    tables += (
        f"\nhubspot.calls\nid | at | created | contacts | hubspot_owner_id | hs_call_direction | hs_call_status\n{called}"
        if called
        else ""
    )
    view = world(tables, **WON)
    known = known_instants(view)
    data = journey_data(told(view))
    for shown in data["entries"]:
        for when in filter(None, (shown["stated"], shown["recorded"])):
            assert {when["utc"], when["after_utc"]} - {None} <= known, shown
        assert shown["source"]["source_id"]
        assert shown["source"]["row"]


@settings(max_examples=100, deadline=None)
@given(address=st.emails())
def test_no_address_is_shown_wherever_it_stood(address: str) -> None:
    view = world(ATTENDED)
    for text in (address, f"asked <{address}>, again", f"{address}: yes.", f"“{address}”"):
        assert address not in ground_of(view).without_addresses(text)


def test_a_registration_of_the_account_alone_is_told_as_such() -> None:
    loose = REGISTERED.replace("opportunity_id: hs-deal-1\n", "")
    said = "Fernway Systems registered the deal (the account, not this deal), naming Amara Drozd"
    assert entry(world(loose), "registration DR-1").title == said


def test_entries_stand_in_order_of_time() -> None:
    data = journey_data(told(world(REGISTERED + ATTENDED + OWN_CALL + OVERLAP, **WON)))
    shown = [entry["stated"]["utc"] for entry in data["entries"] if entry["stated"]["utc"]]
    assert shown == sorted(shown)


def test_a_claim_is_shown_as_the_class_it_amounts_to_with_its_own_words() -> None:
    judged = told(world(ATTENDED, claimed_label="Co-sell")).judgements[0]
    assert (judged.claimed, judged.claimed_label) == ("assisted", "Co-sell")


def test_a_validation_without_a_reason_adds_nothing_and_says_so() -> None:
    judged = told(world(ATTENDED, validated_class="sourced")).judgements[0]
    assert (judged.class_, judged.by_rules) == ("influenced", "influenced")
    assert judged.why.endswith("A person validated “sourced” without a reason, which adds nothing.")


def test_a_raise_after_the_close_is_told_beside_the_class() -> None:
    fixed = {"reported_amount": "80000", "reported_currency": "USD", "amount_fixed_at": "2026-11-10T00:00:00.000Z"}
    judged = told(world(ATTENDED, **WON, **fixed)).judgements[0]
    assert judged.notes == ("Raised by 4000 USD after it was closed; the class stands on 80000 USD.",)


def test_a_registration_ends_where_its_protection_does_whatever_day_is_typed_beside_it() -> None:
    ends = [(e.kind, str(e.stated.day)) for e in told(world(REGISTERED)).entries if e.kind.startswith("registration_e")]
    typed = REGISTERED.replace("2027-01-03", "2028-01-03")
    later = [(e.kind, str(e.stated.day)) for e in told(world(typed)).entries if e.kind.startswith("registration_e")]
    assert (ends, later) == ([("registration_ends", "2027-01-03")], [("registration_ends", "2027-01-04")])


def test_a_meeting_with_several_people_is_tried_once_for_a_class() -> None:
    meeting = """
hubspot.meetings
id | at                   | created              | contacts | hubspot_owner_id | hs_meeting_outcome
m1 | 2026-10-20T09:00:00Z | 2026-10-20T09:00:00Z | 11; 12   | 502              | COMPLETED
"""
    [entry] = [entry for entry in told(world(meeting)).entries if entry.id == "meeting m1"]
    assert [(tried.class_, tried.outcome) for tried in entry.tried] == [("sourced", "no"), ("influenced", "yes")]
    for tried in entry.tried:
        assert len({test.text for test in tried.tests}) == len(tried.tests)
