"""Which documents are the same document, and which costs look like the same cost.

    View ─same_documents, same_costs─> Group, Group, …

The same bytes, the same invoice of a supplier, the same payment: each may stand behind one thing only, in whatever
campaign, with whatever partner, from whatever fund. Two copies about the same expense or activity are one document
filed twice and no matter; nor are the parts of one invoice on one request, nor the lines of one transfer. A payment is
of costs: that two were for one activity does not join them. Documents that a reviewer refused are not compared, those
of refused expenses are: a refused cost that returns elsewhere is the usual form. Which expenses claim one invoice twice
is told elsewhere, by the expenses themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from mdfsync.eligibility.life import is_cancelled
from mdfsync.evidence.documents import behind, expenses_of, files_of, has_arrived, is_void, subjects_of
from mdfsync.evidence.keys import invoice_key, number_key, text_key, vendor_key
from mdfsync.view import Row, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of one table that are alike, by id. `key` names the likeness (`bytes …`, `invoice …`), `words` says it in
    words that follow "the same"."""

    key: str
    words: str
    rows: tuple[Row, ...]
    values: Mapping[str, str] = field(default_factory=dict)

    def others(self, row: Row) -> tuple[Row, ...]:
        return tuple(other for other in self.rows if other.place != row.place)


def same_documents(view: View) -> tuple[Group, ...]:
    """Groups of Evidence rows; rows that are alike in several ways stand in the first group alone."""
    known: tuple[Group, ...] | None = view.memo.get(("evidence", "documents"))
    if known is None:
        found: dict[frozenset[str], Group] = {}
        documents = [row for row in view.rows("Evidence") if row.id and has_arrived(row) and not is_void(view, row)]
        for group in (*_bytes(view, documents), *_invoices(view, documents), *_payments(view, documents)):
            found.setdefault(frozenset(row.id for row in group.rows), group)
        known = view.memo["evidence", "documents"] = tuple(found.values())
    return known


def same_costs(view: View) -> tuple[Group, ...]:
    """Groups of Expenses rows that look like one cost though their invoice numbers differ or are not known."""
    known: tuple[Group, ...] | None = view.memo.get(("evidence", "costs"))
    if known is None:
        live = [row for row in view.rows("Expenses") if row.id and not is_cancelled(row) and row.money("net_amount")]
        found: dict[frozenset[str], Group] = {}
        for group in (*_bought(live), *_described(live), *_paid(live)):
            found.setdefault(frozenset(row.id for row in group.rows), group)
        known = view.memo["evidence", "costs"] = tuple(found.values())
    return known


def _bytes(view: View, documents: Iterable[Row]) -> Iterator[Group]:
    by_hash: dict[str, list[tuple[Row, str]]] = {}
    for row in documents:
        for file in files_of(view, row):
            if file.read.sha256 and not file.read.fault:
                by_hash.setdefault(file.read.sha256, []).append((row, file.name))
    for sha, found in sorted(by_hash.items()):
        rows = tuple(dict.fromkeys(row for row, _ in found))
        if _apart(rows, partial(subjects_of, view)):
            names = ", ".join(dict.fromkeys(name for _, name in found))
            yield Group(
                key=f"bytes {sha[:16]}", words="file", rows=_sorted(rows), values={"file": names, "sha256": sha}
            )


def _invoices(view: View, documents: Iterable[Row]) -> Iterator[Group]:
    def key(row: Row) -> tuple[str, str]:
        return invoice_key(row.text("issuer"), row.text("document_number") or row.text("invoice_number"))

    for (vendor, number), rows in _by(key, (r for r in documents if r.text("evidence_type") == "invoice")):
        requests = {view.ref(row, "mdf_request_id") for row in rows}
        parts = len({row.text("net_amount") for row in rows}) == len(rows) and len(requests) == 1
        if _apart(rows, partial(subjects_of, view)) and not parts:
            values = {"issuer": rows[0].text("issuer"), "document_number": rows[0].text("document_number")}
            yield Group(key=f"invoice {vendor} {number}", words="invoice", rows=_sorted(rows), values=values)


