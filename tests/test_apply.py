"""Applying: history before effect, each effect once whatever the network does, nothing over a person's cell."""

from __future__ import annotations

import pytest
from core_lab import LEE, NOW, admitted, policy, subject
from core_vendors import RunMemory, VendorBase, writing
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.apply import apply
from mdfsync.errors import MdfsyncError, OutcomeUnknown, Refused, Stopped
from mdfsync.model import (
    CellBase,
    Change,
    Create,
    Decision,
    FillBlank,
    GatedPlan,
    Receipt,
    Replace,
    Standing,
)
from mdfsync.values import STAMP_NOW, STAMP_RUN, instant_text

OURS = Standing(field="Opportunities.stage", version="v2026.11")
THEIRS = Decision(change_id="chg-1", reviewer=LEE, at=NOW, disposition="approved")


class World:
    """A base with twelve deals, and its memory."""

    def __init__(self, deals: int = 12) -> None:
        self.base, self.memory = VendorBase(), RunMemory()
        self.base.type_row("Campaigns", joint_campaign_id="JC-1")
        self.deals = [self.base.type_row("Opportunities", opportunity_id=f"d-{n}", stage="open") for n in range(deals)]
        self.base.log.clear()

    def apply(self, *changes: Change) -> dict[str, str]:
        """Outcome by key of the change."""
        return {r.change.key: r.outcome for r in self.receipts(*changes)}

    def receipts(self, *changes: Change) -> tuple[Receipt, ...]:
        return apply(admitted(*changes), writing(self.base, self.memory))

    def won(self, n: int, key: str = "") -> tuple[Create, Replace]:
        """A deal's stage moves, with its history row."""
        key = key or f"chg-{n}"
        return (
            row(f"Change History/{key}", kind="tracked", state="applied", prior_value="open"),
            Replace(
                subject=subject(f"Opportunities/d-{n}"), record_id=self.deals[n], field="stage", prior="open",
                value="won", authority=OURS, change_id=key,
            ),
        )  # fmt: skip

    def fill(self, n: int, name: str, value: str, *needs: str) -> FillBlank:
        return FillBlank(
            subject=subject(f"Opportunities/d-{n}"), record_id=self.deals[n], field=name, value=value, needs=needs
        )


def row(place: str, **cells: str) -> Create:
    made = subject(place)
    id_field = policy().dictionary.tables[made.table].id_field
    return Create(subject=made, fields={id_field: made.id, **cells})


def test_a_refused_plan_writes_nothing() -> None:
    world = World()
    plan = admitted(row("Leads/l-1"))
    refused = GatedPlan(plan=plan.plan, admitted=plan.admitted, held=(), refusals=("too many",), digest="d")
    with pytest.raises(Refused, match="too many"):
        apply(refused, writing(world.base, world.memory))
    assert (world.base.log, world.memory.journal) == ([], {})


def test_rows_and_cells_arrive_and_are_remembered() -> None:
    world = World()
    world.apply(row("Leads/l-1", company="Acme"), world.fill(0, "deal_type", "new"))
    assert (world.base.cell("Leads/l-1.company"), world.base.cell("Opportunities/d-0.deal_type")) == ("Acme", "new")


def test_what_was_written_becomes_both_bases() -> None:
    world = World()
    world.apply(row("Leads/l-1", company="Acme"), *world.won(0))
    assert (
        world.memory.cells[subject("Leads/l-1")]["company"],
        world.memory.cells[subject("Opportunities/d-0")]["stage"],
    ) == (CellBase(source="Acme", cell="Acme"), CellBase(source="won", cell="won"))


def test_new_rows_are_bound_to_their_records() -> None:
    world = World()
    world.apply(row("Leads/l-1"))
    assert world.memory.bindings[subject("Leads/l-1")] in world.base.tables["Leads"]


def test_every_intent_ends_with_an_outcome() -> None:
    world = World()
    world.apply(row("Leads/l-1"), *world.won(0), world.fill(1, "deal_type", "new"))
    assert (world.memory.journal, set(world.memory.outcomes.values())) == ({}, {"applied"})


def test_history_stands_before_the_cell_moves() -> None:
    world = World()
    world.apply(*(c for n in range(12) for c in world.won(n)))
    first = min(w.call for w in world.base.overwrites())
    last = max(w.call for w in world.base.log if w.table == "Change History" and w.op == "create")
    assert last < first


def test_a_history_row_carries_the_hash_it_was_sealed_with() -> None:
    world = World()
    world.apply(*world.won(0))
    assert world.base.cell("Change History/chg-0.hash") == world.memory.chain[0]["hash"]


def test_stamps_become_this_runs_time_and_id() -> None:
    world = World()
    before = world.base.now
    world.apply(row("Change History/chg-1", captured_at=STAMP_NOW, run_id=STAMP_RUN))
    stamped = (world.base.cell("Change History/chg-1.captured_at"), world.base.cell("Change History/chg-1.run_id"))
    assert stamped == (instant_text(before), "run-1")


def test_rows_go_ten_a_request() -> None:
    world = World()
    world.apply(*(row(f"Leads/l-{n}") for n in range(25)))
    assert world.base.calls == ["create Leads"] * 3


