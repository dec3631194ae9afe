"""Which company an overlap is of, how sure that is, and whom it may be of: one row per case."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

from typing import Any

import pytest
from core_lab import policy, raw, record, snapshot
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.company_names import alike, plain_name
from mdfsync.countries import country_code
from mdfsync.model import Observed, RawRow
from mdfsync.observe import observe

BASE = (
    record("Partners/cobalt", partner_name="Cobalt Harbor", partner_domains="cobalt.com"),
    record("Campaigns/JC-1", campaign_name="Series"),
    record("Campaign Partners/CP-1", joint_campaign_id="JC-1", partner_id="cobalt"),
)
Cells = dict[str, dict[str, str]]


def company(key: str, name: str, domain: str = "", **properties: str) -> RawRow:
    return raw("hubspot.companies", key, {"id": key, "properties": {"name": name, "domain": domain, **properties}})


def shared(key: str = "o1", **body: Any) -> RawRow:
    return raw("crossbeam.exports", key, {"partner_name": "Cobalt Harbor", "account_name": "Acme", **body})


def observed(*rows: RawRow) -> Observed:
    mirror: dict[str, tuple[RawRow, ...]] = {}
    for row in rows:
        mirror[row.ref.source_id] = (*mirror.get(row.ref.source_id, ()), row)
    return observe(mirror, snapshot(*BASE), policy())


def accounts(out: Observed) -> Cells:
    found: Cells = {}
    for seen in out.observations:
        if seen.subject.table == "Shared Accounts" and seen.value:
            found.setdefault(seen.subject.id.rpartition("-")[2], {})[seen.field] = seen.value
    return found


# ---------------------------------------------------------------- confidence

ACME = {"name": "Acme Freight GmbH", "domain": "acme.com"}
CONFIDENCE: list[tuple[dict[str, str], dict[str, str], str, str]] = [
    ({}, {"partner_domain": "https://www.Acme.com/x"}, "high", "record_id; same website"),
    ({"hs_additional_domains": "acme.de;acme.fr"}, {"partner_domain": "acme.de"}, "high", "record_id; acme.de is another website of the company"),
    ({}, {"partner_domain": "shop.acme.com"}, "medium", "record_id; one website is a subdomain of the other"),
    ({}, {"partner_domain": "acmefreight.com", "partner_record_name": "ACME Freight, Inc."}, "medium", "record_id; different websites, same name"),
    ({"hs_parent_company_id": "9"}, {"partner_domain": "parent.com"}, "medium", "record_id; the partner names the parent company's website"),
    ({}, {"partner_domain": "acme.de"}, "low", "record_id; different websites and different names"),  # another country's ending is another domain
    ({}, {"partner_domain": "zebra.com", "partner_record_name": "Zebra"}, "low", "record_id; different websites and different names"),
    ({}, {}, "low", "record_id; its website on the partner's side is missing"),
    ({"domain": ""}, {"partner_domain": "acme.com"}, "low", "record_id; its website on our side is missing"),
    ({"domain": "gmail.com"}, {"partner_domain": "gmail.com"}, "blocked", "record_id; gmail.com says nothing of a company"),
    ({}, {"partner_domain": "cobalt.com"}, "blocked", "record_id; cobalt.com is the partner's own website"),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs", "confidence", "basis"), CONFIDENCE)
def test_how_sure_a_match_is(ours: dict[str, str], theirs: dict[str, str], confidence: str, basis: str) -> None:
    out = observed(
        company("31", **{**ACME, **ours}), company("9", "Parent", "parent.com"), shared(our_record_id="31", **theirs)
    )
    made = accounts(out)["31"]
    assert (made["match_confidence"], made["match_basis"]) == (confidence, basis)


def test_a_website_of_many_companies_is_blocked() -> None:
    many = [company(str(n), f"Acme {n}", "acme.com") for n in range(31, 37)]
    out = observed(*many, shared(our_record_id="31", partner_domain="acme.com"))
    assert accounts(out)["31"]["match_confidence"] == "blocked"


def test_an_id_that_hubspot_does_not_have_is_blocked_even_where_the_website_fits() -> None:
    out = observed(company("31", **ACME), shared(our_record_id="77", domain="acme.com", partner_domain="acme.com"))
    made = accounts(out)["31"]
    assert (made["match_confidence"], made["match_basis"]) == ("blocked", "domain; our record id is none of HubSpot's")


def test_an_id_that_was_merged_away_leads_to_the_survivor() -> None:
    merged = company("31", **ACME, hs_merged_object_ids="70;77")
    made = accounts(observed(merged, shared(our_record_id="77", partner_domain="acme.com")))["31"]
    assert (made["match_confidence"], made["match_basis"]) == ("high", "record_id (merged); same website")


# ---------------------------------------------------------------- never on a name, never by guessing

KEPT_APART: list[tuple[str, list[RawRow], dict[str, str]]] = [
    ("a name alone", [company("31", "Acme")], {}),
    ("a name and the country", [company("31", "Acme", country="Germany")], {"fields": {"record_country": "DE"}}),  # type: ignore[dict-item]
    ("a subdomain", [company("31", "Acme", "acme.com")], {"domain": "ca.acme.com"}),
    ("another country's ending", [company("31", "Acme", "acme.com")], {"domain": "acme.de"}),
    ("one website, two companies", [company("31", "Acme", "acme.com"), company("32", "Acme", "acme.com")], {"domain": "acme.com"}),
    ("free mail", [company("31", "Acme", "gmail.com")], {"domain": "gmail.com"}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "companies", "body"), KEPT_APART)
def test_what_is_not_certain_becomes_no_row(why: str, companies: list[RawRow], body: dict[str, str]) -> None:
    out = observed(*companies, shared(**body))
    assert (accounts(out), [f.rule_id for f in out.findings]) == ({}, ["overlap_unmatched"]), why


@given(name=st.text(max_size=30), other=st.text(max_size=30))
def test_no_name_makes_a_row(name: str, other: str) -> None:
    assert accounts(observed(company("31", name), company("32", other), shared(account_name=name))) == {}


def test_candidates_come_with_score_and_evidence_best_first() -> None:
    out = observed(
        company("31", "Acme Freight Canada", "acme.ca", country="Canada"),
        company("32", "Acme Freight GmbH", "acme.com", country="Deutschland"),
        company("33", "Acme Bakery", "bakery.com"),
        company("34", "Zebra", "zebra.com"),
        shared(account_name="ACME Freight, Inc.", domain="eu.acme.com", fields={"record_country": "DE"}),
    )
    [found] = out.findings
    assert found.evidence["candidates"].split("; ") == [
        "hs-co-32 “Acme Freight GmbH” (100: same domain acme.com, names agree by 100 %, same country (DE))",
        "hs-co-31 “Acme Freight Canada” (44: names agree by 77 %, acme.ca has another ending than acme.com, another country (CA))",
    ]


def test_a_list_that_meets_hardly_anybody_is_one_exception() -> None:
    out = observed(*(shared(f"o{n}", account_name=f"Nobody {n}") for n in range(26)))
    [found] = out.findings
    assert found.message == "26 overlap accounts meet no HubSpot company for certain"


def test_a_child_is_told_with_its_parent() -> None:
    out = observed(company("31", "Acme Ltd", hs_parent_company_id="9"), shared(account_name="Acme"))
    assert "child of hs-co-9" in out.findings[0].evidence["candidates"]


def test_a_row_names_the_parent_that_hubspot_gives() -> None:
    out = observed(company("31", **ACME, hs_parent_company_id="9"), shared(our_record_id="31"))
    assert accounts(out)["31"]["parent_account_id"] == "hs-co-9"


# ---------------------------------------------------------------- duplicates


def test_the_same_pair_twice_is_one_row() -> None:
    out = observed(company("31", **ACME), shared("a", our_record_id="31"), shared("b", our_record_id="31"))
    assert list(accounts(out)) == ["31"]


def test_several_records_of_the_partner_on_one_account_keep_every_name_and_population() -> None:
    out = observed(
        company("31", **ACME),
        shared("a", our_record_id="31", partner_record_name="Acme, Inc.", partner_populations="Customers"),
        shared("b", our_record_id="31", partner_record_name="Acme UK", partner_populations="Prospects"),
    )
    made = accounts(out)["31"]
    assert (made["partner_record_name"], made["partner_population"]) == ("Acme UK; Acme, Inc.", "Customers, Prospects")


def test_a_name_with_a_comma_stays_in_one_piece() -> None:
    out = observed(company("31", **ACME), shared(our_record_id="31", partner_record_name="Zeta, Inc."))
    assert accounts(out)["31"]["partner_record_name"] == "Zeta, Inc."


def test_several_accounts_of_ours_on_one_partner_record_stay_several() -> None:
    out = observed(
        company("31", **ACME),
        company("32", "Acme Canada", "acme.com"),
        shared("a", our_record_id="31"),
        shared("b", our_record_id="32"),
    )
    assert sorted(accounts(out)) == ["31", "32"]


# ---------------------------------------------------------------- names and countries

NAMES = [
    ("Acme Freight GmbH", "ACME Freight, Inc.", 100),
    ("Grupo Peñalara S.L.", "Grupo Penalara", 100),
    ("Tarn & Vale Dairy", "Tarn and Vale Dairy Ltd", 100),
    ("Freight Acme", "Acme Freight", 100),
    ("", "Acme", 0),
]


@pytest.mark.parametrize(("left", "right", "score"), NAMES)
def test_names_are_compared_without_legal_form_accents_and_order(left: str, right: str, score: int) -> None:
    assert round(alike(left, right)) == score


def test_a_name_that_is_a_legal_form_only_is_still_a_name() -> None:
    assert plain_name("GmbH") == "gmbh"


COUNTRIES = [
    ("Germany", "DE"), ("Deutschland", "DE"), ("DEU", "DE"), ("de", "DE"), ("USA", "US"), ("United States of America", "US"),
    ("UK", "GB"), ("Côte d’Ivoire", "CI"), ("cote d’ivoire", "CI"), ("Norge", "NO"), ("EMEA", ""), ("EU", ""), ("", ""), ("nowhere", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), COUNTRIES)
def test_countries_by_name_and_code(text: str, code: str) -> None:
    assert country_code(text) == code
