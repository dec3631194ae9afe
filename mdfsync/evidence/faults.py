"""What is wrong with a document, as far as the base can tell: its file, its dates, its names, its amounts.

    document ─faults_of─> Fault, Fault, …

A fault is something that a payer would send the document back for and that can still be put right. What nobody has
written down is unknown and no fault: whether it is asked for is the programme's to say. A reviewer's own decision is
not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from mdfsync.evidence.documents import (
    File,
    activity_of,
    deliverables_of,
    expenses_of,
    files_of,
    has_arrived,
    is_void,
    pieces_of,
)
from mdfsync.evidence.keys import vendor_key
from mdfsync.model import Subject, fingerprint
from mdfsync.view import Row, View

RULE = "wrong_evidence"
"""The rule that tells of faults, and whose waivers let them pass."""
ZERO = Decimal(0)
_PAPERS = frozenset({"pdf", "picture", "document", "text", "e-mail"})
_SHOWN = _PAPERS | {"video", "sound"}
_ENDINGS = {"jpeg": "jpg", "tiff": "tif", "htm": "html"}
PREPARED = frozenset({"agenda", "invitation", "script", "contract", "collateral", "statement of work"})
"""Pieces that are made before the activity begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`key` tells faults of one document apart, `words` follow the document's id, `values` are what decided."""

    key: str
    words: str
    values: Mapping[str, str] = field(default_factory=dict)


def unusable(view: View, document: Row) -> tuple[Fault, ...]:
    """Why a document may not be used as proof: its faults but those that a person let pass. Nothing: it may be used."""
    found, waived = faults_of(view, document), view.facts.waived
    return tuple(fault for fault in found if fingerprint(RULE, document.place, fault.key) not in waived)


def faults_of(view: View, document: Row) -> tuple[Fault, ...]:
    """Everything that is wrong with a document that has arrived; worked out when first asked for."""
    known: dict[Subject, tuple[Fault, ...]] = view.memo.setdefault(("faults",), {})
    found = known.get(document.place)
    if found is None:
        found = known[document.place] = _faults(view, document)
    return found


def _faults(view: View, document: Row) -> tuple[Fault, ...]:
    if not has_arrived(document):
        return ()
    kind = document.text("evidence_type")
    about = {"invoice": _invoice, "payment": _payment, "performance": _performance}.get(kind)
    return (*_files(view, document), *(about(view, document) if about else ()))


def _files(view: View, document: Row) -> Iterator[Fault]:
    accepted = _PAPERS if document.text("evidence_type") in {"invoice", "payment"} else _SHOWN
    unread, strange = [], []
    for file in files_of(view, document):
        if file.read.fault:
            unread.append(f"{file.name} is {file.read.fault}")
        elif file.read.kind and file.read.kind not in accepted:
            strange.append(f"{file.name} is {_called(file)}")
    if document.text("readable") == "no":
        unread.append("a reviewer could not read it")
    if unread:
        words = f"cannot be read: {'; '.join(unread)}"
        yield Fault(key="unreadable", words=words, values=_said(document, "readable", "file"))
    if strange:
        words = f"is no document that can be filed: {'; '.join(strange)}"
        yield Fault(key="file_type", words=words, values=_said(document, "file"))


def _called(file: File) -> str:
    """What the file is, and that its name says otherwise."""
    kind = {"archive": "an archive", "unknown": "of no known kind"}.get(file.read.kind, f"a {file.read.kind}")
    ending = file.name.rpartition(".")[2].lower()
    told = _ENDINGS.get(ending, ending)
    return f"{kind}, whatever its name says" if file.read.format and told != file.read.format else kind


def _invoice(view: View, document: Row) -> Iterator[Fault]:
    expenses = expenses_of(view, document)
    yield from _other_name("vendor", "is from", document, "issuer", expenses)
    currency = document.text("evidence_currency")
    others = [e for e in expenses if currency and e.text("expense_currency") not in {"", currency}]
    if others:
        words = f"is in {currency}, {_list(others)} in {others[0].text('expense_currency')}"
        yield Fault(key="currency", words=words, values=_said(document, "evidence_currency"))
    else:
        yield from _too_little(view, document, expenses, "net_amount", "shows")
    yield from _bill_to(view, document, expenses)


def _payment(view: View, document: Row) -> Iterator[Fault]:
    expenses = expenses_of(view, document)
    yield from _other_name("payee", "pays", document, "payee", expenses)
    currency = document.text("evidence_currency")
    if all(e.text("expense_currency") in {"", currency} for e in expenses):
        yield from _too_little(view, document, expenses, "paid_amount", "shows a payment of")


