"""What a deal registration is worth: its state, its story, and how long it protects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from attribution_lab import class_of, registered
from attribution_lab import deal as deal_of
from casebook import PARTNERSHIP, case
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.derive.registrations import registrations
from mdfsync.view import SourceHealth, View
from mdfsync.view.registrations import RegistrationStanding, standing_of

COMPLETE = {
    "account_name_given": "Acme Inc.",
    "customer_domain": "acme.example",
    "expected_amount": "40000",
    "expected_currency": "USD",
    "expected_close_on": "2026-12-01",
    "contact_email": "ana@acme.example",
    "products": "Spend analytics",
}
SUBMITTED = {"submitted_at": "2026-06-01T15:00:00Z"}
APPROVED = {**SUBMITTED, "approved_at": "2026-06-02T15:00:00Z", "registration_decision": "approved"}
DEAL = """
Opportunities
opportunity_id: hs-deal-1
joint_campaign_id: JC-1
create_date: {created}
is_closed: {closed}
is_won: {won}
close_date: 2026-07-20T15:00:00Z
"""


def view_of(
    *changes: dict[str, str], on: str = "2026-06-10", more: str = "", health: SourceHealth | None = None
) -> View:
    """One registration of Cobalt Harbor, complete but for what the changes blank."""
    row = {"registration_id": "DR-1", "partner_id": "cobalt", "joint_campaign_id": "JC-1", **COMPLETE}
    for change in changes:
        row |= change
    lines = "\n".join(f"{name}: {value}" for name, value in row.items())
    given = {"partner.registrations": health} if health else None
    text = f"{PARTNERSHIP}\nDeal Registrations\n{lines}\n{more}"
    return case(text, as_of=on if "T" in on else f"{on}T12:00:00Z", health=given)


def standing(*changes: dict[str, str], on: str = "2026-06-10", more: str = "") -> RegistrationStanding:
    view = view_of(*changes, on=on, more=more)
    return standing_of(view, view.rows("Deal Registrations")[0])


def deal(created: str = "2026-06-05T15:00:00Z", closed: str = "false", won: str = "false") -> str:
    return DEAL.format(created=created, closed=closed, won=won)


ON_DEAL = {"opportunity_id": "hs-deal-1"}

# ------------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "pending"),
        ({"products": ""}, "incomplete"),
        ({"expected_currency": ""}, "incomplete"),
        ({"customer_domain": "", "account_id": "hs-co-77"}, "pending"),
        ({"submitted_at": ""}, "incomplete"),
        ({"registration_decision": "rejected"}, "rejected"),
        ({"registration_decision": "conflict"}, "conflict"),
        ({**APPROVED}, "valid"),
        ({**APPROVED, "products": ""}, "valid"),
        ({**APPROVED, "closed_outcome": "withdrawn", "closed_on": "2026-06-09"}, "closed"),
        ({**APPROVED, "closed_outcome": "lost", "closed_on": "2026-06-09"}, "lost"),
        ({"closed_outcome": "lost", "closed_on": "2026-06-09"}, "lost"),
    ],
)
def test_the_state_of_a_registration(changes: dict[str, str], expected: str) -> None:
    assert standing(SUBMITTED, changes).status == expected


@pytest.mark.parametrize(
    "opportunity, expected",
    [
        (deal(), "valid"),
        (deal(created="2026-05-30T15:00:00Z"), "late"),
        (deal(created="2026-06-01T14:58:00Z"), "valid"),
        (deal(closed="true", won="true"), "won"),
        (deal(closed="true"), "lost"),
    ],
)
def test_the_opportunity_decides_with_it(opportunity: str, expected: str) -> None:
    assert standing(APPROVED, ON_DEAL, more=opportunity).status == expected


def test_what_is_missing_is_named() -> None:
    assert standing(SUBMITTED, {"products": "", "expected_close_on": ""}).missing == ("expected close", "products")


def test_the_review_has_two_days() -> None:
    assert standing(SUBMITTED).review_by == datetime(2026, 6, 3, 15, tzinfo=UTC)


# --------------------------------------------------------------------------------------------------- protection

REPORTED = {"last_update_on": "2026-08-01"}


@pytest.mark.parametrize(
    "changes, last",
    [
        ({}, "2026-08-31"),
        ({"expires_on": "2026-07-15"}, "2026-07-15"),
        ({"expires_on": "2026-12-31"}, "2026-08-31"),
        ({"approved_at": ""}, "2026-08-30"),
        ({"extended_until": "2026-09-20", "extended_on": "2026-08-20"}, "2026-09-20"),
        ({"extended_until": "2026-09-20"}, "2026-09-20"),
        ({"extended_until": "2026-10-20", "extended_on": "2026-08-20"}, "2026-09-30"),
        ({"extended_until": "2026-09-20", "extended_on": "2026-09-01"}, "2026-08-31"),
        ({"extended_until": "2026-08-01"}, "2026-08-31"),
    ],
)
def test_the_last_day_of_protection(changes: dict[str, str], last: str) -> None:
    assert str(standing(APPROVED, REPORTED, changes).protection.last_day) == last


def test_the_charter_says_how_many_days_it_protects() -> None:
    terms = PARTNERSHIP.replace("utm_campaign |", "utm_campaign | registration_valid_days |")
    terms = terms.replace("spend-series |", "spend-series | 60 |")
    rows = "\n".join(f"{n}: {v}" for n, v in {**COMPLETE, **APPROVED}.items())
    view = case(f"{terms}\nDeal Registrations\nregistration_id: DR-1\njoint_campaign_id: JC-1\n{rows}")
    assert standing_of(view, view.rows("Deal Registrations")[0]).protection.last_day == date(2026, 8, 1)


@pytest.mark.parametrize(
    "actor_at, last", [("2026-06-01T15:00:00Z", "2026-08-30"), ("2026-08-01T15:00:00Z", "2026-08-31")]
)
def test_a_later_day_typed_beside_the_decision_protects_no_longer(actor_at: str, last: str) -> None:
    authors = f"""
