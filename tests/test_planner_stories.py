"""Stories of one promise each: what a source, a person and the worker do in turn, and what stands in the end."""

from __future__ import annotations

import pytest
from core_lab import DANA, LEE, PRIYA, TOM, policy, subject
from core_run import DEAL, PAID, STAGE, Worker, blanked, keys, programme, spends, stages, unrecorded
from core_vendors import RunMemory, look

from mdfsync.model import Replace, Standing


def test_the_first_load_is_followed_by_silence() -> None:
    worker = Worker()
    worker.charter()
    worker.deal("0", dealname="Deal 0", dealstage="open", amount="100")
    worker.expense("exp-1", paid_amount="100")
    worker.run()
    assert keys(worker.run()) == []


def test_a_tracked_cell_follows_its_source_with_its_prior_in_history() -> None:
    worker = programme()
    stages(worker, "won")
    worker.run()
    assert (worker.base.cell(STAGE), unrecorded(worker)) == ("won", [])


def test_there_and_back_and_there_again_leaves_three_history_rows() -> None:
    worker = programme()
    for stage in ("won", "open", "won"):
        stages(worker, stage)
        worker.run()
    rows = worker.base.tables["Change History"].values()
    assert sum((c["record"], c["field"]) == ("hs-deal-0", "stage") for c in rows) == 3


def test_money_waits_for_a_person() -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    assert (worker.base.cell(PAID), len(worker.pending("paid_amount"))) == ("100", 1)


@pytest.mark.parametrize(
    ("disposition", "edited", "ends"), [("approved", "", "120"), ("rejected", "", "100"), ("edited", "110", "110")]
)
def test_a_decided_proposal_is_settled_for_good(disposition: str, edited: str, ends: str) -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    worker.decides(worker.pending("paid_amount")[0], disposition, LEE, edited)
    for _ in range(3):
        worker.run()
    assert (worker.base.cell(PAID), worker.pending("paid_amount")) == (ends, [])


def test_after_a_rejection_the_next_move_of_the_source_is_proposed() -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    worker.decides(worker.pending("paid_amount")[0], "rejected", LEE)
    worker.run()
    spends(worker, "130")
    worker.run()
    assert len(worker.pending("paid_amount")) == 1


def test_a_proposal_that_the_source_left_behind_is_superseded() -> None:
    worker = programme()
    for amount in ("120", "130"):
        spends(worker, amount)
        worker.run()
    (left,) = worker.pending("paid_amount")
    assert worker.base.cell(f"Change History/{left}.proposed_value") == "130"


def test_a_source_that_takes_its_move_back_leaves_nothing_waiting() -> None:
    worker = programme()
    for amount in ("120", "100"):
        spends(worker, amount)
        worker.run()
    assert worker.pending("paid_amount") == []


def test_a_decision_without_the_role_changes_nothing_and_says_why() -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    change_id = worker.pending("paid_amount")[0]
    worker.decides(change_id, "approved", PRIYA)
    worker.run()
    assert (worker.base.cell(PAID), worker.base.cell(f"Change History/{change_id}.state")[:8]) == ("100", "refused:")


def test_a_refused_decision_may_be_taken_again_by_somebody_who_may() -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    change_id = worker.pending("paid_amount")[0]
    worker.decides(change_id, "approved", PRIYA)
    worker.run()
    worker.types(f"Change History/{change_id}.disposition", "", LEE)
    worker.types(f"Change History/{change_id}.disposition", "approved", LEE)
    worker.run()
    assert worker.base.cell(PAID) == "120"


def test_an_action_decides_its_whole_set() -> None:
    worker = programme()
    spends(worker, "120")
    worker.expense("exp-2", paid_amount="5", partner_id="cobalt")
    worker.run()
    worker.expense("exp-2", paid_amount="6", partner_id="cobalt")
    worker.run()
    (queue,) = [c for c in worker.base.tables["Actions"].values() if c["state"] == "open"]
    worker.types(f"Actions/{queue['action_id']}.disposition", "approved", LEE)
    worker.run()
    assert (worker.base.cell(PAID), worker.base.cell("Expenses/exp-2.paid_amount")) == ("120", "6")


