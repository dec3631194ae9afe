"""Packets end to end on the embedded world, in both directions: made, checked, made again, made anew, refused.

The golden manifests are renewed by `RENEW_GOLDEN=1 python -m pytest -n0 tests/test_flow_packet.py -k golden`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from casebook import ROOT
from flow_lab import LEE, Lab
from pypdf import PdfReader

from mdfsync.documents.packet_zip import content_in

GOLDEN = ROOT / "tests" / "golden"
SAM = "sam.ortiz@northlight.example"


def made(lab: Lab, id: str, *arguments: str) -> dict[str, Any]:
    done = lab.mdfsync("packet", id, *arguments, "--json")
    assert done.code == 0, done.err + done.out
    document: dict[str, Any] = done.json
    return document


def words_of(path: str) -> str:
    with zipfile.ZipFile(path) as found:
        reader = PdfReader(io.BytesIO(found.read("packet.pdf")))
    return " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_both_directions_are_packed_checked_and_nothing_is_written(fresh: Lab) -> None:
    mark = fresh.mark()
    ours, theirs = made(fresh, "rb-1041-1"), made(fresh, "rb-1042-1")
    assert (ours["direction"], ours["payer"], ours["totals"]["claimed"], ours["currency"]) == (
        "we_claim", "Fernway Systems GmbH", "4325.00", "EUR",
    )  # fmt: skip
    assert (theirs["direction"], theirs["claimant"], theirs["totals"]["claimed"], theirs["currency"]) == (
        "we_reimburse", "Cobalt Harbor LLC", "5525.00", "USD",
    )  # fmt: skip
    assert [one["standing"] for one in theirs["not_claimed"]] == ["held", "rejected", "held", "held"]
    for document in (ours, theirs):
        assert [risk["currency"] for risk in document["money_at_risk"]] == [document["currency"]]
        checked = fresh.mdfsync("verify", document["zip"])
        assert checked.code == 0, checked.out
        assert "whole:" in checked.out
    text = words_of(theirs["zip"])
    for said in ("5,525.00 USD", "Guest gifts New York", "disallowed", "Guide 2.1", "27 attended", "ines.weber@"):
        assert said in text
    for partner in ("Fernway", "EXP-3005", "Quillstack"):
        assert partner not in text, "a packet names no other partner"
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)


def test_the_same_content_is_the_same_version_and_the_same_bytes(fresh: Lab) -> None:
    first = made(fresh, "rb-1042-1")
    data = Path(first["zip"]).read_bytes()
    again = made(fresh, "rb-1042-1")
    assert (again["version"], again["made_before"]) == (1, True)
    Path(first["zip"]).unlink()
    assert Path(made(fresh, "rb-1042-1")["zip"]).read_bytes() == data
    for kept in (fresh.home / "sandbox" / "archive" / "blobs").rglob(hashlib.sha256(data).hexdigest()):
        kept.unlink()
    anew = made(fresh, "rb-1042-1", "--out", str(fresh.home / "mine"))
    assert Path(anew["zip"]).read_bytes() == data, "made from the same inputs, it is the same"


def test_what_changed_makes_the_next_version_that_says_so(fresh: Lab) -> None:
    first = made(fresh, "rb-1042-1")
    line = fresh.row("Reimbursement Lines", reimbursement_line_id="rl-1042-3")
    fresh.edit(SAM, "Reimbursement Lines", line["id"], claimed_amount=1600)
    proof = fresh.row("Evidence", evidence_id="ev-1042-ny")
    fresh.edit(LEE, "Evidence", proof["id"], evidence_decision="returned", evidence_decision_reason="No agenda.")
    fresh.run()
    second = made(fresh, "rb-1042-1")
    assert (second["version"], second["changes_since"], second["totals"]["claimed"]) == (2, 1, "3700.00")
    told = {change["what"]: (change["was"], change["is"]) for change in second["changes"]}
    assert told["amount of line rl-1042-3"] == ("1625.00 USD", "1600.00 USD")
    assert told["line rl-1042-2 left"][0] == "1800.00 USD"
    assert told["line rl-1042-2 left"][1].startswith("held: ")
    assert "Changes since the last version Against version 1" in words_of(second["zip"])
    assert fresh.mdfsync("verify", first["zip"]).code == fresh.mdfsync("verify", second["zip"]).code == 0
    assert "ev-1042-ny.pdf" not in str(second["files"])


def test_a_packet_that_may_not_go_out_is_made_as_a_draft_alone(fresh: Lab) -> None:
    claim = fresh.row("Reimbursements", reimbursement_id="rb-1041-1")
    fresh.edit(SAM, "Reimbursements", claim["id"], reimbursement_state="withdrawn")
    refused = fresh.mdfsync("packet", "rb-1041-1")
    assert refused.code == 3
    assert "The claim is withdrawn." in refused.err
    as_json = fresh.mdfsync("packet", "rb-1041-1", "--json")
    assert (as_json.code, as_json.json["zip"], as_json.json["problems"]) == (3, None, ["The claim is withdrawn."])
    draft = made(fresh, "rb-1041-1", "--draft")
    assert draft["draft"] is True
    assert "DRAFT. Not to be filed or paid on." in words_of(draft["zip"])
    assert Path(draft["zip"]).name == "packet-rb-1041-1-draft.zip"
    assert fresh.mdfsync("verify", draft["zip"]).code == 0
    fresh.edit(SAM, "Reimbursements", claim["id"], reimbursement_state="draft")
    assert made(fresh, "rb-1041-1")["version"] == 1, "a draft is no version"


def test_a_request_has_its_packet_and_an_unknown_id_is_refused(fresh: Lab) -> None:
    assert made(fresh, "MDF-5101")["totals"]["claimed"] == "5525.00"
    empty = fresh.mdfsync("packet", "MDF-5103")
    assert empty.code == 3
    assert "No line can be claimed" in empty.err
    assert fresh.mdfsync("packet", "rb-9999").code == 2


def test_a_filed_and_paid_claim_is_what_the_ledger_moved(fresh: Lab) -> None:
    document = made(fresh, "rb-1040-1")
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["The ledger moved what the packet claims"]["right"]["amount"] == "8820.00"
    assert document["totals"]["claimed"] == "8820.00"


def test_verify_finds_a_changed_byte(fresh: Lab) -> None:
    path = Path(made(fresh, "rb-1041-1")["zip"])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = path.with_name("changed.zip")
    changed.write_bytes(bytes(content))
    found = fresh.mdfsync("verify", str(changed))
    assert (found.code, "do not pay on it" in found.out) == (1, True)
    folder = path.with_name("folder")
    with zipfile.ZipFile(path) as whole:
        whole.extractall(folder)
    assert fresh.mdfsync("verify", str(folder), "--json").json["ok"] is True
    shutil.rmtree(folder / "lines")
    assert fresh.mdfsync("verify", str(folder)).code == 1


@pytest.mark.parametrize("claim, campaign", [("rb-1041-1", "JC-1041"), ("rb-1042-1", "JC-1042")])
def test_golden_manifests(fresh: Lab, claim: str, campaign: str) -> None:
    with zipfile.ZipFile(made(fresh, claim)["zip"]) as found:
        manifest = json.loads(found.read("manifest.json"))
    said = {**content_in(manifest), "files": [file["name"] for file in manifest["files"]]}
    path = GOLDEN / f"packet-{campaign}.json"
    if os.environ.get("RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert said == json.loads(path.read_text(encoding="utf-8"))