def test_cells_are_read_once_and_patched_ten_records_a_request() -> None:
    world = World()
    world.apply(*(world.fill(n, "deal_type", "new") for n in range(12)))
    assert world.base.calls == ["read Opportunities", "patch Opportunities", "patch Opportunities"]


def test_cells_of_one_record_share_a_request() -> None:
    world = World()
    world.apply(world.fill(0, "deal_type", "new"), world.fill(0, "deal_name", "A"))
    assert world.base.calls.count("patch Opportunities") == 1


# ---------------------------------------------------------------- links


def test_links_find_rows_made_in_the_same_run() -> None:
    world = World()
    world.apply(
        row("Opportunities/d-99", joint_campaign_id="JC-9", campaign='["JC-9"]'), row("Campaigns/JC-9")
    )  # fmt: skip
    target = world.memory.bindings[subject("Campaigns/JC-9")]
    assert world.base.cell("Opportunities/d-99.campaign") == f'["{target}"]'


def test_a_link_whose_target_never_comes_is_left_out_of_the_row() -> None:
    world = World()
    out = world.apply(row("Opportunities/d-99", campaign='["JC-404"]'))
    assert (out, world.base.cell("Opportunities/d-99.campaign")) == ({"Opportunities/d-99": "applied"}, "")


def test_a_link_to_nowhere_is_rejected_not_written() -> None:
    world = World()
    out = world.apply(world.fill(0, "campaign", '["JC-404"]'))
    assert out == {"Opportunities/d-0.campaign": "unready"}


# ---------------------------------------------------------------- people are quicker


def test_a_cell_that_a_person_changed_meanwhile_is_left_alone() -> None:
    world = World()
    changes = world.won(0)
    world.base.type_cell("Opportunities", world.deals[0], "stage", "negotiating")
    out = world.apply(*changes)
    told = (out["Opportunities/d-0.stage"], world.base.cell("Opportunities/d-0.stage"))
    assert told == ("raced", "negotiating")


def test_a_blank_that_a_person_filled_meanwhile_is_left_alone() -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.type_cell("Opportunities", world.deals[0], "deal_type", "renewal")
    assert (world.apply(change), world.base.overwrites()) == ({change.key: "raced"}, [])


def test_a_cell_that_shows_the_value_already_counts_as_done() -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.type_cell("Opportunities", world.deals[0], "deal_type", "new")
    assert world.apply(change) == {change.key: "already"}


def test_a_row_that_a_person_removed_meanwhile_is_left_alone() -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.remove("Opportunities", world.deals[0])
    assert world.apply(change) == {change.key: "raced"}


def test_a_raced_cell_settles_nothing() -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.type_cell("Opportunities", world.deals[0], "deal_type", "renewal")
    world.apply(change)
    assert "deal_type" not in world.memory.cells.get(change.subject, {})


def decision(world: World) -> tuple[Change, ...]:
    """An approved amount with the state of the row it was decided on."""
    made = world.base.type_row("Change History", change_id="chg-1", state="pending", kind="proposal")
    cell = Replace(
        subject=subject("Opportunities/d-0"), record_id=world.deals[0], field="stage", prior="open", value="won",
        authority=THEIRS, change_id="chg-1",
    )  # fmt: skip
    told = Replace(
        subject=subject("Change History/chg-1"), record_id=made, field="state", prior="pending", value="applied",
        authority=Standing(field="Change History.state", version="v2026.11"), change_id="chg-2", needs=(cell.key,),
    )  # fmt: skip
    return (row("Change History/chg-2", kind="computed", state="applied"), cell, told)


def test_a_decision_is_reported_after_its_cell() -> None:
    world = World()
    world.apply(*decision(world))
    moved = [w.table for w in world.base.overwrites()]
    assert moved == ["Opportunities", "Change History"]


def test_what_needs_a_raced_cell_is_not_written_either() -> None:
    world = World()
    changes = decision(world)
    world.base.type_cell("Opportunities", world.deals[0], "stage", "lost")
    out = world.apply(*changes)
    told = (out["Change History/chg-1.state"], world.base.cell("Change History/chg-1.state"))
    assert told == ("raced", "pending")


def test_what_needs_a_refused_cell_is_not_written_either() -> None:
    world = World()
    world.base.poison = "won"
    world.apply(*decision(world))
    assert world.base.cell("Change History/chg-1.state") == "pending"


# ---------------------------------------------------------------- the service refuses


def test_a_poisoned_row_is_found_by_halving_and_the_others_go_through() -> None:
    world = World()
    world.base.poison = "☠"
    out = world.apply(*(row(f"Leads/l-{n}", company="☠" if n == 6 else "Acme") for n in range(10)))
    assert [key for key, outcome in out.items() if outcome == "rejected"] == ["Leads/l-6"]


def test_a_poisoned_cell_is_found_by_halving_and_its_neighbours_go_through() -> None:
    world = World()
    world.base.poison = "☠"
    changes = [world.fill(n, "deal_type", "☠" if n == 3 else "new") for n in range(10)]
    out = world.apply(*changes, world.fill(3, "deal_name", "Fine"))
    assert sorted(k for k, outcome in out.items() if outcome == "rejected") == ["Opportunities/d-3.deal_type"]


