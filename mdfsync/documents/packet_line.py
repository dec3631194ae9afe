"""One line of a packet on its own page: approval, invoice, payment, performance, dates, clause, in the order in which a
payer checks it. What stands behind it follows on the pages after (`packet_pdf`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

from mdfsync.currencies import in_currency
from mdfsync.documents.paper import Block, Grid, Pairs, Section
from mdfsync.documents.wording import BLANK

_KINDS = {
    "approval": "Approval", "invoice": "Invoice", "payment": "Proof of payment",
    "performance": "Proof of performance",
}  # fmt: skip


class Shown(Protocol):
    """What the index says of a file."""

    @property
    def page(self) -> str: ...

    @property
    def why(self) -> str: ...


def line_title(line: Mapping[str, Any]) -> str:
    """The heading of a line, by which it is found among the bookmarks."""
    return f"Line {line['number']}: {line['title'] or line['expense_id']}"


def line_section(manifest: Mapping[str, Any], line: Mapping[str, Any], index: Mapping[str, Shown]) -> Section:
    """The page of one line."""
    return Section(title=line_title(line), blocks=tuple(_blocks(manifest, line, index)), own_page=True)


def _blocks(manifest: Mapping[str, Any], line: Mapping[str, Any], index: Mapping[str, Shown]) -> Iterator[Block]:
    yield Pairs(rows=tuple(_amounts(manifest, line)), nature="calculation", sources=(line["expense_id"],))
    yield Pairs(
        title="Approved", rows=tuple((one["what"], one["says"]) for one in line["approval"]), nature="decision",
        sources=("MDF Budgets", "Approvals"),
    )  # fmt: skip
    rows = [(title, *pair) for kind, title in _KINDS.items() for pair in _of_kind(line, kind, index)]
    yield Grid(
        title="Proof", columns=("", "Document", "Where"), rows=tuple(rows), widths=(18, 40, 42), nature="fact",
        sources=tuple(dict.fromkeys(proof["evidence_id"] for proof in line["proof"])),
    )  # fmt: skip
    yield Grid(
        title="Dates", columns=("What", "Day", "Against", "Kept"), widths=(18, 16, 46, 20),
        rows=tuple((d["what"], d["day"], d["against"], d["outcome"]) for d in line["dates"]), nature="calculation",
        sources=(line["expense_id"],),
    )  # fmt: skip
    clauses = tuple((one["clause"], one["says"]) for one in line["clauses"])
    if clauses:
        title = f"Clauses of {line['programme']}"
        yield Grid(title=title, columns=("Clause", "Says"), rows=clauses, widths=(22, 78), nature="fact")


def _of_kind(line: Mapping[str, Any], kind: str, index: Mapping[str, Shown]) -> Iterator[tuple[str, str]]:
    """Each document of a kind and where it is; that there is none is said."""
    found = [proof for proof in line["proof"] if proof["kind"] == kind]
    yield from ((_said(proof), _where(proof, index)) for proof in found)
    if not found and kind != "approval":
        yield "none on record", "nothing of this kind was asked for"


def _amounts(manifest: Mapping[str, Any], line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    own, currency = line["currency"], manifest["currency"]

    def money(name: str, code: str) -> str:
        return BLANK if line[name] is None else in_currency(Decimal(line[name]), code)

    yield "Claimed", money("amount", currency)
    if line["stated"] != line["amount"]:
        yield "Asked for in the base", money("stated", currency)
    yield (
        "Line, expense, request",
        ", ".join(dict.fromkeys(part for part in (line["line_id"], line["expense_id"], line["request_id"]) if part)),
    )
    yield "Category and activity", f"{line['category'] or BLANK}, {line['activity'] or BLANK}"
    yield "Supplier and invoice", f"{line['vendor'] or BLANK}, {line['invoice_number'] or 'no number'}"
    yield "Net, tax, paid", f"{money('net', own)}, {money('tax', own)}, {money('paid', own)}"
    if line["rate"]:
        rate = line["rate"]
        day = f" of {rate['on']}" if rate["on"] else ""
        yield "Rate", f"1 {own} = {rate['value']} {currency}{day}, {rate['source']}"
    yield "Base and share", f"{money('base', currency)}, {_share(line['share'])}"
    if line["cuts"]:
        yield "What lowered it", "\n".join(line["cuts"])


def _share(share: str | None) -> str:
    return "no share" if share is None else f"{(Decimal(share) * 100).normalize():f} %"


def _said(proof: Mapping[str, Any]) -> str:
    head = " ".join(part for part in (proof["evidence_id"], proof["title"]) if part)
    more = ", ".join(part for part in (proof["number"], proof["date"], proof["by"]) if part)
    return f"{head}\n{more}".strip()


def _where(proof: Mapping[str, Any], index: Mapping[str, Shown]) -> str:
    """The page that shows it and its file; or why there is none."""
    if proof["fault"]:
        return f"does not count and is not included: it {proof['fault']}"
    if not proof["files"]:
        known = f"known from {proof['known_from']}" if proof["known_from"] else "nobody says where it is known from"
        return f"no file is attached; {known}" + (f"; {proof['address']}" if proof["address"] else "")
    return "\n".join(_of_file(file, index) for file in proof["files"])


def _of_file(file: Mapping[str, Any], index: Mapping[str, Shown]) -> str:
    if not file["place"]:
        return f"MISSING: {file['name']}: {file['lost']}"
    entry = index.get(file["place"])
    at = f"page {entry.page}" if entry and entry.page else entry.why if entry else ""
    return f"{at + ': ' if at else ''}{file['place']}"
