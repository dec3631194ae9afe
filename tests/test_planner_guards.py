"""What decisions and waivers are bound to, and what a plan may not forget: one abuse or accident each."""

from __future__ import annotations

import pytest
from core_lab import DANA, LEE, PRIYA
from core_run import PAID, STAGE, Ran, Worker, keys, programme, spends, stages
from core_vendors import RunMemory

from mdfsync.values import list_items

INES = "ines.weber@northlight.example"  # stands in for LEE
HISTORY = "Change History"


def proposed(worker: Worker, amount: str = "120") -> str:
    """The change id of a proposal on the expense's paid amount."""
    spends(worker, amount)
    worker.run()
    (change_id,) = worker.pending("paid_amount")
    return change_id


def hold(worker: Worker, rule: str) -> str:
    """`Holds/<id>.` of the hold of that rule."""
    (found,) = [c["hold_id"] for c in worker.base.tables["Holds"].values() if c["rule_id"] == rule]
    return f"Holds/{found}."


def waive(worker: Worker, place: str, who: str) -> None:
    worker.types(place + "waive_reason", "seen the invoice", who)
    worker.types(place + "disposition", "waive", who)
    worker.run()


def rules_of(ran: Ran) -> set[str]:
    return {f.rule_id for f in ran.planned.plan.findings}


# ---------------------------------------------------------------- decisions


@pytest.mark.parametrize(("cell", "value"), [("proposed_value", "99999"), ("prior_value", "1"), ("field", "amount")])
def test_an_approval_of_a_row_that_was_rewritten_changes_nothing(cell: str, value: str) -> None:
    worker = programme()
    change_id = proposed(worker)
    worker.decides(change_id, "approved", LEE)
    worker.types(f"{HISTORY}/{change_id}.{cell}", value, PRIYA)
    worker.run()
    state = worker.base.cell(f"{HISTORY}/{change_id}.state")
    assert (worker.base.cell(PAID), "no longer says what was sealed" in state) == ("100", True)


def test_an_edited_value_that_somebody_else_typed_is_not_applied() -> None:
    worker = programme()
    change_id = proposed(worker)
    worker.decides(change_id, "edited", LEE, "110")
    worker.types(f"{HISTORY}/{change_id}.edited_value", "99999", PRIYA)
    worker.run()
    assert (worker.base.cell(PAID), PRIYA in worker.base.cell(f"{HISTORY}/{change_id}.state")) == ("100", True)


@pytest.mark.parametrize(("disposition", "edited", "ends"), [("rejected", "", "100"), ("edited", "110", "110")])
def test_a_lost_state_asks_nothing_again_that_was_decided(disposition: str, edited: str, ends: str) -> None:
    worker = programme()
    worker.decides(proposed(worker), disposition, LEE, edited)
    worker.run()
    worker.memory = RunMemory()
    worker.run()
    worker.run()
    assert (worker.base.cell(PAID), worker.pending("paid_amount")) == (ends, [])


# ---------------------------------------------------------------- waivers


def test_a_waiver_covers_the_words_it_was_given_for() -> None:
    worker = programme()
    place = hold(worker, "missing_proof")
    waive(worker, place, LEE)
    assert worker.base.cell(place + "status") == "waived"
    before = worker.base.cell(place + "evidence")
    worker.expense("exp-1", paid_amount="100", vendor_name="Printers", partner_id="cobalt", paid_on="2026-11-02")
    worker.run()
    worker.run()
    assert worker.base.cell(place + "evidence") != before
    assert worker.base.cell(place + "status") == "open"


def test_the_last_to_decide_a_hold_signs_it() -> None:
    worker = programme()
    place = hold(worker, "missing_proof")
    worker.types(place + "disposition", "uphold", LEE)
    worker.run()
    waive(worker, place, INES)
    assert (worker.base.cell(place + "status"), worker.base.cell(place + "decided_by")) == ("waived", INES)


def test_nobody_gains_a_role_by_renaming_what_a_hold_is_about() -> None:
    worker = programme()
    place = hold(worker, "missing_proof")
    waive(worker, place, DANA)
    worker.types(place + "table", "Leads", DANA)
    worker.run()
    worker.run()
    assert worker.base.cell(place + "status") == "open"


