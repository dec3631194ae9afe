"""Relations stand twice: the blank side is filled, a disagreement is nobody's to settle here."""

from __future__ import annotations

import pytest
from core_lab import NOW, policy, record, snapshot, subject

from mdfsync.model import Create, FillBlank, Record
from mdfsync.publish import computed_ref
from mdfsync.relate import relate

CAMPAIGN = record("Campaigns/JC-1")
OTHER = record("Campaigns/JC-2")
DEAL = "Opportunities/hs-deal-1"


def filled(*rows: Record, creates: tuple[Create, ...] = (), fills: tuple[FillBlank, ...] = ()) -> set[tuple[str, str]]:
    found = relate(snapshot(*rows), creates, fills, policy().dictionary, computed_ref("relation", NOW))
    return {(f"{o.subject}.{o.field}", o.value) for o in found}


CASES: list[tuple[dict[str, str], set[tuple[str, str]]]] = [
    ({"joint_campaign_id": "JC-1"}, {(f"{DEAL}.campaign", '["JC-1"]')}),
    ({"campaign": '["JC-1"]'}, {(f"{DEAL}.joint_campaign_id", "JC-1")}),
    ({"joint_campaign_id": "JC-1", "campaign": '["JC-1"]'}, set()),
    ({"joint_campaign_id": "JC-1", "campaign": '["JC-2"]'}, set()),
    ({"joint_campaign_id": "JC-unknown"}, set()),
    ({"campaign": '["recElsewhere"]'}, set()),
    ({"joint_campaign_id": "JC-2, JC-1"}, {(f"{DEAL}.campaign", '["JC-1","JC-2"]')}),
    ({}, set()),
]


@pytest.mark.parametrize(("cells", "expected"), CASES)
def test_the_blank_side_is_filled_from_the_other(cells: dict[str, str], expected: set[tuple[str, str]]) -> None:
    assert filled(CAMPAIGN, OTHER, record(DEAL, **cells)) == expected


def test_a_row_made_in_this_plan_is_a_target_and_gets_its_own_link() -> None:
    creates = (
        Create(subject=subject("Campaigns/JC-9"), fields={"joint_campaign_id": "JC-9"}),
        Create(subject=subject(DEAL), fields={"opportunity_id": "hs-deal-1", "joint_campaign_id": "JC-9"}),
    )
    assert filled(creates=creates) == {(f"{DEAL}.campaign", '["JC-9"]')}


def test_a_text_id_filled_in_this_plan_is_followed() -> None:
    fill = FillBlank(subject=subject(DEAL), record_id="rec1", field="joint_campaign_id", value="JC-1")
    assert filled(CAMPAIGN, record(DEAL, "rec1"), fills=(fill,)) == {(f"{DEAL}.campaign", '["JC-1"]')}


def test_a_text_that_only_looks_like_a_list_is_a_text() -> None:
    assert filled(CAMPAIGN, record(DEAL, joint_campaign_id="[to be decided]")) == set()
