"""Rules on deal registrations: the checks of the review, the clocks, and what the conflict table proposes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casebook import PARTNERSHIP, case, findings, held
from test_registrations import APPROVED, COMPLETE, SUBMITTED

from mdfsync.view import View

TWO_PARTNERS = (
    PARTNERSHIP.replace("partner_domains      |", "partner_domains      | partner_manager         |")
    .replace("cobaltharbor.example | 9001", "cobaltharbor.example | sam@northlight.example  | 9001")
    .strip()
    + """

Partners
partner_id | partner_name    | certification_expiry
fernway    | Fernway Systems | 2027-01-31

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-2         | fernway    | deal_registration | 2026-01-01   | 2026-12-31 | 2025-12-15

Opportunities
opportunity_id | joint_campaign_id | account_id
hs-deal-1      | JC-1              | hs-co-77

Attributions
attribution_id | opportunity_id | partner_id
attr-1-cobalt  | hs-deal-1      | cobalt
"""
)


def registered(*rows: dict[str, str], on: str = "2026-06-02T12:00:00Z", more: str = "") -> View:
    """Registrations of one deal, complete and submitted on 1 June unless a row says otherwise."""
    sections = []
    for n, row in enumerate(rows, start=1):
        whole = {"registration_id": f"DR-{n}", "partner_id": "cobalt", "joint_campaign_id": "JC-1"}
        whole |= {**COMPLETE, **SUBMITTED, "opportunity_id": "hs-deal-1", "account_id": "hs-co-77", **row}
        sections.append("Deal Registrations\n" + "\n".join(f"{name}: {value}" for name, value in whole.items()))
    return case("\n\n".join([TWO_PARTNERS, *sections, more]), as_of=on)


OTHER = {"partner_id": "fernway"}
NAMELESS = {"opportunity_id": "", "account_id": ""}
SECOND, THIRD = ({"submitted_at": f"2026-06-0{day}T15:00:00Z"} for day in (4, 5))

# ------------------------------------------------------------------------------------------------------ the clocks


@pytest.mark.parametrize(
    "row, on, expected",
    [
        ({}, "2026-06-03T15:00:00Z", False),
        ({}, "2026-06-03T15:01:00Z", True),
        ({"products": ""}, "2026-06-10T15:00:00Z", False),
        (APPROVED, "2026-06-10T15:00:00Z", False),
        ({"registration_decision": "rejected"}, "2026-06-10T15:00:00Z", False),
    ],
)
def test_a_review_is_overdue_after_two_days(row: dict[str, str], on: str, expected: bool) -> None:
    found = held("registration_review_overdue", registered(row, on=on))
    assert found == (["Deal Registrations/DR-1"] if expected else [])


def test_the_partners_manager_is_told() -> None:
    [found] = findings("registration_review_overdue", registered({}, on="2026-06-09T12:00:00Z"))
    assert (found.owner, found.due) == ("sam@northlight.example", "2026-06-03")


def test_a_disputed_registration_is_not_told_as_overdue_as_well() -> None:
    view = registered({}, {**OTHER, "submitted_at": "2026-06-03T15:00:00Z"}, on="2026-06-20T12:00:00Z")
    assert held("registration_review_overdue", view) == []


def test_one_that_meets_our_own_deal_is_not_told_as_overdue_as_well() -> None:
    own = OWN_DEAL.format(created="2026-06-02T10:00:00Z", touch="")
    view = registered({}, on="2026-06-20T12:00:00Z", more=own)
    assert held("disputed_ownership", view) == ["Deal Registrations/DR-1 direct pipeline"]
    assert held("registration_review_overdue", view) == []


def test_one_outside_the_agreement_waits_for_the_agreement_and_not_for_the_review() -> None:
    view = registered({"submitted_at": "2025-06-01T15:00:00Z"}, on="2026-06-20T12:00:00Z")
    assert held("outside_agreement", view) == ["Deal Registrations/DR-1"]
    assert held("registration_review_overdue", view) == []


@pytest.mark.parametrize(
    "row, on, message",
    [
        ({}, "2026-07-16", ""),
        ({}, "2026-07-17", "No report of the partner since 2026-06-02; without one the registration expires on"),
        ({}, "2026-07-31", "No report of the partner since 2026-06-02; without one the registration expires on"),
        ({}, "2026-08-01", "The registration expired on 2026-08-01: no report since 2026-06-02."),
        ({}, "2026-08-15", ""),
        ({"last_update_on": "2026-07-10"}, "2026-07-31", ""),
        ({"closed_outcome": "won", "closed_on": "2026-07-10"}, "2026-07-31", ""),
    ],
)
def test_silence_is_warned_of_and_then_told(row: dict[str, str], on: str, message: str) -> None:
    found = findings("registration_silent", registered({**APPROVED, **row}, on=f"{on}T12:00:00Z"))
    assert [f.message[: len(message)] for f in found] == ([message] if message else [])


@pytest.mark.parametrize(
    "row, on, message",
    [
        ({}, "2026-08-16", ""),
        ({}, "2026-08-17", "The protection ends with 2026-08-31. It can be extended once."),
        ({}, "2026-09-14", "The protection ended with 2026-08-31; the deal is open to everybody."),
        ({}, "2026-09-15", ""),
        ({"extended_until": "2026-09-30", "extended_on": "2026-08-20"}, "2026-09-14", ""),
        (
            {"extended_until": "2026-09-20", "extended_on": "2026-08-20"},
            "2026-09-14",
            "The protection ends with 2026-09-20. It has been extended already.",
        ),
    ],
)
def test_the_end_of_protection_is_told_around_its_day(row: dict[str, str], on: str, message: str) -> None:
    view = registered({**APPROVED, "last_update_on": "2026-08-01", **row}, on=f"{on}T12:00:00Z")
    assert [f.message for f in findings("registration_expiring", view)] == ([message] if message else [])


@pytest.mark.parametrize("rule", ["registration_silent", "registration_expiring", "registration_review_overdue"])
def test_a_clock_says_the_same_words_every_day(rule: str) -> None:
    row = {} if rule == "registration_review_overdue" else {**APPROVED, "last_update_on": "2026-07-04"}
    days = ("2026-08-24T12:00:00Z", "2026-08-27T12:00:00Z")
    first, second = (findings(rule, registered(row, on=day)) for day in days)
    assert first == second and len(first) == 1


# ------------------------------------------------------------------------------------------------------ the checks


@pytest.mark.parametrize(
    "rows, expected",
    [
        ([{}], []),
        ([{"products": ""}], ["Deal Registrations/DR-1 incomplete"]),
        ([{**APPROVED, "products": ""}], []),
        ([{}, {"submitted_at": "2026-06-04T15:00:00Z"}], ["Deal Registrations/DR-2 duplicate"]),
        ([APPROVED, {**OTHER, "submitted_at": "2026-06-04T15:00:00Z"}], ["Deal Registrations/DR-2 other partner"]),
        ([{}, {**OTHER, "submitted_at": "2026-06-04T15:00:00Z"}], []),
        ([APPROVED, OTHER], ["Deal Registrations/DR-2 other partner"]),
        ([{"registration_decision": "rejected"}], ["Deal Registrations/DR-1 reason"]),
        ([{"registration_decision": "rejected", "registration_decision_reason": "duplicate"}], []),
        ([{**APPROVED, "expires_on": "2027-06-01"}], ["Deal Registrations/DR-1 not counted"]),
        ([{"opportunity_id": "", "account_id": ""}], ["Deal Registrations/DR-1 account"]),
        # One that has to be rejected is asked for nothing more, one without a domain not for its account as well.
        ([{**NAMELESS, "customer_domain": ""}], ["Deal Registrations/DR-1 incomplete"]),
        ([{}, {**SECOND, "products": ""}], ["Deal Registrations/DR-2 duplicate"]),
        ([NAMELESS, {**NAMELESS, **SECOND}], ["Deal Registrations/DR-1 account", "Deal Registrations/DR-2 duplicate"]),
        (
            [APPROVED, {**OTHER, **SECOND}, {**OTHER, **THIRD}],
            [f"Deal Registrations/DR-{n} other partner" for n in (2, 3)],
        ),
    ],
)
def test_the_review_is_told_what_to_look_at(rows: list[dict[str, str]], expected: list[str]) -> None:
    assert held("registration_check", registered(*rows)) == expected


def test_a_day_that_does_not_count_is_nobodys_business_once_it_is_over() -> None:
    typed = {**APPROVED, "expires_on": "2027-06-01"}
    assert held("registration_check", registered(typed, on="2026-10-01T12:00:00Z")) == []


def test_a_registration_that_ran_out_is_nobodys_duplicate() -> None:
    later = {**OTHER, "submitted_at": "2026-09-02T15:00:00Z"}
    assert held("registration_check", registered(APPROVED, later, on="2026-09-03T12:00:00Z")) == []


COMPANIES = """
hubspot.companies
id | name      | domain         | country
77 | Acme Inc. | acme.example   | {country}
78 | ACME INC. | acme-2.example | Norway
79 | Borealis  | boreal.example | Norway
"""


def test_an_account_that_is_not_matched_has_candidates() -> None:
    view = registered({"opportunity_id": "", "account_id": ""}, more=COMPANIES.format(country="Norway"))
    [found] = findings("registration_check", view)
    assert found.evidence["candidates"] == "hs-co-77 Acme Inc.; hs-co-78 ACME INC."
    elsewhere = {"opportunity_id": "", "account_id": "", "customer_domain": "boreal.example"}
    [found] = findings("registration_check", registered(elsewhere, more=COMPANIES.format(country="Norway")))
    assert found.evidence["candidates"] == "hs-co-77 Acme Inc.; hs-co-78 ACME INC.; hs-co-79 Borealis"


TERRITORY = ["Deal Registrations/DR-1 territory"]


@pytest.mark.parametrize(
    "country, told",
    [("Germany", []), ("Chile", TERRITORY), ("CL", TERRITORY), ("Deutschland", []), ("Atlantis", []), ("", [])],
)
def test_a_customer_outside_the_campaigns_markets_is_told(country: str, told: list[str]) -> None:
    view = registered({}, more=COMPANIES.format(country=country))
    [campaign] = view.rows("Campaigns")
    assert isinstance(campaign.fields, dict)
    campaign.fields["markets"] = "Germany\nNorway"
    assert held("registration_check", view) == told


@pytest.mark.parametrize(
    "expiry, row, barred",
    [
        ("2026-05-31", {}, True),
        ("2026-05-31", APPROVED, True),
        ("2026-06-01", {}, False),
        ("", {}, False),
        ("2026-05-31", {"registration_decision": "rejected"}, False),
    ],
)
def test_an_ended_certification_bars_a_registration(expiry: str, row: dict[str, str], barred: bool) -> None:
    terms = TWO_PARTNERS.replace("2027-01-31", expiry or "          ")
    lines = {"registration_id": "DR-1", **OTHER, **COMPLETE, **SUBMITTED, **row}
    view = case(f"{terms}\n\nDeal Registrations\n" + "\n".join(f"{n}: {v}" for n, v in lines.items()))
    assert held("registration_barred", view) == (["Deal Registrations/DR-1"] if barred else [])


def test_what_is_barred_blocks_the_partners_part_in_the_deal() -> None:
    others = """
