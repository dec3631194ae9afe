"""A campaign's archive end to end on the embedded world: the rows that ask people to look back are made once and hold
none of their words; the bundle is whole, is made the same twice, and the base says where it lies."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from casebook import ROOT
from flow_lab import DANA, Lab, unrecorded
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from mdfsync.documents.archive import archive_faults

GOLDEN = Path(__file__).parent / "golden" / "postmortem-JC-1042.json"
SCHEMA = json.loads((ROOT / "schema" / "postmortem.schema.json").read_text(encoding="utf-8"))
MANIFEST = json.loads((ROOT / "schema" / "archive-manifest.schema.json").read_text(encoding="utf-8"))
HISTORY = (
    "held_on",
    "participants",
    "what_happened",
    "keep",
    "stop",
    "start",
    "outcome",
    "decided_by",
    "archive_until",
)


def made(lab: Lab, *arguments: str) -> dict[str, Any]:
    done = lab.mdfsync("archive", "JC-1042", *arguments, "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    return document


def test_a_campaign_that_is_over_gets_a_row_to_look_back_in_and_people_write_there(fresh: Lab) -> None:
    row = fresh.row("Postmortems", postmortem_id="pm-JC-1042")
    assert not set(row["fields"]) & set(HISTORY)
    asked = fresh.row("Decisions", decision_id="dc-outcome-JC-1042")["fields"]
    assert asked["question"] == "What becomes of Spend Analytics Series: repeat, change, pause or stop?"
    assert "decision_state" not in asked
    asking = fresh.row("Decisions", decision_id="dc-outcome-JC-1042")["id"]
    fresh.edit(DANA, "Decisions", asking, question="Again next spring?", decision_state="open")
    fresh.edit(DANA, "Postmortems", row["id"], keep="The breakfasts.", outcome="repeat", held_on="2026-11-20")
    mark = fresh.mark()
    fresh.run()
    fresh.run()
    after = fresh.row("Postmortems", postmortem_id="pm-JC-1042")["fields"]
    assert (after["keep"], after["outcome"]) == ("The breakfasts.", "repeat")
    assert {row["fields"]["postmortem_id"] for row in fresh.rows("Postmortems")} == {"pm-1040", "pm-JC-1042"}
    assert fresh.row("Decisions", decision_id="dc-outcome-JC-1042")["fields"]["question"] == "Again next spring?"
    told = [
        r["fields"]
        for r in fresh.rows("Exceptions")
        if r["fields"].get("record") in {"dc-outcome-JC-1042", "pm-JC-1042"}
    ]
    assert told == [], "to write in these rows is no deviation"
    assert not unrecorded(fresh, mark)


def test_the_postmortem_is_as_it_was_reviewed(fresh: Lab) -> None:
    """GOLDEN=write in the environment writes the file anew; read the difference before it is kept. The rules that found
    nothing and the policy's digest move with the policy and are left out."""
    document = made(fresh, "--dry-run")
    assert [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)] == []
    told = {name: value for name, value in document.items() if name not in {"archive", "files", "policy"}}
    told["rule_changes"] = {**told["rule_changes"], "silent_rules": []}
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert told == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_a_dry_run_says_what_would_go_in_and_writes_nothing(fresh: Lab) -> None:
    before = sorted(path for path in fresh.home.rglob("*") if path.suffix in {".zip", ".pdf"})
    document = made(fresh, "--dry-run")
    assert document["archive"]["dry_run"]
    assert document["archive"]["zip"] is None
    assert "postmortem/postmortem-JC-1042.pdf" in document["archive"]["names"]
    assert sorted(path for path in fresh.home.rglob("*") if path.suffix in {".zip", ".pdf"}) == before


def test_a_campaign_that_is_not_over_is_refused_unless_asked_for_as_it_is(fresh: Lab) -> None:
    refused = fresh.mdfsync("archive", "JC-1041")
    assert (refused.code, "is not over" in refused.err) == (3, True)
    done = fresh.mdfsync("archive", "JC-1041", "--interim", "--format", "md", "--json")
    assert done.code == 0, done.err
    assert Path(done.json["archive"]["zip"]).name == "archive-JC-1041-interim.zip"
    mark = fresh.mark()
    fresh.run()
    assert "archive_location" not in {write["field"] for write in fresh.writes(mark)}, (
        "the base is told of no interim one"
    )


