"""The refresh end to end on the embedded default, judged by the sandbox's own write log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
from flow_lab import HEARTBEAT, Lab, unrecorded

SIX_HOLDS = {
    "ineligible_expense", "disputed_ownership", "unreconciled_lead", "unsupported_influence", "missing_proof",
    "outside_agreement",
}  # fmt: skip
SCHEMA = Path(__file__).parent.parent / "schema" / "run-report.schema.json"


def test_first_run_fills_the_base_and_shows_the_six_holds(lab: Lab) -> None:
    done = lab.run()
    assert done.out.startswith("mdfsync: embedded sandbox")
    assert {r["fields"]["rule_id"] for r in lab.rows("Holds")} >= SIX_HOLDS
    filled = {
        t: len(lab.rows(t)) for t in ("Opportunities", "Leads", "Shared Accounts", "Expenses", "Evidence", "Sources")
    }
    assert all(filled.values()), filled
    assert not unrecorded(lab)


def test_reports_are_valid_and_cite_sources(lab: Lab) -> None:
    answer = lab.run("--json").json
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert set(answer) == {"run_id", "reports"}
    for report in answer["reports"]:
        jsonschema.validate(report, schema)
    steps = {r["step_number"] for r in answer["reports"]}
    assert {3, 4, 5, 8, 9, 10} <= steps
    assert all(r["source_records"] for r in answer["reports"])


def test_a_second_run_writes_nothing_but_its_heartbeat(lab: Lab) -> None:
    lab.run()
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


def test_the_next_day_brings_changes_and_every_prior_value_stands_in_change_history(lab: Lab) -> None:
    lab.run()
    mark = lab.mark()
    for _ in range(4):
        lab.advance()
        lab.run()
    kinds = {r["fields"]["kind"] for r in lab.rows("Change History")}
    assert {"proposal", "tracked", "computed", "drift", "withdrawn", "operator_edit"} <= kinds
    assert lab.writes(mark, table="Leads"), "new rows appear"
    assert not unrecorded(lab)
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


def test_nothing_is_ever_deleted_or_blanked(lab: Lab) -> None:
    lab.run()
    for _ in range(3):
        lab.advance()
        lab.run()
    log = lab.writes(0)
    assert not [w for w in log if w["op"] == "delete" or w["after"] in (None, "", [])]


def test_plan_writes_nothing_and_apply_takes_only_that_plan(lab: Lab) -> None:
    lab.run()
    lab.advance()
    mark = lab.mark()
    digest = lab.mdfsync("plan", "--json").json["digest"]
    assert not lab.writes(mark)
    assert lab.mdfsync("apply", "--digest", "0" * 64).code == 3
    lab.advance()
    stale = lab.mdfsync("apply", "--digest", digest)
    assert (stale.code, lab.writes(mark)) == (3, [])
    assert "stale" in stale.err
    fresh = lab.mdfsync("plan", "--json").json["digest"]
    assert lab.mdfsync("apply", "--digest", fresh).code == 0
    assert lab.writes(mark)


def test_a_plan_holds_until_something_moves(lab: Lab) -> None:
    lab.run()
    for _ in range(3):
        lab.advance()
        digest = lab.mdfsync("plan", "--json").json["digest"]
        assert lab.mdfsync("plan", "--json").json["digest"] == digest
        assert lab.mdfsync("apply", "--digest", digest).code == 0


def test_a_run_that_was_stopped_is_remembered_with_its_reason(lab: Lab) -> None:
    lab.run()
    lab.advance()
    digest = lab.mdfsync("plan", "--json").json["digest"]
    lab.advance()
    lab.mdfsync("apply", "--digest", digest)
    last, before = lab.mdfsync("status", "--json").json["runs"][:2]
    assert (last["status"], "stale" in last["stopped"], before["stopped"]) == ("stopped", True, "")


def test_run_for_one_campaign_writes_only_its_rows(lab: Lab) -> None:
    lab.run("--campaign", "JC-1042")
    campaigns = {r["fields"].get("joint_campaign_id") for r in lab.rows("Opportunities")}
    assert campaigns == {"JC-1042"}
    lab.run()
    assert len({r["fields"].get("joint_campaign_id") for r in lab.rows("Opportunities")}) > 1


def test_a_narrowed_run_keeps_what_earlier_runs_know_to_be_gone(lab: Lab) -> None:
    """It judges no absence itself, and unlearns none either."""
    for _ in range(5):
        lab.run()
        lab.advance()
    lab.run()
    assert "no_longer_visible" in {row["fields"]["overlap_status"] for row in lab.rows("Shared Accounts")}
    mark = lab.mark()
    for campaign in ("JC-1041", "JC-1042"):
        lab.run("--campaign", campaign)
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}


def test_fail_on_hold_gives_exit_code_five(lab: Lab) -> None:
    assert lab.mdfsync("run", "--fail-on", "hold").code == 5


def test_explain_never_calls_a_computed_cell_typed(lab: Lab) -> None:
    lab.run()
    partner = lab.rows("Partners")[0]["fields"]["partner_id"]
    assert "airtable.base the row itself, which a person typed" in lab.mdfsync("explain", partner, "source_ref").out
    shutil.rmtree(lab.home / "sandbox" / "archive")
    expense = lab.rows("Expenses")[0]["fields"]["expense_id"]
    for row, field, origin in (
        (partner, "partner_name", "typed by a person; the worker only reads it"),
        (partner, "source_ref", "computed by the worker; the run that wrote it is not in this archive"),
        (expense, "source_ref", "computed by the worker; the run that wrote it is not in this archive"),
        (expense, "campaign", "typed by a person, or written by a run that is not in this archive"),
        (expense, "review_decision", "nobody has filled it yet"),
    ):
        assert origin in lab.mdfsync("explain", row, field).out, (row, field)


def test_explain_reaches_the_archived_bytes(lab: Lab) -> None:
    lab.run()
    deal = lab.rows("Opportunities")[0]["fields"]["opportunity_id"]
    told = lab.mdfsync("explain", deal, "stage", "--json").json[0]
    source = told["sources"][0]
    assert (source["source_id"], source["fault"], source["bytes"] > 0) == ("hubspot.deals", None, True)
    assert told["written_by"][0]["value"] == told["value"]
    assert lab.mdfsync("verify").code == 0
