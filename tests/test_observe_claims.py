"""Claims of a partner's part in a deal: read from HubSpot's fields and the partner's list, never made into a class."""

from __future__ import annotations

from typing import Any

import pytest
from core_lab import policy, raw, record, snapshot

from mdfsync.compare import compare
from mdfsync.model import Observed, RawRow, Record
from mdfsync.observe import observe

FRAME = (
    record("Partners/cobalt", partner_name="Cobalt Harbor", legal_entity="Cobalt Harbor, Inc."),
    record("Partners/fernway", partner_name="Fernway Systems"),
    record("Campaigns/JC-1"),
)
COBALT = record("Campaign Partners/CP-1", joint_campaign_id="JC-1", partner_id="cobalt")
FERNWAY = record("Campaign Partners/CP-2", joint_campaign_id="JC-1", partner_id="fernway")


def deal(**properties: Any) -> RawRow:
    body = {"id": "7", "properties": {"dealname": "Deal", "joint_campaign_id": "JC-1", **properties}}
    return raw("hubspot.deals", "7", body)


def claims(row: RawRow, *base: Record) -> Observed:
    return observe({"hubspot.deals": (row,)}, snapshot(*FRAME, *base), policy())


def cells(out: Observed, partner: str = "cobalt") -> list[tuple[str, str, str]]:
    """(field, value, source) of what is claimed for a partner."""
    return sorted(
        (o.field, o.value, o.ref.source_id)
        for o in out.observations
        if o.subject.id == f"attr-7-{partner}" and o.field.startswith("claimed_")
    )


def crm(class_: str, label: str) -> list[tuple[str, str, str]]:
    return [("claimed_class", class_, "hubspot.deals"), ("claimed_label", label, "hubspot.deals")]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"deal_source": "Partner-sourced"}, crm("sourced", "Partner-sourced")),
        ({"deal_source": "partner_influenced"}, crm("assisted", "partner_influenced")),
        ({"deal_source": "Direct"}, crm("direct", "Direct")),
        ({"partner_influence_type": "influenced"}, crm("influenced", "influenced")),
        ({"partner_influence_type": "Accelerated"}, crm("assisted", "Accelerated")),
        (
            {"partner_influence_type": "influenced", "deal_source": "Partner-influenced"},
            crm("influenced", "influenced"),
        ),
        ({"deal_source": "Partner-sourced", "partner_name": "COBALT HARBOR, Inc."}, crm("sourced", "Partner-sourced")),
        ({"partner_name": "Cobalt Harbor", "partner_contribution": "a demo"}, []),
        ({}, []),
    ],
)
def test_the_crm_says_what_a_colleague_claims(properties: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    assert cells(claims(deal(**properties), COBALT)) == expected


def test_a_claim_is_for_the_partner_that_the_deal_names() -> None:
    out = claims(deal(deal_source="Partner-sourced", partner_name="Fernway Systems"), COBALT, FERNWAY)
    assert (cells(out), cells(out, "fernway")) == ([], crm("sourced", "Partner-sourced"))


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"deal_source": "Trade show"}, "“Trade show” is no label of a claim that we know"),
        ({"deal_source": "Partner-sourced"}, "names no partner, and the deal has 2"),
        ({"deal_source": "Partner-sourced", "partner_name": "Nobody"}, "for “Nobody”, which is no partner in the base"),
        ({"deal_source": "Direct", "partner_influence_type": "sourced"}, "contradict each other"),
    ],
)
def test_a_claim_that_cannot_be_read_is_told_and_not_guessed(properties: dict[str, str], words: str) -> None:
    out = claims(deal(**properties), COBALT, FERNWAY)
    [found] = out.findings
    assert (found.rule_id, words in found.message, cells(out)) == ("unknown_value", True, [])


def listing(text: str) -> Record:
    return record("Campaign Partners/CP-1", joint_campaign_id="JC-1", partner_id="cobalt", attribution_claims=text)


@pytest.mark.parametrize(
    "line", ["hs-deal-7, accelerated", "hs-deal-7 accelerated", "7; accelerated", "hs-deal-7: accelerated"]
)
def test_a_partners_list_claims_for_the_partner(line: str) -> None:
    listed = [("claimed_class", "assisted", "airtable.base"), ("claimed_label", "accelerated", "airtable.base")]
    assert cells(claims(deal(), listing(line))) == listed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("the big one", "is not “opportunity id, label”"),
        ("hs-deal-7, ours", "is not “opportunity id, label”"),
        ("hs-deal-8, sourced", "claims deal 8, which no campaign with this partner has"),
    ],
)
def test_a_line_that_says_nothing_is_told(line: str, words: str) -> None:
    out = claims(deal(), listing(line))
    assert ([words in f.message for f in out.findings], cells(out)) == ([True], [])


def test_a_list_that_names_a_merged_deal_claims_the_one_that_is_left() -> None:
    out = claims(deal(hs_merged_object_ids="5;6"), listing("hs-deal-6 sourced"))
    assert ("claimed_class", "sourced", "airtable.base") in cells(out)


def test_a_label_that_means_the_same_as_the_one_that_stands_is_left_alone() -> None:
    typed = record("Attributions/attr-7-cobalt", claimed_label="accelerated", claimed_class="assisted")
    out = claims(deal(deal_source="Partner-influenced"), COBALT, typed)
    assert cells(out) == [("claimed_class", "assisted", "hubspot.deals")]


def told(out: Observed, *base: Record) -> list[tuple[str, dict[str, str]]]:
    found = compare(out.observations, snapshot(*FRAME, *base), {}, {}, policy().dictionary)
    return [(d.field, dict(d.says)) for d in found.disagreements]


def test_two_claims_that_differ_are_told() -> None:
    row, partner = deal(deal_source="Partner-influenced"), listing("hs-deal-7, sourced")
    says = {"hubspot.deals": "assisted", "airtable.base": "sourced"}
    assert ("claimed_class", says) in told(claims(row, partner), partner)


def test_the_label_is_the_partners_where_its_list_says_something_else() -> None:
    out = claims(deal(deal_source="Partner-influenced"), listing("hs-deal-7, sourced"))
    assert [cell for cell in cells(out) if cell[0] == "claimed_label"] == [
        ("claimed_label", "sourced", "airtable.base")
    ]


def test_what_a_person_typed_stands_and_the_other_claim_is_proposed() -> None:
    typed = record("Attributions/attr-7-cobalt", claimed_class="influenced", claimed_label="influenced")
    out = claims(deal(deal_source="Partner-sourced"), COBALT, typed)
    found = compare(out.observations, snapshot(*FRAME, COBALT, typed), {}, {}, policy().dictionary)
    proposed = {(c.field, c.kind, c.proposed) for c in found.conflicts}
    assert proposed >= {("claimed_class", "proposal", "sourced"), ("claimed_label", "proposal", "Partner-sourced")}