def test_the_archive_is_whole_the_same_twice_and_the_base_says_where_it_lies(fresh: Lab) -> None:
    mark = fresh.mark()
    first = made(fresh)
    path = Path(first["archive"]["zip"])
    manifest, faults = archive_faults(path)
    assert faults == []
    assert [f"{e.json_path}: {e.message}" for e in Draft202012Validator(MANIFEST).iter_errors(manifest)] == []
    assert set(manifest["counts"]) == {"originals", "policy", "postmortem", "record", "reports", "sources"}
    once = path.read_bytes()
    assert made(fresh)["archive"]["digest"] == first["archive"]["digest"]
    assert path.read_bytes() == once
    assert not fresh.writes(mark), "the verb writes nothing into the base"
    fresh.run()
    row = fresh.row("Postmortems", postmortem_id="pm-JC-1042")["fields"]
    assert (row["archive_location"], row["archive_digest"]) == (str(path), first["archive"]["digest"])
    mark = fresh.mark()
    fresh.run()
    assert [write for write in fresh.writes(mark) if write["table"] != "Sync Runs"] == []


def test_everything_of_the_campaign_is_in_it_and_a_person_can_check_it(fresh: Lab, tmp_path: Path) -> None:
    document = made(fresh, "--out", str(tmp_path / "out"))
    with zipfile.ZipFile(document["archive"]["zip"]) as found:
        names = found.namelist()
        found.extractall(tmp_path / "unpacked")
        holds = json.loads(found.read("record/holds.json"))
        reports = [json.loads(found.read(name)) for name in names if name.startswith("reports/")]
    assert {Path(name).suffix for name in names if name.startswith("postmortem/")} == {".html", ".pdf", ".md", ".json"}
    assert {row["cells"]["joint_campaign_id"] for row in holds} == {"JC-1042"}
    assert {row["joint_campaign_id"] for report in reports for row in report["records"]} == {"JC-1042"}
    about = {one["record_id"] for report in reports for one in report["exceptions"]}
    assert "EXP-2004" in about and not {id for id in about if "JC-1041" in id or "fernway" in id}
    assert "policy/schema/rules.toml" in names
    assert "policy/schema/programmes/northlight-mdf.toml" in names
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "unpacked", check=False)
    assert checked.returncode == 0
    pages = PdfReader(tmp_path / "out" / "postmortem-JC-1042.pdf")
    assert "Refused, held, late and forfeited" in "".join(page.extract_text() for page in pages.pages)
    titles = [str(mark["/Title"]) for mark in pages.outline if isinstance(mark, dict)]
    assert any("Rule changes proposed" in title for title in titles)


def test_the_verb_verify_checks_an_archive(fresh: Lab) -> None:
    path = Path(made(fresh, "--format", "md")["archive"]["zip"])
    whole = fresh.mdfsync("verify", str(path))
    assert whole.code == 0, whole.err
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert fresh.mdfsync("verify", str(path)).code == 1


def test_documents_that_were_made_before_go_in_and_the_archive_itself_does_not(fresh: Lab) -> None:
    assert fresh.mdfsync("charter", "JC-1042", "--format", "md").code == 0
    first = made(fresh)
    assert "documents/JC-1042/charter-v1.md" in first["archive"]["names"]
    assert not [name for name in made(fresh)["archive"]["names"] if name.startswith("documents/") and "archive" in name]


@pytest.mark.parametrize("name", ["JC-9999", "<script>"])
def test_a_campaign_that_is_not_there_is_told_with_those_that_are(name: str, fresh: Lab) -> None:
    done = fresh.mdfsync("archive", name)
    assert (done.code, "JC-1042" in done.err) == (2, True)


def test_what_people_let_pass_again_and_again_becomes_a_proposal_that_nobody_applied(
    fresh: Lab, tmp_path: Path
) -> None:
    for row in fresh.rows("Holds"):
        if row["fields"]["rule_id"] == "disputed_ownership":
            fresh.edit(DANA, "Holds", row["id"], disposition="waive", waive_reason="Both sides agreed by e-mail.")
    fresh.run()
    rules = (ROOT / "schema" / "rules.toml").read_bytes()
    document = made(fresh, "--out", str(tmp_path / "out"))
    (change,) = document["rule_changes"]["changes"]
    assert (change["path"], change["prior"], change["proposed"]) == (
        ["rules", "disputed_ownership", "severity"], "high", "medium"
    )  # fmt: skip
    assert {case["campaign"] for case in change["cases"]} >= {"JC-1042"}
    assert "postmortem/postmortem-JC-1042.policy-changes.diff" in document["archive"]["names"]
    diff = tmp_path / "out" / "postmortem-JC-1042.policy-changes.diff"
    assert diff.read_text(encoding="utf-8") == document["rule_changes"]["diff"]
    assert (ROOT / "schema" / "rules.toml").read_bytes() == rules
    assert "Holds" in {row["row"].partition("/")[0] for row in document["deviations"] if row["kind"] == "let pass"}