def test_a_cell_that_a_person_changed_stands() -> None:
    worker = programme()
    worker.types(STAGE, "mine", TOM)
    for _ in range(2):
        worker.run()
    assert (worker.base.cell(STAGE), len(worker.pending("stage"))) == ("mine", 1)


def test_when_both_moved_a_person_decides_whatever_the_mode() -> None:
    worker = programme()
    worker.types(STAGE, "mine", TOM)
    stages(worker, "won")
    worker.run()
    kinds = [worker.base.cell(f"Change History/{c}.kind") for c in worker.pending("stage")]
    assert (worker.base.cell(STAGE), kinds) == ("mine", ["proposal"])


def edited_apart(worker: Worker) -> None:
    """Source `won`, cell `edited`: a person decided that they differ."""
    worker.types(STAGE, "mine", TOM)
    stages(worker, "won")
    worker.run()
    worker.decides(worker.pending("stage")[0], "edited", TOM, "edited")
    worker.run()


def test_an_edited_decision_stands_while_the_source_rests() -> None:
    worker = programme()
    edited_apart(worker)
    for _ in range(2):
        worker.run()
    assert worker.base.cell(STAGE) == "edited"


@pytest.mark.parametrize(("disposition", "ends"), [("approved", "mine again"), ("rejected", "edited")])
def test_a_decision_on_a_changed_cell_stands_while_the_source_rests(disposition: str, ends: str) -> None:
    """The source base must not be taken from the history row: an earlier edit had set cell and source apart."""
    worker = programme()
    edited_apart(worker)
    worker.types(STAGE, "mine again", TOM)
    worker.run()
    worker.decides(worker.pending("stage")[0], disposition, TOM)
    for _ in range(3):
        worker.run()
    assert (worker.base.cell(STAGE), worker.pending("stage")) == (ends, [])


def test_a_rejected_proposal_for_an_emptied_cell_is_not_filled_in() -> None:
    worker = programme()
    worker.types(PAID, "", LEE)
    spends(worker, "120")
    worker.run()
    worker.decides(worker.pending("paid_amount")[0], "rejected", LEE)
    for _ in range(3):
        worker.run()
    assert worker.base.cell(PAID) == ""


def test_a_lost_memory_overwrites_nothing() -> None:
    worker = programme()
    worker.types(STAGE, "mine", TOM)
    worker.memory = RunMemory()
    stages(worker, "won")
    spends(worker, "120")
    worker.run()
    assert (worker.base.cell(STAGE), worker.base.cell(PAID)) == ("mine", "100")


def test_a_lost_memory_does_not_ask_again_what_was_rejected() -> None:
    worker = programme()
    spends(worker, "120")
    worker.run()
    worker.decides(worker.pending("paid_amount")[0], "rejected", LEE)
    worker.run()
    worker.memory = RunMemory()
    worker.run()
    assert worker.pending("paid_amount") == []


def test_an_emptied_source_empties_nothing() -> None:
    worker = programme()
    stages(worker, "")
    spends(worker, "")
    worker.run()
    assert (worker.base.cell(STAGE), worker.base.cell(PAID), blanked(worker)) == ("open", "100", [])


def test_a_vanished_row_loses_nothing() -> None:
    worker = programme()
    before = worker.base.tables["Opportunities"].copy()
    worker.said["hubspot.deals"].clear()
    worker.run()
    assert {k: v.get("stage") for k, v in worker.base.tables["Opportunities"].items()} == {
        k: v.get("stage") for k, v in before.items()
    }


