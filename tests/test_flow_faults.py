"""The worker against a network and vendors that fail: whatever breaks, the next clean run ends in the same base.

Faults are the sandbox's own switches; the judge is its write log and the base of a world that nothing disturbed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, PRIYA, Lab, Outcome, unrecorded
from flow_start import Base, content, differences, doubled, later, open_exceptions, set_deal, started

RECORDS = r"^/v0/app\w+/tbl\w+$"
LISTING = r"^/v0/app\w+/tbl\w+[?]"
HUBSPOT = "^/hubspot/crm"
SCOPELESS = {
    "status": "error", "category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes.",
    "errors": [{"message": "missing", "context": {"requiredGranularScopes": ["crm.objects.contacts.read"]}}],
}  # fmt: skip
_undisturbed: dict[str, Base] = {}


@pytest.fixture
def lab(fresh: Lab) -> Lab:
    """The same four days later: new rows, tracked cells, proposals wait to be written."""
    fresh.advance(4)
    return fresh


@pytest.fixture
def calm(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Base:  # fmt: skip
    """The base of the same world without any fault."""
    if not _undisturbed:
        with monkeypatch.context() as other, started(
            tmp_path_factory.mktemp("calm"), capsys, other, tmp_path_factory.mktemp("made")
        ) as twin:  # fmt: skip
            twin.advance(4)
            twin.run()
            _undisturbed["base"] = content(twin)
    return _undisturbed["base"]


def break_(lab: Lab, kind: str, path: str, **rule: Any) -> None:
    lab.world.admin("POST", "faults", {"kind": kind, "path": path, **rule})


def refuse(lab: Lab, path: str, status: int, body: Any, **rule: Any) -> None:
    break_(lab, "answer", path, status=status, body=body, **rule)


def acted(lab: Lab) -> int:
    """How often the faults struck; a fault that never does proves nothing."""
    return sum(rule["acted"] for rule in lab.world.admin("GET", "faults"))


def mended(lab: Lab) -> Outcome:
    """A run after the faults are gone."""
    lab.world.admin("DELETE", "faults")
    later(lab)
    return lab.run()


def one_line(outcome: Outcome) -> str:
    """The only line that the command line says about a failure."""
    said = [line for line in outcome.err.splitlines() if line.startswith("mdfsync: ")]
    assert len(said) == 1, outcome.err
    assert "Traceback" not in outcome.err
    assert "fault of ours" not in outcome.err
    return said[0]


def assert_converged(lab: Lab, calm: Base) -> None:
    assert differences(content(lab), calm) == []
    assert doubled(lab) == []
    assert unrecorded(lab) == []


def assert_idle(lab: Lab) -> None:
    mark = lab.mark()
    later(lab)
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


# ---------------------------------------------------------------- writes whose fate is unknown

WRITES: list[tuple[str, dict[str, Any]]] = [
    ("drop", {"times": 3}),  # never arrived: too often for one run
    ("drop_after", {"rate": 0.3, "seed": "1"}),  # arrived, answer lost
    ("drop_after", {}),
    ("unavailable", {"rate": 0.3, "seed": "1"}),
    ("unavailable_after", {"rate": 0.3, "seed": "2"}),
    ("truncated", {"rate": 0.3, "seed": "4"}),
]


@pytest.mark.parametrize(("kind", "rule"), WRITES, ids=[f"{k}-{n}" for n, (k, _) in enumerate(WRITES)])
def test_a_write_with_a_lost_answer_is_neither_doubled_nor_forgotten(
    lab: Lab, calm: Base, kind: str, rule: dict[str, Any]
) -> None:
    break_(lab, kind, RECORDS, method="PATCH", **rule)
    first = lab.mdfsync("run")
    assert acted(lab)
    if first.code:
        assert "the next run" in one_line(first)
    mended(lab)
    assert_converged(lab, calm)
    assert_idle(lab)


READS = [("truncated", "4"), ("bad_gateway", "5")]


@pytest.mark.parametrize(("kind", "seed"), READS, ids=[k for k, _ in READS])
def test_a_read_that_fails_now_and_then_is_read_again(lab: Lab, calm: Base, kind: str, seed: str) -> None:
    break_(lab, kind, "^/(v0|hubspot|crossbeam)", method="GET|POST", rate=0.06, seed=seed)
    lab.run()
    assert acted(lab)
    lab.world.admin("DELETE", "faults")
    assert_converged(lab, calm)


def test_a_listing_whose_cursor_expired_is_read_from_its_beginning(lab: Lab) -> None:
    for n in range(101):
        lab.add(DANA, "Decisions", decision_id=f"dc-{n:03d}")
    break_(lab, "expired_offset", LISTING, times=2)
    lab.run()
    assert acted(lab) == 2
    lab.world.admin("DELETE", "faults")
    assert_idle(lab)
    assert "row_removed" not in {t for t, _ in open_exceptions(lab)}


# ---------------------------------------------------------------- limits and allowances


def test_a_long_silence_asked_for_ends_the_run_and_the_next_one_goes_on(lab: Lab, calm: Base) -> None:
    break_(lab, "rate_limit", RECORDS, method="PATCH", skip=4, times=1, retry_after=1000)
    stopped = lab.mdfsync("run")
    assert (stopped.code, "asks for 1000 s of silence" in one_line(stopped)) == (1, True)
    mended(lab)
    assert_converged(lab, calm)


def test_a_spent_allowance_of_calls_is_said_and_nothing_is_sent_again(lab: Lab, calm: Base) -> None:
    break_(lab, "billing", "^/v0/app", skip=30)
    stopped = lab.mdfsync("run")
    assert (stopped.code, "calls are used up; raise the plan" in one_line(stopped), acted(lab)) == (1, True, 1)
    mended(lab)
    assert_converged(lab, calm)


def test_hubspot_asking_for_a_second_is_given_it(lab: Lab, calm: Base) -> None:
    body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "SECONDLY", "message": "secondly limit"}
    refuse(lab, HUBSPOT, 429, body, times=1)
    lab.run()
    assert acted(lab) == 1
    assert_converged(lab, calm)


def test_hubspots_daily_limit_ends_the_run_at_once(lab: Lab) -> None:
    body = {"status": "error", "errorType": "RATE_LIMIT", "policyName": "DAILY", "message": "daily limit"}
    refuse(lab, HUBSPOT, 429, body, skip=4)
    mark = lab.mark()
    stopped = lab.mdfsync("run")
    assert (stopped.code, "DAILY" in one_line(stopped), acted(lab), lab.writes(mark)) == (1, True, 1, [])


# ---------------------------------------------------------------- rights that are gone

LOST: list[tuple[str, int, dict[str, Any], str]] = [
    (HUBSPOT, 401, {"category": "INVALID_AUTHENTICATION", "message": "not found"}, "check HUBSPOT_ACCESS_TOKEN"),
    ("^/v0/app", 401, {"error": {"type": "AUTHENTICATION_REQUIRED", "message": "x"}}, "check AIRTABLE_API_KEY"),
    ("^/v0/app", 403, {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}}, "scope of the token or role"),
    ("^/crossbeam", 401, {"error": "invalid_grant"}, "CROSSBEAM_REFRESH_TOKEN"),
]


@pytest.mark.parametrize(("path", "status", "body", "says"), LOST, ids=[f"{p[1:]}-{s}" for p, s, _, _ in LOST])
def test_a_token_that_is_refused_half_way_stops_the_run_and_nothing_is_called_missing(
    lab: Lab, calm: Base, path: str, status: int, body: dict[str, Any], says: str
) -> None:
    refuse(lab, path, status, body, skip=0 if "crossbeam" in path else 4)
    mark = lab.mark()
    stopped = lab.mdfsync("run")
    assert (stopped.code, says in one_line(stopped), acted(lab), lab.writes(mark)) == (1, True, 1, [])
    mended(lab)
    assert_converged(lab, calm)


def test_a_token_that_is_refused_between_two_writes_leaves_what_the_next_run_finishes(lab: Lab, calm: Base) -> None:
    refuse(lab, RECORDS, 401, {"error": {"type": "AUTHENTICATION_REQUIRED"}}, method="PATCH", skip=5)
    mark = lab.mark()
    stopped = lab.mdfsync("run")
    assert (stopped.code, "check AIRTABLE_API_KEY" in one_line(stopped), acted(lab)) == (1, True, 1)
    assert lab.writes(mark)
    mended(lab)
    assert_converged(lab, calm)


def test_a_missing_scope_is_said_once_and_the_rest_is_refreshed(lab: Lab) -> None:
    refuse(lab, f"{HUBSPOT}/v3/objects/(meetings|emails)", 403, SCOPELESS)
    mark = lab.mark()
    done = lab.run()
    assert "absent: hubspot.meetings: needs scope crm.objects.contacts.read" in done.out
    assert lab.writes(mark, table="Opportunities")
    standing = {r["fields"]["source_id"]: r["fields"] for r in lab.rows("Sources")}
    assert standing["hubspot.meetings"]["status"] == "absent"
    assert "crm.objects.contacts.read" in standing["hubspot.meetings"]["status_reason"]
    assert ("source_stale", "hubspot.meetings") in open_exceptions(lab)
    assert not {t for t, _ in open_exceptions(lab)} & {"row_removed"}
    assert_idle(lab)


def test_without_its_change_feed_the_base_is_refreshed_and_the_blind_time_is_said(lab: Lab) -> None:
    refuse(lab, "/webhooks", 403, {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}})
    mark = lab.mark()
    lab.run()
    assert lab.writes(mark, table="Opportunities")
    assert ("blind_interval", "airtable.base") in open_exceptions(lab)


# ---------------------------------------------------------------- one source of many

OPTIONAL = [("crossbeam.api", "^/crossbeam"), ("hubspot.form_submissions", "^/hubspot/form-integrations")]


@pytest.mark.parametrize(("source", "path"), OPTIONAL, ids=[s for s, _ in OPTIONAL])
def test_an_optional_source_that_is_down_stops_nothing_else(fresh: Lab, source: str, path: str) -> None:
    refuse(fresh, path, 500, {"message": "boom"})
    set_deal(fresh, "50010003", dealstage="qualifiedtobuy")
    mark = fresh.mark()
    done = fresh.run()
    assert f"{source}: left out this time: " in done.out
    assert {w["field"] for w in fresh.writes(mark, table="Opportunities")} >= {"stage"}
    assert ("source_stale", source) not in open_exceptions(fresh), "what it said before stands until it is stale"
    assert not fresh.writes(mark, table="Attributions")
    mended(fresh)
    assert_idle(fresh)


def test_a_required_source_that_is_down_ends_the_run_before_anything_is_written(lab: Lab) -> None:
    refuse(lab, f"{HUBSPOT}/v3/objects/deals", 500, {"message": "boom"})
    mark = lab.mark()
    stopped = lab.mdfsync("run")
    assert (stopped.code, "try again later" in one_line(stopped), lab.writes(mark)) == (1, True, [])


@pytest.mark.parametrize("body", [{"results": "none"}, {"results": ["x"]}, {"results": [], "total": 0}])
def test_an_answer_that_makes_no_sense_is_held_and_the_rest_is_refreshed(lab: Lab, body: dict[str, Any]) -> None:
    refuse(lab, f"{HUBSPOT}/v3/pipelines", 200, body)
    mark = lab.mark()
    done = lab.run()
    assert "held: hubspot.pipelines: " in done.out
    assert lab.writes(mark, table="Opportunities")
    assert ("source_cut_off", "hubspot.pipelines") in open_exceptions(lab)


# ---------------------------------------------------------------- people who are quicker


@contextmanager
def while_held(lab: Lab, then: Callable[[], None]) -> Iterator[None]:
    """Do something while the fault holds a request of the body back, however long the body takes to get there; the
    request goes on when it is done, and not before."""
    over = threading.Event()
    done: list[bool] = []

    def act() -> None:
        while not acted(lab):
            if over.wait(0.02):
                return
        try:
            then()
            done.append(True)
        finally:
            lab.world.admin("DELETE", "faults")

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert done, "no request was held back"


def test_a_person_who_edits_between_plan_and_write_is_not_overwritten(lab: Lab) -> None:
    lab.run()
    deal = lab.row("Opportunities", opportunity_id="hs-deal-50010003")
    set_deal(lab, "50010003", dealname="As HubSpot has it now")
    break_(lab, "held", RECORDS, method="PATCH", times=1)  # the history row, before the cell is read again
    mark = lab.mark()
    with while_held(lab, lambda: lab.edit(PRIYA, "Opportunities", deal["id"], deal_name="As Priya has it")):
        done = lab.run()
    assert "raced Opportunities/hs-deal-50010003.deal_name" in done.out
    assert not [w for w in lab.writes(mark, table="Opportunities") if w["field"] == "deal_name"]
    mended(lab)
    assert lab.row("Opportunities", opportunity_id="hs-deal-50010003")["fields"]["deal_name"] == "As Priya has it"
    assert ("changed_under_us", "hs-deal-50010003") in open_exceptions(lab)
    states = {r["fields"]["kind"]: r["fields"]["state"] for r in about(lab, "deal_name")}
    assert states == {"tracked": "superseded", "proposal": "pending"}
    mended(lab)  # the exception has said what it had to say
    assert_idle(lab)


def about(lab: Lab, name: str) -> list[dict[str, Any]]:
    """Change History rows of one field of that deal."""
    rows = lab.rows("Change History")
    return [r for r in rows if (r["fields"]["record"], r["fields"]["field"]) == ("hs-deal-50010003", name)]


@pytest.mark.parametrize(
    ("disposition", "left"), [("approved", "As Priya has it"), ("rejected", "As HubSpot has it now")]
)
def test_an_edit_that_no_look_could_have_seen_is_found_afterwards_and_offered_back(
    lab: Lab, disposition: str, left: str
) -> None:
    lab.run()
    deal = lab.row("Opportunities", opportunity_id="hs-deal-50010003")
    set_deal(lab, "50010003", dealname="As HubSpot has it now")
    table = next(w["table_id"] for w in lab.writes(0) if w["table"] == "Opportunities")
    # after the last look, before it takes effect
    break_(lab, "held", f"{table}$", method="PATCH", times=1)
    with while_held(lab, lambda: lab.edit(PRIYA, "Opportunities", deal["id"], deal_name="As Priya has it")):
        lab.run()
    assert lab.row("Opportunities", opportunity_id="hs-deal-50010003")["fields"]["deal_name"] == "As HubSpot has it now"
    mended(lab)
    assert ("overwrote_person", "hs-deal-50010003") in open_exceptions(lab)
    [offered] = [r for r in about(lab, "deal_name") if r["fields"]["kind"] == "restored"]
    assert (offered["fields"]["proposed_value"], offered["fields"]["state"]) == ("As Priya has it", "pending")
    assert PRIYA in offered["fields"]["reason"]
    mended(lab)
    assert_idle(lab)  # it waits
    lab.edit(offered["fields"]["owner"], "Change History", offered["id"], disposition=disposition)
    mended(lab)
    assert lab.row("Opportunities", opportunity_id="hs-deal-50010003")["fields"]["deal_name"] == left
    mended(lab)
    assert ("overwrote_person", "hs-deal-50010003") not in open_exceptions(lab)
    assert_idle(lab)


# ---------------------------------------------------------------- clocks


def test_a_clock_that_is_set_back_narrows_no_interval(lab: Lab) -> None:
    """When a contact joined a deal is known between two pulls; a later pull with an earlier time is not before it."""
    lab.run()
    lab.world.admin("POST", "clock", {"freeze": "2026-11-24T07:00:00.000Z"})
    mark = lab.mark()
    lab.run()
    assert not [w for w in lab.writes(mark) if w["field"].startswith("contact_joined")]
