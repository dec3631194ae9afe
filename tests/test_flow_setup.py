"""Set-up as a newcomer and an administrator meet it: `init`, `doctor`, `check`, `schema plan` and `schema apply`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flow_lab import WORKER, Lab, Outcome, live
from flow_start import ROOT, later, open_exceptions
from policy_tree import SHIPPED, policy_tree, replace

from mdfsync.sandbox.hubspot import TOKEN


@pytest.fixture
def lab(fresh: Lab) -> Lab:
    """A world after its first run, a while later."""
    later(fresh)
    return fresh


def by_hand(lab: Lab, action: str, table: str, **more: Any) -> None:
    """Somebody changes the schema in Airtable's own pages."""
    body = {"action": action, "table": table, **more}
    lab.world.admin("POST", "schema", body | ({"base": lab.base_id} if lab.base_id else {}))


def columns(lab: Lab, table: str) -> dict[str, str]:
    """Name → type of the columns that a table has now."""
    session = lab.as_person(WORKER)
    answer = session.get(
        f"{lab.world.airtable_url}/v0/meta/bases/{lab.base_id or lab.world.base_id}/tables", timeout=30
    )
    found = next(t for t in answer.json()["tables"] if t["name"] == table)
    return {field["name"]: field["type"] for field in found["fields"]}


def lacking_scopes(lab: Lab, *scopes: str) -> None:
    """HubSpot's token loses scopes."""
    life = lab.world.life
    assert life is not None
    with life.store.transaction():
        had = life.store.all("hubspot.tokens")[TOKEN]
        life.store.put("hubspot.tokens", TOKEN, {**had, "scopes": [s for s in had["scopes"] if s not in scopes]})


# ---------------------------------------------------------------- init


def test_init_on_a_base_that_is_ready_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDFSYNC_MODE", "sandbox")
    mark = lab.mark()
    done = lab.mdfsync("init")
    assert (done.code, "nothing to do. Next: mdfsync run" in done.out, lab.writes(mark)) == (0, True, [])


