"""The Airtable edge over HTTP against the sandbox: whole round trips, lost answers, and people at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from airtable_lab import small_dictionary
from http_lab import Time

from mdfsync.build_base import build_base
from mdfsync.drift import drift
from mdfsync.edge.airtable import AirtableBase
from mdfsync.edge.http import Forbidden
from mdfsync.edge.pace import Calls, Pace
from mdfsync.errors import AuthLost, OutcomeUnknown, QuotaSpent, WriteRejected
from mdfsync.policy.dictionary import Dictionary
from mdfsync.sandbox.server import Running, Sandbox

DANA = "dana.okafor@northlight.example"
PRIYA = "priya.nair@northlight.example"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    sandbox = Sandbox(Path(tmp_path_factory.mktemp("sandbox"))).start()
    yield sandbox
    sandbox.stop()


@dataclass
class Place:
    """A fresh base in the sandbox, and hands to work in it."""

    sandbox: Running
    dictionary: Dictionary
    base_id: str
    time: Time
    calls: Calls

    def hands(self, token: str, pace: Pace | None = None) -> AirtableBase:
        return AirtableBase(
            token=token,
            base_id=self.base_id,
            dictionary=self.dictionary,
            pace=pace or Pace(10_000, burst=1000, clock=self.time.clock, sleep=self.time.sleep),
            api_url=self.sandbox.airtable_url,
            calls=self.calls,
            timeout=(2.0, 5.0),
        )

    def bound(self, token: str, pace: Pace | None = None) -> AirtableBase:
        base = self.hands(token, pace)
        base.bind(drift(self.dictionary, base.schema()).bind)
        return base

    def person(self, email: str) -> AirtableBase:
        return self.bound(self.sandbox.token_of(email))

    def fault(self, kind: str, **rule: object) -> None:
        self.sandbox.admin("POST", "faults", {"kind": kind, "times": 1, "path": self.base_id, **rule})

    def sent(self) -> list[str]:
        """Methods of the requests that reached this base."""
        recent = self.sandbox.admin("GET", "requests")["recent"]
        return [r["method"] for r in recent if self.base_id in r["target"] and "/meta/" not in r["target"]]

    def now(self) -> datetime:
        return datetime.fromisoformat(self.sandbox.admin("GET", "health")["now"])


@pytest.fixture
def place(running: Running, tmp_path: Path) -> Iterator[Place]:
    base_id = str(running.admin("POST", "create_base", {"name": "Edge"})["id"])
    made = Place(running, small_dictionary(tmp_path), base_id, Time(), Calls())
    worker = made.hands(running.airtable_token)
    assert build_base(worker, made.dictionary, drift(made.dictionary, worker.schema())).refused == ()
    yield made
    running.admin("DELETE", "faults")
    running.admin("POST", "knobs", {"webhook_split": False, "webhooks_lag": 0})


@pytest.fixture
def base(place: Place) -> AirtableBase:
    return place.bound(place.sandbox.airtable_token)


FULL: Mapping[str, str] = {
    "lead_id": "lead-1",
    "email": "zoë@northlight.example",
    "notes": "first line\nsecond 'line' \\ {x} 😀",
    "amount": "1234567.89",
    "currency": "EUR",
    "touches": "3",
    "score": "0.1",
    "due": "2026-12-01",
    "seen_at": "2026-11-20T05:00:00.123Z",
    "stage": "working",
    "topics": '["data","search"]',
    "partner_id": "pt-1",
}


def leads(*ids: str) -> list[dict[str, str]]:
    return [{"lead_id": i} for i in ids]


# -- round trips


def test_every_kind_of_cell_comes_back_as_it_was_sent(base: AirtableBase) -> None:
    partner = base.create("Partners", [{"partner_id": "pt-1", "partner_name": "Cobalt Harbor"}]).ids["pt-1"]
    sent = {**FULL, "partner": f'["{partner}"]'}
    record_id = base.create("Leads", [sent]).ids["lead-1"]
    assert base.read_table("Leads") == [(record_id, sent)]
    assert base.read_records("Leads", [record_id, "rec00000000000000"]) == {record_id: sent}


def test_a_renamed_column_is_still_read_and_written(place: Place, base: AirtableBase) -> None:
    rename = {"action": "rename_field", "base": place.base_id, "table": "Leads", "field": "stage", "name": "Phase"}
    place.sandbox.admin("POST", "schema", rename)
    record_id = base.create("Leads", [{"lead_id": "lead-1", "stage": "new"}]).ids["lead-1"]
    assert base.read_records("Leads", [record_id]) == {record_id: {"lead_id": "lead-1", "stage": "new"}}


def test_patching_touches_the_named_cells_and_blank_clears(base: AirtableBase) -> None:
    record_id = base.create("Leads", [dict(FULL)]).ids["lead-1"]
    base.patch("Leads", [(record_id, {"amount": "0.1", "notes": ""})])
    expected = {name: text for name, text in FULL.items() if name != "notes"} | {"amount": "0.1"}
    assert base.read_records("Leads", [record_id])[record_id] == expected


def test_more_rows_than_a_page_are_listed_once_each_even_when_the_cursor_is_dropped(
    place: Place, base: AirtableBase
) -> None:
    for start in range(0, 230, 10):
        base.create("Leads", leads(*(f"lead-{n}" for n in range(start, start + 10))))
    place.fault("expired_offset", skip=1)
    rows = base.read_table("Leads")
    assert sorted(cells["lead_id"] for _, cells in rows) == sorted(f"lead-{n}" for n in range(230))
    assert place.sent().count("GET") == 6


@pytest.mark.parametrize("stable_id", ["lead-O'Brien", "back\\slash", 'quo"te', "br{a}ce", "', TRUE(), '", "é😀"])
def test_ids_with_awkward_letters_are_found_and_nothing_else(stable_id: str, base: AirtableBase) -> None:
    record_id = base.create("Leads", leads(stable_id, "lead-other")).ids[stable_id]
    assert base.find("Leads", [stable_id, "lead-none"]) == {stable_id: (record_id,), "lead-none": ()}


# -- upsert


def test_a_row_that_is_there_already_is_reported_as_matched(base: AirtableBase) -> None:
    first = base.create("Leads", leads("lead-1")).ids["lead-1"]
    made = base.create("Leads", leads("lead-1", "lead-2"))
    assert (made.ids["lead-1"], made.matched) == (first, ("lead-1",))


def test_two_rows_of_one_id_reject_the_batch_whole(place: Place, base: AirtableBase) -> None:
    twins = base.create("Leads", leads("lead-1", "lead-2")).ids
    place.person(PRIYA).patch("Leads", [(twins["lead-2"], {"lead_id": "lead-1"})])
    with pytest.raises(WriteRejected) as caught:
        base.create("Leads", leads("lead-1", "lead-3"))
    assert caught.value.status == 422
    assert base.find("Leads", ["lead-1", "lead-3"]) == {"lead-1": tuple(sorted(twins.values())), "lead-3": ()}


@pytest.mark.parametrize("cells", [{"stage": "unheard of"}, {"partner": '["rec00000000000000"]'}])
def test_a_value_that_airtable_refuses_rejects_the_batch_and_adds_no_choice(
    cells: dict[str, str], place: Place, base: AirtableBase
) -> None:
    before = base.schema()
    with pytest.raises(WriteRejected) as caught:
        base.create("Leads", [{"lead_id": "lead-1"}, {"lead_id": "lead-2", **cells}])
    assert caught.value.status == 422
    assert base.read_table("Leads") == []
    assert base.schema() == before


# -- lost answers


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("drop_after", {}),
        ("truncated", {}),
        ("unavailable_after", {"retry_after": 0}),
        ("bad_gateway_after", {}),
    ],
)
def test_an_answer_lost_after_the_commit_leaves_one_row_and_an_unknown_outcome(
    fault: str, rule: dict[str, object], place: Place, base: AirtableBase
) -> None:
    place.fault(fault, method="PATCH", **rule)
    with pytest.raises(OutcomeUnknown):
        base.create("Leads", leads("lead-1"))
    assert place.sent() == ["PATCH"]
    assert len(base.find("Leads", ["lead-1"])["lead-1"]) == 1


@pytest.mark.parametrize("fault", ["drop", "unavailable", "bad_gateway"])
def test_an_answer_lost_before_the_commit_is_no_different_to_us(fault: str, place: Place, base: AirtableBase) -> None:
    place.fault(fault, method="PATCH")
    with pytest.raises(OutcomeUnknown):
        base.create("Leads", leads("lead-1"))
    assert place.sent() == ["PATCH"]
    assert base.find("Leads", ["lead-1"])["lead-1"] == ()


@pytest.mark.parametrize("fault", ["drop", "drop_after", "truncated", "unavailable", "bad_gateway"])
def test_a_listing_outlives_every_lost_answer(fault: str, place: Place, base: AirtableBase) -> None:
    base.create("Leads", leads("lead-1"))
    place.fault(fault, method="GET")
    assert [cells for _, cells in base.read_table("Leads")] == [{"lead_id": "lead-1"}]


@pytest.mark.parametrize("fault", ["rate_limit", "rate_limit_singular"])
def test_one_429_costs_one_request_and_thirty_seconds(fault: str, place: Place, base: AirtableBase) -> None:
    place.fault(fault)
    base.create("Leads", leads("lead-1"))
    assert (place.sent(), place.time.slept) == (["PATCH", "PATCH"], [30.0])


def test_a_spent_allowance_ends_the_run(place: Place, base: AirtableBase) -> None:
    place.fault("billing")
    with pytest.raises(QuotaSpent):
        base.read_table("Leads")
    assert len(place.sent()) == 1


def test_the_real_limit_is_never_hit(place: Place) -> None:
    paced = place.bound(place.sandbox.airtable_token, Pace())
    place.sandbox.admin("POST", "limit", {"per_second": 5, "penalty": 30})
    for _ in range(8):
        assert paced.read_table("Leads") == []
    assert place.sandbox.admin("GET", "requests")["violations"] == 0
    assert place.sent() == ["GET"] * 8


# -- rights


def test_the_token_says_whose_it_is(place: Place, base: AirtableBase) -> None:
    assert base.whoami()["id"] == "usrMdfsyncWorker1"


def test_a_wrong_token_and_a_foreign_base_are_told_apart(place: Place) -> None:
    with pytest.raises(AuthLost, match="check AIRTABLE_API_KEY"):
        place.hands("patNobody").schema()
    place.base_id = "appForeign0000000"
    with pytest.raises(Forbidden, match="does not exist"):
        place.hands(place.sandbox.airtable_token).schema()


# -- the change feed


def test_the_feed_tells_what_people_did_and_what_we_did(place: Place, base: AirtableBase) -> None:
    _, cursor, notice = base.edits(None, now=place.now())
    assert notice == ""
    record_id = base.create("Leads", [{"lead_id": "lead-1", "amount": "10", "currency": "EUR"}]).ids["lead-1"]
    place.person(PRIYA).patch("Leads", [(record_id, {"amount": "12.5", "stage": "working"})])
    place.person(DANA).patch("Leads", [(record_id, {"stage": "", "topics": '["data"]'})])
    edits, cursor, notice = base.edits(cursor, now=place.now())
    assert notice == ""
    assert {(e.actor.split("@")[0], e.origin, e.field, e.prior, e.value) for e in edits} == {
        ("mdfsync-worker", "publicApi", "lead_id", "", "lead-1"),
        ("mdfsync-worker", "publicApi", "amount", "", "10"),
        ("mdfsync-worker", "publicApi", "currency", "", "EUR"),
        ("priya.nair", "client", "amount", "10", "12.5"),
        ("priya.nair", "client", "stage", "", "working"),
        ("dana.okafor", "client", "stage", "working", ""),
        ("dana.okafor", "client", "topics", "", '["data"]'),
    }
    assert base.edits(cursor, now=place.now())[0] == ()


def test_an_action_that_airtable_splits_is_still_told_whole(place: Place, base: AirtableBase) -> None:
    ids = base.create("Leads", leads("lead-1", "lead-2")).ids
    _, cursor, _ = base.edits(None, now=place.now())
    place.sandbox.admin("POST", "knobs", {"webhook_split": True})
    place.person(PRIYA).patch("Leads", [(record_id, {"notes": "seen"}) for record_id in ids.values()])
    edits, _, _ = base.edits(cursor, now=place.now())
    assert {(e.record_id, e.value) for e in edits} == {(record_id, "seen") for record_id in ids.values()}


def test_more_than_a_page_of_payloads_is_read_to_the_end(place: Place, base: AirtableBase) -> None:
    ids = base.create("Leads", leads(*(f"lead-{n}" for n in range(10)))).ids
    _, cursor, _ = base.edits(None, now=place.now())
    place.sandbox.admin("POST", "knobs", {"webhook_split": True})
    for n in range(1, 13):
        base.patch("Leads", [(record_id, {"touches": str(n)}) for record_id in ids.values()])
    edits, _, _ = base.edits(cursor, now=place.now())
    assert sorted(int(e.value) for e in edits) == sorted([*range(1, 13)] * 10)


def test_lost_state_finds_the_hook_again(place: Place, base: AirtableBase) -> None:
    _, first, _ = base.edits(None, now=place.now())
    base.create("Leads", leads("lead-1"))
    edits, again, _ = base.edits(None, now=place.now())
    assert first is not None
    assert again is not None
    assert (again["webhook"], len(edits)) == (first["webhook"], 1)


def test_a_hook_whose_making_was_not_answered_is_found_by_the_next_poll(place: Place, base: AirtableBase) -> None:
    place.fault("drop_after", method="POST")
    _, cursor, notice = base.edits(None, now=place.now())
    assert (cursor, notice.startswith("no change feed: Airtable gave no usable answer")) == (None, True)
    _, cursor, notice = base.edits(None, now=place.now())
    assert notice == ""
    assert place.sent().count("POST") == 1


def test_a_person_who_may_not_watch_gets_a_notice(place: Place) -> None:
    edits, cursor, notice = place.person(PRIYA).edits(None, now=place.now())
    assert (edits, cursor) == ((), None)
    assert notice.startswith("no change feed: the token may not")


def test_after_ten_days_of_silence_the_unwatched_time_is_named(running: Running, place: Place) -> None:
    base = place.bound(running.airtable_token)
    _, cursor, _ = base.edits(None, now=place.now())
    assert cursor is not None
    running.admin("POST", "clock", {"days": 10})
    _, later, notice = base.edits(cursor, now=place.now())
    assert later is not None
    assert later["webhook"] != cursor["webhook"]
    started = datetime.fromisoformat(str(cursor["until"])).astimezone(UTC)
    assert f"blind from {cursor['until']}" in notice
    assert f"blind from {(started + timedelta(days=7)).isoformat()[:16]}" in notice


# -- what is never sent


def test_no_verb_that_replaces_or_removes_was_ever_sent(running: Running) -> None:
    recent = running.admin("GET", "requests")["recent"]
    assert {r["method"] for r in recent if r["service"] == "airtable"} <= {"GET", "POST", "PATCH"}
