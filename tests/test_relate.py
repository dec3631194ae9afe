"""Relations stand twice: the blank side is filled, our own links follow, any other disagreement is nobody's to settle
here."""

from __future__ import annotations

import pytest
from core_lab import NOW, bases, policy, record, snapshot, subject

from mdfsync.model import Create, Record
from mdfsync.publish import computed_ref
from mdfsync.relate import Cell, Ours, relate

CAMPAIGN = record("Campaigns/JC-1")
OTHER = record("Campaigns/JC-2")
DEAL = "Opportunities/hs-deal-1"


def filled(
    *rows: Record, creates: tuple[Create, ...] = (), cells: tuple[Cell, ...] = (), ours: Ours | None = None
) -> set[tuple[str, str]]:
    known = ours or Ours(bases={})
    found = relate(snapshot(*rows), creates, cells, policy().dictionary, computed_ref("relation", NOW), known)
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
    fill = (subject(DEAL), "joint_campaign_id", "JC-1")
    assert filled(CAMPAIGN, record(DEAL, "rec1"), cells=(fill,)) == {(f"{DEAL}.campaign", '["JC-1"]')}


ONE, TWO = '["JC-1"]', '["JC-2"]'


@pytest.mark.parametrize(
    ("text", "source", "cell", "typed", "follows"),
    [
        ("JC-2", ONE, ONE, False, True),
        ("JC-2, JC-1", ONE, ONE, False, True),
        ("JC-2", None, None, False, False),  # nothing is known of the link
        ("JC-2", TWO, TWO, False, False),  # a person changed the link since
        ("JC-2", TWO, ONE, False, False),  # a person decided that it says something else than its text id
        ("JC-2", ONE, ONE, True, False),  # a person typed the very value that the worker had set
        ("JC-unknown", ONE, ONE, False, False),
        ("JC-1", ONE, ONE, False, False),
    ],
)
def test_a_link_that_the_worker_set_follows_its_text_id(
    text: str, source: str | None, cell: str | None, typed: bool, follows: bool
) -> None:
    ours = Ours(
        bases=bases((f"{DEAL}.campaign", source, cell)),
        typed={("Opportunities", "rec1", "campaign")} if typed else set(),
    )
    found = filled(CAMPAIGN, OTHER, record(DEAL, "rec1", joint_campaign_id=text, campaign=ONE), ours=ours)
    assert bool(found) is follows


def test_a_text_that_only_looks_like_a_list_is_a_text() -> None:
    assert filled(CAMPAIGN, record(DEAL, joint_campaign_id="[to be decided]")) == set()
