"""A packet as files: the same for the same, whole, readable, and harmless whatever a name holds."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from evidence_lab import pdf
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from packet_lab import (
    BLOBS,
    INVOICE,
    PAYMENT,
    PROVEN,
    SCHEMA,
    claim,
    evidence,
    expense,
    file,
    line,
    manifest_of,
    packet,
    proven,
    view_of,
    zipped,
)
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)  # fmt: skip

from mdfsync.documents.bundle import MANIFEST, SUMS
from mdfsync.documents.exhibits import exhibit
from mdfsync.documents.packet_check import Checked, packet_checks
from mdfsync.documents.packet_places import originals_of
from mdfsync.documents.packet_zip import content_in
from mdfsync.leads.outgoing import OutgoingList
from mdfsync.packet.versions import content_digest

HOSTILE = (
    "../../../etc/passwd", "..\\..\\windows\\system.ini", "/abs/olute.pdf", "C:\\evil.exe", "a\x00b.pdf", "CON",
    "=HYPERLINK(\"http://evil.example\")", "+1+1", "@SUM(A1)", "<script>alert(1)</script>", "#set page(width: 1pt)",
    "\u202egpj.exe", "x" * 300, "$ \\ { } ` ~", ".hidden", "name.", "ends ", "ÅØ 漢字.pdf",
)  # fmt: skip


def faults(path: Path) -> list[str]:
    return [fault for one in packet_checks(path, SCHEMA)[1] for fault in one.faults]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    view = proven()
    zipped(tmp_path / "packet.zip", view, packet(view), BLOBS)
    return tmp_path / "packet.zip"


def unpacked(made: Path) -> Path:
    folder = made.parent / "folder"
    with zipfile.ZipFile(made) as found:
        found.extractall(folder)
    return folder


# ------------------------------------------------------------------------------------------- whole


def test_a_packet_is_whole_as_a_zip_and_as_a_folder(made: Path) -> None:
    assert faults(made) == []
    assert faults(unpacked(made)) == []


def test_the_schema_is_one_and_refuses_what_it_does_not_know() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    view = proven()
    manifest = {**manifest_of(view, packet(view)), "files": [], "bonus": 1}
    assert len(list(Draft202012Validator(SCHEMA).iter_errors(manifest))) == 1


def test_originals_are_byte_for_byte_what_they_were(made: Path) -> None:
    with zipfile.ZipFile(made) as found:
        assert found.read("lines/01-L1/invoice-INV-1/invoice.pdf") == INVOICE
        assert found.read("shared/payment-PAY-1/paid.pdf") == PAYMENT


def test_the_same_packet_is_the_same_zip_in_another_process(made: Path) -> None:
    code = (
        "from pathlib import Path; from packet_lab import *; view = proven(); "
        f"zipped(Path({str(made.parent / 'again.zip')!r}), view, packet(view), BLOBS)"
    )
    path = [str(Path(__file__).parent), *sys.path]
    environment = {"PYTHONPATH": ":".join(path), "PYTHONHASHSEED": "7", "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert (made.parent / "again.zip").read_bytes() == made.read_bytes()


# ------------------------------------------------------------------------------------------- tampering


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    view = proven()
    folder = tmp_path_factory.mktemp("whole")
    zipped(folder / "packet.zip", view, packet(view), BLOBS)
    return unpacked(folder / "packet.zip")


@settings(max_examples=120, deadline=None)
@given(which=st.integers(0, 99), where=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_any_byte_that_is_changed_is_found(whole: Path, which: int, where: int, flip: int) -> None:
    files = sorted(found for found in whole.rglob("*") if found.is_file())
    path = files[which % len(files)]
    before = path.read_bytes()
    content = bytearray(before)
    content[where % len(content)] ^= flip
    try:
        path.write_bytes(bytes(content))
        assert faults(whole)
    finally:
        path.write_bytes(before)


@settings(max_examples=300, deadline=None)
@given(where=st.integers(0, 10**6), flip=st.integers(1, 255), near=st.sampled_from(["anywhere", "end"]))
def test_any_byte_of_the_zip_itself_that_is_changed_is_found(whole: Path, where: int, flip: int, near: str) -> None:
    path = whole.parent / "packet.zip"
    before = path.read_bytes()
    content = bytearray(before)
    content[where % len(content) if near == "anywhere" else -1 - where % 700] ^= flip
    changed = whole.parent / "changed.zip"
    changed.write_bytes(bytes(content))
    assert faults(changed)


@pytest.mark.parametrize("where", ["before", "after"])
def test_nothing_hides_around_the_files_of_a_zip(made: Path, where: str) -> None:
    data = made.read_bytes()
    made.write_bytes(b"MZ hidden" + data if where == "before" else data + b"hidden")
    assert faults(made)


def test_a_file_that_is_gone_or_added_is_found(made: Path) -> None:
    at = unpacked(made)
    (at / "lines" / "01-L1" / "another.pdf").write_bytes(b"x")
    (at / "leads.csv").write_bytes(b"x")
    (at / "lines.xlsx").unlink()
    assert {"leads.csv: is in no list", "lines.xlsx: is missing", "lines/01-L1/another.pdf: is in no list"} <= set(
        faults(at)
    )


def resealed(at: Path, change: Any, *, digest: bool = True) -> list[str]:
    """What is found when somebody changes the manifest and seals everything anew."""
    manifest = json.loads((at / MANIFEST).read_text())
    change(manifest)
    if digest:
        manifest["digest"] = content_digest(content_in(manifest))
    text = json.dumps(manifest).encode()
    (at / MANIFEST).write_bytes(text)
    sums = (at / SUMS).read_text()
    old = re.findall(rf"([0-9a-f]{{64}})  {MANIFEST}", sums)[0]
    sums = sums.replace(old, hashlib.sha256(text).hexdigest())
    (at / SUMS).write_text(sums)
    return faults(at)


def test_totals_are_added_up_anew(made: Path) -> None:
    def raise_it(manifest: dict[str, Any]) -> None:
        manifest["totals"]["claimed"] = "900.01"

    assert resealed(unpacked(made), raise_it) == ["claimed: the manifest says 900.01, the lines come to 900.00"]


def test_a_raised_line_is_found_by_its_digest_and_its_tables(made: Path) -> None:
    def raise_it(manifest: dict[str, Any]) -> None:
        manifest["lines"][0]["amount"] = manifest["lines"][0]["stated"] = "5000.00"
        manifest["totals"]["claimed"] = "5400.00"

    found = resealed(unpacked(made), raise_it)
    assert "lines, amounts or documents were changed after they were sealed" in found
    assert "lines.csv: lines or amounts are others than in the manifest" in found


def test_a_line_beyond_the_manifest_is_found(made: Path) -> None:
    def drop_it(manifest: dict[str, Any]) -> None:
        del manifest["lines"][1]
        manifest["totals"] |= {"claimed": "500.00", "eligible": "1000.00"}

    found = resealed(unpacked(made), drop_it)
    assert "lines.csv: line L2 is in no manifest" in found
    assert "shared/payment-PAY-1/paid.pdf: belongs to no line" not in found


def test_a_held_line_cannot_be_written_in(made: Path) -> None:
    def write_in(manifest: dict[str, Any]) -> None:
        manifest["lines"][0]["status"] = "held"

    assert any("status" in fault for fault in resealed(unpacked(made), write_in))


def test_a_draft_cannot_be_passed_off_as_more(tmp_path: Path) -> None:
    view = view_of([expense("E1")], [line("L1", "E1")], head=claim("withdrawn"))
    zipped(tmp_path / "p.zip", view, packet(view), {}, draft=True)
    assert faults(tmp_path / "p.zip") == []

    def promote(manifest: dict[str, Any]) -> None:
        manifest["draft"] = False

    found = resealed(unpacked(tmp_path / "p.zip"), promote, digest=False)
    assert found == ["it names problems and is no draft: The claim is withdrawn."]


@pytest.mark.parametrize("manifest", ["[]", "null", '{"files": 3}', "\xff", '{"files": [], "lines": {}}'])
def test_a_manifest_of_any_kind_is_refused_in_words(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_bytes(manifest.encode("latin-1"))
    assert faults(tmp_path)


# ------------------------------------------------------------------------------------------- harmless


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_name_holds_leads_nowhere_and_runs_nothing(text: str, tmp_path: Path) -> None:
    shown = text.replace("\x00", "").replace("|", "/").replace(";", ",").strip() or "x"
    more = evidence({"evidence_id": f"INV {shown}"[:200], "evidence_type": "invoice", "expense_ids": "E1",
                     "net_amount": "1000", "document_number": "N-E1",
                     "file": f"{shown} ({len(INVOICE)}) attI"})  # fmt: skip
    view = view_of(
        [expense("E1", expense_title=shown, vendor_name=shown, invoice_number="N-E1")], [line(f"L {shown}"[:90], "E1")],
        more=more, files=BLOBS, head=claim(title=shown),
    )  # fmt: skip
    people = OutgoingList(
        joint_campaign_id="JC-1", partner_id="cobalt", columns=("company",), rows=((shown,),), verdicts=()
    )
    made = packet(view)
    assert len(made.lines) == 1
    zipped(tmp_path / "p.zip", view, made, BLOBS, leads=people)
    assert faults(tmp_path / "p.zip") == []
    with zipfile.ZipFile(tmp_path / "p.zip") as found:
        names = found.namelist()
        texts = [found.read(name).decode("utf-8-sig") for name in names if name.endswith(".csv")]
        tables = [list(csv.reader(io.StringIO(text, newline=""))) for text in texts]
        books = [openpyxl.load_workbook(io.BytesIO(found.read(n))).active for n in names if n.endswith(".xlsx")]
        reader = PdfReader(io.BytesIO(found.read("packet.pdf")))
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", name) and ".." not in name and name[0] != "/" for name in names)
    assert not [cell for table in tables for row in table for cell in row if cell.startswith(("=", "+", "@", "-"))]
    assert {cell.data_type for book in books if book for row in book.iter_rows() for cell in row if cell.value} == {"s"}
    assert "Reimbursement packet" in reader.pages[0].extract_text()
    assert float(reader.pages[0].mediabox.width) > 500


def test_an_id_that_is_a_formula_is_still_found_again(tmp_path: Path) -> None:
    view = view_of([expense("=1+1"), expense("@X")], [line("=2+2", "=1+1"), line("-3", "@X", "0")])
    zipped(tmp_path / "p.zip", view, packet(view), {})
    assert faults(tmp_path / "p.zip") == []


def test_two_files_of_one_name_do_not_take_each_others_place() -> None:
    more = evidence({"evidence_id": "INV-1", "evidence_type": "invoice", "expense_ids": "E1", "net_amount": "1000",
                     "document_number": "N-E1", "file": "a.pdf (1) attI; A.pdf (1) attP"})  # fmt: skip
    made = packet(view_of([expense("E1")], [line("L1", "E1")], more=more, files=BLOBS))
    places = [one.place for one in originals_of(made)]
    assert len({place.casefold() for place in places}) == 2


# ------------------------------------------------------------------------------------------- the PDF


def titles(reader: PdfReader) -> list[tuple[str, int]]:
    out: list[tuple[str, int]] = []

    def walk(items: Any) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item)
            else:
                out.append((str(item.title), (reader.get_destination_page_number(item) or 0) + 1))

    walk(reader.outline)
    return out


def written(text: str) -> bytes:
    """A one-page PDF that says something."""
    stream = f"BT /F1 12 Tf 20 50 Td ({text}) Tj ET".encode()
    writer = PdfWriter()
    page = writer.add_blank_page(300, 100)
    content = StreamObject()
    content.set_data(stream)
    page[NameObject("/Contents")] = writer._add_object(content)
    page[NameObject("/Resources")] = DictionaryObject({
        NameObject("/Font"): DictionaryObject({NameObject("/F1"): DictionaryObject({
            NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        })})
    })  # fmt: skip
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_pages_are_numbered_through_and_every_document_has_its_bookmark(tmp_path: Path) -> None:
    says = written("This is the invoice")
    view = proven(more=PROVEN.replace(str(len(INVOICE)), str(len(says))), files={**BLOBS, "attI": says})
    zipped(tmp_path / "p.zip", view, packet(view), {**BLOBS, "attI": says})
    with zipfile.ZipFile(tmp_path / "p.zip") as found:
        reader = PdfReader(io.BytesIO(found.read("packet.pdf")))
    pages = [page.extract_text() for page in reader.pages]
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in " ".join(text.split())
    marks = dict(titles(reader))
    at = marks["Invoice INV-1"]
    assert "This is the invoice" in pages[at - 1]
    assert "Line 1: Cost E1" in pages[marks["12. Line 1: Cost E1"] - 1]
    assert marks["12. Line 1: Cost E1"] < at < marks["13. Line 2: Cost E2"]
    assert f"page {at}: lines/01-L1" in " ".join(pages[marks["12. Line 1: Cost E1"] - 1].split())
    assert pages[0].startswith("Reimbursement packet")


def acting() -> bytes:
    """A PDF whose page runs a script when it opens, and that has a link and a file in it."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    script = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): script})
    link = DictionaryObject({
        NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Link"),
        NameObject("/Rect"): RectangleObject((0, 0, 9, 9)), NameObject("/A"): script,
    })  # fmt: skip
    box = DictionaryObject({
        NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Widget"),
        NameObject("/Rect"): RectangleObject((0, 0, 9, 9)), NameObject("/AA"): script,
    })  # fmt: skip
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(link), writer._add_object(box)])
    writer._root_object[NameObject("/OpenAction")] = script
    writer.add_attachment("virus.exe", b"MZ")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_what_a_page_would_do_is_taken_off_in_the_view_alone() -> None:
    shown = exhibit(acting(), "pdf")
    assert shown.pages == 1
    for act in (b"JavaScript", b"alert", b"/AA", b"EmbeddedFile", b"/Link", b"OpenAction"):
        assert act not in shown.pdf
    assert b"/Widget" in shown.pdf