def test_a_removed_row_stays_removed_and_is_reported() -> None:
    worker = programme()
    worker.base.remove("Opportunities", worker.record_id("Opportunities", "hs-deal-0"))
    ran = worker.run()
    worker.run()
    rules = {f.rule_id for f in ran.planned.plan.findings if f.subject == subject(DEAL)}
    assert ("row_removed" in rules, worker.base.find("Opportunities", ["hs-deal-0"])) == (True, {})


def test_twins_are_not_written_to() -> None:
    worker = programme()
    worker.base.type_row("Opportunities", opportunity_id="hs-deal-0", stage="twin")
    stages(worker, "won")
    worker.base.log.clear()
    worker.run()
    assert [w for w in worker.base.log if w.table == "Opportunities"] == []


def test_a_persons_edit_of_a_governed_field_is_recorded_with_its_actor() -> None:
    worker = programme()
    worker.run()
    worker.types("Campaigns/JC-1.campaign_owner", TOM, DANA)
    worker.run()
    (row,) = [c for c in worker.base.tables["Change History"].values() if c["kind"] == "operator_edit"]
    assert (row["prior_value"], row["proposed_value"], row["decided_by"], row["source_ids"]) == (
        PRIYA, TOM, DANA, "airtable.base",
    )  # fmt: skip


def test_a_row_typed_without_an_id_gets_its_deterministic_one() -> None:
    worker = programme()
    record_id = worker.base.type_row("Decisions")
    worker.run()
    prefix = policy().dictionary.tables["Decisions"].id_prefix
    assert worker.base.find("Decisions", [f"{prefix}-{record_id}"]) == {f"{prefix}-{record_id}": (record_id,)}


def test_a_kept_back_choice_leaves_no_trail_run_after_run() -> None:
    worker = programme()
    worker.deal("0", dealname="Deal 0", dealstage="open", amount="100", hs_is_closed="false")
    worker.run()
    worker.lacks = {("Opportunities", "is_closed"): ("true",)}
    worker.deal("0", dealname="Deal 0", dealstage="open", amount="100", hs_is_closed="true")
    worker.run()
    assert keys(worker.run()) == []


def test_every_overwrite_in_a_plan_names_a_history_row_that_stands_or_is_planned() -> None:
    worker = programme()
    stages(worker, "won")
    plan = worker.plan().plan
    rows = {c.subject.id for c in plan.changes} | {r.subject.id for r in look(worker.base).tables["Change History"]}
    moved = [c for c in plan.changes if isinstance(c, Replace)]
    assert moved and all(c.change_id in rows for c in moved)


def test_only_the_dictionary_gives_standing_authority() -> None:
    worker = programme()
    stages(worker, "won")
    (moved,) = [c for c in worker.plan().plan.changes if isinstance(c, Replace) and c.subject == subject(DEAL)]
    assert moved.authority == Standing(field="Opportunities.stage", version=policy().dictionary.version)


def test_a_refused_waiver_is_among_the_findings_of_the_plan() -> None:
    worker = programme()
    (hold, *_) = [c["hold_id"] for c in worker.base.tables["Holds"].values()]
    worker.types(f"Holds/{hold}.disposition", "waive", DANA)
    found = {f.rule_id for f in worker.plan().plan.findings}
    assert "decision_unclear" in found


def test_history_never_says_applied_of_what_the_service_refused() -> None:
    worker = programme()
    worker.base.poison, worker.base.poisoned_table = "☠", "Opportunities"
    stages(worker, "☠")
    for _ in range(3):
        worker.run()
    told = [c["state"] for c in worker.base.tables["Change History"].values() if c.get("applied_value") == "☠"]
    assert (worker.base.cell(STAGE), "applied" in told[:-1]) == ("open", False)


def test_a_value_that_the_service_refuses_comes_to_rest() -> None:
    worker = programme()
    worker.base.poison, worker.base.poisoned_table = "☠", "Opportunities"
    stages(worker, "☠")
    for _ in range(4):
        worker.run()
    before = len(worker.base.tables.get("Change History", {}))
    worker.run()
    assert len(worker.base.tables["Change History"]) == before
