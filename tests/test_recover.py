"""A run that died anywhere is finished by the next: same base as if nothing had happened, no row twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from core_lab import LEE, NOW, PRIYA, admitted, policy, raw, subject
from core_run import Worker
from core_vendors import Killed, RunMemory, Steps, VendorBase, look, writing

from mdfsync.apply import apply, entry
from mdfsync.drift import Binding, Drift
from mdfsync.edge.state import State
from mdfsync.mirror import SeenRows
from mdfsync.model import Attached, CellBase, Change, Create, FileRead, FillBlank, Replace, SourcePull, Standing
from mdfsync.pipeline import refresh
from mdfsync.recover import Recovered, recover
from mdfsync.refreshing import Asked, Ends, Telling

OURS = Standing(field="Opportunities.stage", version="v2026.11")

# ---------------------------------------------------------------- every place to die


def story(*, person: bool = False) -> Worker:
    """A base after its first days: a stage and a name that move, an amount to be proposed, one that was approved, one
    that was rejected, a new deal with its links, a blank to fill; and perhaps a person who has just typed."""
    worker = Worker()
    worker.charter("JC-1", "JC-2")
    for n in range(3):
        worker.deal(f"{n}", dealname=f"Deal {n}", dealstage="open", amount="100")
    worker.expense("exp-1", paid_amount="100", vendor_name="Printers", partner_id="cobalt")
    worker.expense("exp-2", paid_amount="300", partner_id="cobalt")
    worker.run()
    worker.expense("exp-1", paid_amount="120", vendor_name="Printers", partner_id="cobalt")
    worker.expense("exp-2", paid_amount="330", partner_id="cobalt")
    worker.run()
    for change_id, disposition in zip(worker.pending("paid_amount"), ("approved", "rejected"), strict=True):
        worker.decides(change_id, disposition, LEE)
    worker.deal("0", dealname="Deal 0, renamed", dealstage="won", amount="150")
    worker.deal("1", dealname="Deal 1", dealstage="won", amount="100", dealtype="newbusiness")
    worker.deal("9", "JC-2", dealname="Deal 9", dealstage="open", amount="5")
    if person:
        worker.types("Opportunities/hs-deal-2.stage", "mine", PRIYA)
    return worker


def watch(worker: Worker, steps: Steps) -> None:
    worker.base.steps = worker.memory.steps = steps


CALLS = 30
"""At least as many as the run of the story makes."""


@lru_cache(maxsize=1)
def calm() -> tuple[int, dict[str, list[dict[str, str]]]]:
    """(calls of an undisturbed run, the base after it and another one)."""
    worker = story()
    watch(worker, Steps())
    worker.run()
    made = worker.base.steps.count
    worker.run()
    return made, worker.base.picture()


def killed(worker: Worker, call: int, *, after: bool) -> None:
    """Run and die at that call; a run that makes fewer calls ends well."""
    watch(worker, Steps(die_at=call, after=after))
    if call > calm()[0]:
        worker.run()
    else:
        with pytest.raises(Killed):
            worker.run()
    watch(worker, Steps())


def test_every_call_of_the_story_is_a_place_to_die() -> None:
    assert CALLS - 6 <= calm()[0] <= CALLS


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_a_run_killed_anywhere_is_finished_by_the_next(call: int, after: bool) -> None:
    worker = story()
    killed(worker, call, after=after)
    worker.run()
    worker.run()
    assert worker.base.picture() == calm()[1]


@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_a_run_killed_anywhere_leaves_no_overwrite_without_its_history(call: int) -> None:
    worker = story()
    killed(worker, call, after=True)
    told = {c["record"] + "." + c["field"] for c in worker.base.tables["Change History"].values()}
    moved = {f"{_id(worker, w.table, w.record_id)}.{w.field}" for w in worker.base.overwrites()}
    assert moved <= told


def _id(worker: Worker, table: str, record_id: str) -> str:
    return next(r.subject.id for r in look(worker.base).tables[table] if r.record_id == record_id)


@pytest.mark.parametrize("call", range(1, CALLS + 1, 3))
def test_dying_again_while_recovering_changes_nothing(call: int) -> None:
    worker = story()
    killed(worker, CALLS // 2, after=True)
    watch(worker, Steps(die_at=call, after=True))
    try:
        worker.run()
    except Killed:
        watch(worker, Steps())
        worker.run()
    watch(worker, Steps())
    worker.run()
    worker.run()
    assert worker.base.picture() == calm()[1]


@pytest.mark.parametrize("call", range(1, CALLS + 1, 2))
def test_what_a_person_types_after_the_death_is_never_written_over(call: int) -> None:
    worker = story()
    killed(worker, call, after=False)
    worker.types("Opportunities/hs-deal-0.stage", "a person's word", PRIYA)
    for _ in range(3):
        worker.run()
    assert worker.base.cell("Opportunities/hs-deal-0.stage") == "a person's word"


def overtaken_story() -> Worker:
    """The story, in which a person types while the first answer of the run is waited for."""
    worker = story()
    worker.base.faults = ["429"]
    worker.base.meanwhile = lambda: worker.types("Opportunities/hs-deal-0.stage", "a person's word", PRIYA)
    return worker


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_history_never_says_applied_of_what_a_person_prevented(call: int, after: bool) -> None:
    """The row that announced the write is superseded in the end, wherever the run died."""
    worker = overtaken_story()
    watch(worker, Steps(die_at=call, after=after))
    try:
        worker.run()
    except Killed:
        watch(worker, Steps())
    watch(worker, Steps())
    for _ in range(3):
        worker.run()
    rows = worker.base.tables["Change History"].values()
    about = [c for c in rows if (c["record"], c["field"], c["proposed_value"]) == ("hs-deal-0", "stage", "won")]
    told = [c["state"] for c in about if c["kind"] == "tracked"]
    assert (worker.base.cell("Opportunities/hs-deal-0.stage"), "applied" in told) == ("a person's word", False)


def test_a_decided_amount_that_died_half_way_is_applied_once() -> None:
    worker = story()
    killed(worker, CALLS * 2 // 3, after=True)
    worker.run()
    worker.run()
    moves = [w.after for w in worker.base.overwrites() if w.field == "paid_amount"]
    assert len(moves) == 1


# ---------------------------------------------------------------- single intents


class Torn:
    """A base with one deal, and intents of a run that died."""

    def __init__(self) -> None:
        self.base, self.memory = VendorBase(), RunMemory()
        self.deal = self.base.type_row("Opportunities", opportunity_id="d-0", stage="open")

    def left(self, *changes: Change) -> None:
        rows = [dict(c.fields) for c in changes if isinstance(c, Create) and c.subject.table == "Change History"]
        self.memory.begin(self.base.base_id, "run-0", rows, [entry(c) for c in changes], {})

    def recover(self) -> Recovered:
        return recover(self.memory.journal_pending(self.base.base_id), look(self.base), writing(self.base, self.memory))

    def stage(self) -> Replace:
        return Replace(
            subject=subject("Opportunities/d-0"), record_id=self.deal, field="stage", prior="open", value="won",
            authority=OURS, change_id="chg-1",
        )  # fmt: skip


HISTORY = Create(subject=subject("Change History/chg-1"), fields={"change_id": "chg-1", "state": "applied"})
LEAD = Create(subject=subject("Leads/l-1"), fields={"lead_id": "l-1", "company": "Acme"})


def test_nothing_pending_asks_nothing() -> None:
    torn = Torn()
    assert (torn.recover(), torn.base.calls) == (Recovered(), [])


def test_a_missing_history_row_is_sent_again_as_sealed() -> None:
    torn = Torn()
    torn.left(HISTORY)
    torn.recover()
    assert torn.base.cell("Change History/chg-1.hash") == torn.memory.chain[0]["hash"]


def test_a_history_row_that_arrived_is_not_sent_twice() -> None:
    torn = Torn()
    torn.left(HISTORY)
    torn.base.type_row("Change History", **HISTORY.fields)
    torn.recover()
    assert (len(torn.base.tables["Change History"]), torn.memory.journal) == (1, {})


def test_a_row_that_arrived_is_bound_and_settled() -> None:
    torn = Torn()
    torn.left(LEAD)
    record_id = torn.base.type_row("Leads", **LEAD.fields)
    torn.recover()
    bound = (torn.memory.bindings[LEAD.subject], torn.memory.cells[LEAD.subject]["company"])
    assert bound == (record_id, CellBase(source="Acme", cell="Acme"))


def test_a_row_that_arrived_and_was_edited_since_keeps_the_edit_out_of_the_bases() -> None:
    torn = Torn()
    torn.left(LEAD)
    torn.base.type_row("Leads", lead_id="l-1", company="Acme Holdings")
    torn.recover()
    assert "company" not in torn.memory.cells.get(LEAD.subject, {})


def test_a_row_that_never_arrived_is_left_to_the_new_plan() -> None:
    torn = Torn()
    torn.left(LEAD)
    found = torn.recover()
    assert (found.dropped, torn.base.tables.get("Leads"), torn.memory.journal) == (1, None, {})


RECOVERY = [("open", "won", ()), ("won", "won", ()), ("negotiating", "negotiating", ("chg-1",))]


@pytest.mark.parametrize(("shows", "ends", "overtaken"), RECOVERY)
def test_a_cell_is_finished_settled_or_left_to_the_person(shows: str, ends: str, overtaken: tuple[str, ...]) -> None:
    torn = Torn()
    torn.left(HISTORY, torn.stage())
    torn.base.type_cell("Opportunities", torn.deal, "stage", shows)
    found = torn.recover()
    assert (torn.base.cell("Opportunities/d-0.stage"), found.overtaken) == (ends, overtaken)


def test_a_row_that_is_gone_is_overtaken() -> None:
    torn = Torn()
    torn.left(HISTORY, torn.stage())
    torn.base.remove("Opportunities", torn.deal)
    assert (torn.recover().overtaken, torn.memory.journal) == (("chg-1",), {})


def test_a_refused_history_row_keeps_its_overwrite_back_in_recovery_too() -> None:
    torn = Torn()
    torn.left(Create(subject=HISTORY.subject, fields={**HISTORY.fields, "reason": "☠"}), torn.stage())
    torn.base.poison = "☠"
    torn.recover()
    assert torn.base.cell("Opportunities/d-0.stage") == "open"


def test_the_report_of_a_cell_that_raced_before_the_death_is_not_written() -> None:
    """The data cell was found raced and closed; the run died before the row that was to say `applied`."""
    torn = Torn()
    told_id = torn.base.type_row("Change History", change_id="chg-1", state="pending")
    cell = torn.stage()
    told = Replace(
        subject=subject("Change History/chg-1"), record_id=told_id, field="state", prior="pending", value="applied",
        authority=OURS, change_id="chg-2", needs=(cell.key,),
    )  # fmt: skip
    later = Create(subject=subject("Change History/chg-2"), fields={"change_id": "chg-2", "state": "applied"})
    torn.base.type_cell("Opportunities", torn.deal, "stage", "negotiating")
    steps = Steps()
    torn.base.steps = torn.memory.steps = steps
    apply_until_raced(torn, steps, later, cell, told)
    torn.base.steps = torn.memory.steps = Steps()
    torn.recover()
    assert torn.base.cell("Change History/chg-1.state") == "pending"


def apply_until_raced(torn: Torn, steps: Steps, *changes: Change) -> None:
    """Apply, and die right after the first cell was closed as raced."""
    steps.die_at, steps.after = 5, True  # begin, create, done, read, done
    with pytest.raises(Killed):
        apply(admitted(*changes), writing(torn.base, torn.memory))
    assert torn.memory.outcomes[changes[1].key] == "raced"


def test_a_fill_that_died_is_finished_with_its_source() -> None:
    torn = Torn()
    fill = FillBlank(
        subject=subject("Opportunities/d-0"), record_id=torn.deal, field="deal_type", value="mine", settles="theirs"
    )
    torn.left(fill)
    torn.recover()
    assert torn.memory.cells[fill.subject]["deal_type"] == CellBase(source="theirs", cell="mine")


# ---------------------------------------------------------------- through the whole refresh


class Deals:
    """HubSpot's deals as a source behind its port: one deal and its stage."""

    source_id = "hubspot.deals"

    def __init__(self) -> None:
        self.stage = "open"

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        del cursor, full, known, now
        told = {"joint_campaign_id": "JC-1", "dealname": "Deal 0", "dealstage": self.stage}
        return SourcePull(source_id=self.source_id, rows=(raw(self.source_id, "0", {"id": "0", "properties": told}),))


