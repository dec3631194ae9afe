"""Documents end to end on the served sandbox: fetched once, hashed, archived, judged by what they are."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

from flow_lab import HEARTBEAT, LEE, PRIYA, Lab, unrecorded

from mdfsync.edge.archive import FolderArchive
from mdfsync.sandbox.story.papers import paper

PAGE = b"<!doctype html><title>Please sign in</title>"


def attach(lab: Lab, email: str, record_id: str, name: str, data: bytes) -> None:
    """A person adds a file to an Evidence row."""
    body = {"contentType": "application/pdf", "filename": name, "file": b64encode(data).decode()}
    url = f"{lab.world.airtable_url}/v0/{lab.world.base_id}/{record_id}/file/uploadAttachment"
    answer = lab.as_person(email).post(url, json=body, timeout=30)
    assert answer.status_code == 200, answer.text


def document(lab: Lab, id: str) -> dict[str, Any]:
    return lab.row("Evidence", evidence_id=id)


def asked_for_files(lab: Lab) -> int:
    return sum("/_attachments/" in str(request) for request in lab.world.admin("GET", "requests")["recent"])


def holds(lab: Lab, rule: str, record: str) -> dict[str, str]:
    """Status of a rule's holds on a row, by message."""
    rows = [row["fields"] for row in lab.rows("Holds")]
    return {row["message"]: row["status"] for row in rows if (row["rule_id"], row["record"]) == (rule, record)}


def test_every_file_is_hashed_and_archived_once_and_never_fetched_again(lab: Lab) -> None:
    lab.run()
    archive = FolderArchive(lab.home / "sandbox" / "archive")
    hashed = [row["fields"] for row in lab.rows("Evidence") if "file" in row["fields"]]
    assert len(hashed) > 20
    for cells in hashed:
        assert sha256(archive.get(cells["file_sha256"])).hexdigest() == cells["file_sha256"]
        assert cells["file_name"] == cells["file"][0]["filename"]
        assert archive.get(cells["file_sha256"]).startswith(b"%PDF")
    fetched, mark = asked_for_files(lab), lab.mark()
    assert fetched == len(archive.entries("airtable.files")) == len(hashed) + 6  # and the signed agreements
    lab.run()
    assert asked_for_files(lab) == fetched
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
    assert lab.mdfsync("verify").code == 0


def test_who_accepted_a_document_and_when_stands_beside_it(lab: Lab) -> None:
    lab.run()
    waiting = document(lab, "ev-1041-dublin")
    assert (waiting["fields"]["evidence_state"], waiting["fields"].get("reviewed_by")) == ("received", None)
    lab.edit(LEE, "Evidence", waiting["id"], evidence_decision="accepted")
    lab.run()
    cells = document(lab, "ev-1041-dublin")["fields"]
    assert (cells["evidence_state"], cells["reviewed_by"]) == ("accepted", LEE)
    assert cells["reviewed_at"].endswith("Z")
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
    assert not unrecorded(lab)


def test_a_decision_on_an_earlier_file_is_none_on_the_one_that_replaced_it(lab: Lab) -> None:
    lab.run()
    row = document(lab, "ev-1041-dublin")
    lab.edit(LEE, "Evidence", row["id"], evidence_decision="accepted")
    lab.run()
    assert list(holds(lab, "missing_proof", "dl-1041-dublin").values()) == ["cleared"]
    lab.edit(PRIYA, "Evidence", row["id"], file=[])
    attach(lab, PRIYA, row["id"], "other.pdf", paper(["Another photo"]))
    lab.run()
    assert document(lab, "ev-1041-dublin")["fields"]["evidence_state"] == "received"
    assert list(holds(lab, "missing_proof", "dl-1041-dublin").values()) == ["open"]
    lab.edit(LEE, "Evidence", row["id"], evidence_decision=None)
    lab.edit(LEE, "Evidence", row["id"], evidence_decision="accepted")
    lab.run()
    assert document(lab, "ev-1041-dublin")["fields"]["evidence_state"] == "accepted"
    assert list(holds(lab, "missing_proof", "dl-1041-dublin").values()) == ["cleared"]
    assert not unrecorded(lab)


def test_a_web_page_saved_as_a_paper_is_held_until_the_paper_comes(lab: Lab) -> None:
    lab.run()
    row = document(lab, "ev-1041-dublin")
    lab.edit(PRIYA, "Evidence", row["id"], file=[])
    attach(lab, PRIYA, row["id"], "photo.pdf", PAGE)
    lab.run()
    [(message, status)] = holds(lab, "wrong_evidence", "ev-1041-dublin").items()
    assert ("photo.pdf is a web page" in message, status) == (True, "open")
    assert document(lab, "ev-1041-dublin")["fields"]["file_sha256"] == sha256(PAGE).hexdigest()
    lab.edit(PRIYA, "Evidence", row["id"], file=[])
    attach(lab, PRIYA, row["id"], "photo.pdf", paper(["Roadshow Dublin", "Dated"]))
    lab.run()
    assert list(holds(lab, "wrong_evidence", "ev-1041-dublin").values()) == ["cleared"]
    assert not unrecorded(lab)


