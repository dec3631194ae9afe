"""Local state, on SQLite and on a real PostgreSQL: what is written is there, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres_lab import Server, serving

from mdfsync.edge.state import State
from mdfsync.model import CellBase, CutOff, Edit, RawRow, SourcePull, SourceRef, Subject
from mdfsync.values import digest

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
DEAL = Subject(table="Opportunities", id="hs-deal-7")
BASE = "app00000000000001"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'state.db'}"
    running: Server = request.getfixturevalue("server")
    return running.database()


@pytest.fixture
def state(url: str) -> Iterator[State]:
    opened = State.open(url)
    yield opened
    opened.close()


def by_hand(url: str, *statements: str) -> None:
    """Somebody works on the database with other tools."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def row(key: str, stage: str = "won", *, blob: str = "b1", at: datetime = NOW) -> RawRow:
    ref = SourceRef(source_id="hubspot.deals", external_id=key, observed_at=at, fetched_at=at, blob=blob, row="/0")
    return RawRow(ref=ref, body={"stage": stage, "amount": "1500.5", "n": 3})


def pull(*rows: RawRow, gone: tuple[str, ...] = (), complete: bool = True) -> SourcePull:
    return SourcePull(
        source_id="hubspot.deals", rows=rows, gone=gone, complete=complete, cursor={"after": "7"}, scope={"read": "yes"}
    )


# --- the mirror ---------------------------------------------------------------------------------------------


def test_rows_come_back_as_they_were(state: State) -> None:
    state.accept(pull(row("2"), row("1")), NOW)
    assert state.rows("hubspot.deals") == (row("1"), row("2"))


def test_what_rows_have_in_common_is_kept_once(state: State) -> None:
    """A mirror of hundreds of thousands of rows would be copies for the most part."""
    state.accept(pull(row("1", "open now"), row("2", "open now"), row("3", "won by now")), NOW)
    first, alike, other = state.rows("hubspot.deals")
    assert first.body is alike.body
    assert first.ref.fetched_at is other.ref.fetched_at
    assert first.ref.blob is other.ref.blob
    assert [id(name) for name in first.body] == [id(name) for name in other.body]
    assert first.body["amount"] is other.body["amount"]


def test_more_rows_than_are_read_at_once_come_back_as_they_were(state: State) -> None:
    given = sorted((row(str(n), f"stage {n}") for n in range(4_100)), key=lambda r: r.ref.external_id)
    state.accept(pull(*given), NOW)
    assert state.rows("hubspot.deals") == tuple(given)


def test_known_holds_the_digest_of_each_body(state: State) -> None:
    state.accept(pull(row("1")), NOW)
    assert state.known("hubspot.deals") == {"1": digest(row("1").body)}


def test_a_gone_row_is_kept_and_comes_back(state: State) -> None:
    state.accept(pull(row("1"), row("2")), NOW)
    state.accept(pull(row("1"), gone=("2",)), NOW)
    assert [r.ref.external_id for r in state.rows("hubspot.deals")] == ["1"]
    assert state.gone("hubspot.deals") == (row("2"),)
    state.accept(pull(row("1"), row("2")), NOW)
    assert state.gone("hubspot.deals") == ()


def test_an_unchanged_body_keeps_its_first_provenance(state: State) -> None:
    state.accept(pull(row("1", blob="b1")), NOW)
    state.accept(pull(row("1", blob="b2", at=NOW + timedelta(days=1))), NOW + timedelta(days=1))
    assert state.rows("hubspot.deals")[0].ref.blob == "b1"


def test_a_changed_body_takes_the_new_provenance(state: State) -> None:
    state.accept(pull(row("1", "open", blob="b1")), NOW)
    state.accept(pull(row("1", "won", blob="b2")), NOW)
    assert state.rows("hubspot.deals") == (row("1", "won", blob="b2"),)


def test_the_snapshot_hash_moves_only_with_content(state: State) -> None:
    state.accept(pull(row("1")), NOW)
    before = state.source_status("hubspot.deals")["last_sha"]
    state.accept(pull(row("1", blob="b2")), NOW + timedelta(hours=1))
    assert state.source_status("hubspot.deals")["last_sha"] == before
    state.accept(pull(row("1", "lost")), NOW + timedelta(hours=2))
    assert state.source_status("hubspot.deals")["last_sha"] != before