def _other_name(key: str, verb: str, document: Row, name: str, expenses: Iterable[Row]) -> Iterator[Fault]:
    said = document.text(name)
    others = [e for e in expenses if said and e.text("vendor_name") and not _same(said, e.text("vendor_name"))]
    if others:
        words = f"{verb} {said}, the supplier of {_list(others)} is {others[0].text('vendor_name')}"
        yield Fault(key=key, words=words, values={name: said, "vendor_name": others[0].text("vendor_name")})


def _too_little(view: View, document: Row, expenses: Iterable[Row], name: str, verb: str) -> Iterator[Fault]:
    """The documents of these expenses together show less than the expenses say. A higher figure is none: one invoice
    may
    stand for more than is claimed."""
    shown, claimed = document.money(name), [e.money(name) for e in expenses]
    known = [amount for amount in claimed if amount is not None]
    if shown is None or not known:
        return
    others = {
        other
        for expense in expenses
        for other in view.where("Evidence", "expense_ids", expense.id)
        if other.place != document.place
        and other.text("evidence_type") == document.text("evidence_type")
        and not is_void(view, other)
    }
    if any(other.money(name) is None for other in others):
        return
    together = shown + sum((other.money(name) or ZERO for other in others), ZERO)
    total = sum(known, ZERO)
    if together < total:
        with_others = f" ({together} with the others)" if others else ""
        words = f"{verb} {shown}{with_others}, less than the {total} of {_list(expenses)}"
        yield Fault(key="amount", words=words, values={name: str(shown), f"{name} of the expense": str(total)})


def _bill_to(view: View, document: Row, expenses: Iterable[Row]) -> Iterator[Fault]:
    """An invoice is made out to who claims the cost; the claimant's own invoice is made out to who pays the claim."""
    said = document.text("bill_to")
    for expense in expenses:
        claimant, payer = _parties(view, expense)
        wanted = payer if claimant and _same(document.text("issuer"), claimant) else claimant
        if said and wanted and not _same(said, wanted):
            words = f"is made out to {said}, not to {wanted}, which {'pays' if wanted == payer else 'claims'}"
            yield Fault(key="bill_to", words=words, values={"bill_to": said, "expected": wanted})
            return


def _parties(view: View, expense: Row) -> tuple[str, str]:
    """(claimant, payer) of an expense: by its request, else the fund, else the agreement and who pays whom."""
    request = view.target(expense, "mdf_request_id")
    if request is None:
        return "", ""
    fund, agreement = view.target(request, "fund_id"), view.target(request, "agreement_id")
    claimant, payer = (
        next((row.text(name) for row in (request, fund) if row and row.text(name)), "")
        for name in ("claimant_entity", "payer_entity")
    )
    sides = (agreement.text("our_entity"), agreement.text("partner_entity")) if agreement else ("", "")
    we_claim = request.text("mdf_direction") == "we_claim"
    if request.text("mdf_direction"):
        claimant, payer = claimant or sides[not we_claim], payer or sides[we_claim]
    return claimant, payer


def _performance(view: View, document: Row) -> Iterator[Fault]:
    yield from _dates(view, document)
    shown = {brand.casefold() for brand in document.listed("brands_shown")}
    wanted = chain.from_iterable(row.listed("brands_required") for row in deliverables_of(view, document))
    lacking = [brand for brand in dict.fromkeys(wanted) if brand.casefold() not in shown]
    if shown and lacking:
        words = f"does not show the brand {' and '.join(lacking)}"
        yield Fault(key="brands", words=words, values=_said(document, "brands_shown"))


def _dates(view: View, document: Row) -> Iterator[Fault]:
    """What covers days covers some of the activity; what says only when it was made was not made before it began. What
    is drawn up afterwards, as reports are, is fine."""
    start, end = activity_of(view, document)
    first, last = document.day("covers_from"), document.day("covers_to")
    first, last = first or last, last or first
    made = document.day("captured_on")
    values = {**_said(document, "captured_on", "covers_from", "covers_to"), "activity": f"{start} to {end or start}"}
    if first and last and start:
        if last < start or (end and first > end):
            yield Fault(key="dates", words=f"covers {first} to {last}, outside the activity", values=values)
    elif made and start and made < start and not PREPARED.intersection(pieces_of(document)):
        yield Fault(key="dates", words=f"was made on {made}, before the activity began", values=values)
    if made and made > view.as_of.date():
        yield Fault(key="future", words=f"says that it was made on {made}, a day to come", values=values)


def _same(left: str, right: str) -> bool:
    return vendor_key(left) == vendor_key(right)


def _list(rows: Iterable[Row]) -> str:
    return ", ".join(sorted(row.id for row in rows))


def _said(document: Row, *names: str) -> dict[str, str]:
    return {name: document.text(name) for name in names if document.text(name)}
