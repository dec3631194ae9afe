"""Writes of ours that met a person's edit: which values are offered back, and which are not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from core_lab import NOW, PRIYA, WORKER, policy, record, snapshot

from mdfsync.crossed import Crossing, crossed_findings, offers, replaced
from mdfsync.history import read_ledger
from mdfsync.model import Edit, Record
from mdfsync.plan import OWN_TABLES

DEAL = "Opportunities/hs-deal-1"


def edit(value: str, prior: str | None, actor: str = WORKER, table: str = "Opportunities", name: str = "stage") -> Edit:
    at = NOW + timedelta(minutes=1)
    return Edit(
        table=table, record_id="rec-hs-deal-1", field=name, prior=prior, value=value, actor=actor, at=at, origin="api"
    )


def told(prior: str, proposed: str, **more: str) -> Record:
    """A Change History row of the deal's stage."""
    about = {"table": "Opportunities", "record": "hs-deal-1", "field": "stage", "kind": "tracked", "state": "applied"}
    return record("Change History/chg-1", **{**about, "prior_value": prior, "proposed_value": proposed, **more})


def found(*edits: Edit, known: Iterable[Edit] = ()) -> tuple[Crossing, ...]:
    before = {(e.table, e.record_id, e.field): e for e in known}
    return replaced(edits, before, policy(), OWN_TABLES)


CROSSED = (edit("call me", "open", PRIYA), edit("won", "call me"))


def offered(history: Iterable[Record], cell: str = "won", *edits: Edit) -> list[tuple[str, str]]:
    base = snapshot(record(DEAL, stage=cell), *history)
    out = offers(found(*(edits or CROSSED)), base, read_ledger(base, ()), policy())
    return [(o.prior, o.proposed) for o in out.values()]


def test_a_value_that_change_history_does_not_know_is_offered_back() -> None:
    assert offered([]) == [("won", "call me")]
    assert offered([told("open", "won")]) == [("won", "call me")]


KNOWN = [
    ("a tracked change", told("call me", "won")),
    ("an approved proposal", told("call me", "lost", applied_value="won", kind="proposal", state="applied")),
    ("a drift that was rejected", told("won", "call me", kind="drift", state="applied", applied_value="won")),
    ("an offer that was decided on", told("won", "call me", kind="restored", state="applied", decided_by=PRIYA)),
]


@pytest.mark.parametrize("row", [row for _, row in KNOWN], ids=[why for why, _ in KNOWN])
def test_what_change_history_holds_is_not_offered(row: Record) -> None:
    assert offered([row]) == []


def test_an_offer_that_waits_stays_the_same_offer() -> None:
    assert offered([told("won", "call me", kind="restored", state="pending")]) == [("won", "call me")]


def test_a_cell_that_moved_on_is_left_alone() -> None:
    assert offered([], "lost") == []


NOT_OURS = [
    ("people's edits", (edit("call me", "open", PRIYA), edit("won", "call me", PRIYA))),
    ("a fill", (edit("", "open", PRIYA), edit("won", ""))),
    ("a payload without what stood there", (edit("call me", "open", PRIYA), edit("won", None))),
    ("what the worker itself had written", (edit("call me", "open"), edit("won", "call me"))),
    ("what nobody is known to have typed", (edit("won", "call me"),)),
    (
        "the worker's own table",
        (edit("waived", "", PRIYA, "Holds", "status"), edit("open", "waived", table="Holds", name="status")),
    ),
    (
        "a cell that only people write",
        (edit("held", "", PRIYA, name="review_decision"), edit("approved", "held", name="review_decision")),
    ),
]


@pytest.mark.parametrize("edits", [e for _, e in NOT_OURS], ids=[why for why, _ in NOT_OURS])
def test_only_writes_of_the_worker_over_what_somebody_typed_count(edits: tuple[Edit, ...]) -> None:
    assert found(*edits) == ()


def test_whoever_typed_the_lost_value_is_named() -> None:
    [crossing] = found(*CROSSED)
    assert (crossing.by, crossing.lost, crossing.ours) == (PRIYA, "call me", "won")
    base = snapshot(record(DEAL, stage="won"))
    [finding] = crossed_findings(offers([crossing], base, read_ledger(base, ()), policy()).values(), policy())
    assert (finding.rule_id, finding.evidence["lost"]) == ("overwrote_person", "call me")
    assert PRIYA in finding.evidence["how"]


def test_an_edit_that_an_earlier_run_read_is_known() -> None:
    assert found(CROSSED[1], known=CROSSED[:1]) == found(*CROSSED)


def test_links_are_offered_by_stable_id() -> None:
    rows = (record(DEAL, campaign='["JC-2"]'), record("Campaigns/JC-1", "recOne"), record("Campaigns/JC-2", "recTwo"))
    base = snapshot(*rows)
    typed = edit('["recOne"]', "", PRIYA, name="campaign")
    crossing = found(typed, edit('["recTwo"]', '["recOne"]', name="campaign"))
    [offer] = offers(crossing, base, read_ledger(base, ()), policy()).values()
    assert (offer.prior, offer.proposed) == ('["JC-2"]', '["JC-1"]')
