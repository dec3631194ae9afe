"""One expense of the base as a case that a programme can judge: the facts of its rows under the names of the language.

    Expenses row + partner, agreement, fund, request, activity, evidence, claim, payments ─case_of─> case

Every cell that a person or a source fills is handed over under its own name too (`request.purpose`), so a programme may
ask for any of them; what a cell does not say is left out and stays unknown. Cells that the worker computes are not: no
verdict may rest on an earlier one. It judges nothing. Sixth layer, before `judged`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.eligibility.life import is_approved
from mdfsync.eligibility.proof import documents_of, why_not
from mdfsync.evidence.documents import names_of
from mdfsync.values import LISTS
from mdfsync.view import Row, View
from mdfsync.view.charter import GENERAL, agreements_of, holds_on
from mdfsync.view.standing import campaign_in_force

_LEFT_OUT = frozenset({"link", "attachment"})
_YES = {"yes": True, "no": False}
Group = dict[str, Any]


def case_of(view: View, expense: Row) -> Group:
    """The case of an Expenses row as of the view's day."""
    request = view.target(expense, "mdf_request_id")
    fund = view.target(request, "fund_id") if request else None
    partner = view.target(expense, "partner_id")
    deliverable = view.target(expense, "deliverable_id")
    campaign = campaign_in_force(view, view.ref(expense, "joint_campaign_id"))
    activity = _activity(view, expense, deliverable, request, campaign)
    documents = [row for row in documents_of(view, expense) if not why_not(view, row)]
    case: Group = {
        "id": expense.id,
        "as_of": view.as_of.date().isoformat(),
        "direction": _text(request, "mdf_direction") or _text(fund, "mdf_direction"),
        "partner": _group(view, partner, _partner),
        "agreement": _agreement(view, expense, request, activity),
        "fund": _group(view, fund, _fund),
        "request": _group(view, request, _request),
        "campaign": _group(view, campaign, _cells),
        "deliverable": _group(view, deliverable, _cells),
        "activity": activity,
        "expense": _expense(view, expense, partner, documents),
        "evidence": [item for row in documents for item in _evidence(view, row)],
        "claim": _claim(view, expense),
        "payments": _payments(expense, documents),
        "decisions": _decisions(view, expense, request),
    }
    return {name: value for name, value in case.items() if value or isinstance(value, list)}


def _group(view: View, row: Row | None, made: Callable[[View, Row], Group]) -> Group:
    """What cases say of a row; made once and shared by the cases of all expenses that lead to it."""
    if row is None:
        return {}
    known: dict[tuple[Row, object], Group] = view.memo.setdefault(("eligibility", "groups"), {})
    if (row, made) not in known:
        known[row, made] = made(view, row)
    return known[row, made]


COLUMNS: Mapping[str, str] = {
    "expense.category": "eligible_category of the expense",
    "expense.committed_at": "committed_on of the expense",
    "expense.currency": "expense_currency of the expense",
    "expense.net": "net_amount of the expense",
    "expense.rate": "stated_rate of the expense",
    "expense.type": "activity_type of the expense",
    "expense.vendor": "vendor_name of the expense",
    "request.approved_amount": "approved_mdf_amount of the request",
    "request.approved_at": "approved_on of the request",
    "request.currency": "budget_currency of the request",
    "request.submitted_at": "requested_on of the request",
    "activity.starts": "activity_start of the expense or its deliverable",
    "activity.ends": "activity_end of the expense or its deliverable",
    "activity.persons": "person_count of the expense",
    "claim.submitted_at": "submitted_at of the claim",
}
"""In which column people fill in what a case lacks, where it goes by another name there."""


def _cells(view: View, row: Row) -> Group:
    """What people and sources say on a row, each cell in the form in which cases have it."""
    fields = view.dictionary.tables[row.subject.table].fields
    out: Group = {}
    for name, text in row.fields.items():
        spec = fields.get(name)
        if spec is None or spec.write == "computed" or spec.kind in _LEFT_OUT or not text:
            continue
        if spec.kind == "checkbox":
            out[name] = text == "true"
        else:
            out[name] = list(row.items(name)) if spec.kind in LISTS else text
    return out


def _said(**values: Any) -> Group:
    """Those of the values that are there."""
    return {name: value for name, value in values.items() if value not in (None, "")}


def _text(row: Row | None, name: str) -> str:
    return row.text(name) if row else ""


def _partner(view: View, partner: Row) -> Group:
    return _cells(view, partner) | _said(
        id=partner.id,
        name=partner.text("partner_name"),
        type=partner.text("partner_type"),
        certified_until=partner.text("certification_expiry"),
        active=partner.text("lifecycle") != "ended" if partner.text("lifecycle") else None,
    )