def test_a_refusal_names_its_kind() -> None:
    world = World()
    world.base.poison = "☠"
    (receipt,) = world.receipts(row("Leads/l-1", company="☠"))
    assert receipt.note.startswith("INVALID_VALUE_FOR_COLUMN")


def test_without_its_history_row_no_cell_is_overwritten() -> None:
    world = World()
    world.base.poison = "☠"
    told, moved = world.won(0)
    poisoned = Create(subject=told.subject, fields={**told.fields, "reason": "☠"})
    world.apply(poisoned, moved)
    assert world.base.overwrites() == []


def test_an_overwrite_whose_history_row_was_refused_does_not_count_as_applied() -> None:
    world = World()
    world.base.poison = "☠"
    told, moved = world.won(0)
    out = world.apply(Create(subject=told.subject, fields={**told.fields, "reason": "☠"}), moved)
    assert out[moved.key] in {"raced", "rejected", "unready"}


# ---------------------------------------------------------------- lost answers


@pytest.mark.parametrize("fault", ["lost", "lost_applied", "429"])
def test_a_row_is_made_once_whatever_becomes_of_the_answer(fault: str) -> None:
    world = World()
    world.base.faults = [fault]
    world.apply(*(row(f"Leads/l-{n}") for n in range(3)))
    assert sorted(c["lead_id"] for c in world.base.tables["Leads"].values()) == ["l-0", "l-1", "l-2"]


@pytest.mark.parametrize("fault", ["lost", "lost_applied", "429"])
def test_a_cell_is_written_once_whatever_becomes_of_the_answer(fault: str) -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.faults = [fault]
    out = world.apply(change)
    assert (out[change.key] in {"applied", "already"}, len(world.base.log)) == (True, 1)


@pytest.mark.parametrize("fault", ["lost", "lost_applied", "429"])
def test_after_an_unknown_outcome_the_next_request_is_a_read(fault: str) -> None:
    world = World()
    world.base.faults = [fault]
    world.apply(world.fill(0, "deal_type", "new"))
    assert world.base.calls[2] == "read Opportunities"


@pytest.mark.parametrize("fault", ["lost", "lost_applied"])
def test_after_an_unknown_creation_the_next_request_is_a_look(fault: str) -> None:
    world = World()
    world.base.faults = [fault]
    world.apply(row("Leads/l-1"))
    assert world.base.calls[1] == "find Leads"


@pytest.mark.parametrize("fault", ["lost", "429"])
def test_an_edit_while_an_answer_is_waited_for_is_not_written_over(fault: str) -> None:
    world = World()
    world.base.faults = ["ok", fault]
    world.base.meanwhile = lambda: world.base.type_cell("Opportunities", world.deals[0], "stage", "lost")
    out = world.apply(*world.won(0))
    told = (out["Opportunities/d-0.stage"], world.base.cell("Opportunities/d-0.stage"))
    assert told == ("raced", "lost")


def test_answers_that_stay_lost_end_the_run_with_the_intent_open() -> None:
    world = World()
    change = world.fill(0, "deal_type", "new")
    world.base.faults = ["lost"] * 9
    with pytest.raises(OutcomeUnknown):
        world.apply(change)
    assert list(world.memory.journal) == [change.key]


def test_a_service_that_keeps_saying_429_does_not_turn_rows_away_for_good() -> None:
    """Nothing is wrong with these rows: they are not `rejected`, and nobody may be told so."""
    world = World()
    world.base.faults = ["429"] * 40
    try:
        out = world.apply(*(row(f"Leads/l-{n}") for n in range(10)))
    except Stopped as stopped:
        out = {"stopped": str(stopped)}
    assert "rejected" not in out.values()


FAULTS = st.lists(st.sampled_from(["ok", "lost", "lost_applied", "429"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(faults=FAULTS, deals=st.integers(1, 12), poisoned=st.integers(0, 11))
def test_each_effect_happens_at_most_once_and_receipts_tell_the_truth(
    faults: list[str], deals: int, poisoned: int
) -> None:
    world = World()
    world.base.poison = "☠"
    changes: list[Change] = [c for n in range(deals) for c in world.won(n)]
    changes += [world.fill(n, "deal_type", "☠" if n == poisoned else "new") for n in range(deals)]
    changes += [row(f"Leads/l-{n}", company="☠" if n == poisoned else "Acme") for n in range(deals)]
    world.base.faults = list(faults)
    try:
        receipts = world.receipts(*changes)
    except MdfsyncError:
        receipts = ()
    cells = [(w.table, w.record_id, w.field) for w in world.base.log]
    assert len(cells) == len(set(cells))
    ids = [c["lead_id"] for c in world.base.tables.get("Leads", {}).values()]
    assert len(ids) == len(set(ids))
    for receipt in receipts:
        if receipt.outcome in {"applied", "already"} and isinstance(receipt.change, FillBlank | Replace):
            assert world.base.cell(receipt.change.key) == receipt.change.value