def _payments(view: View, documents: Iterable[Row]) -> Iterator[Group]:
    def key(row: Row) -> tuple[str, ...]:
        of_transfer = number_key(row.text("payment_reference"))
        return of_transfer, vendor_key(row.text("payee")), row.text("paid_amount"), row.text("evidence_currency")

    def about(row: Row) -> frozenset[tuple[str, str]]:
        return frozenset(("Expenses", e.id) for e in expenses_of(view, row)) or subjects_of(view, row)

    for (of_transfer, payee, *_), rows in _by(key, (r for r in documents if r.text("evidence_type") == "payment"), 3):
        if _apart(rows, about):
            values = {name: rows[0].text(name) for name in ("payment_reference", "payee", "paid_amount")}
            yield Group(key=f"payment {of_transfer} {payee}", words="payment", rows=_sorted(rows), values=values)


def _bought(expenses: Iterable[Row]) -> Iterator[Group]:
    """The same supplier, amount and day of invoice."""

    def key(row: Row) -> tuple[str, ...]:
        return vendor_key(row.text("vendor_name")), row.text("net_amount"), row.text("invoice_date"), _currency(row)

    for (vendor, amount, day, _), rows in _by(key, expenses, 3):
        if not _one_invoice(rows):
            words = "supplier, amount and day of invoice"
            values = {name: rows[0].text(name) for name in ("vendor_name", "net_amount", "invoice_date")}
            yield Group(key=f"cost {vendor} {amount} {day}", words=words, rows=_sorted(rows), values=values)


def _described(expenses: Iterable[Row]) -> Iterator[Group]:
    """The same words and amount in two campaigns."""

    def key(row: Row) -> tuple[str, ...]:
        return text_key(row.text("line_description")), row.text("net_amount"), _currency(row)

    for (text, amount, _), rows in _by(key, expenses, 2):
        if len({row.text("joint_campaign_id") for row in rows}) > 1 and not _one_invoice(rows):
            values = {name: rows[0].text(name) for name in ("line_description", "net_amount")}
            words = "words and amount in another campaign"
            yield Group(key=f"line {text[:40]} {amount}", words=words, rows=_sorted(rows), values=values)


def _paid(expenses: Iterable[Row]) -> Iterator[Group]:
    """The same payment and amount behind two invoices."""

    def key(row: Row) -> tuple[str, ...]:
        return number_key(row.text("payment_reference")), row.text("paid_amount"), _currency(row)

    for (of_transfer, amount, _), rows in _by(key, expenses, 2):
        if not _one_invoice(rows):
            values = {name: rows[0].text(name) for name in ("payment_reference", "paid_amount")}
            yield Group(key=f"transfer {of_transfer} {amount}", words="payment", rows=_sorted(rows), values=values)


def _currency(expense: Row) -> str:
    return expense.text("expense_currency")


def _one_invoice(expenses: Iterable[Row]) -> bool:
    """Whether they are lines of one invoice: told by the invoice itself, not by what they look like."""
    keys = {invoice_key(row.text("vendor_name"), row.text("invoice_number")) for row in expenses}
    return len(keys) == 1 and all(next(iter(keys)))


def _by(
    key: Callable[[Row], tuple[str, ...]], rows: Iterable[Row], needed: int = 2
) -> Iterator[tuple[tuple[str, ...], tuple[Row, ...]]]:
    """Rows with the same key, two at least, where the first `needed` parts of the key are there."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        parts = key(row)
        if all(parts[:needed]):
            groups.setdefault(parts, []).append(row)
    for parts, found in groups.items():
        if len(found) > 1:
            yield parts, tuple(found)


def _apart(documents: Iterable[Row], about: Callable[[Row], frozenset[tuple[str, str]]]) -> bool:
    """Whether the documents are about different things: no chain of things in common joins them all."""
    clusters: list[frozenset[tuple[str, str]]] = []
    for row in documents:
        things = about(row)
        touching = [cluster for cluster in clusters if cluster & things]
        clusters = [cluster for cluster in clusters if not cluster & things]
        clusters.append(things.union(*touching))
    return len(clusters) > 1


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: row.place))


def claimed_by(view: View, group: Group) -> frozenset[str]:
    """The expenses behind a group of documents, by id."""
    return frozenset(expense.id for row in group.rows for expense in behind(view, row))