def png(width: int = 40, height: int = 30) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x20\x80\xc0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data, format, pages, why",
    [
        (pdf(pages=3), "pdf", 3, ""),
        (png(), "png", 1, ""),
        (pdf(user="secret"), "pdf", 0, "protected by a password"),
        (pdf(user=""), "pdf", 0, "protected by a password"),
        (pdf(pages=81), "pdf", 81, "too long to show"),
        (b"%PDF-1.7 broken", "pdf", 0, "cannot be opened"),
        (png()[:40], "png", 0, "cannot be opened"),
        (b"PK\x03\x04", "xlsx", 0, "other kind of file"),
        (b"II*\x00", "tif", 0, "other kind of file"),
    ],
)
def test_a_file_is_shown_or_it_is_said_why_not(data: bytes, format: str, pages: int, why: str) -> None:
    shown = exhibit(data, format)
    assert (shown.pages, shown.why, bool(shown.pdf)) == (pages, why, not why)


def test_what_cannot_be_shown_goes_along_and_is_in_the_index(tmp_path: Path) -> None:
    secret = pdf(user="secret")
    view = view_of(
        [expense("E1")], [line("L1", "E1")], files={**BLOBS},
        more=evidence({"evidence_id": "EV-1", "evidence_type": "performance", "expense_ids": "E1",
                       "received_on": "2026-06-30", "file": "secret.pdf (1) attI"}),
    )  # fmt: skip
    view = replace(view, facts=replace(view.facts, files={"attI": file("attI", secret, size=1)}), memo={})
    made = packet(view)
    manifest = zipped(tmp_path / "p.zip", view, made, {"attI": secret})
    assert faults(tmp_path / "p.zip") == []
    assert "lines/01-L1/performance-EV-1/secret.pdf" in {one["name"] for one in manifest["files"]}
    with zipfile.ZipFile(tmp_path / "p.zip") as found:
        reader = PdfReader(io.BytesIO(found.read("packet.pdf")))
    assert "protected by a password" in " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_a_checked_packet_says_what_was_checked(made: Path) -> None:
    manifest, checked = packet_checks(made, SCHEMA)
    assert manifest["of"]["id"] == "C1"
    assert [type(one) for one in checked] == [Checked] * 8
