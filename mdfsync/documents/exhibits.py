"""A file of evidence as pages that can be put into a document of ours: PDFs as they are, pictures one to a page.

    bytes + what they are ─exhibit─> PDF with pages and nothing else, or why it cannot be shown

Only a view: the file itself goes along unchanged. What a page could do (scripts, links, files within) is taken off;
what is protected by a password, of another kind, very long or broken is not shown, and that is said. No broken file
breaks the document. It looks at nothing but the bytes.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MOST_BYTES = 12 * 1024 * 1024
MOST_PAGES = 80
PICTURES = {"png": "png", "jpg": "jpg", "jpeg": "jpg", "gif": "gif", "webp": "webp"}
_PAPER = """#set page("a4", margin: (x: 18mm, top: 18mm, bottom: 24mm))
#align(center + horizon, image("picture", format: sys.inputs.format, width: 100%, height: 100%, fit: "contain"))
"""
_ACTS = ("/A", "/AA", "/Dest", "/PA", "/Parent", "/Popup", "/IRT", "/FS", "/JS", "/P")
_SEEN = frozenset({"/Widget", "/FreeText", "/Stamp", "/Ink", "/Highlight", "/Line", "/Square", "/Circle", "/Text"})
"""Kinds of annotation that only show something."""
_OF_PAGE = ("/AA", "/B", "/PieceInfo", "/Metadata", "/Thumb", "/StructParents", "/Tabs", "/PresSteps", "/AF")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """`pdf` holds `pages` pages; blank where it cannot be shown, and `why`. `pages` is 0 where none can be told."""

    pdf: bytes = b""
    pages: int = 0
    why: str = ""


def exhibit(data: bytes, format: str) -> Exhibit:
    """The file as pages."""
    if format not in {"pdf", *PICTURES}:
        return Exhibit(why="other kind of file")
    try:
        return _of_pdf(data) if format == "pdf" else _of_picture(data, PICTURES[format])
    except Exception:  # noqa: BLE001 - there is no end to what a broken file makes of its reader; it goes along anyway
        return Exhibit(why="cannot be opened")


def _of_picture(data: bytes, format: str) -> Exhibit:
    import typst

    if len(data) > MOST_BYTES:
        return Exhibit(pages=1, why="too large to show")
    with TemporaryDirectory(prefix="mdfsync-") as folder:
        at = Path(folder)
        (at / "picture").write_bytes(data)
        (at / "paper.typ").write_text(_PAPER, encoding="utf-8")
        made = typst.compile(
            at / "paper.typ",
            root=at,
            ignore_system_fonts=True,
            sys_inputs={"format": format},
            timestamp=0,
            format="pdf",
        )
    assert isinstance(made, bytes)  # noqa: S101 - without an output path it returns what it made
    return Exhibit(pdf=made, pages=1)


def _of_pdf(data: bytes) -> Exhibit:
    from pypdf import PdfReader, PdfWriter

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # what it thinks of other people's files is no concern of ours
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        return Exhibit(why="protected by a password")
    count = len(reader.pages)
    if count > MOST_PAGES or len(data) > MOST_BYTES:
        return Exhibit(pages=count, why="too long to show" if count > MOST_PAGES else "too large to show")
    writer = PdfWriter()
    for page in reader.pages:
        _calmed(page)
        writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    return Exhibit(pdf=out.getvalue(), pages=count)


def _calmed(page: Any) -> None:
    """Take off a page what does something; what only shows something stays."""
    from pypdf.generic import ArrayObject, NameObject

    for name in _OF_PAGE:
        page.pop(name, None)
    kept = ArrayObject()
    for reference in page.get("/Annots") or ():
        annotation = reference.get_object()
        if annotation.get("/Subtype") in _SEEN:
            for name in _ACTS:
                annotation.pop(name, None)
            kept.append(reference)
    page.pop("/Annots", None)
    if kept:
        page[NameObject("/Annots")] = kept