Authors
row                     | field                 | actor                   | at
Deal Registrations/DR-1 | registration_decision | dana@northlight.example | {actor_at}
"""
    found = standing(APPROVED, more=authors).protection
    assert (str(found.last_day), found.approved_by) == (last, "dana@northlight.example")


def test_an_extension_counts_from_whoever_entered_it_where_no_day_is_given() -> None:
    authors = """
Authors
row                     | field          | actor                   | at
Deal Registrations/DR-1 | extended_until | dana@northlight.example | 2026-09-05T15:00:00Z
"""
    found = standing(APPROVED, REPORTED, {"extended_until": "2026-09-20"}, on="2026-09-06", more=authors).protection
    assert found.faults == ("the extension was granted on 2026-09-05, when the protection had ended on 2026-08-31",)


@pytest.mark.parametrize(
    "changes, on, ended",
    [
        ({}, "2026-07-31", None),
        ({}, "2026-08-01", "2026-08-01"),
        ({"last_update_on": "2026-12-01"}, "2026-08-01", "2026-08-01"),  # nobody reports from the future
        (REPORTED, "2026-08-31", None),
        ({"last_update_on": "2026-06-10", "portal_update_on": "2026-08-01"}, "2026-08-31", None),
        ({"last_update_on": "2026-08-20", "expired_on": "soon (silence)"}, "2026-08-20", None),
        ({"portal_update_on": "2026-08-20", "expired_on": "2026-08-01 (silence)"}, "2026-08-20", "2026-08-01"),
        (REPORTED, "2026-09-01", "2026-09-01"),
        ({"last_update_on": "2026-06-20"}, "2026-08-20", "2026-08-19"),
        ({"last_update_on": "2026-08-20", "expired_on": "2026-08-01 (silence)"}, "2026-08-20", "2026-08-01"),
        ({"last_update_on": "2026-07-30", "expired_on": "2026-08-01 (silence)"}, "2026-08-20", None),
        ({"last_update_on": "2026-08-20", "expired_on": "2026-07-01 (silence)"}, "2026-08-20", None),
        ({"last_update_on": "2026-08-20", "expired_on": "2026-08-01 (calendar)"}, "2026-08-20", None),
    ],
)
def test_the_day_on_which_protection_ends(changes: dict[str, str], on: str, ended: str | None) -> None:
    found = standing(APPROVED, changes, on=on).protection.ended_on
    assert (str(found) if found else None) == ended


def test_a_deal_that_is_closed_stops_both_clocks() -> None:
    found = standing(APPROVED, ON_DEAL, on="2026-11-20", more=deal(closed="true", won="true"))
    assert (found.status, found.protection.ended_on) == ("won", None)


DELIVERED = """
partner.registrations
id   | partner_id
DR-1 | cobalt
"""


@pytest.mark.parametrize(
    "last_file, absent, expected",
    [("2026-07-20", "", "valid"), ("2026-08-15", "", "expired"), ("2026-08-15", "no file", "valid")],
)
def test_nobody_is_silent_because_a_file_is_late(last_file: str, absent: str, expected: str) -> None:
    at = datetime.fromisoformat(f"{last_file}T12:00:00+00:00")
    view = view_of(APPROVED, on="2026-08-20", more=DELIVERED, health=SourceHealth(last_accepted_at=at, absent=absent))
    assert standing_of(view, view.rows("Deal Registrations")[0]).status == expected


# ----------------------------------------------------------------------------------------------- the cells say it


def cells(view: View) -> dict[str, str]:
    return {c.field: c.value for c in registrations(view) if c.subject.id == "DR-1"}


def test_the_story_is_told_day_by_day() -> None:
    story = cells(view_of(APPROVED, ON_DEAL, {"products": ""}, on="2026-08-20", more=deal()))["registration_story"]
    assert story.splitlines() == [
        "2026-06-01 15:00 UTC: submitted",
        "2026-06-02 15:00 UTC: approved",
        "2026-06-05 15:00 UTC: hs-deal-1 created",
        "2026-08-01: protection ended: no report since 2026-06-02",
        "Missing: products",
    ]


@pytest.mark.parametrize(
    "changes, on, expected",
    [
        ({}, "2026-06-02", ("review: approve it, reject it with a reason, or call it in conflict", "2026-06-03")),
        ({"products": ""}, "2026-06-02", ("ask the partner for: products", "2026-06-03")),
        (APPROVED, "2026-06-10", ("have the partner report on the deal", "2026-07-02")),
        ({**APPROVED, **REPORTED}, "2026-08-10", ("extend it once, or let it end", "2026-08-31")),
        (APPROVED, "2026-08-20", ("none", "none")),
    ],
)
def test_what_is_next(changes: dict[str, str], on: str, expected: tuple[str, str]) -> None:
    found = cells(view_of(SUBMITTED, changes, on=on))
    assert (found["next_action"], found["next_due"]) == expected


def test_a_cell_that_no_longer_holds_says_none() -> None:
    found = cells(view_of(SUBMITTED, {"registration_decision": "rejected", "registration_decision_reason": "ours"}))
    names = ("protected_until", "expired_on", "approved_by", "conflicts_with")
    assert [found[name] for name in names] == ["none"] * 4


@pytest.mark.parametrize("on", ["2026-08-20", "2026-08-21", "2026-11-20"])
def test_the_same_facts_say_the_same_words_on_every_day(on: str) -> None:
    assert cells(view_of(APPROVED, on=on)) == cells(view_of(APPROVED, on="2026-08-20"))


# -------------------------------------------------------------------------------------- attribution says the same


@pytest.mark.parametrize(
    "more, expected",
    [
        ("last_update_on: 2026-06-01", "sourced"),
        ("", "direct"),
        ("last_update_on: 2026-06-20\nexpired_on: 2026-06-12 (silence)", "direct"),
        ("last_update_on: 2026-06-01\nclosed_outcome: withdrawn\nclosed_on: 2026-06-25", "direct"),
        ("last_update_on: 2026-06-01\nclosed_outcome: won\nclosed_on: 2026-08-25", "sourced"),
    ],
)
def test_a_registration_that_had_expired_before_the_deal_sources_nothing(more: str, expected: str) -> None:
    old = registered(at="2026-04-12T09:00:00Z", approved="2026-04-13T09:00:00Z")
    assert class_of(deal_of(f"{old.rstrip()}\n{more}\n")) == expected


# ------------------------------------------------------------------------------------------------------ a property

DAY = st.dates(min_value=date(2026, 1, 10), max_value=date(2026, 5, 31))
WORTH = {"valid": 1, "won": 1}


@given(
    approved=st.none() | DAY,
    heard=st.none() | DAY,
    expires=st.none() | st.dates(min_value=date(2026, 1, 10), max_value=date(2027, 6, 1)),
    extended=st.none() | st.dates(min_value=date(2026, 1, 10), max_value=date(2027, 6, 1)),
    decision=st.sampled_from(["approved", "rejected", "conflict", ""]),
    outcome=st.sampled_from(["", "won", "lost", "withdrawn"]),
    waits=st.lists(st.integers(min_value=0, max_value=90), min_size=1, max_size=6),
)
def test_waiting_never_improves_a_standing(
    approved: date | None,
    heard: date | None,
    expires: date | None,
    extended: date | None,
    decision: str,
    outcome: str,
    waits: list[int],
) -> None:
    """As days pass and nothing happens, protection only ends; once ended, it ended on the same day for ever."""
    row = {
        "submitted_at": "2026-01-05T15:00:00Z",
        "registration_decision": decision,
        "approved_at": f"{approved}T15:00:00Z" if approved else "",
        "last_update_on": str(heard or ""),
        "expires_on": str(expires or ""),
        "extended_until": str(extended or ""),
        "closed_outcome": outcome,
        "closed_on": "2026-05-01" if outcome else "",
    }
    on, before = date(2026, 6, 1), None
    for wait in waits:
        now = standing(row, on=str(on))
        if before is not None:
            assert WORTH.get(now.status, 0) <= WORTH.get(before.status, 0)
            assert before.protection.ended_on in {None, now.protection.ended_on}
        before, on = now, on + timedelta(days=wait)
