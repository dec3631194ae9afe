"""Fetching attached files: from Airtable's own hosts alone, no further than allowed, and never at a risk to the run."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from evidence_lab import pdf
from http_lab import Time, http_answer, send, server
from sandbox_bench import new_bench, served

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.attachments import AttachedFiles, is_public, public_address
from mdfsync.edge.pace import Calls
from mdfsync.model import Attached, FileRead

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = "https://v5.airtableusercontent.com"
URL = f"{HOST}/v3/u/1/a/invoice.pdf"
PDF = pdf()


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def archive(tmp_path: Path) -> FolderArchive:
    return FolderArchive(tmp_path / "archive")


def fetch(archive: FolderArchive, url: str = URL, size: int | None = len(PDF), **options: Any) -> FileRead:
    options = {"api_url": "https://api.airtable.com", **options}
    return AttachedFiles(archive, **options).fetch(Attached(id="att1", name="invoice.pdf", size=size, url=url), now=NOW)


def test_a_file_is_hashed_archived_and_looked_at(wire: responses.RequestsMock, archive: FolderArchive) -> None:
    wire.get(URL, body=PDF)
    read = fetch(archive)
    assert (read.sha256, read.kind, read.fault, read.lost) == (sha256(PDF).hexdigest(), "pdf", "", "")
    assert archive.get(read.sha256) == PDF
    assert [(row.source_id, row.name) for row in archive.entries()] == [("airtable.files", "att1")]
    assert archive.verify() == []


def test_the_same_bytes_are_kept_once(wire: responses.RequestsMock, archive: FolderArchive) -> None:
    wire.get(URL, body=PDF)
    files = AttachedFiles(archive, api_url="https://api.airtable.com")
    twice = [Attached(id=id, name="photo.pdf", size=len(PDF), url=URL) for id in ("att1", "att2", "att1")]
    reads = [files.fetch(file, now=NOW) for file in twice]
    assert len({read.sha256 for read in reads}) == 1
    assert len(list((archive.root / "blobs").rglob("*/*"))) == 1
    assert [row.name for row in archive.entries()] == ["att1", "att2"]


def test_no_token_leaves_with_the_request(wire: responses.RequestsMock, archive: FolderArchive) -> None:
    wire.get(URL, body=PDF)
    fetch(archive)
    assert "Authorization" not in wire.calls[0].request.headers


def test_an_empty_file_and_a_web_page_are_kept_and_told_apart(
    wire: responses.RequestsMock, archive: FolderArchive
) -> None:
    wire.get(URL, body=b"")
    assert fetch(archive, size=0).fault == "empty"
    page = b"<!doctype html><title>Sign in</title>"
    wire.replace(responses.GET, URL, body=page)
    assert fetch(archive, size=len(page)).kind == "web page"
    assert len(archive.entries()) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://v5.airtableusercontent.com/a",
        "https://evil.example/a",
        "https://airtableusercontent.com.evil.example/a",
        "https://evilairtableusercontent.com/a",
        "https://v5.airtableusercontent.com:8443/a",
        "https://someone@v5.airtableusercontent.com/a",
        "https://127.0.0.1/a",
        "http://127.0.0.1:8080/a",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_hosts_are_not_asked(url: str, wire: responses.RequestsMock, archive: FolderArchive) -> None:
    assert "not a file host of Airtable" in fetch(archive, url).lost
    assert len(wire.calls) == 0
    assert archive.entries() == ()


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "https://10.0.0.8/a", "https://evil.example/a", "//evil.example/"],
)
def test_a_redirect_is_checked_like_a_first_address(
    target: str, wire: responses.RequestsMock, archive: FolderArchive
) -> None:
    wire.get(URL, status=302, headers={"Location": target})
    assert "not a file host of Airtable" in fetch(archive).lost
    assert len(wire.calls) == 1


def test_three_redirects_among_airtables_hosts_are_followed(
    wire: responses.RequestsMock, archive: FolderArchive
) -> None:
    wire.get(URL, status=302, headers={"Location": "/second"})
    wire.get(f"{HOST}/second", status=307, headers={"Location": "https://dl.airtable.com/third"})
    wire.get("https://dl.airtable.com/third", status=301, headers={"Location": f"{HOST}/fourth"})
    wire.get(f"{HOST}/fourth", body=PDF)
    assert fetch(archive).lost == ""
    wire.replace(responses.GET, f"{HOST}/fourth", status=302, headers={"Location": URL})
    assert "one redirect to the next" in fetch(archive).lost


@pytest.mark.parametrize(
    "answer, size, lost",
    [
        ({"status": 410}, len(PDF), "its host answered 410"),
        ({"status": 403}, len(PDF), "its host answered 403"),
        ({"body": requests.ReadTimeout("slow")}, len(PDF), "its host gave no usable answer (ReadTimeout)"),
        ({"body": PDF + b"more"}, len(PDF), f"{len(PDF) + 4} bytes came, Airtable says {len(PDF)}"),
        ({"body": bytes(3_000_000)}, None, "it is larger than 1 MB"),
    ],
)
def test_what_does_not_arrive_whole_is_told_and_not_kept(
    answer: dict[str, Any], size: int | None, lost: str, wire: responses.RequestsMock, archive: FolderArchive
) -> None:
    wire.get(URL, **answer)
    assert fetch(archive, size=size, most_bytes=1024 * 1024).lost == lost
    assert archive.entries() == ()


def test_a_file_that_is_too_large_is_not_even_asked_for(wire: responses.RequestsMock, archive: FolderArchive) -> None:
    assert fetch(archive, size=60 * 1024 * 1024).lost == "it is larger than 50 MB"
    assert len(wire.calls) == 0


def test_a_file_that_drips_is_given_up(wire: responses.RequestsMock, archive: FolderArchive) -> None:
    wire.get(URL, body=PDF)
    time = Time()

    def clock() -> float:
        time.now += 400
        return time.now

    assert "did not arrive within 300 seconds" in fetch(archive, clock=clock).lost


# -- addresses


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "224.0.0.1",
        "::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:93.184.216.34",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "2001:0:53aa:64c:0:0:0:0",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """What every name leads to."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)


