"""The packet's PDF: the paper, with the originals on the pages after the line that they prove.

    manifest + exhibits ─packet_pdf─> PDF: pages numbered through, bookmarks for sections and documents

The paper is set twice: once to learn how long its parts are, once with the numbers that follow from it. The same packet
gives the same bytes. Originals are only shown here; as they are, they stand beside the PDF in the zip.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mdfsync.documents.packet import LINES_FROM, Entry, packet_paper
from mdfsync.documents.packet_places import Original
from mdfsync.documents.render import render

PASSES = 4
_STAMP = 7
"""Points of the letters that say where a page of somebody else's belongs; smaller on a small page."""
_WIDTH = 0.56
"""Of a letter, of its height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One original with what can be shown of it: `pages` pages in the PDF at `pdf`; `None` where it cannot be shown,
    and `why`."""

    original: Original
    pdf: Path | None
    pages: int
    why: str

    @property
    def label(self) -> str:
        title = self.original.proof.row.text("evidence_title")
        return f"{self.original.proof.kind.capitalize()} {self.original.proof.id}{f': {title}' if title else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A bookmark of the paper: its depth from 0, and its page from 0."""

    title: str
    depth: int
    page: int


def packet_pdf(
    path: Path, manifest: Mapping[str, Any], shown: Sequence[Shown], others: Sequence[Entry], fonts: Path | None
) -> None:
    """Write the whole document. `others` are the files of the zip that no page shows."""
    at: dict[str, int] = {}
    numbers: tuple[int, ...] = ()
    for _ in range(PASSES):
        paper = packet_paper(manifest, _index(shown, others, at))
        made = render(replace(paper, numbers=numbers), "pdf", fonts=fonts)
        headings, count = _read(made)
        plan = _planned(headings, count, shown)
        if (plan.at, plan.numbers) == (at, numbers):
            break
        at, numbers = plan.at, plan.numbers
    of = f"DRAFT {manifest['of']['id']}" if manifest["draft"] else manifest["of"]["id"]
    _bound(path, made, headings, plan, shown, of)


def _index(shown: Sequence[Shown], others: Sequence[Entry], at: Mapping[str, int]) -> tuple[Entry, ...]:
    """The index; as long as no page is known, one of as many figures stands there."""
    entries = [
        Entry(
            place=one.original.place, of=_belongs(one.original.lines), sha256=one.original.file.read.sha256,
            pages=str(one.pages or ""), why=one.why,
            page=str(at.get(one.original.place, 1000)) if one.pdf else "",
        )
        for one in shown
    ]  # fmt: skip
    return (*others, *entries)


def _belongs(lines: Sequence[int]) -> str:
    if len(lines) > 3:
        return f"lines {lines[0]}, {lines[1]} and {len(lines) - 2} more"
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Pages in order: (own page of the paper, None) or (None, one that is shown); where each file begins, and the
    numbers of the paper's own pages."""

    pages: tuple[tuple[int | None, Shown | None], ...]
    at: dict[str, int]
    numbers: tuple[int, ...]


def _planned(headings: Sequence[Heading], count: int, shown: Sequence[Shown]) -> _Plan:
    """Where everything goes: after the last page of a line, what proves it first."""
    tops = [heading.page for heading in headings if heading.depth == 0]
    ends: dict[int, list[Shown]] = {}
    for one in shown:
        if one.pdf:
            ends.setdefault(tops[LINES_FROM + one.original.lines[0]] - 1, []).append(one)
    pages: list[tuple[int | None, Shown | None]] = []
    at, numbers, total = {}, [], 0
    for page in range(count):
        pages.append((page, None))
        total += 1
        numbers.append(total)
        for one in ends.get(page, ()):
            pages.append((None, one))
            at[one.original.place] = total + 1
            total += one.pages
    return _Plan(pages=tuple(pages), at=at, numbers=(*numbers, total))


