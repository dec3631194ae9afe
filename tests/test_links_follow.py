"""A link that the worker set follows its text id; one that a person set stays, and the disagreement is told."""

from __future__ import annotations

import pytest
from core_lab import PRIYA
from core_run import DEAL, SPEND, Worker, keys, unrecorded
from core_vendors import look

from mdfsync.model import Replace, Standing

LINK, TEXT = f"{SPEND}.campaign", f"{SPEND}.joint_campaign_id"


def link(worker: Worker, place: str = LINK) -> str:
    """The link cell in stable ids."""
    row, _, name = place.rpartition(".")
    table, _, key = row.partition("/")
    return look(worker.base).by_id(table)[key].get(name)


def linked() -> Worker:
    """A worker at rest: an expense and a deal of JC-1, whose links it set itself; JC-2 is there too."""
    worker = Worker()
    worker.charter("JC-1", "JC-2")
    worker.deal("0", dealname="Deal 0", dealstage="open", amount="100")
    worker.expense("exp-1", paid_amount="100", partner_id="cobalt")
    worker.run()
    worker.run()
    assert (link(worker), link(worker, f"{DEAL}.campaign")) == ('["JC-1"]', '["JC-1"]')
    return worker


def told(worker: Worker, place: str = SPEND) -> bool:
    """Whether a disagreement of this row stands."""
    findings = worker.plan().plan.findings
    return any(f.rule_id == "link_disagreement" and str(f.subject) == place for f in findings)


def assert_followed(worker: Worker) -> None:
    assert link(worker) == '["JC-2"]'
    assert unrecorded(worker) == []
    assert not told(worker)
    worker.run()
    assert keys(worker.run()) == []


def test_a_link_follows_a_tracked_text_id_in_the_same_run() -> None:
    worker = linked()
    worker.deal("0", "JC-2", dealname="Deal 0", dealstage="open", amount="100")
    ran = worker.run()
    assert link(worker, f"{DEAL}.campaign") == '["JC-2"]'
    moved = next(c for c in ran.gated.admitted if c.key == f"{DEAL}.campaign")
    assert isinstance(moved, Replace)
    assert (moved.prior, isinstance(moved.authority, Standing)) == ('["JC-1"]', True)
    assert moved.needs == (f"{DEAL}.joint_campaign_id",)
    assert (unrecorded(worker), told(worker, DEAL)) == ([], False)
    worker.run()
    assert keys(worker.run()) == []


def test_a_link_follows_an_approved_proposal() -> None:
    worker = linked()
    worker.expense("exp-1", paid_amount="100", partner_id="cobalt", joint_campaign_id="JC-2")
    worker.run()
    assert link(worker) == '["JC-1"]', "nothing was decided yet"
    worker.decides(worker.pending("joint_campaign_id")[0], "approved", PRIYA)
    worker.run()
    assert_followed(worker)


def test_a_link_follows_what_a_person_typed() -> None:
    worker = linked()
    worker.types(TEXT, "JC-2")
    worker.run()
    assert_followed(worker)


def test_a_link_goes_back_with_its_text_id() -> None:
    worker = linked()
    worker.types(TEXT, "JC-2")
    worker.run()
    worker.decides(worker.pending("joint_campaign_id")[0], "rejected", PRIYA)
    worker.run()
    assert (link(worker), worker.base.cell(TEXT), unrecorded(worker)) == ('["JC-1"]', "JC-1", [])


def test_a_link_that_a_person_set_stays_and_is_told() -> None:
    worker = linked()
    worker.types(LINK, f'["{worker.record_id("Campaigns", "JC-2")}"]')
    worker.run()
    assert (link(worker), told(worker)) == ('["JC-2"]', True)


def test_a_link_that_a_person_set_back_to_the_workers_value_is_the_persons() -> None:
    worker = linked()
    for joint in ("JC-2", "JC-1"):
        worker.types(LINK, f'["{worker.record_id("Campaigns", joint)}"]')
    worker.types(TEXT, "JC-2")
    worker.run()
    assert (link(worker), told(worker)) == ('["JC-1"]', True)


@pytest.mark.parametrize("typed", ["JC-unknown", "JC-2, JC-unknown"])
def test_a_link_does_not_follow_to_a_row_that_is_not_there(typed: str) -> None:
    worker = linked()
    worker.types(TEXT, typed)
    worker.run()
    assert (link(worker), told(worker)) == ('["JC-1"]', True)


def test_a_link_does_not_move_without_its_text_id() -> None:
    """Somebody is quicker at the text id: then neither moves."""
    worker = linked()
    worker.deal("0", "JC-2", dealname="Deal 0", dealstage="open", amount="100")
    worker.base.meanwhile = lambda: worker.types(f"{DEAL}.joint_campaign_id", "JC-1 or JC-2")
    worker.base.faults = ["ok", "429"]  # the history rows arrive, the cells are sent twice
    ran = worker.run()
    pair = {f"{DEAL}.joint_campaign_id", f"{DEAL}.campaign"}
    assert {r.outcome for r in ran.receipts if str(r.change.key) in pair} == {"raced"}
    assert (link(worker, f"{DEAL}.campaign"), unrecorded(worker)) == ('["JC-1"]', [])
