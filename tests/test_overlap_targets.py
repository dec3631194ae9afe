"""Whether an account may be targeted: one row per rule, what fires, and what lets it pass."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

from datetime import date

import pytest
from casebook import case

from mdfsync.derive.overlap import overlap
from mdfsync.exclusion_lists import entries
from mdfsync.overlaps.map import OverlapMap, overlap_map
from mdfsync.overlaps.markets import markets_of
from mdfsync.overlaps.standing import kind, standing
from mdfsync.overlaps.targets import BY
from mdfsync.view import View
from mdfsync.view.remembered import InForce
from mdfsync.view.terms import terms_digest

PARTNER = {
    "partner_id": "cobalt", "partner_name": "Cobalt Harbor", "partner_domains": "cobaltharbor.example",
    "hubspot_company_id": "9001",
}  # fmt: skip
CAMPAIGN = {"joint_campaign_id": "JC-1", "campaign_status": "approved", "account_scope": "both", "markets": "Germany"}
PART = {"campaign_partner_id": "CP-1", "joint_campaign_id": "JC-1", "partner_id": "cobalt"}
ACCOUNT = {
    "shared_account_id": "sa-JC-1-cobalt-hs-co-77", "joint_campaign_id": "JC-1", "partner_id": "cobalt",
    "account_id": "hs-co-77", "account_name": "Acme Freight", "account_domain": "acme.example",
    "account_country": "Germany", "our_population": "Prospects", "partner_population": "Customers",
    "partner_owner_name": "Rhea Morrow", "match_confidence": "high", "match_basis": "record_id; same website",
}  # fmt: skip


def world(tables: str = "", /, **cells: dict[str, str]) -> View:
    rows = {
        "Partners": PARTNER | cells.get("partner", {}),
        "Campaigns": CAMPAIGN | cells.get("campaign", {}),
        "Campaign Partners": PART | cells.get("part", {}),
        "Shared Accounts": ACCOUNT | cells.get("account", {}),
    }
    blocks = [f"{table}\n" + "\n".join(f"{k}: {v}" for k, v in row.items()) for table, row in rows.items()]
    return case("\n\n".join([*blocks, tables]))


def verdict(view: View, id: str = "sa-JC-1-cobalt-hs-co-77") -> tuple[str, str, str]:
    made = {c.field: c.value for c in overlap(view) if c.subject.id == id}
    return made["target_status"], made["exclusion_rule"], made["exclusion_reason"]


def test_an_account_that_nothing_speaks_against_is_a_target() -> None:
    assert verdict(world()) == ("target", "none", "none")


OPEN = {"partner_population": "Open Opportunities"}
BARS: list[tuple[str, dict[str, dict[str, str]], str]] = [
    ("partner", {"account": {"account_id": "hs-co-9001"}}, "the account is the partner itself"),
    ("partner", {"account": {"account_domain": "www.cobaltharbor.example"}}, "the account is the partner itself"),
    ("own_company", {"account": {"account_domain": "northlight.example"}}, "northlight.example is our own domain"),
    ("named", {"campaign": {"exclusions": "ACME Freight GmbH (competitor)"}}, "named in the charter's exclusions: ACME Freight GmbH (competitor)"),
    ("named", {"campaign": {"exclusions": "acme.example - dispute"}}, "named in the charter's exclusions: acme.example - dispute"),
    ("named", {"campaign": {"exclusions": "the yard, hs-co-77"}}, "named in the charter's exclusions: the yard, hs-co-77"),
    ("named", {"partner": {"competitor_exclusions": "Acme Freight (agreed 2026-09-01)"}}, "named in the partner's competitor exclusions: Acme Freight (agreed 2026-09-01)"),
    ("sharing", {"partner": {"data_sharing_expires_on": "2026-11-19"}}, "data may be shared with the partner only until 2026-11-19"),
    ("our_customer", {"campaign": {"account_scope": "net_new"}, "account": {"our_population": "Customers"}}, "our customer, and the charter targets net new accounts"),
    ("our_customer", {"campaign": {"account_scope": "net_new"}, "account": {"account_lifecycle_stage": "customer"}}, "our customer, and the charter targets net new accounts"),  # HubSpot before Crossbeam
    ("not_our_customer", {"campaign": {"account_scope": "expansion"}}, "not our customer, and the charter targets expansion"),
    ("not_named", {"campaign": {"account_scope": "named_accounts", "account_scope_detail": "Birch Foods"}}, "not among the charter's named accounts"),
    ("not_named", {"campaign": {"account_scope": "named_accounts", "account_scope_detail": "Acme Freightways"}}, "not among the charter's named accounts"),
    ("partner_customer", {"campaign": {"partner_customers_in_scope": "no"}}, "the partner's customer, and the charter leaves those out"),
    ("partner_opportunity", {"account": OPEN}, "the partner has an open opportunity (Rhea Morrow): co-sell check before any contact"),
    ("population", {"part": {"in_scope_populations_ours": "Top 50"}}, "in none of our populations in scope"),
    ("population", {"part": {"in_scope_populations_partner": "Prospects"}}, "in none of the partner's populations in scope"),
    ("market", {"account": {"account_country": "Canada"}}, "Canada is none of the charter's markets"),
]  # fmt: skip


@pytest.mark.parametrize(("by", "cells", "reason"), BARS)
def test_what_bars_an_account(by: str, cells: dict[str, dict[str, str]], reason: str) -> None:
    assert verdict(world(**cells)) == ("excluded", by, reason)


PASSES: list[tuple[str, dict[str, dict[str, str]]]] = [
    ("not agreed yet", {"partner": {"competitor_exclusions": "Acme Freight (agreed 2026-12-01)"}}),
    ("over", {"partner": {"competitor_exclusions": "Acme Freight (agreed 2026-01-01, until 2026-11-01)"}}),
    ("another company with a longer name", {"campaign": {"exclusions": "Acme Freight Holdings"}}),
    ("a group that names nobody", {"campaign": {"exclusions": "regulated utilities"}}),
    ("the last day of sharing", {"partner": {"data_sharing_expires_on": "2026-11-20"}}),
    ("named without its legal form", {"campaign": {"account_scope": "named_accounts", "account_scope_detail": "Birch Foods, Acme Freight AG"}}),
    ("the charter wants open opportunities", {"account": OPEN, "part": {"in_scope_populations_partner": "Open Opportunities"}}),
    ("an opportunity of the partner that nobody there owns", {"account": {**OPEN, "partner_owner_name": ""}}),
    ("the partner calls it by another name", {"part": {"in_scope_populations_partner": "Customer"}}),
    ("the market by another name", {"account": {"account_country": "Deutschland"}}),
    ("a group of countries", {"campaign": {"markets": "DACH"}}),
    ("everywhere", {"campaign": {"markets": "worldwide"}, "account": {"account_country": ""}}),
    ("no market stated", {"campaign": {"markets": ""}}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "cells"), PASSES)
def test_what_bars_nobody(why: str, cells: dict[str, dict[str, str]]) -> None:
    assert verdict(world(**cells))[0] == "target", why


DOUBTS: list[tuple[str, dict[str, dict[str, str]], str]] = [
    ("appeared", {"account": {"appeared_after": "the launch snapshot was taken"}}, "appeared after the launch snapshot was taken"),
    ("not_from_partner", {"partner": {"crossbeam_data_from": "uploaded_list"}}, "comes from uploaded list, not from the partner itself"),
    ("not_from_partner", {"partner": {"crossbeam_data_from": "open_data"}}, "comes from open data, not from the partner itself"),
    ("test_record", {"account": {"account_name": "Acme TEST"}}, "its name reads like a test record"),
    ("match", {"account": {"match_confidence": "low"}}, "match confidence is low (record_id; same website)"),
    ("status", {"account": {"partner_population": "Former Customers"}}, "the partner's status is unknown"),
    ("status", {"campaign": {"account_scope": "expansion"}, "account": {"our_population": "Top 50"}}, "our status is unknown"),
    ("market_unknown", {"account": {"account_country": ""}}, "its country is unknown"),
    ("market_unknown", {"account": {"account_country": "Atlantis"}}, "country “Atlantis” cannot be told"),
    ("market_unknown", {"account": {"account_country": "Kenya"}, "campaign": {"markets": "Germany\\nEMEA mid-market"}}, "whether Kenya belongs to “EMEA mid-market” cannot be told"),
]  # fmt: skip


@pytest.mark.parametrize(("by", "cells", "reason"), DOUBTS)
def test_what_leaves_an_account_to_a_person(by: str, cells: dict[str, dict[str, str]], reason: str) -> None:
    assert verdict(world(**cells)) == ("review", by, reason)


@pytest.mark.parametrize(("decision", "status"), [("target", "target"), ("exclude", "excluded"), ("pause", "review")])
def test_a_persons_decision_stands_before_every_rule(decision: str, status: str) -> None:
    told = {"target_decision": decision, "target_decision_reason": "agreed with Rhea"}
    view = world(campaign={"exclusions": "Acme Freight"}, account=told)
    assert verdict(view) == (status, "person", "decided by a person: agreed with Rhea")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("do_not_contact", "true", "excluded"),
        ("do_not_contact", "Yes", "excluded"),
        ("hs_do_not_contact", "true", "excluded"),
        ("do_not_contact", "false", "target"),
    ],
)
def test_hubspot_may_bar_contact(name: str, value: str, status: str) -> None:
    companies = f"hubspot.companies\nid | name | {name}\n77 | Acme Freight | {value}"
    assert verdict(world(companies))[0] == status


def test_our_open_deal_makes_a_prospect_an_open_opportunity() -> None:
    deals = "hubspot.deals\nid | hs_primary_associated_company | hs_is_closed\n500 | 77 | false"
    made = {c.field: c.value for c in overlap(world(deals))}
    assert made["customer_status_ours"] == "open_opportunity"


@pytest.mark.parametrize(
    ("terms", "raw"),
    [
        ({"Campaigns": {"JC-1": {"partner_customers_in_scope": "no"}}}, {"campaign": {"partner_customers_in_scope": "yes"}}),
        ({"Campaign Partners": {"CP-1": {"in_scope_populations_ours": "Top 50"}}}, {"part": {"in_scope_populations_ours": ""}}),
    ],
)  # fmt: skip
def test_the_charter_in_force_decides_whatever_is_being_negotiated(
    terms: dict[str, dict[str, dict[str, str]]], raw: dict[str, dict[str, str]]
) -> None:
    signed = InForce(version=1, digest=terms_digest(terms), terms=terms).text
    assert verdict(world(**raw))[0] == "target"
    assert (
        verdict(world(**{**raw, "campaign": {**raw.get("campaign", {}), "charter_in_force": signed}}))[0] == "excluded"
    )


TWINS = """
Shared Accounts
shared_account_id | joint_campaign_id | partner_id | account_id | account_name | account_owner | partner_record_name | partner_domain | account_country | our_population | partner_population | match_confidence
sa-JC-1-cobalt-hs-co-78 | JC-1 | cobalt | hs-co-78 | Acme Canada | sam@northlight.example | Acme Group | acme.example | Germany | Prospects | Customers | high
"""


def test_of_several_accounts_on_one_record_of_the_partner_the_one_with_an_owner_goes_first() -> None:
    same = {"partner_record_name": "Acme Group", "partner_domain": "acme.example"}
    view = world(TWINS, account=same)
    assert verdict(view) == ("review", "duplicate", "the partner's one record of it is met by hs-co-78 as well")
    assert verdict(view, "sa-JC-1-cobalt-hs-co-78")[0] == "target"


def test_divisions_that_the_partner_keeps_apart_are_both_targets() -> None:
    view = world(TWINS, account={"partner_record_name": "Acme Freight", "partner_domain": "acme.example"})
    assert [verdict(view)[0], verdict(view, "sa-JC-1-cobalt-hs-co-78")[0]] == ["target", "target"]


SHARED_WITH_TWO = """
Partners
partner_id | partner_name
fernway    | Fernway

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-2                | JC-1              | fernway

