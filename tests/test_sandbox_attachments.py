"""Attachments of the sandbox's Airtable: pictures, signed links, copies, refusals."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_bench import Bench, inside, new_bench, refusal


@pytest.fixture
def bench() -> Iterator[Bench]:
    with inside() as sandbox:
        yield new_bench(sandbox)


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1024, 256) + b"rest"
GIF = b"GIF89a" + struct.pack("<HH", 10, 20) + b"rest"
JPEG = b"\xff\xd8\xff\xe0" + struct.pack(">H", 6) + b"JFIF\xff\xc0" + struct.pack(">HBHH", 11, 8, 30, 40) + b"rest"


def upload(bench: Bench, data: bytes) -> dict[str, Any]:
    record_id = bench.partners.create({})["id"]
    body = {"contentType": "image/x", "filename": "p", "file": base64.b64encode(data).decode()}
    answer = bench.call("POST", f"{bench.base_id}/{record_id}/files/uploadAttachment", body).json()
    cell: dict[str, Any] = next(iter(answer["fields"].values()))[0]
    return cell


@pytest.mark.parametrize(("data", "sides"), [(PNG, (1024, 256)), (GIF, (10, 20)), (JPEG, (40, 30))])
def test_pictures_show_their_size_and_thumbnails(bench: Bench, data: bytes, sides: tuple[int, int]) -> None:
    cell = upload(bench, data)
    assert (cell["width"], cell["height"]) == sides
    small = cell["thumbnails"]["small"]
    assert max(small["width"], small["height"]) == min(36, max(sides))
    assert set(cell["thumbnails"]) == {"small", "large", "full"}


@pytest.mark.parametrize("data", [b"", b"%PDF", PNG[:12], GIF[:6], JPEG[:8], b"\xff\xd8\xff\xe0\x00\x00"])
def test_what_is_no_picture_has_no_size(bench: Bench, data: bytes) -> None:
    assert "width" not in upload(bench, data)


def test_a_link_cannot_be_made_to_live_longer(bench: Bench) -> None:
    url = upload(bench, PNG)["url"]
    head, until, signature, name = url.rsplit("/", 3)
    session = bench.sandbox.session()  # type: ignore[attr-defined]
    assert session.get(url).content == PNG
    assert session.get(f"{head}/{int(until) + 60}/{signature}/{name}").status_code == 404
    bench.sandbox.admin("POST", "clock", {"days": 0.1})
    assert session.get(url).status_code == 410


def test_a_link_of_this_sandbox_may_be_written_elsewhere_and_the_read_object_may_not(bench: Bench) -> None:
    cell = upload(bench, PNG)
    copied = bench.create({"files": [{"url": cell["url"], "filename": "copy.png"}]}).json()["fields"]["files"][0]
    assert (copied["id"] != cell["id"], copied["filename"], copied["width"]) == (True, "copy.png", 1024)
    answer = bench.create({"files": [cell]})
    assert refusal(answer) == (422, "INVALID_ATTACHMENT_OBJECT")
    text = answer.json()["error"]["message"]
    assert text.startswith('Invalid attachment object for field files: {\n  "id": "att')
    both = bench.patch(bench.partners.create({})["id"], {"files": [{"id": cell["id"]}, {"id": copied["id"]}]})
    assert [item["id"] for item in both["fields"]["files"]] == [cell["id"], copied["id"]]


def test_files_may_come_too_fast(bench: Bench) -> None:
    bench.turn(attachments_too_fast=True)
    answer = bench.create({"files": [{"url": "http://127.0.0.1:9/a.pdf"}]}).json()
    assert answer["details"] == {"message": "partialSuccess", "reasons": ["attachmentUploadRateIsTooHigh"]}