def test_one_private_address_among_public_ones_is_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "93.184.216.34")
    assert public_address("v5.airtableusercontent.com", 443) == "93.184.216.34"
    names(monkeypatch, "93.184.216.34", "10.0.0.8")
    with pytest.raises(Exception, match="not public"):
        public_address("v5.airtableusercontent.com", 443)


def test_nothing_is_connected_to_when_a_name_leads_inside(
    archive: FolderArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a socket was opened"))
    assert "an address that is not public" in fetch(archive).lost


# -- this machine: the sandbox


def test_only_the_apis_own_origin_is_asked_on_this_machine(archive: FolderArchive) -> None:
    with server(send(http_answer("not for us"))) as (other, seen), server(send(http_answer("own"))) as (own, _):
        assert fetch(archive, f"{own}/file", None, api_url=own).kind == "text"
        assert "not a file host" in fetch(archive, f"{other}/file", None, api_url=own).lost
        assert "not a file host" in fetch(archive, URL, None, api_url=own).lost
    assert seen == []


def test_the_sandboxes_links_expire_like_airtables(tmp_path: Path) -> None:
    archive, calls = FolderArchive(tmp_path / "archive"), Calls()
    with served(tmp_path) as sandbox:
        bench = new_bench(sandbox)
        record_id = bench.partners.create({})["id"]
        body = {"contentType": "application/pdf", "filename": "a.pdf", "file": b64encode(PDF).decode()}
        answer = bench.call("POST", f"{bench.base_id}/{record_id}/files/uploadAttachment", body).json()
        cell = next(iter(answer["fields"].values()))[0]
        file = Attached(id=cell["id"], name=cell["filename"], size=cell["size"], url=cell["url"])
        files = AttachedFiles(archive, api_url=sandbox.airtable_url, calls=calls)
        assert files.fetch(file, now=NOW).sha256 == sha256(PDF).hexdigest()
        sandbox.admin("POST", "clock", {"days": 0.1})
        assert files.fetch(file, now=NOW).lost == "its host answered 410"
    assert calls["files"] == 2
