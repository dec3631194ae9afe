"""The life of a base under random sources, people and decisions: nothing overwritten without authority and history,
people win, the same plan from the same facts, and a second run with nothing new writes nothing."""

from __future__ import annotations

import random as randoms
from datetime import timedelta

from core_lab import DANA, LEE, NOW, TOM, WORKER, policy, record, says, snapshot, subject
from core_run import DEAL, PAID, STAGE, Worker, blanked, keys, programme, spends, stages, unrecorded
from core_vendors import RunMemory, Written
from hypothesis import given, settings
from hypothesis import strategies as st

from mdfsync.compare import compare
from mdfsync.model import CellBase, Observation

# ---------------------------------------------------------------- invariants over the vendor's own log


def undecided(worker: Worker) -> list[Written]:
    """Cells that a person had typed and the worker changed without a person's decision on that very row."""
    allowed = {
        (c["airtable_record_id"], c["field"], c.get("applied_value", ""))
        for c in worker.base.tables.get("Change History", {}).values()
        if c.get("decided_by")
    }
    last: dict[tuple[str, str, str], str] = {}
    out = []
    for w in worker.base.log:
        place = (w.table, w.record_id, w.field)
        over_a_person = w.actor == WORKER and w.before and last.get(place, WORKER) != WORKER
        if over_a_person and (w.record_id, w.field, w.after) not in allowed:
            out.append(w)
        last[place] = w.actor
    return out


def trespasses(worker: Worker) -> list[Written]:
    """Writes of the worker into fields that people own."""
    fields = policy().dictionary
    return [w for w in worker.base.log if w.actor == WORKER and not fields.field(w.table, w.field).worker]


EVENT = st.one_of(
    st.tuples(st.just("stage"), st.sampled_from(["open", "won", "lost", ""])),
    st.tuples(st.just("spend"), st.sampled_from(["100", "120", "150.5", "100.004", ""])),
    st.tuples(st.just("types stage"), st.sampled_from(["mine", "won", ""])),
    st.tuples(st.just("types paid"), st.sampled_from(["111", "120", ""])),
    st.tuples(st.just("decides"), st.sampled_from(["approved", "rejected", "edited"])),
    st.tuples(st.just("decides set"), st.sampled_from(["approved", "rejected"])),
    st.tuples(st.just("stranger decides"), st.sampled_from(["approved", "rejected"])),
    st.tuples(st.just("forgets"), st.just("")),
    st.tuples(st.just("run"), st.just("")),
)


def happen(worker: Worker, event: tuple[str, str]) -> None:
    what, value = event
    if what == "stage":
        stages(worker, value)
    elif what == "spend":
        spends(worker, value)
    elif what == "types stage":
        worker.types(STAGE, value, TOM)
    elif what == "types paid":
        worker.types(PAID, value, LEE)
    elif what == "forgets":
        worker.memory = RunMemory(chain=worker.memory.chain)
    elif what == "run":
        worker.run()
    else:
        decide_something(worker, what, value)


def decide_something(worker: Worker, what: str, value: str) -> None:
    if what == "decides set":
        for cells in list(worker.base.tables.get("Actions", {}).values())[:1]:
            worker.types(f"Actions/{cells['action_id']}.disposition", value, LEE)
        return
    for change_id in worker.pending()[:1]:
        name = worker.base.cell(f"Change History/{change_id}.field")
        holder = LEE if name == "paid_amount" else TOM
        edited = {"paid_amount": "77", "stage": "edited"}.get(name, "") if value == "edited" else ""
        worker.decides(change_id, value, DANA if what == "stranger decides" else holder, edited)


LIFE = st.lists(EVENT, max_size=14)


@settings(max_examples=80, deadline=None)
@given(LIFE)
def test_no_cell_moves_without_authority_and_history(life: list[tuple[str, str]]) -> None:
    worker = programme(1)
    for event in [*life, ("run", ""), ("run", "")]:
        happen(worker, event)
    found = (unrecorded(worker), undecided(worker), trespasses(worker), blanked(worker))
    assert found == ([], [], [], [])


@settings(max_examples=60, deadline=None)
@given(LIFE)
def test_every_life_comes_to_rest(life: list[tuple[str, str]]) -> None:
    worker = programme(1)
    for event in [*life, ("run", ""), ("run", "")]:
        happen(worker, event)
    assert keys(worker.run()) == []


@settings(max_examples=40, deadline=None)
@given(LIFE, st.randoms(use_true_random=False))
def test_a_plan_is_a_function_of_the_facts_in_any_order(life: list[tuple[str, str]], random: randoms.Random) -> None:
    worker = programme(4)
    for event in life:
        happen(worker, event)
    order = [key for said in worker.said.values() for key in said]
    random.shuffle(order)
    later = worker.plan(as_of=NOW + timedelta(hours=3))
    assert len({worker.plan().plan.digest, worker.plan(order).plan.digest, later.plan.digest}) == 1


CELL = st.sampled_from(["", "A", "B", "C"])


NAME = st.sampled_from(["stage", "deal_name", "amount", "link_basis"])
MAYBE = st.one_of(st.none(), CELL)


@given(st.lists(st.tuples(NAME, CELL, st.integers(0, 3)), max_size=8), st.booleans(), CELL, MAYBE, MAYBE)
def test_every_observation_ends_exactly_once(
    told: list[tuple[str, str, int]], exists: bool, cell: str, source: str | None, mine: str | None
) -> None:
    number = {"": "", "A": "1", "B": "2", "C": "3"}
    seen: list[Observation] = [
        says(f"{DEAL}.{name}", number[v] if name == "amount" else v, external_id=str(n)) for name, v, n in told
    ]
    row = record(DEAL, stage=cell, deal_name=cell)
    known = {subject(DEAL): {"stage": CellBase(source=source, cell=mine)}}
    out = compare(seen, snapshot(row) if exists else snapshot(), known, {}, policy().dictionary)
    assert sum(n for counts in out.counts.values() for n in counts.values()) == len(seen)