def test_first_seen_does_not_move(state: State) -> None:
    state.accept(pull(row("1", "open")), NOW)
    state.accept(pull(row("1", "won")), NOW + timedelta(days=3))
    assert state.first_seen("hubspot.deals", "1") == NOW
    assert state.first_seen_all("hubspot.deals") == {"1": NOW}
    with pytest.raises(KeyError):
        state.first_seen("hubspot.deals", "2")


def test_the_interval_in_which_a_row_appeared(state: State) -> None:
    for day in range(3):
        state.accept(pull(*(row(str(n)) for n in range(day + 1))), NOW + timedelta(days=day))
    seen = state.first_seen("hubspot.deals", "2")
    assert (state.previous_pull("hubspot.deals", seen), seen) == (NOW + timedelta(days=1), NOW + timedelta(days=2))


def test_no_pull_before_the_first(state: State) -> None:
    assert state.previous_pull("hubspot.deals") is None
    assert state.cursor("hubspot.deals") is None


def test_counts_are_of_all_live_rows_newest_first_and_skip_idle_pulls(state: State) -> None:
    state.accept(pull(row("1"), row("2")), NOW)
    state.accept(pull(complete=False), NOW)
    state.accept(pull(row("3"), complete=False), NOW)
    assert state.accepted_counts("hubspot.deals") == (3, 2)


def test_a_held_pull_moves_neither_rows_nor_cursor(state: State) -> None:
    state.accept(pull(row("1")), NOW)
    state.note_pull("hubspot.deals", NOW + timedelta(hours=1), held="no rows", sha="s2")
    status = state.source_status("hubspot.deals")
    assert (status["held_reason"], status["held_sha"], status["last_accepted_at"]) == ("no rows", "s2", NOW)
    assert status["last_pull_at"] == NOW + timedelta(hours=1)
    assert len(state.rows("hubspot.deals")) == 1


def test_acceptance_clears_the_hold(state: State) -> None:
    state.note_pull("hubspot.deals", NOW, held="no rows", sha="s2")
    state.accept(pull(row("1")), NOW)
    assert state.source_status("hubspot.deals")["held_reason"] == ""


def test_files_that_were_cut_off_stand_until_a_delivery_without_them_is_accepted(state: State) -> None:
    ended = CutOff(file="overlaps.csv", rows=100, blob="b1")
    state.accept(replace(pull(row("1"), complete=False), cut_off=(ended,)), NOW)
    assert state.source_status("hubspot.deals")["cut_off"] == (ended,)
    state.note_pull("hubspot.deals", NOW, held="shrunk", sha="s2")
    assert state.source_status("hubspot.deals")["cut_off"] == (ended,)
    state.accept(pull(row("1")), NOW)
    assert state.source_status("hubspot.deals")["cut_off"] == ()


def test_a_release_is_bound_to_one_snapshot(state: State) -> None:
    state.release("hubspot.deals", "s2", "ana@northlight.example", NOW)
    assert state.released("hubspot.deals", "s2")
    assert not state.released("hubspot.deals", "s3")


def test_text_of_any_script_survives(state: State) -> None:
    odd = RawRow(ref=row("1").ref, body={"name": "Åse \u0000 \ud800 🧾", "big": 2**60})
    state.accept(pull(odd), NOW)
    assert state.rows("hubspot.deals")[0].body == odd.body


# --- cell bases, feed, journal ------------------------------------------------------------------------------


def test_bases_are_merged_by_field(state: State) -> None:
    state.settle(BASE, {DEAL: {"stage": CellBase(source="won", cell="won"), "amount": CellBase(source="1")}}, {})
    state.settle(BASE, {DEAL: {"stage": CellBase(source="lost", cell="won")}}, {DEAL: "rec1"})
    assert state.bases(BASE) == {
        DEAL: {"stage": CellBase(source="lost", cell="won"), "amount": CellBase(source="1", cell=None)}
    }
    assert state.bindings(BASE) == {DEAL: "rec1"}


def test_an_empty_cell_base_forgets_the_cell(state: State) -> None:
    state.settle(BASE, {DEAL: {"stage": CellBase(source="won")}}, {})
    state.settle(BASE, {DEAL: {"stage": CellBase()}}, {})
    assert state.bases(BASE) == {DEAL: {}}


