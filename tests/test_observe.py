"""Observing: raw rows in the dictionary's words, every row accounted for, nothing invented."""

from __future__ import annotations

import random as randoms
from typing import Any

import pytest
from core_lab import policy, raw, record, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.hosts import host_name, registrable
from mdfsync.model import Observed, RawRow, Record
from mdfsync.observe import observe

CHARTER = (
    record("Partners/cobalt", partner_name="Cobalt Harbor", crossbeam_partner_name="Cobalt Harbor, Inc."),
    record("Campaigns/JC-1", hubspot_campaign_id="guid-1", utm_campaign="spend-series"),
    record("Campaign Partners/CP-1", joint_campaign_id="JC-1", partner_id="cobalt"),
)


def observed(*rows: RawRow, base: tuple[Record, ...] = CHARTER) -> Observed:
    mirror: dict[str, tuple[RawRow, ...]] = {}
    for row in rows:
        mirror[row.ref.source_id] = (*mirror.get(row.ref.source_id, ()), row)
    return observe(mirror, snapshot(*base), policy())


def cells(out: Observed, table: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for seen in out.observations:
        if seen.subject.table == table and seen.value:
            found.setdefault(seen.subject.id, {})[seen.field] = seen.value
    return found


def campaign(guid: str = "guid-1", **properties: str) -> RawRow:
    return raw("hubspot.campaigns", guid, {"id": guid, "properties": {"hs_name": "Spend series", **properties}})


def deal(key: str = "7", **properties: Any) -> RawRow:
    return raw("hubspot.deals", key, {"id": key, "properties": {"dealname": "Deal", **properties}})


def contact(key: str = "5", **properties: str) -> RawRow:
    return raw("hubspot.contacts", key, {"id": key, "properties": properties})


def company(key: str, name: str, domain: str = "") -> RawRow:
    return raw("hubspot.companies", key, {"id": key, "properties": {"name": name, "domain": domain}})


def joined(left: str, key: str, right: str, *ids: str) -> RawRow:
    return raw("hubspot.associations", f"{left}:{key}:{right}", {"to": [{"id": i} for i in ids]})


def report(contact_id: str = "5", guid: str = "guid-1", kind: str = "form") -> RawRow:
    body = {"campaign_guid": guid, "contact_id": contact_id, "contact_type": kind}
    return raw("hubspot.campaign_contacts", f"{guid}:{contact_id}:{kind}", body)


# ---------------------------------------------------------------- what belongs to a joint campaign

LINKS: list[tuple[str, tuple[RawRow, ...], dict[str, str]]] = [
    ("explicit id", (deal(joint_campaign_id="JC-1"),), {"joint_campaign_id": "JC-1", "link_basis": "explicit_id"}),
    ("campaign on the deal", (campaign(), deal(hs_manual_campaign_ids="x; guid-1"),), {"link_basis": "campaign_id"}),
    ("linked to the campaign", (campaign(hs_object_id="41"), joined("campaigns", "41", "deals", "7"), deal()),
     {"link_basis": "campaign_link", "link_kind": "direct"}),
    ("a contact of the campaign", (campaign(), report(), joined("deals", "7", "contacts", "5"), deal()),
     {"link_basis": "association"}),
    ("utm", (deal(utm_campaign="Spend-Series"),), {"link_basis": "utm"}),
    ("explicit wins over utm", (deal(joint_campaign_id="JC-1", utm_campaign="spend-series"),),
     {"link_basis": "explicit_id"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "expected"), LINKS, ids=[case[0] for case in LINKS])
def test_how_a_deal_belongs_is_kept_with_it(name: str, rows: tuple[RawRow, ...], expected: dict[str, str]) -> None:
    made = cells(observed(*rows), "Opportunities")["hs-deal-7"]
    assert made.items() >= {"joint_campaign_id": "JC-1", **expected}.items()


@pytest.mark.parametrize("properties", [{}, {"joint_campaign_id": "JC-404"}, {"utm_campaign": "other"}])
def test_a_deal_of_no_joint_campaign_does_not_enter(properties: dict[str, str]) -> None:
    out = observed(deal(**properties))
    assert (out.observations, out.unlinked) == ((), 1)


def test_an_overlap_is_never_a_link() -> None:
    overlap = raw("crossbeam.exports", "o1", {"partner_name": "Cobalt Harbor", "our_record_id": "31"})
    out = observed(overlap, company("31", "Acme"), joined("deals", "7", "companies", "31"), deal())
    assert cells(out, "Opportunities") == {}


def test_a_deal_of_two_campaigns_on_equal_ground_is_reported() -> None:
    out = observed(
        campaign(), campaign("guid-2", joint_campaign_id="JC-2"), deal(hs_manual_campaign_ids="guid-2;guid-1")
    )
    made = cells(out, "Opportunities")["hs-deal-7"]
    assert (made["joint_campaign_id"], made["other_joint_campaign_ids"], [f.rule_id for f in out.findings]) == (
        "JC-1", "JC-2", ["source_conflict"],
    )  # fmt: skip


def test_direct_and_derived_links_are_told_apart_and_a_derived_one_never_comes_first() -> None:
    touched = (campaign("guid-0", joint_campaign_id="JC-0"), report(guid="guid-0"))
    out = observed(*touched, campaign(), joined("deals", "7", "contacts", "5"), deal(hs_campaign="GUID-1"))
    made = cells(out, "Opportunities")["hs-deal-7"]
    assert made["link_bases"].splitlines() == ["JC-1: campaign_id (direct)", "JC-0: association (derived)"]
    assert (made["joint_campaign_id"], made["link_kind"], out.findings) == ("JC-1", "direct", ())


def test_a_campaign_is_known_by_its_guid_however_it_is_written() -> None:
    out = observed(campaign("GUID-1", joint_campaign_id="JC-1"), deal(hs_campaign="Guid-1"))
    assert cells(out, "Opportunities")["hs-deal-7"]["link_basis"] == "campaign_id"


def test_what_the_hubspot_campaign_names_stands_before_what_was_typed() -> None:
    base = (*CHARTER, record("Campaigns/JC-2"))
    out = observed(campaign(joint_campaign_id="JC-2"), deal(hs_campaign="guid-1"), base=base)
    assert cells(out, "Opportunities")["hs-deal-7"]["joint_campaign_id"] == "JC-2"


def test_a_utm_value_that_two_campaigns_use_links_nothing() -> None:
    second = (*CHARTER, record("Campaigns/JC-2", utm_campaign="Spend-Series"))
    assert cells(observed(deal(utm_campaign="spend-series"), base=second), "Opportunities") == {}


def test_a_contact_that_no_report_names_for_the_campaign_links_no_deal() -> None:
    out = observed(campaign(), contact("6"), report("5"), joined("deals", "7", "contacts", "6"), deal())
    assert cells(out, "Opportunities") == {}


def test_a_deal_of_a_merged_company_follows_it() -> None:
    survivor = raw(
        "hubspot.companies", "31", {"id": "31", "properties": {"name": "Acme", "hs_merged_object_ids": "30"}}
    )
    out = observed(deal(joint_campaign_id="JC-1", hs_primary_associated_company="30"), survivor)
    made = cells(out, "Opportunities")["hs-deal-7"]
    assert (made["account_id"], made["account_name"]) == ("hs-co-31", "Acme")


def test_a_hubspot_campaign_without_a_joint_id_makes_no_row() -> None:
    out = observed(campaign("guid-9", hs_name="Autumn newsletter"))
    assert (cells(out, "Campaigns"), out.unlinked) == ({}, 1)


def test_what_looks_like_a_partner_campaign_is_an_exception() -> None:
    out = observed(campaign("guid-9", hs_name="Autumn", partner_name="Cobalt Harbor"))
    assert [f.rule_id for f in out.findings] == ["looks_like_partner_campaign"]


def test_stages_get_their_words_from_the_pipeline() -> None:
    stages = {"label": "Sales", "stages": [{"id": "s1", "label": "Closed won"}]}
    pipeline = raw("hubspot.pipelines", "p1", stages)
    out = observed(deal(joint_campaign_id="JC-1", pipeline="p1", dealstage="s1"), pipeline)
    made = cells(out, "Opportunities")["hs-deal-7"]
    assert (made["stage"], made["stage_label"], made["pipeline_label"]) == ("s1", "Closed won", "Sales")


COMPANIES = [
    (("31",), {}, "hs-co-31"),
    (("31", "32"), {}, None),
    (("31", "32"), {"hs_primary_associated_company": "32"}, "hs-co-32"),
]


@pytest.mark.parametrize(("ids", "properties", "account"), COMPANIES)
def test_of_several_companies_none_is_guessed(
    ids: tuple[str, ...], properties: dict[str, str], account: str | None
) -> None:
    out = observed(deal(joint_campaign_id="JC-1", **properties), joined("deals", "7", "companies", *ids))
    assert cells(out, "Opportunities")["hs-deal-7"].get("account_id") == account


# ---------------------------------------------------------------- leads


def test_a_lead_is_a_contact_in_a_joint_campaign() -> None:
    out = observed(campaign(), report(), report(kind="event"), contact(email="Ann@Acme.example"))
    assert cells(out, "Leads") == {
        "lead-5-JC-1": {
            "joint_campaign_id": "JC-1", "touch_types": "event, form", "contact_id": "5", "email": "ann@acme.example",
        }
    }  # fmt: skip


def partner_lead(key: str = "pl-1", **body: str) -> RawRow:
    return raw("partner.leads", key, {"joint_campaign_id": "JC-1", "email": "ann@acme.example", **body})


def test_a_partners_lead_meets_a_contact_by_address_only() -> None:
    out = observed(partner_lead(), contact(email="ANN@acme.example"))
    assert list(cells(out, "Leads")) == ["lead-5-JC-1"]


def test_a_partners_lead_that_meets_nobody_keeps_its_own_id() -> None:
    out = observed(partner_lead(), contact(email="bob@acme.example"))
    assert list(cells(out, "Leads")) == ["pl-1"]


def test_a_partners_lead_that_meets_two_contacts_meets_neither() -> None:
    out = observed(partner_lead(), contact("5", email="ann@acme.example"), contact("6", email="ann@acme.example"))
    assert list(cells(out, "Leads")) == ["pl-1"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (partner_lead(joint_campaign_id="JC-9"), "the base has no joint_campaign_id JC-9"),
        (partner_lead(partner_id="nobody"), "the base has no partner_id nobody"),
    ],
)
def test_a_lead_of_an_unknown_campaign_or_partner_becomes_no_row(row: RawRow, told: str) -> None:
    out = observed(row, contact(email="ann@acme.example"))
    assert ([r.detail for r in out.rejects], cells(out, "Leads")) == ([told], {})


@pytest.mark.parametrize("row", [partner_lead(joint_campaign_id=""), partner_lead(key="")])
def test_a_lead_without_campaign_or_id_is_rejected(row: RawRow) -> None:
    out = observed(row)
    assert ([r.reason for r in out.rejects], cells(out, "Leads")) == (["missing id"], {})


# ---------------------------------------------------------------- overlaps


def overlap(**body: str) -> RawRow:
    return raw("crossbeam.exports", "o1", {"partner_name": "cobalt harbor inc", "account_name": "Acme", **body})


def test_an_export_of_a_partner_that_nobody_knows_is_told_once() -> None:
    rows = [raw("crossbeam.exports", f"o{n}", {"partner_name": "Mystery Corp", "account_name": "A"}) for n in (1, 2)]
    out = observed(*rows, company("31", "A"))
    assert [f.message for f in out.findings] == [
        "Overlaps with partners that Partners does not know by name are not used: Mystery Corp (2)"
    ]
    shown_by_api = raw("crossbeam.api", "o1", {"partner_name": "Mystery Corp", "account_name": "A"})
    assert observed(shown_by_api, company("31", "A")).findings == ()


def test_a_thinner_source_does_not_weaken_a_match() -> None:
    thin = overlap(our_record_id="31")
    whole = raw("crossbeam.api", "o2", {**thin.body, "our_record_id": "31", "partner_domain": "acme.example"})
    out = observed(thin, whole, company("31", "Acme", "acme.example"))
    said = {seen.value for seen in out.observations if seen.field in {"match_basis", "match_confidence"}}
    assert len(said) == 2


OVERLAPS: list[tuple[dict[str, str], list[RawRow], str]] = [
    ({"our_record_id": "31"}, [company("31", "Acme")], "record_id"),
    ({"domain": "https://www.acme.example/x"}, [company("31", "Acme", "acme.example")], "domain"),
    ({"domain": "shop.acme.example"}, [company("31", "Acme", "acme.example")], ""),
    ({"domain": "acme.example"}, [company("31", "A", "acme.example"), company("32", "B", "acme.example")], ""),
    ({}, [company("31", "Acme")], ""),
    ({"domain": "acme.example"}, [], ""),
]


@pytest.mark.parametrize(("body", "companies", "basis"), OVERLAPS)
def test_an_overlap_becomes_a_row_only_when_it_meets_one_company(
    body: dict[str, str], companies: list[RawRow], basis: str
) -> None:
    out = observed(overlap(**body), *companies)
    made = cells(out, "Shared Accounts").get("sa-JC-1-cobalt-hs-co-31", {})
    assert (made.get("match_basis", "").partition(";")[0], len(out.findings)) == (basis, 0 if basis else 1)


def test_an_unmatched_overlap_names_its_candidates() -> None:
    (found,) = observed(overlap(), company("31", "ACME"), company("32", "Acme.")).findings
    assert (found.rule_id, found.evidence["candidates"]) == (
        "overlap_unmatched",
        "hs-co-31 “ACME” (50: names agree by 100 %); hs-co-32 “Acme.” (50: names agree by 100 %)",
    )


def test_a_closed_campaign_gets_no_new_overlaps() -> None:
    closed = record("Campaigns/JC-1", campaign_status="archived")
    base = (CHARTER[0], closed, CHARTER[2])
    assert cells(observed(overlap(our_record_id="31"), company("31", "Acme"), base=base), "Shared Accounts") == {}


DOMAINS = [
    ("https://www.Acme.co.uk/path", "acme.co.uk", "acme.co.uk"),
    ("shop.acme.co.uk", "shop.acme.co.uk", "acme.co.uk"),
    ("acme.example.", "acme.example", "acme.example"),
    ("bücher.de", "xn--bcher-kva.de", "xn--bcher-kva.de"),
    ("co.uk", "co.uk", ""),
    ("not a domain", "", ""),
    ("", "", ""),
    ("http://[broken", "", ""),
]


@pytest.mark.parametrize(("text", "host", "domain"), DOMAINS)
def test_websites_are_compared_by_host(text: str, host: str, domain: str) -> None:
    assert (host_name(text), registrable(text)) == (host, domain)


# ---------------------------------------------------------------- files, rejects, conservation


def expense(key: str = "exp-1", **body: Any) -> RawRow:
    return raw("finance.expenses", key, {"expense_id": key, **body})


def test_a_file_row_is_its_own_subject() -> None:
    assert cells(observed(expense(paid_amount="100.00")), "Expenses")["exp-1"]["paid_amount"] == "100"


def test_a_file_row_without_id_is_rejected() -> None:
    assert [r.reason for r in observed(expense("")).rejects] == ["missing id"]


BAD: list[dict[str, Any]] = [
    {"paid_amount": "1.500,00"}, {"paid_on": "20/11/2026"}, {"paid_amount": True}, {"paid_amount": float("nan")},
    {"vendor_name": "bell\x07"}, {"paid_amount": "9" * 40},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_a_value_that_cannot_be_read_is_a_reject_and_the_rest_is_kept(body: dict[str, Any]) -> None:
    out = observed(expense(line_description="Booth", **body))
    (kept,) = cells(out, "Expenses").values()
    assert ([r.reason for r in out.rejects], kept["line_description"], kept.keys() & body.keys()) == (
        ["unreadable value"], "Booth", set(),
    )  # fmt: skip


@pytest.mark.parametrize("closedate", ["0001-01-01T00:00:00+14:00", 10**30])
def test_no_value_of_a_source_stops_a_run(closedate: Any) -> None:
    assert observed(deal(joint_campaign_id="JC-1", closedate=closedate)).rejects


def test_an_operators_field_is_never_observed() -> None:
    operators = {f.name for f in policy().dictionary.tables["Expenses"].fields.values() if not f.worker}
    out = observed(expense(**dict.fromkeys(operators, "x")))
    assert not {o.field for o in out.observations} & operators


def test_a_row_is_counted_once_although_one_of_its_cells_was_refused() -> None:
    out = observed(expense(paid_amount="ten", line_description="Booth"))
    whole = {(r.ref.source_id, r.ref.external_id) for r in out.rejects} - {
        (o.ref.source_id, o.ref.external_id) for o in out.observations
    }
    assert out.rows_observed + out.unlinked + len(whole) == out.rows_read


JOINT, AMOUNT = st.sampled_from(["JC-1", "", "JC-9"]), st.sampled_from(["1", "ten", ""])
ROWS = st.lists(
    st.one_of(
        st.builds(lambda n, j: deal(str(n), joint_campaign_id=j), st.integers(0, 9), JOINT),
        st.builds(lambda n, a: expense(f"exp-{n}", paid_amount=a), st.integers(0, 9), AMOUNT),
        st.builds(lambda n: contact(str(n), email=f"p{n}@acme.example"), st.integers(0, 5)),
        st.builds(lambda n: report(str(n)), st.integers(0, 5)),
        st.builds(lambda n: partner_lead(f"pl-{n}", email=f"p{n}@acme.example"), st.integers(0, 5)),
        st.builds(lambda n: company(str(n), f"Acme {n}"), st.integers(0, 3)),
        st.just(campaign()),
    ),
    max_size=20,
    unique_by=lambda row: (row.ref.source_id, row.ref.external_id),
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_every_row_is_observed_rejected_or_unlinked(rows: list[RawRow]) -> None:
    out = observed(*rows)
    seen = {(o.ref.source_id, o.ref.external_id) for o in out.observations}
    whole = {(r.ref.source_id, r.ref.external_id) for r in out.rejects} - seen
    assert (out.rows_read, out.rows_observed) == (len(rows), len(seen))
    assert out.rows_observed + len(whole) + out.unlinked == out.rows_read


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[RawRow], random: randoms.Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = observed(*rows), observed(*shuffled)
    assert (one.observations, one.rejects, one.findings) == (other.observations, other.rejects, other.findings)


# ------------------------------------------------------------------------------------------------- registrations


def registration(key: str, **body: str) -> RawRow:
    return raw("partner.registrations", key, {"partner_id": "cobalt", "partner_reference": "R-1", **body})


def test_a_registration_of_a_file_is_matched_by_the_one_company_with_its_domain() -> None:
    row = registration(
        "dr-cobalt-R-1", customer_domain="https://www.acme.example/", submitted_at="2026-06-01T09:00:00Z"
    )
    out = cells(observed(row, company("77", "Acme", "acme.example")), "Deal Registrations")
    assert out == {
        "dr-cobalt-R-1": {
            "partner_id": "cobalt",
            "partner_reference": "R-1",
            "customer_domain": "https://www.acme.example/",
            "submitted_at": "2026-06-01T09:00:00.000Z",
            "account_id": "hs-co-77",
        }
    }


def test_a_domain_that_two_companies_have_makes_no_match() -> None:
    row = registration("dr-cobalt-R-1", customer_domain="acme.example")
    out = observed(row, company("77", "Acme", "acme.example"), company("78", "Acme", "www.acme.example"))
    assert "account_id" not in cells(out, "Deal Registrations")["dr-cobalt-R-1"]


def test_a_registration_without_a_number_is_a_reject() -> None:
    assert [r.reason for r in observed(registration("")).rejects] == ["missing id"]
