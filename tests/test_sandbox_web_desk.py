"""What a person does to rows on the page, and what the write log makes of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_bench import DANA, LEE, Bench
from web_bench import Grid, open_grid

PNG = b"\x89PNG\r\n\x1a\nnot really"
BYTES = "application/octet-stream"
ATTACH = "tables/Partners/rows/{}/attachments/files"


@pytest.fixture
def grid(tmp_path: Path) -> Iterator[Grid]:
    with open_grid(tmp_path) as opened:
        yield opened


def attach(grid: Grid, row: str, name: str, media_type: str, data: bytes) -> dict[str, Any]:
    headers = {"X-Filename": name, "Content-Type": media_type}
    answer = grid.ask("POST", ATTACH.format(row), data=data, headers=headers)
    assert answer.status_code == 200, answer.text
    added: dict[str, Any] = answer.json()["row"]["cells"]["files"][-1]
    return added


def test_rows_are_created_typed_cleared_and_deleted_by_the_person(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1", notes="first")
    changed = grid.patch(f"tables/Partners/rows/{row['id']}", notes=None, tier="silver", due="2026-12-01")
    assert changed["cells"] == {"partner_id": "pt-1", "tier": "silver", "due": "2026-12-01"}
    assert grid.ask("DELETE", f"tables/Partners/rows/{row['id']}").json() == {"id": row["id"], "deleted": True}
    assert grid.rows("Partners") == []
    writes = Bench(grid.sandbox, grid.sandbox.base_id).writes()
    assert {w["actor"] for w in writes} == {DANA} and {w["source"] for w in writes} == {"client"}
    assert [w["op"] for w in writes if w["field"] == "partner_id"] == ["create", "delete"]


@pytest.mark.parametrize(
    "cells",
    [{"amount": "many"}, {"amount": 10**400}, {"tier": "bronze"}, {"nobody": 1}, {"due": "soon"},
     {"owner": {"email": "x@y.example"}}],
)  # fmt: skip
def test_what_airtable_would_not_take_is_refused_whole_and_in_words(grid: Grid, cells: dict[str, object]) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    status, sentence = grid.refused("PATCH", f"tables/Partners/rows/{row}", {"cells": {"notes": "kept?", **cells}})
    assert status == 422 and sentence
    assert grid.rows("Partners")[0]["cells"] == {"partner_id": "pt-1"}


def test_a_computed_cell_cannot_be_typed(grid: Grid) -> None:
    field = {"action": "create_field", "table": "Partners", "name": "stamp", "type": "createdTime"}
    grid.sandbox.admin("POST", "schema", field)
    status, sentence = grid.refused("POST", "tables/Partners/rows", {"cells": {"stamp": "2026-01-01"}})
    assert status == 422 and "computed" in sentence


def test_links_are_set_by_record_ids(grid: Grid) -> None:
    one, two = (grid.add("Partners", partner_id=f"pt-{n}")["id"] for n in (1, 2))
    campaign = grid.add("Campaigns", campaign_id="JC-1", partner=[one])["id"]
    changed = grid.patch(f"tables/Campaigns/rows/{campaign}", partner=[two, one])
    assert [link["name"] for link in changed["cells"]["partner"]] == ["pt-2", "pt-1"]
    assert grid.refused("PATCH", f"tables/Campaigns/rows/{campaign}", {"cells": {"partner": [campaign]}})[0] == 422


def test_a_file_is_attached_shown_and_kept_when_others_are_taken_away(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    first = attach(grid, row, "Beleg%20%C3%9C.png", "image/png", PNG)
    assert (first["filename"], first["type"], first["size"]) == ("Beleg Ü.png", "image/png", len(PNG))
    answer = grid.session.get(grid.sandbox.web_url.rstrip("/") + first["url"], timeout=10)
    assert answer.content == PNG and answer.headers["content-type"] == "image/png"
    second = attach(grid, row, "two.csv", "text/csv; charset=x", b"a,b\n")
    kept = grid.patch(f"tables/Partners/rows/{row}", files=[{"id": second["id"]}])
    assert [item["filename"] for item in kept["cells"]["files"]] == ["two.csv"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("..%2F..%2Fevil.txt", "evil.txt"), ("a%5Cb.txt", "b.txt"), ("x%00%0Ay.txt", "xy.txt"), ("", "attachment")],
)
def test_a_filename_is_a_name_only(grid: Grid, given: str, kept: str) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    assert attach(grid, row, given, "text/plain", b"x")["filename"] == kept


@pytest.mark.parametrize(
    ("name", "media_type", "served"),
    [("a.html", "text/html", "text/html; charset=utf-8"), ("a.svg", "image/svg+xml", "image/svg+xml"),
     ("a.js", "text/javascript", "text/plain; charset=utf-8"), ("a.exe", "application/x-msdownload", BYTES),
     ("a.bin", "nonsense", BYTES), ("a.xhtml", "application/xhtml+xml", BYTES)],
)  # fmt: skip
def test_an_uploaded_file_can_run_nothing(grid: Grid, name: str, media_type: str, served: str) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    kept = attach(grid, row, name, media_type, b"<script>parent.x=1</script>")
    assert kept["type"] == (media_type if "/" in media_type else BYTES)
    answer = grid.session.get(grid.sandbox.web_url.rstrip("/") + kept["url"], timeout=10)
    assert answer.headers["content-type"] == served
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("attachment" in answer.headers["content-disposition"]) is (served == BYTES)
    signed = Bench(grid.sandbox, grid.sandbox.base_id).partners.get(row)["fields"]["files"][0]["url"]
    assert grid.session.get(signed, timeout=10).headers["content-security-policy"] == "sandbox"


def test_half_a_file_is_not_attached(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    head = (
        f"POST /_web/api/{ATTACH.format(row)} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Sandbox-Person: {DANA}\r\n"
        "X-Filename: half.txt\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf"
    )
    with socket.create_connection(("127.0.0.1", grid.sandbox.port), timeout=10) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1_000)
    time.sleep(0.1)
    assert "files" not in grid.rows("Partners")[0]["cells"]


def test_attachments_are_refused_where_they_make_no_sense(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    assert grid.refused("POST", ATTACH.format(row), data=b"")[0] == 422
    assert grid.refused("POST", f"tables/Partners/rows/{row}/attachments/notes", data=b"x")[0] == 422
    assert grid.refused("POST", ATTACH.format("recNobody00000000"), data=b"x")[0] == 404
    assert grid.session.get(f"{grid.sandbox.web_url}_web/attachments/attNobody/x", timeout=10).status_code == 404


def test_comments_are_written_in_ones_own_name_and_read_newest_first(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1")["id"]
    place = f"tables/Partners/rows/{row}/comments"
    assert grid.get(place) == []
    grid.post(place, {"text": "why?"})
    said = Grid(grid.sandbox, person=LEE).post(place, {"text": "because"})
    assert set(said) == {"id", "author", "text", "created"}
    assert [(c["author"]["name"], c["text"]) for c in grid.get(place)] == [
        ("Lee Marsh", "because"), ("Dana Okafor", "why?")
    ]  # fmt: skip
    assert grid.refused("POST", place, {"text": " "})[0] == 422


def test_the_history_of_a_cell_tells_who_from_what_to_what_newest_first(grid: Grid) -> None:
    row = grid.add("Partners", partner_id="pt-1", tier="gold")["id"]
    Grid(grid.sandbox, person=LEE).patch(f"tables/Partners/rows/{row}", tier="silver")
    Bench(grid.sandbox, grid.sandbox.base_id).partners.update(row, {"tier": "gold", "notes": "n"})
    told = grid.get("history", table="Partners", record=row, field="tier")
    assert [(t["by"]["name"], t["source"], t["before"], t["after"]) for t in told] == [
        ("mdfsync worker", "publicApi", "silver", "gold"),
        ("Lee Marsh", "client", "gold", "silver"),
        ("Dana Okafor", "client", None, "gold"),
    ]
    whole = grid.get("history", table="Partners", record=row)
    assert [t["field"] for t in whole[::-1]] == ["partner_id", "tier", "tier", "tier", "notes"]
    assert [t["seq"] for t in whole] == sorted((t["seq"] for t in whole), reverse=True)


def test_history_shows_links_people_and_files_as_cells_do_even_of_deleted_rows(grid: Grid) -> None:
    partner = grid.add("Partners", partner_id="pt-1", owner={"email": LEE})["id"]
    attach(grid, partner, "a.png", "image/png", PNG)
    campaign = grid.add("Campaigns", campaign_id="JC-1", partner=[partner])["id"]
    grid.ask("DELETE", f"tables/Partners/rows/{partner}")
    last = {t["field"]: t for t in grid.get("history", table="Partners", record=partner)[::-1]}
    assert last["owner"]["op"] == "delete" and last["owner"]["before"]["name"] == "Lee Marsh"
    assert last["files"]["before"][0]["url"].startswith("/_web/attachments/att")
    (gone, linked) = grid.get("history", table="Campaigns", record=campaign, field="partner")
    assert gone["source"] == "link" and gone["after"] is None
    assert linked["after"] == [{"id": partner, "name": ""}]


def test_history_of_nothing_is_empty_and_of_no_field_refused(grid: Grid) -> None:
    assert grid.get("history", table="Partners", record="recNobody00000000") == []
    assert grid.get("history", table="Partners", record='"%_') == []
    assert grid.refused("GET", "history?table=Partners&record=x&field=nothing")[0] == 404
    assert grid.refused("GET", "history?table=Nothing&record=x")[0] == 404