def test_init_shows_what_it_would_make_and_takes_no_for_an_answer(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_id = lab.world.admin("POST", "create_base", {"name": "Empty"})["id"]
    other = live(lab, monkeypatch, tmp_path / "live-home", base_id)
    shown = typed(other, "n\n", "init")
    assert (shown.returncode, "+ make table Partners with" in shown.stdout) == (3, True)
    assert "the base has no rows yet" in shown.stdout
    assert "mdfsync: nothing was done" in shown.stderr
    assert other.mdfsync("run").code == 2, "still nothing there"
    done = typed(other, "y\n", "init")
    assert (done.returncode, done.stdout.count("by hand, when convenient")) == (0, 1)
    assert other.mdfsync("init").code == 0


def typed(lab: Lab, answers: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own, with a person's answers on standard input."""
    return subprocess.run(
        [sys.executable, "-m", "mdfsync", *arguments], cwd=lab.home, input=answers, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, start_new_session=True,
    )  # fmt: skip


def test_init_without_credentials_writes_an_env_file_that_nobody_else_can_read(lab: Lab) -> None:
    done = typed(lab, "patOne.secret\nappTwo\npat-three\n", "init")
    env = lab.home / ".env"
    assert (done.returncode, env.stat().st_mode & 0o777) == (0, 0o600)
    assert env.read_text(encoding="utf-8").splitlines() == [
        "AIRTABLE_API_KEY=patOne.secret", "AIRTABLE_BASE_ID=appTwo", "HUBSPOT_ACCESS_TOKEN=pat-three"
    ]  # fmt: skip
    assert "patOne" not in done.stdout + done.stderr
    env.write_text("MDFSYNC_HOME=x\n", encoding="utf-8")
    again = typed(lab, "", "init")
    assert (again.returncode, ".env is there but lacks AIRTABLE_API_KEY" in again.stderr) == (2, True)


# ---------------------------------------------------------------- doctor


def told(outcome: Outcome, check: str) -> str:
    """What doctor says of one check, with what to do."""
    lines = outcome.out.splitlines()
    at = next(n for n, line in enumerate(lines) if line[:5].strip() and line[5:].startswith(f"{check}: "))
    return "\n".join(lines[at : at + 2])


def test_doctor_finds_nothing_amiss(lab: Lab) -> None:
    mark = lab.mark()
    done = lab.mdfsync("doctor")
    assert (done.code, lab.writes(mark)) == (0, [])
    assert "look" not in [line.split()[0] for line in done.out.splitlines() if line.strip()]
    for check in ("Airtable token", "base", "change feed", "HubSpot", "hubspot.deals", "crossbeam.api", "records"):
        assert told(done, check).startswith("ok")
    assert {entry["ok"] for entry in lab.mdfsync("doctor", "--json").json} == {True}


def test_doctor_says_which_scope_is_missing_and_what_to_do(lab: Lab) -> None:
    lacking_scopes(lab, "forms", "sales-email-read")
    done = lab.mdfsync("doctor")
    assert done.code == 0, "both are optional"
    assert "needs scope forms" in told(done, "hubspot.form_submissions")
    assert "→ add forms" in told(done, "hubspot.form_submissions")
    assert "→ add crm.objects.contacts.read, sales-email-read" in told(done, "hubspot.emails")
    lacking_scopes(lab, "crm.objects.deals.read")
    done = lab.mdfsync("doctor")
    assert (done.code, "→ add crm.objects.deals.read" in told(done, "hubspot.deals")) == (1, True)


def test_doctor_names_properties_that_are_not_as_required_and_a_report_that_is_not_there(lab: Lab) -> None:
    life = lab.world.life
    assert life is not None
    kept = life.store.all("hubspot.properties")["deals"]["results"]
    changed = [{**p, "archived": p["name"] == "partner_contribution"} for p in kept if p["name"] != "deal_source"]
    life.store.put("hubspot.properties", "deals", {"results": changed})
    life.store.set("hubspot.revenue_report", False)
    done = lab.mdfsync("doctor")
    life.store.put("hubspot.properties", "deals", {"results": kept})
    life.store.set("hubspot.revenue_report", True)
    assert done.code == 0, "a run works without them"
    said = told(done, "HubSpot properties of deals")
    assert "deal_source does not exist in HubSpot, create it (type enumeration" in said
    assert "partner_contribution is archived in HubSpot, restore it" in said
    assert "→ set them up in HubSpot" in said
    assert "or do without" in told(done, "hubspot.campaign_totals")


def test_doctor_looks_at_crossbeam_and_the_webhook_right(lab: Lab) -> None:
    life = lab.world.life
    assert life is not None
    life.store.set("crossbeam.refresh_token", "another")
    refused = {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}}
    lab.world.admin("POST", "faults", {"kind": "answer", "path": "/webhooks", "status": 403, "body": refused})
    done = lab.mdfsync("doctor")
    assert done.code == 0
    assert "CROSSBEAM_REFRESH_TOKEN" in told(done, "crossbeam.api")
    assert told(done, "crossbeam.api").startswith("look")
    assert "webhook:manage" in told(done, "change feed")


REFUSED = {"error": {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "message": "scope too low"}}
ELSEWHERE = ("policy", "state", "archive", "HubSpot", "hubspot.deals", "crossbeam.api", "finance.expenses")


@pytest.mark.parametrize(
    ("path", "status", "refused", "skipped"),
    [
        ("/v0/meta/whoami", 401, "Airtable token", ("base", "change feed", "records")),
        ("/v0/meta/bases", 403, "base", ("change feed", "records")),
        ("/v0/app.*/tbl", 403, "records", ()),
    ],
)
def test_doctor_goes_on_after_a_refusal_and_says_what_it_could_not_look_at(
    lab: Lab, path: str, status: int, refused: str, skipped: tuple[str, ...]
) -> None:
    lab.world.admin("POST", "faults", {"kind": "answer", "path": path, "status": status, "body": REFUSED})
    done = lab.mdfsync("doctor")
    assert (done.code, told(done, refused).startswith("look"), "→ " in told(done, refused)) == (1, True, True)
    for check in skipped:
        assert told(done, check).startswith(f"skip {check}: not looked at, it needs")
    assert [check for check in ELSEWHERE if not told(done, check).startswith("ok")] == []
    entries = {entry["check"]: entry for entry in lab.mdfsync("doctor", "--json").json}
    assert sorted(check for check, entry in entries.items() if entry["skipped"]) == sorted(skipped)


def test_doctor_tells_a_damaged_state_apart_from_what_is_whole(lab: Lab) -> None:
    (lab.home / "sandbox" / "state.db").write_bytes(b"no database at all")
    done = lab.mdfsync("doctor")
    assert (done.code, told(done, "state").startswith("look")) == (1, True)
    for check in ("taken over", "change feed", "Airtable calls this month"):
        assert told(done, check).startswith(f"skip {check}: not looked at, it needs the state")
    for check in ("Airtable token", "base", "records", "HubSpot", "crossbeam.api", "archive"):
        assert told(done, check).startswith("ok")


def test_doctor_says_what_the_base_lacks(lab: Lab) -> None:
    by_hand(lab, "delete_field", "Opportunities", field="stage")
    by_hand(lab, "change_type", "Opportunities", field="deal_type", type="number", options={"precision": 0})
    done = lab.mdfsync("doctor")
    assert (done.code, "→ mdfsync schema apply" in told(done, "base")) == (1, True)
    assert "change its type to singleLineText" in done.out


# ---------------------------------------------------------------- check


def test_check_says_what_it_checked(lab: Lab) -> None:
    assert lab.mdfsync("check").out.startswith("policy is consistent: ")
    facts = lab.mdfsync("check", "--json").json
    assert (facts["ok"], facts["tables"], facts["root"]) == (True, 26, str(SHIPPED))


def test_check_prints_every_reason_of_a_broken_policy_with_file_and_key(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policy").mkdir()
    root = policy_tree(tmp_path / "policy")
    replace(root, "source-register.csv", ",26h,", ",soon,")
    replace(root, "schema/rules.toml", "[rules.missing_id]", "[rules.missing_idd]")
    replace(root, "schema/mappings/finance-expenses.toml", 'table = "Expenses"', 'table = "Expences"')
    monkeypatch.setenv("MDFSYNC_POLICY", str(root))
    asked = lab.world.admin("GET", "requests")["total"]
    refused = lab.mdfsync("check")
    reasons = refused.err.splitlines()
    assert (refused.code, refused.out) == (2, "")
    assert len(reasons) >= 4
    assert all(line.startswith("mdfsync: ") for line in reasons)
    for file, word in (
        ("source-register.csv", "refresh_window: is not a duration"),
        ("schema/rules.toml", "missing_idd"),
        ("schema/rules.toml", "missing_id:"),
        ("schema/mappings/finance-expenses.toml", "Expences"),
    ):
        assert any(f"mdfsync: {file}: " in line and word in line for line in reasons), (file, word, reasons)
    assert lab.mdfsync("run").code == 2
    assert lab.world.admin("GET", "requests")["total"] == asked, "no network before the policy holds"


def test_a_policy_folder_without_a_dictionary_is_refused(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDFSYNC_POLICY", str(tmp_path))
    refused = lab.mdfsync("check")
    assert (refused.code, "no field-dictionary.json in" in refused.err) == (2, True)


# ---------------------------------------------------------------- schema


def test_schema_apply_adds_what_is_missing_and_touches_nothing_else(lab: Lab) -> None:
    by_hand(lab, "rename_field", "Opportunities", field="stage", name="Phase of the deal")
    by_hand(lab, "delete_field", "Opportunities", field="stage_label")
    by_hand(lab, "delete_field", "Leads", field="campaign")
    by_hand(lab, "change_type", "Opportunities", field="deal_type", type="number", options={"precision": 0})
    by_hand(lab, "create_field", "Opportunities", name="Our own column", type="singleLineText")
    by_hand(lab, "rename_table", "Postmortems", name="Looking back")
    before, mark = columns(lab, "Opportunities"), lab.mark()
    plan = lab.mdfsync("schema", "plan")
    assert (plan.code, columns(lab, "Opportunities")) == (0, before)
    assert "+ add Opportunities.stage_label (singleLineText)" in plan.out
    assert "+ add Leads.campaign (multipleRecordLinks)" in plan.out
    assert "needs you Opportunities.deal_type: the column 'deal_type' is number" in plan.out
    assert "Opportunities.stage: is called 'Phase of the deal' in the base; it stays bound" in str(
        lab.mdfsync("schema", "plan", "--json").json["manual"]
    )
    done = lab.mdfsync("schema", "apply")
    assert (done.code, "made 2: " in done.out) == (0, True)
    after = columns(lab, "Opportunities")
    assert after == {**before, "stage_label": "singleLineText"}
    assert columns(lab, "Leads")["campaign"] == "multipleRecordLinks"
    assert not lab.writes(mark), "no cell is touched"
    again = lab.mdfsync("schema", "apply", "--json").json
    assert (again["made"], again["refused"], columns(lab, "Opportunities")) == ([], [], after)
    later(lab)
    lab.run()
    labels = {r["fields"].get("stage_label", "") for r in lab.rows("Opportunities")}
    assert "Qualified to buy" in labels, "a column that came back is filled again"
    drift = {k for k in open_exceptions(lab) if k[0] == "schema_drift"}
    assert drift == {("schema_drift", "airtable.base")}


def test_schema_apply_builds_everything_on_an_empty_base_and_then_nothing(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base_id = lab.world.admin("POST", "create_base", {"name": "Empty"})["id"]
    other = live(lab, monkeypatch, tmp_path / "live-home", base_id)
    planned = other.mdfsync("schema", "plan", "--json").json["operations"]
    assert planned[0].startswith("make table Partners with ")
    made = other.mdfsync("schema", "apply", "--json").json
    assert (len(made["made"]) >= 26, made["refused"]) == (True, [])
    assert other.mdfsync("schema", "plan", "--json").json["operations"] == []
    assert other.mdfsync("schema", "apply", "--json").json["made"] == []
    assert other.mdfsync("run").code == 0, "an empty base that we built needs no taking over"


def test_a_refused_column_becomes_a_step_for_a_person_and_the_others_are_made(lab: Lab) -> None:
    by_hand(lab, "delete_field", "Opportunities", field="stage_label")
    by_hand(lab, "delete_field", "Leads", field="job_title")
    body = {"error": {"type": "UNSUPPORTED_FIELD_TYPE_FOR_CREATE", "message": "not by API"}}
    rule = {"kind": "answer", "method": "POST", "path": "/fields", "status": 422, "body": body, "times": 1}
    lab.world.admin("POST", "faults", rule)
    done = lab.mdfsync("schema", "apply")
    assert (done.code, done.out.count("refused by Airtable"), "made 1: " in done.out) == (0, 1, True)
    assert len(lab.mdfsync("schema", "plan", "--json").json["operations"]) == 1
