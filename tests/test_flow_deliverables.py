"""The deliverable plan end to end on the embedded world: cells, exceptions, acceptance by the other side, documents."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

from casebook import ROOT
from flow_lab import DANA, HEARTBEAT, LEE, PRIYA, Lab
from jsonschema import Draft202012Validator
from pypdf import PdfReader

GOLDEN = Path(__file__).parent / "golden" / "deliverables-JC-1041.json"
SCHEMA = json.loads((ROOT / "schema" / "deliverables.schema.json").read_text(encoding="utf-8"))
ELSEWHERE = {"money_at_risk", "policy", "files"}
"""What other tests look after, or what says nothing of the plan."""


def told(lab: Lab, campaign: str = "JC-1041") -> dict[str, Any]:
    done = lab.mdfsync("deliverables", campaign, "--json", "--format", "json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    assert not [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)]
    return document


def cell(lab: Lab, id: str, name: str) -> str:
    return str(lab.row("Deliverables", deliverable_id=id)["fields"].get(name, ""))


def type_in(lab: Lab, who: str, id: str, **cells: Any) -> None:
    lab.edit(who, "Deliverables", lab.row("Deliverables", deliverable_id=id)["id"], **cells)


def open_exceptions(lab: Lab, *rules: str) -> list[tuple[str, str]]:
    found = [row["fields"] for row in lab.rows("Exceptions")]
    return sorted(
        (f["exception_type"], f["record"]) for f in found if f["status"] == "open" and f["exception_type"] in rules
    )


RULES = ("deliverable_plan", "deliverable_blocked", "deliverable_late", "decision_unclear")


def test_the_plan_of_the_roadshow_is_as_it_was_reviewed(fresh: Lab) -> None:
    """GOLDEN=write in the environment writes the file anew; read the difference before it is kept."""
    mark = fresh.mark()
    made = {name: value for name, value in told(fresh).items() if name not in ELSEWHERE}
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert made == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert not fresh.writes(mark), "a document writes nothing"


def test_cells_and_document_say_the_same_of_every_campaign(fresh: Lab) -> None:
    for campaign in (row["fields"]["joint_campaign_id"] for row in fresh.rows("Campaigns")):
        for piece in told(fresh, campaign)["deliverables"]:
            id = piece["deliverable_id"]
            blockers = [*piece["blocked_by"], *(f"hold {rule}" for rule in piece["held_by"])]
            assert cell(fresh, id, "deliverable_status") == piece["status"]
            assert cell(fresh, id, "blocked_by") == (", ".join(blockers) or "none")
            assert cell(fresh, id, "blocks_ids") == (", ".join(piece["blocks"]) or "none")


def test_every_form_is_made_and_says_who_owes_what(fresh: Lab) -> None:
    out = fresh.home / "plan"
    forms = [word for form in ("html", "pdf", "md", "json", "csv", "xlsx") for word in ("--format", form)]
    done = fresh.mdfsync("deliverables", "JC-1041", "--slip", "14", *forms, "--out", str(out))
    assert done.code == 0, done.err
    assert sorted(f.name for f in out.iterdir()) == [
        f"deliverables.{form}" for form in ("csv", "html", "json", "md", "pdf", "xlsx")
    ]
    with (out / "deliverables.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = {line["deliverable_id"]: line for line in csv.DictReader(file)}
    assert lines["dl-1041-invites"]["moves_if_it_slips"] == "dl-1041-berlin +4"
    text = " ".join("".join(page.extract_text() for page in PdfReader(out / "deliverables.pdf").pages).split())
    assert "Invitations Berlin to 400 contacts" in text and "Money at risk" in text


def test_accepting_what_was_late_frees_what_waits_for_it_and_then_nothing_is_written(fresh: Lab) -> None:
    assert open_exceptions(fresh, *RULES) == [
        ("deliverable_late", "dl-1041-invites"), ("deliverable_plan", "dl-1041-ads"),
    ]  # fmt: skip
    type_in(fresh, PRIYA, "dl-1041-invites", deliverable_state="delivered", delivered_on="2026-11-20")
    type_in(fresh, PRIYA, "dl-1041-invites", acceptance_decision="accepted")
    fresh.run()
    assert cell(fresh, "dl-1041-invites", "deliverable_status") == "done"
    assert (cell(fresh, "dl-1041-berlin", "deliverable_status"), cell(fresh, "dl-1041-berlin", "blocked_by")) == (
        "on_track", "none",
    )  # fmt: skip
    assert open_exceptions(fresh, *RULES) == [("deliverable_plan", "dl-1041-ads")]
    mark = fresh.mark()
    fresh.run()
    assert {w["table"] for w in fresh.writes(mark)} == {HEARTBEAT}


def test_what_we_owe_is_done_once_the_partners_acceptance_is_recorded_with_its_paper(fresh: Lab) -> None:
    type_in(fresh, PRIYA, "dl-1041-dublin", acceptance_decision="accepted")  # she owes it
    fresh.run()
    assert ("decision_unclear", "dl-1041-dublin") in open_exceptions(fresh, *RULES)
    type_in(fresh, DANA, "dl-1041-dublin", acceptance_decision=None)
    type_in(fresh, DANA, "dl-1041-dublin", acceptance_decision="accepted")
    fresh.run()
    assert cell(fresh, "dl-1041-dublin", "deliverable_status") != "done"
    assert ("deliverable_plan", "dl-1041-dublin") in open_exceptions(fresh, *RULES)
    paper = fresh.add(
        LEE, "Evidence", evidence_id="ev-1041-dublin-acceptance", evidence_type="approval",
        evidence_title="Fernway's acceptance of Dublin", joint_campaign_id="JC-1041", partner_id="pt-fernway",
        deliverable_ids="dl-1041-dublin", file_url="https://fernway.example/mail/77", received_on="2026-11-20",
    )  # fmt: skip
    fresh.edit(LEE, "Evidence", paper["id"], evidence_decision="accepted")
    fresh.run()
    assert cell(fresh, "dl-1041-dublin", "deliverable_status") == "done"
    assert not [found for found in open_exceptions(fresh, *RULES) if found[1] == "dl-1041-dublin"]
    mark = fresh.mark()
    fresh.run()
    assert {w["table"] for w in fresh.writes(mark)} == {HEARTBEAT}


def test_a_circle_is_one_exception_and_the_rest_of_the_plan_stands(fresh: Lab) -> None:
    type_in(fresh, PRIYA, "dl-1041-invites", depends_on_ids="dl-1041-berlin")
    fresh.run()
    assert open_exceptions(fresh, "deliverable_plan") == [
        ("deliverable_plan", "dl-1041-ads"), ("deliverable_plan", "dl-1041-berlin"),
    ]  # fmt: skip
    document = told(fresh)
    assert document["circles"] == [["dl-1041-berlin", "dl-1041-invites"]]
    slack = {of["deliverable_id"]: of["slack_days"] for of in document["deliverables"]}
    assert (slack["dl-1041-berlin"], slack["dl-1041-invites"], slack["dl-1041-ads"]) == (None, None, 27)


def test_an_unknown_campaign_is_said_in_one_line(fresh: Lab) -> None:
    done = fresh.mdfsync("deliverables", "JC-9999")
    assert (done.code, len(done.err.strip().splitlines()[-1:])) == (2, 1)