Attributions
attribution_id | opportunity_id | partner_id
attr-1-fernway | hs-deal-1      | fernway
"""
    view = registered({}, more=others)
    partner = next(row for row in view.rows("Partners") if row.id == "cobalt")
    assert isinstance(partner.fields, dict)
    partner.fields["certification_expiry"] = "2026-05-31"
    [found] = findings("registration_barred", view)
    assert [str(place) for place in found.blocks] == ["Attributions/attr-1-cobalt"]


# ----------------------------------------------------------------------------------------------- the conflict table


def proposed(view: View) -> str:
    [found] = findings("disputed_ownership", view)
    return found.required_action


@pytest.mark.parametrize(
    "first, second, words",
    [
        ({}, {}, "Here: DR-1 of cobalt was first."),
        ({"products": ""}, {}, "Here: DR-2 of fernway was first; DR-1: lacks products."),
        ({"products": ""}, {"products": ""}, "The conflict table leaves it open."),
        ({"submitted_at": "2026-06-03T15:00:00Z"}, {}, "The conflict table leaves it open."),
        ({"submitted_at": "2025-06-03T15:00:00Z"}, {"submitted_at": "2025-06-03T16:00:00Z"}, "leaves it open."),
        ({"customer_prefers": "fernway"}, {}, "Here: the customer asks for fernway."),
    ],
)
def test_of_two_partners_the_first_valid_submission_is_proposed(
    first: dict[str, str], second: dict[str, str], words: str
) -> None:
    later = {**OTHER, "submitted_at": "2026-06-03T15:00:00Z", **second}
    assert words in proposed(registered(first, later))


def test_a_submission_of_a_partner_that_was_not_certified_is_no_valid_one() -> None:
    view = registered(OTHER, {"submitted_at": "2026-06-03T15:00:00Z"})
    partner = view.row("Partners", "fernway")
    assert partner is not None and isinstance(partner.fields, dict)
    partner.fields["certification_expiry"] = "2026-05-31"
    assert "Here: DR-2 of cobalt was first; DR-1: the partner's certification ended on 2026-05-31." in proposed(view)


def test_a_customers_wish_is_put_to_people() -> None:
    [found] = findings("disputed_ownership", registered({**APPROVED, "customer_prefers": "fernway"}))
    assert found.message.startswith("The customer asks for another partner than the one that registered")


def test_a_wish_for_another_partner_is_over_with_the_registration() -> None:
    gone = registered({**APPROVED, "customer_prefers": "fernway"}, on="2026-10-01T12:00:00Z")
    assert held("disputed_ownership", gone) == []


def test_registrations_that_name_the_account_alone_compete_with_those_of_its_deal() -> None:
    view = registered({}, {**OTHER, "opportunity_id": ""})
    assert held("disputed_ownership", view) == ["Opportunities/hs-deal-1 registrations"]


def test_registrations_of_two_deals_of_one_account_do_not_compete() -> None:
    view = registered({}, {**OTHER, "opportunity_id": "hs-deal-2"})
    assert held("disputed_ownership", view) == []


def test_a_dispute_between_two_approved_ones_is_not_sat_out() -> None:
    view = registered(APPROVED, {**OTHER, **APPROVED}, on="2027-06-01T12:00:00Z")
    assert held("disputed_ownership", view) == ["Opportunities/hs-deal-1 registrations"]


OWN_DEAL = """
hubspot.deals
id  | created              | hs_primary_associated_company | hs_is_closed
500 | {created}            | 77                            | false

