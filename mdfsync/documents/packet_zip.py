"""A packet as files: the PDF, the schedule of lines, the lead list, the originals as they are, and the manifest.

    content ─sealed─> manifest      manifest + originals ─packet_parts─> parts ─bundle.write_bundle─> zip

Originals come out of the archive by their hash and go in byte for byte. Nothing here knows when it runs: the same
content with the same version and prepared time gives the same files.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mdfsync.documents.bundle import Part, part
from mdfsync.documents.exhibits import exhibit
from mdfsync.documents.packet import Entry
from mdfsync.documents.packet_pdf import Shown, packet_pdf
from mdfsync.documents.packet_places import Original
from mdfsync.documents.tables import csv_bytes, xlsx_bytes
from mdfsync.leads.outgoing import OutgoingList
from mdfsync.packet.versions import changes, content_digest

SCHEMA = "mdfsync packet manifest, 1"
SEALED = ("schema", "version", "digest", "prepared_at", "draft", "changes_since", "changes")
"""What a manifest says beside the content."""
MOST_SHOWN = 256 * 1024 * 1024
"""Bytes of originals that a PDF shows; those beyond stand in the zip alone."""
COLUMNS = (
    "line_id", "expense_id", "request_id", "status", "claimed", "currency", "category", "activity", "title", "vendor",
    "invoice_number", "invoice_date", "net", "tax", "expense_currency", "rate", "rate_date", "rate_source", "paid",
    "paid_on", "eligible_base", "share", "limits", "asked_for", "reason", "rule", "documents",
)  # fmt: skip
Read = Callable[[str], bytes]


def sealed(
    content: Mapping[str, Any], *, version: int, prepared_at: str, draft: bool, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The manifest of one version; `before` is that of the version before."""
    return {
        "schema": SCHEMA,
        "version": version,
        "digest": content_digest(content),
        "prepared_at": prepared_at,
        "draft": draft,
        "changes_since": before["version"] if before else None,
        "changes": changes(before, content) if before else [],
        **content,
    }


def content_in(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a manifest, without what was sealed on it and without the files of its zip."""
    return {name: value for name, value in manifest.items() if name not in {*SEALED, "files"}}


def packet_parts(
    manifest: Mapping[str, Any], originals: Sequence[Original], read: Read, leads: OutgoingList | None,
    *, fonts: Path | None = None, tell: Callable[[str], None] = lambda _name: None,
) -> Iterator[Part]:  # fmt: skip
    """The files of the packet, each to be read before the next is asked for. `read` gives archived bytes by hash."""
    tables = dict(_tables(manifest, leads))
    others = [
        Entry(place=name, of="packet", pages="", page="", sha256=sha256(data).hexdigest(), why="table")
        for name, data in tables.items()
    ]
    with TemporaryDirectory(prefix="mdfsync-") as temporary:
        folder = Path(temporary)
        shown = _shown(originals, read, tell, folder)
        tell("packet.pdf")
        packet_pdf(folder / "packet.pdf", manifest, shown, others, fonts)
        yield Part(name="packet.pdf", open=lambda: (folder / "packet.pdf").open("rb"), about={"kind": "packet"})
    for name, data in tables.items():
        yield part(name, data, kind="table")
    for one in shown:
        yield _original(one, read)


def _shown(originals: Sequence[Original], read: Read, tell: Callable[[str], None], folder: Path) -> list[Shown]:
    """What of each can be shown, as PDFs in a folder: together they may be larger than memory."""
    out, room = [], MOST_SHOWN
    for n, one in enumerate(originals):
        tell(one.place)
        made = exhibit(read(one.file.read.sha256), one.file.read.format if not one.file.read.fault else "")
        fits = bool(made.pdf) and len(made.pdf) <= room
        why = "the PDF is full" if made.pdf and not fits else made.why
        if fits:
            (folder / f"{n}.pdf").write_bytes(made.pdf)
            room -= len(made.pdf)
        out.append(Shown(original=one, pdf=folder / f"{n}.pdf" if fits else None, pages=made.pages, why=why))
    return out


def _original(one: Shown, read: Read) -> Part:
    sha, proof = one.original.file.read.sha256, one.original.proof
    about = {
        "kind": proof.kind, "evidence_id": proof.id, "lines": list(one.original.lines),
        "pages": one.pages or None,
    }  # fmt: skip
    return Part(name=one.original.place, open=lambda: io.BytesIO(read(sha)), about=about)


def _tables(manifest: Mapping[str, Any], leads: OutgoingList | None) -> Iterator[tuple[str, bytes]]:
    rows = [_claimed_row(line, manifest["currency"]) for line in manifest["lines"]]
    rows += [_barred_row(barred, manifest["currency"]) for barred in manifest["not_claimed"]]
    yield "lines.csv", csv_bytes(COLUMNS, rows)
    yield "lines.xlsx", xlsx_bytes(COLUMNS, rows, sheet="Lines")
    if leads is not None:
        yield "leads.csv", csv_bytes(leads.columns, leads.rows)
        yield "leads.xlsx", xlsx_bytes(leads.columns, leads.rows, sheet="Leads")


def _claimed_row(line: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    rate = line["rate"] or {"value": "", "on": "", "source": ""}
    said = {
        **line, "claimed": line["amount"], "currency": currency, "expense_currency": line["currency"],
        "rate": rate["value"], "rate_date": rate["on"], "rate_source": rate["source"], "eligible_base": line["base"],
        "limits": "; ".join(line["cuts"]), "asked_for": line["stated"], "reason": "Every rule is met.",
        "rule": "; ".join(f"{line['programme']}, {c['clause']}" for c in line["clauses"]),
        "documents": "; ".join(_documents(line)),
    }  # fmt: skip
    return tuple(str(said[name] or "") for name in COLUMNS)


def _documents(line: Mapping[str, Any]) -> Iterator[str]:
    for proof in line["proof"]:
        if not proof["fault"]:
            for file in proof["files"] or [{"place": "no file"}]:
                yield f"{proof['evidence_id']}: {file['place'] or 'missing'}"


def _barred_row(barred: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    said = {
        "line_id": barred["line_id"], "expense_id": barred["expense_id"], "status": barred["standing"],
        "claimed": "0", "currency": currency, "title": barred["title"], "vendor": barred["vendor"],
        "asked_for": barred["stated"], "reason": "; ".join(reason["says"] for reason in barred["reasons"]),
        "rule": "; ".join(reason["rule"] for reason in barred["reasons"] if reason["rule"]),
    }  # fmt: skip
    return tuple(str(said.get(name) or "") for name in COLUMNS)