def test_who_submitted_an_expense_does_not_waive_its_holds() -> None:
    worker = programme()
    worker.types("Expenses/exp-1.submitted_by", LEE, LEE)
    worker.run()
    place = hold(worker, "missing_proof")
    waive(worker, place, LEE)
    by_himself = worker.base.cell(place + "status")
    worker.types(place + "disposition", "uphold", INES)
    waive(worker, place, INES)
    assert (by_himself, worker.base.cell(place + "status")) == ("open", "waived")


def test_a_typed_status_lets_nothing_pass() -> None:
    worker = programme()
    worker.types(hold(worker, "missing_proof") + "status", "waived", LEE)
    assert not worker.plan().waived


# ---------------------------------------------------------------- rows and links


def test_a_link_that_a_person_emptied_is_asked_about_once() -> None:
    worker = programme()
    worker.types("Campaign Partners/CP-JC-1.campaign", "", PRIYA)
    worker.run()
    waiting = worker.pending("campaign")
    assert (len(waiting), keys(worker.run())) == (1, [])


def test_a_hold_whose_row_was_removed_is_reported() -> None:
    worker = programme()
    (record_id, *_) = worker.base.tables["Holds"]
    worker.base.remove("Holds", record_id)
    assert "row_removed" in rules_of(worker.run())


def test_a_row_whose_id_was_cleared_gets_no_other_one() -> None:
    worker = programme()
    record_id = worker.record_id("Opportunities", "hs-deal-0")
    worker.base.type_cell("Opportunities", record_id, "opportunity_id", "", PRIYA)
    found = rules_of(worker.run())
    worker.run()
    assert "identity_changed" in found
    assert not worker.base.tables["Opportunities"][record_id].get("opportunity_id")


def test_a_set_of_decisions_names_only_rows_that_stand() -> None:
    worker = Worker()
    worker.charter()
    for n in range(40):
        worker.expense(f"exp-{n}", paid_amount="100", vendor_name="P", partner_id="cobalt")
    worker.run()
    worker.run()
    for n in range(40):
        worker.expense(f"exp-{n}", paid_amount="10000", vendor_name="P", partner_id="cobalt")
    held = worker.run().gated.held
    standing = {c["change_id"] for c in worker.base.tables.get(HISTORY, {}).values()}
    named = {i for c in worker.base.tables.get("Actions", {}).values() for i in list_items(c["change_ids"])}
    assert held and named <= standing


# ---------------------------------------------------------------- what is tried again


def test_an_overwrite_whose_history_row_was_refused_is_made_when_the_base_takes_it() -> None:
    worker = programme()
    worker.base.poison, worker.base.poisoned_table = "won", HISTORY
    stages(worker, "won")
    worker.run()
    worker.run()
    assert worker.base.cell(STAGE) == "open"
    worker.base.poison = ""
    worker.refused = {}  # a full run
    worker.run()
    assert worker.base.cell(STAGE) == "won"


# ---------------------------------------------------------------- money and sources


def test_cents_count_when_the_currency_changes_to_one_that_has_them() -> None:
    worker = programme()
    worker.deal("3", dealname="Yen", dealstage="open", amount="100", deal_currency_code="JPY")
    worker.run()
    worker.run()
    worker.deal("3", dealname="Yen", dealstage="open", amount="100.40", deal_currency_code="USD")
    worker.run()
    assert len(worker.pending("amount")) == 1


def test_a_deal_of_an_unknown_joint_campaign_is_told() -> None:
    worker = programme()
    worker.deal("77", joint="JC-TYPO", dealname="x", dealstage="open", amount="5")
    worker.run()
    told = [f for f in worker.plan().plan.findings if f.subject.id == "hs-deal-77"]
    assert [f.evidence["joint_campaign_id"] for f in told] == ["JC-TYPO"]


def test_several_overlaps_with_one_company_are_one_shared_account_on_the_best_ground() -> None:
    worker = programme()
    worker.said["hubspot.companies"] = {"500": {"id": "500", "properties": {"name": "Acme", "domain": "acme.com"}}}
    ours = {"partner_name": "Cobalt Harbor", "record_website": "acme.com"}
    worker.said["crossbeam.exports"] = {
        "r1": {**ours, "record_name": "Acme Inc", "partner_populations": "Open opps"},
        "r2": {**ours, "record_name": "Acme", "record_id": "500", "partner_populations": "Customers"},
    }
    planned = worker.plan()
    basis = [o.value.partition(";")[0] for o in planned.observed.observations if o.field == "match_basis"]
    assert (basis, [f for f in planned.plan.findings if f.rule_id == "source_conflict"]) == (["record_id"], [])