hubspot.contacts
id | email            | associatedcompanyid
11 | ana@acme.example | 77

{touch}
"""
CALL = """
hubspot.calls
id | at                   | contacts | hubspot_owner_id | hs_call_direction
c1 | 2026-05-20T15:00:00Z | 11       | 501              | OUTBOUND
"""
ON_THE_COMPANY = CALL.replace("| contacts |", "| contacts | companies |").replace("| 11 ", "| | 77 ")


@pytest.mark.parametrize(
    "created, touch, words",
    [
        ("2026-06-01T15:00:00Z", "", "the partner keeps the deal, since it registered first"),  # at the same moment
        ("2026-05-01T10:00:00Z", "", "the direct team owns it, and the partner gets the referral fee (5 to 10 %)"),
        (
            "2026-06-02T10:00:00Z",
            ON_THE_COMPANY,
            "the direct team keeps the deal, since it had the relationship before",
        ),
        ("2026-06-02T10:00:00Z", CALL, "the direct team keeps the deal, since it had the relationship before"),
        ("2026-06-02T10:00:00Z", CALL.replace("2026-05", "2025-05"), "the partner keeps the deal, since it registered"),
        ("2026-06-02T10:00:00Z", "", "the partner keeps the deal, since it registered first"),
    ],
)
def test_against_our_own_deal_the_table_is_quoted(created: str, touch: str, words: str) -> None:
    own = OWN_DEAL.format(created=created, touch=touch.strip())
    assert words in proposed(registered({}, on="2026-06-03T12:00:00Z", more=own))


def test_unread_sales_activity_leaves_it_open_who_was_first() -> None:
    own = OWN_DEAL.format(created="2026-06-02T10:00:00Z", touch="")
    view = registered({}, on="2026-06-03T12:00:00Z", more=own)
    unread = {source: health for source, health in view.sources.items() if source != "hubspot.calls"}
    assert "The conflict table leaves it open." in proposed(replace(view, sources=unread))


def test_sales_activity_logged_nobody_knows_where_leaves_it_open_who_was_first() -> None:
    own = OWN_DEAL.format(created="2026-06-02T10:00:00Z", touch=ON_THE_COMPANY.replace("| 77 ", "| unread ").strip())
    assert "The conflict table leaves it open." in proposed(registered({}, on="2026-06-03T12:00:00Z", more=own))


def test_what_was_called_in_conflict_is_shown_beside_its_rival() -> None:
    called = {**OTHER, "registration_decision": "conflict", "submitted_at": "2026-06-20T15:00:00Z"}
    [found] = findings("disputed_ownership", registered(APPROVED, called, on="2026-06-21T12:00:00Z"))
    assert {"DR-1", "DR-2"} <= set(found.evidence)