def _read(made: bytes) -> tuple[list[Heading], int]:
    """The headings of a paper with their pages, and how many pages it has."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(made))

    def walk(items: Any, depth: int) -> Iterator[Heading]:
        for item in items:
            if isinstance(item, list):
                yield from walk(item, depth + 1)
            else:
                page = reader.get_destination_page_number(item)
                yield Heading(title=str(item.title), depth=depth, page=page or 0)

    return list(walk(reader.outline, 0)), len(reader.pages)


def _bound(path: Path, made: bytes, headings: Sequence[Heading], plan: _Plan, shown: Sequence[Shown], of: str) -> None:
    """One PDF of all pages, with its bookmarks."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    own = PdfReader(io.BytesIO(made))
    total = plan.numbers[-1]
    for page, one in plan.pages:
        if page is not None:
            writer.add_page(own.pages[page])
        elif one is not None and one.pdf is not None:
            with one.pdf.open("rb") as file:
                for n, sheet in enumerate(PdfReader(file).pages, 1):
                    text = f"{of}: {one.original.proof.id}, page {n} of {one.pages}"
                    number = f"Page {plan.at[one.original.place] + n - 1} of {total}"
                    _stamp(writer.add_page(sheet), text, number, writer)
    _bookmarks(writer, headings, plan, shown)
    info = {name: str(value) for name, value in (own.metadata or {}).items()}
    writer.add_metadata({**info, "/Producer": "mdfsync"})
    with path.open("wb") as out:
        writer.write(out)


def _bookmarks(writer: Any, headings: Sequence[Heading], plan: _Plan, shown: Sequence[Shown]) -> None:
    under: dict[int, list[Shown]] = {}
    for one in shown:
        if one.pdf:
            under.setdefault(LINES_FROM + one.original.lines[0] - 1, []).append(one)
    top, count = None, -1
    pending: list[Shown] = []

    def close() -> None:
        for one in pending:
            writer.add_outline_item(title=one.label, page_number=plan.at[one.original.place] - 1, parent=top)

    for heading in headings:
        page = plan.numbers[heading.page] - 1
        if heading.depth == 0:
            close()
            count += 1
            pending = under.get(count, [])
            top = writer.add_outline_item(title=heading.title, page_number=page)
        else:
            writer.add_outline_item(title=heading.title, page_number=page, parent=top)
    close()


def _stamp(page: Any, text: str, number: str, writer: Any) -> None:
    """A line at the visible bottom of a page that is not ours, without touching what stands on it."""
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject

    box, turned = page.cropbox, (page.rotation or 0) % 360
    x0, y0, x1, y1 = (float(value) for value in (box.left, box.bottom, box.right, box.top))
    across = (x1 - x0) if turned in {0, 180} else (y1 - y0)
    matrix = {
        0: f"1 0 0 1 {x0} {y0}", 90: f"0 1 -1 0 {x1} {y0}", 180: f"-1 0 0 -1 {x1} {y1}", 270: f"0 -1 1 0 {x0} {y1}",
    }.get(turned, f"1 0 0 1 {x0} {y0}")  # fmt: skip
    size = min(_STAMP, across / (len(text) + len(number) + 6) / _WIDTH)
    right = across - 8 - len(number) * size * _WIDTH
    words = "".join(
        f"BT /MdfsyncStamp {size:.2f} Tf {at:.2f} 4 Td ({_plain(said)}) Tj ET "
        for at, said in ((8, text), (right, number))
    )
    drawn = f"\nQ\nq {matrix} cm 1 g 0 0 {across:.2f} 13 re f 0.3 g {words}Q\n"

    def stream(data: bytes) -> Any:
        made = StreamObject()
        made.set_data(data)
        return writer._add_object(made)

    contents = page.get("/Contents")
    contents = contents.get_object() if contents is not None else None
    if isinstance(contents, ArrayObject):
        before = list(contents)
    else:
        before = [] if contents is None else [page.raw_get("/Contents")]
    page[NameObject("/Contents")] = ArrayObject([stream(b"q\n"), *before, stream(drawn.encode("cp1252"))])
    resources = DictionaryObject(page.get("/Resources", DictionaryObject()).get_object())
    fonts = DictionaryObject(resources.get("/Font", DictionaryObject()).get_object())
    fonts[NameObject("/MdfsyncStamp")] = DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica"), NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
    })  # fmt: skip
    resources[NameObject("/Font")] = fonts
    page[NameObject("/Resources")] = resources


def _plain(text: str) -> str:
    """Text within a PDF string: letters of Windows-1252 only, and none that ends the string."""
    known = text.encode("cp1252", "replace").decode("cp1252")
    return "".join(f"\\{char}" if char in "()\\" else char for char in known if char.isprintable())