def _agreement(view: View, expense: Row, request: Row | None, activity: Mapping[str, Any]) -> Group:
    """The agreement that the request names, else the one that holds on the activity's first day."""
    named = view.target(request, "agreement_id") if request else None
    starts = activity.get("starts")
    if named is None and starts:
        day = date.fromisoformat(starts)
        signed = agreements_of(view, view.ref(expense, "partner_id"), GENERAL)
        named = next((row for row in signed if holds_on(row, day)), None)
    return _group(view, named, _paper)


def _paper(view: View, named: Row) -> Group:
    ends = [text for name in ("period_end", "terminated_on") if (text := named.text(name))]
    return _cells(view, named) | _said(
        id=named.id,
        signed=bool(named.text("signed_on")),
        signed_at=named.text("signed_on"),
        starts=named.text("period_start"),
        ends=min(ends, default=""),
    )


def _fund(view: View, fund: Row) -> Group:
    return _cells(view, fund) | _said(
        id=fund.id,
        period=fund.id if fund.text("period_start") else "",
        starts=fund.text("period_start"),
        ends=fund.text("period_end"),
        claim_by=fund.text("claim_deadline"),
        earned=fund.text("accrued_amount"),
        balance=fund.text("allocated_amount"),  # what others took of it is counted by the ceilings themselves
        currency=fund.text("fund_currency"),
    )


def _request(view: View, request: Row) -> Group:
    return _cells(view, request) | _said(
        id=request.id,
        submitted_at=request.text("requested_on"),
        approved=is_approved(request),
        approved_at=request.text("approved_on"),
        approved_amount=request.text("approved_mdf_amount"),
        approved_activities=[request.text("activity_type")] if request.text("activity_type") else None,
        currency=request.text("budget_currency"),
        conditions=list(request.listed("approval_conditions")) or None,
    )


def days_of(view: View, expense: Row) -> tuple[str, str]:
    """First and last day of the activity: by the expense, else its deliverable as it was, else as it is planned or was
    approved; `""` where nobody says."""
    deliverable, request = view.target(expense, "deliverable_id"), view.target(expense, "mdf_request_id")
    dates = (
        (expense, ("activity_start", "activity_end")),
        (deliverable, ("actual_start", "actual_end")),
        (deliverable, ("planned_start", "due_date")),
        (request, ("activity_start", "activity_end")),
    )
    starts = (row.text(first) for row, (first, _) in dates if row and row.text(first))
    ends = (row.text(last) for row, (_, last) in dates if row and row.text(last))
    return next(starts, ""), next(ends, "")


def _activity(view: View, expense: Row, deliverable: Row | None, request: Row | None, campaign: Row | None) -> Group:
    """When and what, by the first of the rows that says it."""
    starts, ends = days_of(view, expense)
    rows = [row for row in (deliverable, campaign) if row is not None]
    named = [row for row in (expense, deliverable, request) if row is not None]
    cancelled = "cancelled" in {_text(deliverable, "deliverable_state"), _text(campaign, "campaign_status")}
    seen = [int(row.text("attendee_count")) for row in documents_of(view, expense) if row.text("attendee_count")]
    return _said(
        id=view.ref(expense, "deliverable_id"),
        type=next((row.text("activity_type") for row in named if row.text("activity_type")), ""),
        title=_text(deliverable, "deliverable_title"),
        starts=starts,
        ends=ends,
        persons=expense.text("person_count"),
        attendees=max(seen) if seen else None,
        brands=list(deliverable.listed("brands_required")) or None if deliverable else None,
        cancelled=cancelled if rows else None,
    )


def _expense(view: View, expense: Row, partner: Row | None, documents: Iterable[Row]) -> Group:
    """The line itself. Before its invoice, the amount is what is committed, approved or planned, in this order."""
    net = expense.text("net_amount")
    expected = [expense.text(n) for n in ("committed_amount", "approved_amount", "planned_amount") if expense.text(n)]
    invoices = [row for row in documents if row.text("evidence_type") == "invoice"]
    itemised = any("line_items" in row.items("shown_attributes") or row.text("line_descriptions") for row in invoices)
    parts = [expense.money(name) or Decimal(0) for name in ("net_amount", "tax_amount", "fees_amount")]
    return _cells(view, expense) | _said(
        id=expense.id,
        category=expense.text("eligible_category"),
        type=expense.text("activity_type"),
        description=expense.text("line_description") or expense.text("expense_title"),
        vendor=expense.text("vendor_name"),
        vendor_is_partner=_is(expense.text("vendor_name"), _text(partner, "legal_entity")),
        committed_at=expense.text("committed_on"),
        net=net or (expected[0] if expected else ""),
        tax=expense.text("tax_amount"),
        gross=str(sum(parts)) if net else "",
        currency=expense.text("expense_currency"),
        rate=expense.text("stated_rate"),
        bill_to=expense.text("bill_to_entity"),
        itemised=itemised if invoices else None,
        language=next((row.text("language") for row in invoices if row.text("language")), ""),
        funded_elsewhere=_YES.get(expense.text("other_funding_declared")),
        credit_notes=expense.text("credited_amount"),
    )