def test_bases_of_many_records_at_once(state: State) -> None:
    many = {Subject(table="Leads", id=f"lead-{n}"): {"email": CellBase(source=str(n))} for n in range(5_000)}
    state.settle(BASE, many, {})
    state.settle(BASE, {s: {"phone": CellBase(cell="1")} for s in many}, {})
    assert state.bases(BASE)[Subject(table="Leads", id="lead-4999")] == {
        "email": CellBase(source="4999"),
        "phone": CellBase(cell="1"),
    }


def test_a_table_is_forgotten_whole_and_alone(state: State) -> None:
    rows = [Subject(table=table, id="1") for table in ("Leads", "Expenses", "Change History")]
    cells = {row: {"note": CellBase(source="a", cell="a")} for row in rows}
    for base_id in (BASE, "appOther"):
        state.settle(base_id, cells, {row: f"rec{n}" for n, row in enumerate(rows)})
    state.forget_tables(BASE, ["Leads", "Change History"], still_bound=["Change History"])
    assert set(state.bases(BASE)) == {rows[1]}
    assert set(state.bindings(BASE)) == {rows[1], rows[2]}
    assert (set(state.bases("appOther")), len(state.bindings("appOther"))) == (set(rows), 3)
    state.forget_tables(BASE, [])
    assert set(state.bases(BASE)) == {rows[1]}


def test_bases_of_two_bases_stay_apart(state: State) -> None:
    state.settle(BASE, {DEAL: {"stage": CellBase(source="won")}}, {})
    assert state.bases("app2") == {}


def edit(value: str, minute: int = 0) -> Edit:
    at = NOW + timedelta(minutes=minute)
    return Edit(
        table="Expenses", record_id="rec1", field="claimed", prior=None, value=value, actor="usr1", at=at, origin="ui"
    )


def test_the_feed_keeps_an_edit_once_and_knows_the_last(state: State) -> None:
    state.save_edits(BASE, [edit("1"), edit("2", 1)], {"cursor": 3})
    state.save_edits(BASE, [edit("2", 1), edit("1")], {"cursor": 4})
    assert state.last_edits(BASE) == {("Expenses", "rec1", "claimed"): edit("2", 1)}
    assert state.feed_cursor(BASE) == {"cursor": 4}


def test_the_journal_gives_back_open_intents_in_order(state: State) -> None:
    state.journal_open(BASE, "run-1", [{"entry_id": "b", "value": "2"}, {"entry_id": "a", "value": "1"}])
    state.journal_done(BASE, ["b"], "applied", {DEAL: {"stage": CellBase(cell="won")}}, {DEAL: "rec1"})
    assert state.journal_pending(BASE) == ({"run_id": "run-1", "entry_id": "a", "value": "1"},)
    assert state.bindings(BASE) == {DEAL: "rec1"}


def test_a_closed_intent_can_be_opened_again(state: State) -> None:
    state.journal_open(BASE, "run-1", [{"entry_id": "a", "try": 1}])
    state.journal_done(BASE, ["a"], "rejected")
    state.journal_open(BASE, "run-2", [{"entry_id": "a", "try": 2}])
    assert state.journal_pending(BASE) == ({"run_id": "run-2", "entry_id": "a", "try": 2},)


def test_outcome_and_what_it_settles_are_one(state: State) -> None:
    state.journal_open(BASE, "run-1", [{"entry_id": "a"}])
    with pytest.raises(AttributeError):
        state.journal_done(BASE, ["a"], "applied", {DEAL: {"stage": None}}, {})  # type: ignore[dict-item]
    assert len(state.journal_pending(BASE)) == 1


# --- the chain ----------------------------------------------------------------------------------------------


def change(number: int) -> dict[str, str]:
    return {
        "change_id": f"ch-{number}",
        "table": "Expenses",
        "prior_value": f"{number}",
        "owner": "ana@northlight.example",
    }


def test_the_chain_links_each_row_to_the_one_before(state: State) -> None:
    first, second = state.chain_append(BASE, [change(1), change(2)])
    assert second["previous_hash"] == first["hash"]
    assert state.chain(BASE) == (first, second)
    assert state.chain_verify(BASE) == []


def test_a_change_id_stands_once(state: State) -> None:
    (first,) = state.chain_append(BASE, [change(1)])
    again, _ = state.chain_append(BASE, [{**change(1), "prior_value": "other"}, change(2)])
    assert again == first
    assert len(state.chain(BASE)) == 2


