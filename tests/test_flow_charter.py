"""The charter end to end on the embedded world: what it says at first, a term that moves, signing again, the paper."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, INES, LEE, PRIYA, Lab, unrecorded
from pypdf import PdfReader

SAM = "sam.ortiz@northlight.example"
JC = "JC-1041"


def campaign(lab: Lab, id: str = JC) -> dict[str, Any]:
    cells: dict[str, Any] = lab.row("Campaigns", joint_campaign_id=id)["fields"]
    return cells


def part(lab: Lab) -> dict[str, Any]:
    return lab.row("Campaign Partners", campaign_partner_id="cp-1041-fernway")


def holds(lab: Lab) -> dict[str, dict[str, Any]]:
    """Unsigned-charter holds by campaign."""
    rows = [row["fields"] for row in lab.rows("Holds") if row["fields"]["rule_id"] == "unsigned_charter"]
    return {row["record"]: row for row in rows}


def change_window(lab: Lab, days: int) -> None:
    row = lab.row("Campaigns", joint_campaign_id=JC)
    lab.edit(PRIYA, "Campaigns", row["id"], influence_window_days=days)


def sign(lab: Lab, version: str) -> None:
    """Everybody signs this version: our side in the base, the partner on paper that Lee accepts."""
    for n, (who, role) in enumerate([(PRIYA, "campaign-owner"), (INES, "budget-owner")]):
        lab.add(
            who, "Approvals", approval_id=f"ap-1041-v{version}-{n}", gate="charter", joint_campaign_id=JC,
            requested_by=DANA, approver=who, approver_role=role, approver_side="us", decision="approved",
            decided_on="2026-11-20", method="base",
        )  # fmt: skip
    evidence = f"ev-1041-charter-v{version}"
    row = lab.add(LEE, "Evidence", evidence_id=evidence, evidence_type="agreement", joint_campaign_id=JC)
    lab.edit(LEE, "Evidence", row["id"], evidence_decision="accepted")
    lab.edit(
        SAM, "Campaign Partners", part(lab)["id"], signed_charter_version=version, signed_on="2026-11-20",
        signature_evidence_id=evidence,
    )  # fmt: skip


def quiet(lab: Lab) -> None:
    """A run that writes nothing but its heartbeat."""
    mark = lab.mark()
    lab.run()
    assert {write["table"] for write in lab.writes(mark)} == {HEARTBEAT}


def test_the_world_begins_with_signed_charters_and_a_draft(fresh: Lab) -> None:
    found = {r["fields"]["joint_campaign_id"]: r["fields"]["charter_status"] for r in fresh.rows("Campaigns")}
    assert found == {
        "JC-1040": "signed", "JC-1041": "signed", "JC-1042": "signed", "JC-1043": "signed", "JC-1044": "draft",
    }  # fmt: skip
    assert (campaign(fresh)["charter_version"], holds(fresh)) == ("1", {})
    assert part(fresh)["fields"]["signature_status"] == "signed"
    quiet(fresh)


def test_a_changed_term_holds_the_campaign_until_all_have_signed_again(fresh: Lab) -> None:
    signed = campaign(fresh)["charter_in_force"]
    change_window(fresh, 120)
    fresh.run()
    cells = campaign(fresh)
    assert (cells["charter_version"], cells["charter_status"], cells["review_status"]) == ("2", "outdated", "held")
    assert (cells["charter_in_force"], part(fresh)["fields"]["signature_status"]) == (signed, "outdated")
    [hold] = holds(fresh).values()
    assert hold["status"] == "open" and "influence_window_days: 90 → 120" in hold["evidence"]
    quiet(fresh)

    sign(fresh, "2")
    fresh.run()
    cells = campaign(fresh)
    assert (cells["charter_version"], cells["charter_status"]) == ("2", "signed")
    in_force = json.loads(cells["charter_in_force"])
    assert (in_force["version"], in_force["terms"]["Campaigns"][JC]["influence_window_days"]) == (2, "120")
    assert holds(fresh)[JC]["status"] == "cleared"
    quiet(fresh)
    assert not unrecorded(fresh)


def test_a_term_that_is_put_back_clears_the_hold(fresh: Lab) -> None:
    change_window(fresh, 120)
    fresh.run()
    change_window(fresh, 90)
    fresh.run()
    assert (campaign(fresh)["charter_version"], holds(fresh)[JC]["status"]) == ("1", "cleared")
    quiet(fresh)


def test_nobody_signs_by_typing_over_what_is_in_force(fresh: Lab) -> None:
    row = fresh.row("Campaigns", joint_campaign_id=JC)
    forged = json.loads(row["fields"]["charter_in_force"])
    forged["terms"]["Campaigns"][JC]["influence_window_days"] = "365"
    fresh.edit(PRIYA, "Campaigns", row["id"], charter_in_force=json.dumps(forged), charter_status="outdated")
    change_window(fresh, 120)
    fresh.run()
    [hold] = holds(fresh).values()
    assert "influence_window_days: 90 → 120" in hold["evidence"]
    kinds = {r["fields"]["field"]: r["fields"]["kind"] for r in fresh.rows("Change History")}
    assert kinds["charter_in_force"] == "drift"


def test_rules_go_on_by_the_version_in_force(fresh: Lab) -> None:
    before = {r["fields"]["attribution_id"]: r["fields"]["rule_version"] for r in fresh.rows("Attributions")}
    assert "charter 1 of JC-1041, Europe/Berlin" in before.values()
    row = fresh.row("Campaigns", joint_campaign_id=JC)
    fresh.edit(PRIYA, "Campaigns", row["id"], charter_time_zone="Asia/Tokyo", influence_window_days=1)
    fresh.run()
    assert {r["fields"]["attribution_id"]: r["fields"]["rule_version"] for r in fresh.rows("Attributions")} == before


# ---------------------------------------------------------------- the paper


def paper(lab: Lab, *arguments: str) -> dict[str, Any]:
    done = lab.mdfsync("charter", *arguments, "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    return document


def test_the_paper_shows_terms_version_hash_and_signatures_in_every_form(fresh: Lab) -> None:
    mark = fresh.mark()
    told = paper(fresh, JC, "--format", "html", "--format", "pdf", "--format", "md", "--format", "json")
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)
    assert (told["version"], told["digest"], told["status"]) == (1, campaign(fresh)["charter_digest"], "signed")
    files = {Path(name).suffix: Path(name) for name in told["files"]}
    assert files[".pdf"] == fresh.home / "sandbox" / "documents" / JC / "charter-v1.pdf"
    pdf = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(files[".pdf"].read_bytes())).pages)
    html, markdown = (files[suffix].read_text(encoding="utf-8") for suffix in (".html", ".md"))
    for words in ("Observability Roadshow", "Fernway Systems GmbH", told["digest"], "ev-1041-charter", "FW-PA-91"):
        assert words in pdf.replace("\u200b", "") and words in html and words in markdown.replace("\\", "")
    assert json.loads(files[".json"].read_text(encoding="utf-8"))["terms"] == told["terms"]
    assert {s["by"] for s in told["signatures"]} == {PRIYA, INES, "lena.vogt@fernway.example"}


def test_the_same_charter_gives_the_same_file(fresh: Lab) -> None:
    [path] = paper(fresh, JC, "--format", "pdf")["files"]
    first = Path(path).read_bytes()
    paper(fresh, JC, "--format", "pdf")
    assert Path(path).read_bytes() == first


def test_a_draft_names_who_has_to_sign_and_what_is_missing(fresh: Lab) -> None:
    done = fresh.mdfsync("charter", "JC-1044", "--format", "html", "--out", str(fresh.home / "mine"))
    assert "charter version 1, draft" in done.out
    assert "not signed: Ostrea Pay (noor.haddad@ostreapay.example): has not signed" in done.out
    assert "missing: Data and consent: Consent text" in done.out
    assert [file.name for file in (fresh.home / "mine").iterdir()] == ["charter-v1.html"]


def test_an_outdated_charter_lists_what_changed(fresh: Lab) -> None:
    change_window(fresh, 120)
    told = paper(fresh, JC, "--format", "md")
    assert told["in_force"]["version"] == 1 and told["version"] == 2, "before the next run has written it"
    assert told["changes_since_in_force"] == [
        {"table": "Campaigns", "row": JC, "field": "influence_window_days", "signed": "90", "now": "120"}
    ]
    assert "Changes since version 1" in Path(told["files"][0]).read_text(encoding="utf-8")


def test_an_unsigned_decision_on_the_paper_counts_no_more_here_than_in_a_run(fresh: Lab) -> None:
    row = fresh.row("Evidence", evidence_id="ev-1041-charter")
    fresh.edit(PRIYA, "Evidence", row["id"], evidence_decision="returned")
    fresh.edit(SAM, "Evidence", row["id"], evidence_decision="accepted")
    told = paper(fresh, JC, "--format", "json")
    assert [gap["for"] for gap in told["not_signed"]] == ["Fernway Systems"]
    fresh.run()
    assert campaign(fresh)["charter_status"] == "partly_signed"


@pytest.mark.parametrize("wanted", ["JC-9999", "", "JC-1041\nx", "../JC-1041"])
def test_an_unknown_campaign_is_one_line_and_exit_two(fresh: Lab, wanted: str) -> None:
    done = fresh.mdfsync("charter", wanted)
    assert (done.code, len(done.err.strip().splitlines()), done.out) == (2, 1, "")
    assert "no joint campaign" in done.err and "JC-1041" in done.err


def test_an_id_that_two_campaigns_carry_is_refused(fresh: Lab) -> None:
    fresh.add(DANA, "Campaigns", joint_campaign_id=JC, campaign_name="A copy")
    done = fresh.mdfsync("charter", JC)
    assert done.code == 2 and "2 rows carry the campaign id" in done.err


def test_a_campaign_of_any_name_is_rendered_and_leaves_no_path(fresh: Lab) -> None:
    nasty = "../../<script>alert(1)</script> #let x=1 漢字"
    row = fresh.add(DANA, "Campaigns", joint_campaign_id=nasty, campaign_name=nasty * 50, objective="$x$ *y* " * 1200)
    told = paper(fresh, row["id"])
    folder = fresh.home / "sandbox" / "documents"
    assert all(Path(name).parent.parent == folder for name in told["files"])
    assert "<script>" not in Path(told["files"][0]).read_text(encoding="utf-8")