class Kept:
    """Bytes by hash."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def put(self, source_id: str, name: str, data: bytes, *, fetched_at: datetime, media_type: str) -> str:
        assert source_id and name and fetched_at.tzinfo and media_type
        key = sha256(data).hexdigest()
        self.blobs[key] = data
        return key

    def get(self, sha256: str) -> bytes:
        return self.blobs[sha256]


class NoFiles:
    def fetch(self, file: Attached, *, now: datetime) -> FileRead:
        raise AssertionError(f"nothing is attached: {file} {now}")


class Noon:
    def now(self) -> datetime:
        return NOW


NO_DRIFT = Drift(
    bind=Binding(tables={}, fields={}, names={}), operations=(), tags=(), manual=(), blocked=frozenset(),
    missing_choices={}, deciders={}, reverse_columns=0, other_columns=0, other_tables=0,
)  # fmt: skip


def test_a_refresh_supersedes_what_a_person_overtook(tmp_path: Path) -> None:
    deals, worker = Deals(), Worker()
    state = State.open(f"sqlite:///{tmp_path / 'state.db'}")
    worker.charter()
    state.put(f"adopted:{worker.base.base_id}", "built")
    ends = Ends(
        runner="test:1",
        base=worker.base, state=state, archive=Kept(), sources=lambda _snapshot: {deals.source_id: deals},
        files=NoFiles(),
        seen=SeenRows(state, keep=True), clock=Noon(), policy=policy(), drift=NO_DRIFT, requests=dict, mode="sandbox",
    )  # fmt: skip
    asked = Asked(jobs=[policy().jobs["crm-hourly"]], write=True)
    for _ in range(2):
        refresh(ends, asked, Telling())
    deals.stage = "won"
    worker.base.faults = ["429"]
    worker.base.meanwhile = lambda: worker.types("Opportunities/hs-deal-0.stage", "a person's word", PRIYA)
    for _ in range(3):
        refresh(ends, asked, Telling())
    rows = worker.base.tables["Change History"].values()
    assert [c["state"] for c in rows if (c["field"], c["kind"]) == ("stage", "tracked")] == ["superseded"]