TAMPERING = {
    "altered": ("""UPDATE chain SET "row" = replace("row", 'Expenses', 'Expensez') WHERE position = 2""",),
    "removed": ("DELETE FROM chain WHERE position = 2",),
    "cut short": ("DELETE FROM chain WHERE position = 4",),
    "swapped": (
        "UPDATE chain SET position = -position WHERE position IN (2, 3)",
        "UPDATE chain SET position = position + 5 WHERE position < 0",
    ),
    "rehashed": ("UPDATE chain SET hash = previous_hash WHERE position = 3",),
    "redacted without its hash": ("UPDATE chain SET row_sha = hash, redacted_by = 'x' WHERE position = 2",),
}


@pytest.mark.parametrize("sort", TAMPERING)
def test_tampering_with_the_chain_is_noticed(state: State, url: str, sort: str) -> None:
    state.chain_append(BASE, [change(n) for n in range(1, 5)])
    by_hand(url, *TAMPERING[sort])
    assert state.chain_verify(BASE) != []


def test_a_chain_rewritten_whole_is_noticed_only_by_a_checkpoint(state: State, url: str) -> None:
    state.chain_append(BASE, [change(n) for n in range(1, 4)])
    checkpoint = state.chain_head(BASE)
    by_hand(url, "DELETE FROM chain", "DELETE FROM chain_heads")
    state.chain_append(BASE, [{**change(n), "prior_value": "nicer"} for n in range(1, 4)])
    assert state.chain_verify(BASE) == []
    assert state.chain_verify(BASE, [checkpoint]) != []


def test_an_erasure_blanks_the_value_and_the_chain_holds(state: State) -> None:
    state.chain_append(BASE, [change(1), change(2)])
    assert state.chain_redact(BASE, ["ch-1"], ["owner"], "dec-9") == 1
    assert state.chain(BASE)[0]["owner"] == "[redacted]"
    assert state.chain_verify(BASE) == []
    assert state.chain_redact(BASE, ["ch-1"], ["owner"], "dec-9") == 0


# --- runs, calls, plans, leases -----------------------------------------------------------------------------


def test_runs_newest_first_with_their_reports(state: State) -> None:
    state.run_start("run-1", BASE, "finance", NOW, "live")
    state.run_finish("run-1", "pass", {"qa": {}}, NOW)
    state.run_start("run-2", BASE, "pipeline", NOW + timedelta(hours=1), "live")
    assert [(r["run_id"], r["status"], r["report"]) for r in state.runs(BASE, 5)] == [
        ("run-2", "", {}),
        ("run-1", "pass", {"qa": {}}),
    ]
    assert state.last_report(BASE) == {"qa": {}}
    assert state.last_report(BASE, "pipeline") is None


def test_calls_add_up_by_month(state: State) -> None:
    state.count_calls("airtable", 3, "2026-11")
    state.count_calls("airtable", 4, "2026-11")
    state.count_calls("airtable", 9, "2026-12")
    assert state.calls("2026-11") == {"airtable": 7}


def test_plans_and_settings(state: State) -> None:
    state.save_plan("d1", {"changes": [1]})
    state.put("checkpoint", "a")
    state.put("checkpoint", "b")
    assert (state.load_plan("d1"), state.load_plan("d2")) == ({"changes": [1]}, None)
    assert (state.get("checkpoint"), state.get("other")) == ("b", None)


def test_a_lease_has_one_holder_until_it_expires(state: State, url: str) -> None:
    other = State.open(url)
    assert state.lease_acquire(BASE, "one", 60, NOW)
    assert not other.lease_acquire(BASE, "two", 60, NOW + timedelta(seconds=59))
    assert other.lease_holder(BASE, NOW) == "one"
    assert other.lease_acquire(BASE, "two", 60, NOW + timedelta(seconds=60))
    assert not state.lease_renew(BASE, "one", 60, NOW + timedelta(seconds=61))
    other.close()


def test_an_expired_lease_cannot_be_renewed_and_a_released_one_is_free(state: State) -> None:
    state.lease_acquire(BASE, "one", 60, NOW)
    assert state.lease_renew(BASE, "one", 60, NOW + timedelta(seconds=59))
    assert not state.lease_renew(BASE, "one", 60, NOW + timedelta(seconds=300))
    state.lease_release(BASE, "two")
    assert not state.lease_acquire(BASE, "two", 60, NOW)
    state.lease_release(BASE, "one")
    assert state.lease_acquire(BASE, "two", 60, NOW)