def _is(vendor: str, entity: str) -> bool | None:
    return vendor.casefold() == entity.casefold() if vendor and entity else None


def _evidence(view: View, row: Row) -> list[Group]:
    """A document under each name that a programme may know it by; made once, like `_group`."""
    known: dict[Row, list[Group]] = view.memo.setdefault(("eligibility", "documents"), {})
    if row not in known:
        said = _document(view, row)
        known[row] = [{**said, "type": name} for name in names_of(row)]
    return known[row]


def _document(view: View, row: Row) -> Group:
    return _cells(view, row) | _said(
        id=row.id,
        state="accepted",
        date=row.text("document_date") or row.text("paid_on"),
        captured_at=row.text("captured_on"),
        brands=list(row.listed("brands_shown")) or None,
        vendor=row.text("issuer"),
        amount=row.text("paid_amount") or row.text("net_amount"),
        currency=row.text("evidence_currency"),
        readable=_YES.get(row.text("readable")),
        attributes=list(row.items("shown_attributes")) or None,
        rows=row.text("attendee_count"),
        count=len(row.items("file")) or None,
    )


def _claim(view: View, expense: Row) -> Group:
    """What is claimed for the expense, over all of its instalments; filed when the first of them was."""
    lines = view.where("Reimbursement Lines", "expense_id", expense.id)
    claims = [claim for line in lines if (claim := view.target(line, "reimbursement_id"))]
    filed = sorted(claim.text("submitted_at") for claim in claims if claim.text("submitted_at"))
    currencies = sorted({line.text("line_currency") for line in lines if line.text("line_currency")})
    amounts = [line.money("claimed_amount") or Decimal(0) for line in lines]
    if not lines:
        return {}
    return _said(
        id=claims[0].id if claims else "",
        submitted_at=filed[0] if filed else "",
        amount=str(sum(amounts)) if len(currencies) == 1 else "",
        currency=currencies[0] if len(currencies) == 1 else "",
        currencies=len(currencies) or None,
    )


def _payments(expense: Row, documents: Iterable[Row]) -> list[Group]:
    """Payments on record. One that settles several expenses counts here with what finance says was paid for this one;
    without any document, finance's own figure stands."""
    paid = [row for row in documents if row.text("evidence_type") == "payment"]
    own = _said(
        amount=expense.text("paid_amount"),
        currency=expense.text("expense_currency"),
        rate=expense.text("stated_rate"),
        paid_at=expense.text("paid_on"),
    )
    if not paid:
        return [{**own, "id": expense.text("payment_reference") or expense.id}] if expense.text("paid_amount") else []
    out = []
    for row in paid:
        alone = len(row.listed("expense_ids")) <= 1
        amount = _said(
            amount=row.text("paid_amount"), currency=row.text("evidence_currency"), rate=expense.text("stated_rate")
        )
        about = _said(
            id=row.id,
            paid_at=row.text("paid_on"),
            payee=row.text("payee"),
            method=row.text("payment_document_type"),
            state="accepted",
        )
        out.append({**own, **about, **(amount if alone else {})})
    return out


def _decisions(view: View, expense: Row, request: Row | None) -> list[Group]:
    """Rulings on one rule of the programme for this expense or its request."""
    return [
        _said(
            rule=row.text("programme_rule"),
            outcome=row.text("ruling"),
            by=row.text("decided_by"),
            at=row.text("effective_from") or row.text("decided_on"),
            note=row.text("rationale"),
        )
        for subject in (expense, request)
        if subject is not None
        for row in _rulings(view).get((subject.subject.table, subject.id), ())
    ]


def _rulings(view: View) -> Mapping[tuple[str, str], list[Row]]:
    """Decided rulings on a programme's rule, by (table, id) of the rows they name."""
    known: dict[tuple[str, str], list[Row]] | None = view.memo.get(("eligibility", "rulings"))
    if known is None:
        known = {}
        for row in view.rows("Decisions"):
            if row.text("decision_state") == "decided" and row.text("programme_rule") and row.text("ruling"):
                for id in row.listed("subject_ids"):
                    known.setdefault((row.text("subject_table"), id), []).append(row)
        view.memo["eligibility", "rulings"] = known
    return known
