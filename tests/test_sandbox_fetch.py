"""Attachments by URL in the sandbox's Airtable: fetched from this machine, from nowhere else, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_bench import Bench, new_bench, served

from mdfsync.sandbox.airtable import fetch
from mdfsync.sandbox.airtable.attachments import WAITING
from mdfsync.sandbox.server import WORLD_FILE, Running
from mdfsync.sandbox.store import Store

PARTIAL = {"message": "partialSuccess", "reasons": ["attachmentsFailedUploading"]}


class Files(BaseHTTPRequestHandler):
    """`/proof.pdf` is a file, `/moved` leads to it, `/away` leads off this machine."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        targets = {"/moved": "/proof.pdf", "/away": "http://cobaltharbor.example/proof.pdf", "/round": "/round"}
        known = self.path in targets or self.path == "/proof.pdf"
        self.send_response(302 if self.path in targets else 200 if known else 404)
        body = b"%PDF-1.7 paid" if self.path == "/proof.pdf" else b""
        if self.path in targets:
            self.send_header("Location", targets[self.path])
        if body:
            self.send_header("Content-Type", "application/pdf; charset=binary")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[str]:
    Files.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def bench(sandbox: Running) -> Bench:
    return new_bench(sandbox)


def create(bench: Bench, url: str, **more: str) -> dict[str, Any]:
    body = {"fields": {"files": [{"url": url, **more}]}}
    answer: dict[str, Any] = bench.call("POST", f"{bench.base_id}/Partners", body).json()
    return answer


def cell(bench: Bench, record: dict[str, Any]) -> dict[str, Any]:
    return dict(bench.partners.get(record["id"])["fields"]["files"][0])


def test_the_answer_is_still_without_size_the_next_read_has_it(bench: Bench, files: str) -> None:
    made = create(bench, f"{files}/proof.pdf")
    assert set(made["fields"]["files"][0]) == {"id", "url", "filename"} and "details" not in made
    arrived = cell(bench, made)
    assert {k: arrived[k] for k in ("id", "filename", "size", "type")} == {
        "id": made["fields"]["files"][0]["id"], "filename": "proof.pdf", "size": 13, "type": "application/pdf",
    }  # fmt: skip
    assert requests.get(arrived["url"], timeout=5).content == b"%PDF-1.7 paid"


def test_a_given_file_name_wins_and_a_redirect_on_this_machine_is_followed(bench: Bench, files: str) -> None:
    arrived = cell(bench, create(bench, f"{files}/moved", filename="invoice.pdf"))
    assert (arrived["filename"], arrived["size"]) == ("invoice.pdf", 13)


@pytest.mark.parametrize("place", ["/missing", "/away", "/round"])
def test_what_does_not_come_is_a_partial_success(bench: Bench, files: str, place: str) -> None:
    made = create(bench, files + place)
    assert made["details"] == PARTIAL
    left = cell(bench, made)
    assert "size" not in left and requests.get(left["url"], timeout=5).status_code == 404


@pytest.mark.parametrize("url", ["https://cobaltharbor.example/proof.pdf", "http://10.0.0.1/x", "http://0.0.0.0/x"])
def test_nobody_outside_this_machine_is_asked(bench: Bench, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the sandbox reached for the network")

    monkeypatch.setattr("urllib.request.build_opener", refuse)
    assert create(bench, url)["details"] == PARTIAL


def test_a_failed_file_is_not_blamed_on_the_next_request_nor_tried_again(bench: Bench, files: str) -> None:
    create(bench, f"{files}/missing")
    assert "details" not in bench.call("POST", f"{bench.base_id}/Partners", {"fields": {"partner_id": "x"}}).json()
    assert Files.asked == ["/missing"]


def test_what_a_killed_process_left_is_fetched_by_the_next_one(tmp_path: Path, files: str) -> None:
    with served(tmp_path) as first:
        bench = new_bench(first)
        made = create(bench, f"{files}/missing", filename="proof.pdf")
    store = Store(tmp_path / WORLD_FILE)
    store.put(WAITING, made["fields"]["files"][0]["id"], {"url": f"{files}/proof.pdf"})
    store.close()
    with served(tmp_path) as second:
        again = Bench(second, bench.base_id)
        assert "details" not in again.call("GET", f"{bench.base_id}/Partners").json()
        assert cell(again, made)["size"] == 13


def test_an_upload_wrapped_like_mail_is_read(bench: Bench) -> None:
    record_id = bench.partners.create({})["id"]
    body = {"contentType": "text/plain", "filename": "note.txt", "file": "aGVs\nbG8=\n"}
    answer = bench.call("POST", f"{bench.base_id}/{record_id}/files/uploadAttachment", body).json()
    assert next(iter(answer["fields"].values()))[0]["size"] == 5
    body["file"] = "no base64!"
    assert bench.call("POST", f"{bench.base_id}/{record_id}/files/uploadAttachment", body).status_code == 422


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:80/a", True),
        ("http://127.8.9.10/a", True),
        ("http://localhost:9/a", True),
        ("http://[::1]:9/a", True),
        ("http://localhost.cobaltharbor.example/a", False),
        ("http://127.0.0.1@cobaltharbor.example/a", False),
        ("http://192.168.1.1/a", False),
        ("http://[::1/a", False),
        ("", False),
    ],
)
def test_only_loopback_is_local(url: str, local: bool) -> None:
    assert fetch.is_local(url) is local