Shared Accounts
shared_account_id        | joint_campaign_id | partner_id | account_id | target_status
sa-JC-1-fernway-hs-co-77 | JC-1              | fernway    | hs-co-77   | target

Exceptions
exception_id | exception_type    | record | status   | message
EX-1         | overlap_unmatched | cobalt | open     | Birch Foods meets no company
EX-2         | overlap_unmatched | cobalt | waived   | Cedar Labs meets no company
"""


def mapped(view: View) -> OverlapMap:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    return overlap_map(view, campaign)


def test_an_account_that_two_partners_share_is_one_account_of_the_map() -> None:
    found = mapped(world(SHARED_WITH_TWO))
    assert ([len(partner.visible) for partner in found.partners], found.accounts) == ([1, 1], 1)


def test_the_map_names_the_overlaps_that_still_wait_for_their_company() -> None:
    cobalt = mapped(world(SHARED_WITH_TWO)).partners[0]
    assert [row.id for row in cobalt.unmatched] == ["EX-1"]


def test_the_version_of_a_target_list_moves_with_what_its_approvers_look_at() -> None:
    target = {"target_status": "target", "customer_status_ours": "prospect"}
    versions = [
        mapped(world(account=target | more)).version
        for more in ({}, {"account_name": "Acme"}, {"target_decision": "target"}, {"customer_status_ours": "customer"})
    ]
    assert versions[0] == versions[1] and len(set(versions)) == 3


STANDINGS = [
    ("Open Opps", "", "open_opportunity"),
    ("EMEA Top 50", "customers", "customer"),
    ("EMEA Top 50", "custom, unknown", "unknown"),
    ("Prospects", "open_opportunities, prospects", "open_opportunity"),
]


@pytest.mark.parametrize(("names", "types", "expected"), STANDINGS)
def test_a_populations_type_counts_beside_its_name(names: str, types: str, expected: str) -> None:
    assert standing(names, types) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("customer", "customer", "mutual_customer"),
        ("customer", "prospect", "our_customer"),
        ("open_opportunity", "customer", "partner_customer"),
        ("open_opportunity", "open_opportunity", "mutual_opportunity"),
        ("prospect", "prospect", "net_new_for_both"),
        ("customer", "unknown", "unknown"),
    ],
)
def test_how_an_account_overlaps_is_told_from_both_sides(ours: str, theirs: str, expected: str) -> None:
    assert kind(ours, theirs) == expected


def test_every_rule_has_a_name_that_documents_print() -> None:
    named = {by for by, *_ in [*BARS, *DOUBTS]} | {"person", "withdrawn", "do_not_contact", "duplicate"}
    assert named == set(BY)


# ---------------------------------------------------------------- lines that people write

LINES = [
    ("Umbra Security (competitor, agreed 2026-09-23)", "Umbra Security", date(2026, 9, 23), None),
    ("Umbra Security; 2026-09-23 until 2026-12-31", "Umbra Security", date(2026, 9, 23), date(2026, 12, 31)),
    ("Nightingale Freight - our customer", "Nightingale Freight", None, None),
    ("Saint-Cloud Systems", "Saint-Cloud Systems", None, None),
    ("Acme (agreed 2026-99-99)", "Acme", None, None),
]


@pytest.mark.parametrize(("line", "names", "agreed", "until"), LINES)
def test_an_exclusion_line_names_an_account_and_its_days(
    line: str, names: str, agreed: date | None, until: date | None
) -> None:
    [entry] = entries(line)
    assert (entry.names, entry.agreed, entry.until) == (names, agreed, until)


def test_markets_are_countries_groups_or_nothing_that_can_be_told() -> None:
    found = markets_of("Deutschland\nIberia, EMEA", ("Iberia = ES PT",))
    assert (set(found.codes), found.unread) == ({"DE", "ES", "PT"}, ("EMEA",))
