"""Which expenses claim the same invoice.

Suppliers write one number in many ways, so numbers are compared without spaces, punctuation, case and
leading zeros. Several lines of one invoice are not a duplicate while their sum stays within its net amount;
without a known net amount, two expenses are twins when they claim the same amount, or when they stand on
different requests, campaigns or partners. Refused lines are compared too: a refused cost that returns
elsewhere is the usual form. Which expenses are credit notes is told from the documents on record. Used by
`house`.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal

from mdfsync.eligibility.life import is_cancelled
from mdfsync.evidence.keys import invoice_key
from mdfsync.view import Row, View


def twice_claimed(view: View) -> list[tuple[Row, ...]]:
    """Groups of two or more expenses that claim one invoice more than it bears, each group by expense id."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for expense in view.rows("Expenses"):
        key = invoice_key(expense.text("vendor_name"), expense.text("invoice_number"))
        if all(key) and not is_cancelled(expense):
            groups.setdefault(key, []).append(expense)
    invoices = _net_of_invoices(view)
    found = []
    for key, group in groups.items():
        net = invoices.get(key)
        if net is None:
            group = [row for row in group if any(_alike(row, other) for other in group if other is not row)]
        elif sum((row.money("net_amount") or Decimal(0) for row in group), Decimal(0)) <= net:
            continue
        if len(group) > 1:
            found.append(tuple(sorted(group, key=lambda row: row.place)))
    return found


def is_credit_note(view: View, expense: Row) -> bool:
    """Whether evidence of the type `credit_note` stands behind this expense: it names the expense, or it is the same
    supplier's and bears the expense's number or settles the invoice of that number."""
    key = invoice_key(expense.text("vendor_name"), expense.text("invoice_number"))
    ids, keys = _credit_notes(view)
    return bool(expense.id and expense.id in ids) or (all(key) and key in keys)


def _credit_notes(view: View) -> tuple[Container[str], Container[tuple[str, str]]]:
    """What the credit notes on record name: expenses by id, and the supplier with each of their numbers."""
    known: tuple[set[str], set[tuple[str, str]]] | None = view.memo.get(("Evidence", "", "credit notes"))
    if known is None:
        ids, keys = known = set[str](), set[tuple[str, str]]()
        for document in view.where("Evidence", "evidence_type", "credit_note"):
            ids.update(view.refs(document, "expense_ids"))
            for name in ("document_number", "invoice_number"):
                keys.add(invoice_key(document.text("issuer"), document.text(name)))
        view.memo["Evidence", "", "credit notes"] = known
    return known


def _alike(left: Row, right: Row) -> bool:
    if left.money("net_amount") == right.money("net_amount"):
        return True
    return any(left.text(n) != right.text(n) for n in ("mdf_request_id", "joint_campaign_id", "partner_id"))


def _net_of_invoices(view: View) -> dict[tuple[str, str], Decimal]:
    """Net amount by supplier and number, from invoice evidence; the smallest where documents differ."""
    out: dict[tuple[str, str], Decimal] = {}
    for document in view.rows("Evidence"):
        net = document.money("net_amount")
        if document.text("evidence_type") != "invoice" or net is None:
            continue
        number = document.text("invoice_number") or document.text("document_number")
        key = invoice_key(document.text("issuer"), number)
        out[key] = min(net, out.get(key, net))
    return out
