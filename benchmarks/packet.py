"""How long it takes to make a packet, and how much memory: many lines, many attachments, PDFs and pictures.

    .venv/bin/python -m benchmarks.packet [LINES] [ATTACHMENTS] [--kilobytes N]

Measured is everything after the base was read: which lines enter, the sums, the PDF with the originals in it, the zip,
and the check of it afterwards. Every other attachment is a scan (a PDF with a picture on its page), every fifth a
photo, the rest text. Time is that of one process; the peak of memory is the whole process's.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import time
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject

from benchmarks.world import ROOT
from mdfsync.documents.bundle import write_bundle
from mdfsync.documents.packet_check import packet_checks
from mdfsync.documents.packet_data import content_of
from mdfsync.documents.packet_places import originals_of
from mdfsync.documents.packet_zip import packet_parts, sealed
from mdfsync.model import FileRead, Record, Snapshot, Subject
from mdfsync.packet import Asked, packet_of
from mdfsync.policy import load_policy
from mdfsync.programme import load_programme
from mdfsync.values import canonical, to_instant
from mdfsync.view import Facts, View, project

AT = "2026-11-20T12:00:00.000Z"
PROGRAMME = """
[programme]
id = "bench"
title = "Bench"
version = "1"
valid_from = 2020-01-01
zone = "UTC"
currency = "USD"

[amount]
of = "expense.net"

