"""The overlap map over the whole flow: targets that both owners approved, what lapses that, document and tables."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import openpyxl
from flow_lab import PRIYA, Lab
from flow_start import later
from pypdf import PdfReader

from mdfsync.sandbox.hubspot.world import touch

JC, ACCOUNT = "JC-1041", "sa-JC-1041-pt-fernway-hs-co-8810020011"
TOM = "tom.hale@northlight.example"


def told(fresh: Lab, *arguments: str) -> Any:
    done = fresh.mdfsync("overlaps", *arguments, "--json")
    assert done.code == 0, done.err
    return done.json


def account(fresh: Lab, id: str = ACCOUNT) -> dict[str, Any]:
    fields: dict[str, Any] = fresh.row("Shared Accounts", shared_account_id=id)["fields"]
    return fields


def test_the_map_in_every_form_and_looking_changes_nothing(fresh: Lab) -> None:
    mark = fresh.mark()
    forms = [word for form in ("html", "pdf", "md", "json", "csv", "xlsx") for word in ("--format", form)]
    found = told(fresh, JC, *forms)
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)
    files = {Path(name).suffix: Path(name) for name in found["files"]}
    pdf = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(files[".pdf"].read_bytes())).pages)
    html, markdown = (files[suffix].read_text(encoding="utf-8") for suffix in (".html", ".md"))
    for words in ("Observability Roadshow", "Quarrystone Mutual", "partner's open opportunity"):
        assert words in pdf and words.replace("'", "&#39;") in html and words in markdown.replace("\\", "")
    for words in ("Alder &amp; Finch Logistics", "proves nothing about launch", "named in the charter", "internal"):
        assert words in html
    assert json.loads(files[".json"].read_text(encoding="utf-8"))["partners"] == found["partners"]
    [partner] = found["partners"]
    assert partner["snapshot"]["label"] == "late" and partner["counts"]["target"] == len(partner_targets(found))
    sheet = openpyxl.load_workbook(files[".xlsx"]).active
    assert sheet is not None
    rows = list(csv.reader(io.StringIO(files[".csv"].read_text(encoding="utf-8-sig"))))
    assert [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()] == rows
    assert len(rows) == 1 + len(partner_targets(found))


def test_a_page_names_people_and_partners_and_no_hash(fresh: Lab, tmp_path: Path) -> None:
    fresh.run()
    for campaign in ("JC-1041", "JC-1044"):
        fresh.mdfsync("overlaps", campaign, "--format", "md", "--out", str(tmp_path / campaign))
    approved, asked = ((tmp_path / c / "overlaps.md").read_text() for c in ("JC-1041", "JC-1044"))
    assert not re.search(r"[0-9a-f]{16}", approved)
    assert "approved by both owners (priya.nair@" in approved and "8 targets, version " in approved
    assert "partner owner of Ostrea Pay: not asked" in asked


def partner_targets(found: Any) -> list[str]:
    targets: list[str] = found["target_list"]["targets"]
    return targets


def test_every_row_cites_its_sources_and_the_list_says_who_approved_which_version(fresh: Lab) -> None:
    found = told(fresh, JC)
    assert all(row["evidence_source_ids"] and row["source_ref"] for p in found["partners"] for row in p["rows"])
    approvals = found["target_list"]["approvals"]
    assert [(a["state"], a["by"]) for a in approvals] == [
        ("approved", PRIYA),
        ("approved", "lena.vogt@fernway.example"),
    ]
    assert all(a["version"] and a["at"] for a in approvals)
    assert account(fresh)["target_approval_id"] == "ap-1041-targeting-partner, ap-1041-targeting-us"


def test_another_set_of_targets_is_another_version_and_lapses_the_approval(fresh: Lab) -> None:
    before = told(fresh, JC)["target_list"]
    row = fresh.row("Shared Accounts", shared_account_id=ACCOUNT)
    fresh.edit(PRIYA, "Shared Accounts", row["id"], target_decision="exclude", target_decision_reason="asked to wait")
    fresh.run()
    after = told(fresh, JC)["target_list"]
    assert (before["state"], after["state"]) == ("approved", "lapsed")
    assert before["version"] != after["version"] and ACCOUNT not in after["targets"]
    other = account(fresh, "sa-JC-1041-pt-fernway-hs-co-8810020041")
    assert other["target_approval_id"] == "none"
    [hold] = [h["fields"] for h in fresh.rows("Holds") if h["fields"]["rule_id"] == "approval_missing"
              and h["fields"]["record"] == JC and h["fields"]["status"] == "open"]  # fmt: skip
    assert "is no longer part of it" in hold["evidence"]


def test_a_day_later_what_appeared_waits_for_a_person_and_the_approval_stands(fresh: Lab) -> None:
    fresh.advance(2)
    fresh.run()
    grain = account(fresh, "sa-JC-1041-pt-fernway-hs-co-8810020348")
    assert (grain["target_status"], grain["appeared_after"]) == ("review", "the launch snapshot was taken")
    assert told(fresh, JC)["target_list"]["state"] == "approved"
    changed = [e["fields"] for e in fresh.rows("Exceptions") if e["fields"]["exception_type"] == "overlap_changed"]
    assert [(c["record"], c["message"]) for c in changed] == [
        ("cp-1041-fernway", "Accounts shared with Fernway Systems changed: 1 appeared.")
    ]
    mark = fresh.mark()
    fresh.run()
    assert [w for w in fresh.writes(mark) if w["table"] != "Sync Runs"] == []


def test_a_campaign_that_launches_under_the_worker_gets_its_snapshot_at_launch(fresh: Lab) -> None:
    row = fresh.row("Campaigns", joint_campaign_id="JC-1043")
    assert row["fields"]["overlap_snapshot_label"] == "none"
    fresh.edit(PRIYA, "Campaigns", row["id"], launch_at=row["createdTime"])
    fresh.run()
    campaign = fresh.row("Campaigns", joint_campaign_id="JC-1043")["fields"]
    assert campaign["overlap_snapshot_label"] == "at_launch"
    frozen = [r["fields"] for r in fresh.rows("Shared Accounts") if r["fields"]["joint_campaign_id"] == "JC-1043"]
    assert {r["snapshot_id"] for r in frozen} == {campaign["overlap_snapshot_id"]}
    mark = fresh.mark()
    fresh.run()
    assert [w for w in fresh.writes(mark) if w["table"] != "Sync Runs"] == []


def test_one_partner_of_several(fresh: Lab) -> None:
    found = told(fresh, "JC-1044", "--partner", "pt-ostrea-pay", "--format", "md")
    assert [p["partner_id"] for p in found["partners"]] == ["pt-ostrea-pay"]
    assert Path(found["files"][0]).name == "overlaps-pt-ostrea-pay.md"
    done = fresh.mdfsync("overlaps", "JC-1044", "--partner", "pt-nobody")
    assert (done.code, "its partners are" in done.err) == (2, True)


def test_a_cell_that_looks_like_a_formula_is_neutralised(fresh: Lab) -> None:
    row = fresh.row("Shared Accounts", shared_account_id=ACCOUNT)
    fresh.edit(TOM, "Shared Accounts", row["id"], partner_owner_name='=HYPERLINK("http://evil.example")')
    [path] = told(fresh, JC, "--format", "csv")["files"]
    assert "'=HYPERLINK" in Path(path).read_text(encoding="utf-8-sig")


def test_a_company_that_hubspot_marks_do_not_contact_leaves_the_target_list(fresh: Lab) -> None:
    id = partner_targets(told(fresh, JC))[0]
    later(fresh)
    life = fresh.world.life
    assert life is not None
    with life.store.transaction():
        touch(life.store, life.clock, "companies", id.rpartition("hs-co-")[2], {"do_not_contact": "true"})
    later(fresh)
    fresh.run()
    cells = account(fresh, id)
    assert (cells["target_status"], cells["exclusion_rule"]) == ("excluded", "do_not_contact")