def test_several_files_of_one_document_are_all_hashed(lab: Lab) -> None:
    lab.run()
    row = document(lab, "ev-1041-dublin")
    attach(lab, PRIYA, row["id"], "agenda.pdf", paper(["Agenda Dublin"]))
    attach(lab, PRIYA, row["id"], "guests.csv", b"Company,Contact\nAcme,Ana\n")
    lab.run()
    cells = document(lab, "ev-1041-dublin")["fields"]
    assert cells["file_name"] == "agenda.pdf, ev-1041-dublin.pdf, guests.csv"
    assert len(set(cells["file_sha256"].split(", "))) == 3


def test_one_photo_for_two_campaigns_is_one_hold_and_told_on_both(lab: Lab) -> None:
    lab.run()
    photo = paper(["Photo of the panels", "Both logos"])
    for id in ("ev-1041-chicago", "ev-1042-panels"):
        attach(lab, PRIYA, document(lab, id)["id"], f"{id}-photo.pdf", photo)
    lab.run()
    assert list(holds(lab, "duplicate_document", "ev-1041-chicago").values()) == ["open"]
    assert document(lab, "ev-1042-panels")["fields"]["duplicate_of"] == "ev-1041-chicago"
    assert document(lab, "ev-1041-chicago")["fields"]["duplicate_of"] == "ev-1042-panels"
    assert lab.row("Expenses", expense_id="EXP-3001")["fields"]["duplicate_of"] == "EXP-2006"
    second = document(lab, "ev-1042-panels")
    keep = [{"id": file["id"]} for file in second["fields"]["file"][:1]]
    lab.edit(PRIYA, "Evidence", second["id"], file=keep)
    lab.run()
    assert list(holds(lab, "duplicate_document", "ev-1041-chicago").values()) == ["cleared"]
    assert document(lab, "ev-1041-chicago")["fields"]["duplicate_of"] == "none"
    assert not unrecorded(lab)


def test_a_file_that_cannot_be_fetched_is_told_and_tried_again(lab: Lab) -> None:
    lab.run()
    row = document(lab, "ev-1041-dublin")
    lab.world.admin("POST", "faults", {"kind": "unavailable", "path": "/_attachments/"})
    attach(lab, PRIYA, row["id"], "agenda.pdf", paper(["Agenda Dublin"]))
    done = lab.run()
    assert "file_not_read" in done.out
    assert "not read" in document(lab, "ev-1041-dublin")["fields"]["file_sha256"]
    lab.world.admin("DELETE", "faults")
    lab.run()
    assert "not read" not in document(lab, "ev-1041-dublin")["fields"]["file_sha256"]
    told = [r["fields"]["status"] for r in lab.rows("Exceptions") if r["fields"]["exception_type"] == "file_not_read"]
    assert told == ["cleared"]


def expected(lab: Lab) -> dict[str, dict[str, Any]]:
    rows = lab.rows("Evidence")
    return {r["fields"]["evidence_id"]: r for r in rows if r["fields"]["evidence_id"].startswith("ex-")}


def test_proof_that_will_be_owed_is_expected_once_and_by_whom(lab: Lab) -> None:
    lab.run()
    rows = expected(lab)
    photo = rows["ex-dl-1041-berlin-event-proof-both-brands"]["fields"]
    assert (photo["evidence_state"], photo["owner"]) == ("expected", "lena.vogt@fernway.example")
    assert photo["deliverables"] and photo["campaign"] and photo["due"]
    assert "The activity takes place on" in photo["asked_for"]
    for _ in range(3):
        mark = lab.mark()
        lab.run()
        assert {w["table"] for w in lab.writes(mark)} == {HEARTBEAT}
        lab.advance()
        lab.run()
    assert expected(lab).keys() == rows.keys()
    assert not unrecorded(lab)


def test_a_file_in_the_expected_row_is_the_proof_once_it_is_accepted(lab: Lab) -> None:
    lab.run()
    row = expected(lab)["ex-EXP-2007-event-proof-agenda"]
    attach(lab, PRIYA, row["id"], "agenda.pdf", paper(["Agenda Boston"]))
    lab.run()
    cells = document(lab, "ex-EXP-2007-event-proof-agenda")["fields"]
    assert (cells["evidence_state"], cells["owner"]) == ("received", LEE)
    lab.edit(LEE, "Evidence", row["id"], evidence_decision="accepted", readable="yes")
    lab.run()
    said = [message for message in holds(lab, "missing_proof", "EXP-2007") if "both brands" in message]
    assert ["agenda" in message for message in said] == [False]
    assert not unrecorded(lab)


def test_an_expected_row_that_a_person_removed_is_not_made_again(lab: Lab) -> None:
    lab.run()
    row = expected(lab)["ex-EXP-2007-event-proof-agenda"]
    url = f"{lab.world.airtable_url}/v0/{lab.world.base_id}/Evidence/{row['id']}"
    assert lab.as_person(LEE).delete(url, timeout=30).status_code == 200
    done = lab.run()
    assert "row_removed" in done.out
    assert "ex-EXP-2007-event-proof-agenda" not in expected(lab)