[[amount.step]]
id = "share"
clause = "1"
says = "Half is paid."
share = "50%"
"""


def scan(dice: random.Random, size: int) -> bytes:
    """A page that is one picture of about so many bytes, which no compression makes smaller."""
    side = max(int((size / 3) ** 0.5), 1)
    writer = PdfWriter()
    page = writer.add_blank_page(595, 842)
    image = StreamObject()
    image.set_data(dice.randbytes(side * side * 3))
    image.update({
        NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Image"),
        NameObject("/Width"): NumberObject(side), NameObject("/Height"): NumberObject(side),
        NameObject("/ColorSpace"): NameObject("/DeviceRGB"), NameObject("/BitsPerComponent"): NumberObject(8),
    })  # fmt: skip
    content = StreamObject()
    content.set_data(b"q 500 0 0 700 40 60 cm /Im0 Do Q")
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/Im0"): writer._add_object(image)})}
    )
    page[NameObject("/Contents")] = ArrayObject([writer._add_object(content)])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def photo(dice: random.Random, size: int) -> bytes:
    """A PNG of about so many bytes."""
    import struct
    import zlib

    side = max(int((size / 3) ** 0.5), 1)
    rows = b"".join(b"\0" + dice.randbytes(side * 3) for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def text(dice: random.Random, _size: int) -> bytes:
    """A page of a few lines."""
    writer = PdfWriter()
    writer.add_blank_page(595, 842).compress_content_streams()
    writer.add_metadata({"/Title": f"{dice.random()}"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def world(lines: int, attachments: int, size: int, folder: Path) -> tuple[View, Path]:
    """A claim of so many lines with so many attachments, whose bytes lie in a folder by their hash."""
    policy, dice = load_policy(ROOT), random.Random(6)  # noqa: S311 - a claim, no secret
    rows: dict[str, list[dict[str, Any]]] = {
        "Partners": [{"partner_id": "pt", "partner_name": "Partner", "legal_entity": "Partner LLC"}],
        "Campaigns": [{"joint_campaign_id": "JC", "campaign_name": "Bench"}],
        "MDF Funds": [{"fund_id": "fd", "partner_id": "pt", "mdf_programme": "bench", "mdf_direction": "we_reimburse",
                       "payer_entity": "Payer", "claimant_entity": "Claimant", "fund_currency": "USD",
                       "allocated_amount": 10**8}],
        "MDF Budgets": [{"mdf_request_id": "R", "joint_campaign_id": "JC", "partner_id": "pt", "fund_id": "fd",
                         "approved_on": "2026-05-20", "approved_mdf_amount": 10**7, "budget_currency": "USD",
                         "activity_start": "2026-06-01", "activity_end": "2026-09-30"}],
        "Reimbursements": [{"reimbursement_id": "rb", "claim_title": "Bench", "joint_campaign_id": "JC",
                            "partner_id": "pt", "fund_id": "fd", "claim_currency": "USD"}],
        "Expenses": [], "Reimbursement Lines": [], "Evidence": [],
    }  # fmt: skip
    files: dict[str, FileRead] = {}
    for n in range(lines):
        net = f"{dice.randrange(10_000, 900_000) / 100:.2f}"
        rows["Expenses"].append({
            "expense_id": f"E{n}", "expense_title": f"Cost {n}", "joint_campaign_id": "JC", "partner_id": "pt",
            "mdf_request_id": "R", "vendor_name": f"Vendor {n}", "invoice_number": f"N-{n}", "net_amount": net,
            "expense_currency": "USD", "committed_on": "2026-06-02", "activity_start": "2026-06-10",
            "activity_end": "2026-06-10", "invoice_date": "2026-06-12", "paid_on": "2026-06-20",
        })  # fmt: skip
        rows["Reimbursement Lines"].append({
            "reimbursement_line_id": f"L{n:04}", "reimbursement_id": "rb", "expense_id": f"E{n}",
            "line_currency": "USD", "claimed_amount": net,
        })  # fmt: skip
    for n in range(attachments):
        made, format = (
            (scan(dice, size), "pdf")
            if n % 2
            else (photo(dice, size), "png")
            if n % 5 == 0
            else (text(dice, size), "pdf")
        )
        sha = sha256(made).hexdigest()
        (folder / sha).write_bytes(made)
        files[f"att{n}"] = FileRead(id=f"att{n}", size=len(made), sha256=sha, kind="pdf", format=format)
        kind = ("invoice", "payment", "performance")[n // lines % 3]
        rows["Evidence"].append({
            "evidence_id": f"EV{n:04}", "evidence_type": kind, "expense_ids": f"E{n % lines}",
            "evidence_decision": "accepted", "received_on": "2026-07-01",
            "file": [f"{n}.{format} ({len(made)}) att{n}"],
        })  # fmt: skip
    tables = {table: tuple(_record(policy, table, n, row) for n, row in enumerate(of)) for table, of in rows.items()}
    (folder / "bench.toml").write_text(PROGRAMME, encoding="utf-8")
    view = project(
        Snapshot(base_id="app", taken_at=to_instant(AT), tables=tables), (), as_of=to_instant(AT),
        dictionary=policy.dictionary, facts=Facts(files=files), rules=policy.rules, matrix=policy.approvals,
        programmes={"bench": (load_programme(folder / "bench.toml"),)},
    )  # fmt: skip
    return view, folder


def _record(policy: Any, table: str, n: int, row: dict[str, Any]) -> Record:
    spec = policy.dictionary.tables[table]
    fields = {
        name: value[0] if isinstance(value, list) else canonical(spec.fields[name].kind, value)
        for name, value in row.items()
    }
    fields = {name: json.dumps([text]) if name == "file" else text for name, text in fields.items()}
    return Record(record_id=f"rec{n}", subject=Subject(table=table, id=fields[spec.id_field]), fields=fields)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("lines", nargs="?", type=int, default=200, metavar="LINES")
    asked.add_argument("attachments", nargs="?", type=int, default=500, metavar="ATTACHMENTS")
    asked.add_argument("--kilobytes", type=int, default=300, metavar="N", help="Size of a scan or photo.")
    options = asked.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        view, blobs = world(options.lines, options.attachments, options.kilobytes * 1024, folder)
        started, busy = time.perf_counter(), time.process_time()
        row = view.row("Reimbursements", "rb")
        assert row is not None
        packet = packet_of(view, Asked(row=row), ())
        content = content_of(view, packet, None, (), "bench")
        manifest = sealed(content, version=1, prepared_at=AT, draft=False, before=None)
        parts = packet_parts(manifest, originals_of(packet), lambda sha: (blobs / sha).read_bytes(), None)
        write_bundle(folder / "packet.zip", parts, manifest)
        made = time.perf_counter() - started
        schema = json.loads((ROOT / "schema" / "packet-manifest.schema.json").read_text(encoding="utf-8"))
        faults = [fault for one in packet_checks(folder / "packet.zip", schema)[1] for fault in one.faults]
        checked, cpu = time.perf_counter() - started - made, time.process_time() - busy
        size = (folder / "packet.zip").stat().st_size / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{len(packet.lines)} lines, {options.attachments} attachments, zip of {size:.0f} MB: made in {made:.1f} s, "
        f"checked in {checked:.1f} s ({cpu:.1f} s of processor), peak {peak} MB, faults: {faults or 'none'}"
    )


if __name__ == "__main__":
    main()
