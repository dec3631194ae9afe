"""What the record says of a campaign: what came about of what was agreed, and where it went another way.

Each part names the rows it was read from. What was agreed are the charter in force and the plans people made; what came
about are facts and sums of them. A cause is what somebody wrote beside the deviation; where nobody did, it says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger import filed_on
from mdfsync.model import Finding
from mdfsync.postmortem.disputes import Dispute, disputes
from mdfsync.postmortem.lost import Lost, lost
from mdfsync.view import Row, View
from mdfsync.view.standing import in_force, standing

NO_CAUSE = "no cause is recorded"
PEOPLE_SAY = "the record does not measure it"
_CLASSES = {
    "sourced": "sourced",
    "assisted": "assisted",
    "influenced": "influenced",
    "direct": "direct",
    "hold": "held, no class counts",
}
_AMOUNT = re.compile(r"\d[\d,]*")
MOST_TERMS = 20
"""Changed terms that are told one by one; the charter's own document lists them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """One thing that was agreed, and what came of it; `ids` are the rows behind it."""

    what: str
    agreed: str
    came: str
    ids: tuple[str, ...]
    nature: str = "fact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """`days` = by how many days something was late, `None` where the deviation is of another kind."""

    what: str
    agreed: str
    came: str
    cause: str
    owner: str
    row: str
    kind: str
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """All of it, of one campaign."""

    campaign: Row
    against: tuple[Against, ...]
    deviations: tuple[Deviation, ...]
    lost: tuple[Lost, ...]
    disputes: tuple[Dispute, ...]


def record(view: View, campaign: Row, findings: Iterable[Finding]) -> Record:
    """The record of a campaign. `findings` are those that nobody let pass."""
    said = tuple(findings)
    return Record(
        campaign=campaign,
        against=tuple(_against(view, campaign)),
        deviations=tuple(_deviations(view, campaign)),
        lost=tuple(lost(view, campaign, said)),
        disputes=tuple(disputes(view, campaign, said)),
    )


# ---------------------------------------------------------------- against the charter


def _against(view: View, campaign: Row) -> Iterator[Against]:
    agreed = in_force(view, campaign)
    yield _objective(view, campaign, agreed)
    deliverables = view.where("Deliverables", "joint_campaign_id", campaign.id)
    starts = [d for row in deliverables if (d := row.day("actual_start"))]
    ends = [d for row in deliverables if (d := row.day("actual_end") or row.day("actual_start"))]
    first, last = min(starts, default=None), max(ends, default=None)
    yield Against(
        what="Dates", agreed=f"{agreed.text('start_date') or '?'} to {agreed.text('end_date') or '?'}",
        came=f"activities from {first} to {last}" if first and last else "no activity has a day on record",
        ids=(campaign.id, *_ids(deliverables)),
    )  # fmt: skip
    if deliverables:
        accepted = [row for row in deliverables if row.text("acceptance_decision") == "accepted"]
        delivered = [row for row in deliverables if row.text("delivered_on")]
        yield Against(
            what="Deliverables", agreed=f"{len(deliverables)} planned",
            came=f"{len(delivered)} delivered, {len(accepted)} accepted", ids=_ids(deliverables), nature="calculation",
        )  # fmt: skip
    leads = view.where("Leads", "joint_campaign_id", campaign.id)
    matched = [row for row in leads if view.will_be(row, "reconciliation_status") == "matched"]
    yield Against(
        what="Leads", agreed=_target(agreed, "target_leads"),
        came=f"{len(leads)} on record, {len(matched)} reconciled with the CRM", ids=(campaign.id,),
        nature="calculation",
    )  # fmt: skip
    yield from _pipeline(view, campaign, agreed)
    yield from _money(view, campaign)


def _objective(view: View, campaign: Row, agreed: Row) -> Against:
    metric = agreed.text("objective_metric").strip().casefold()
    tables = {"opportunities": "Opportunities", "leads": "Leads"}
    rows = view.where(tables[metric], "joint_campaign_id", campaign.id) if metric in tables else ()
    came = f"{len(rows)} {metric} in the base" if metric in tables else PEOPLE_SAY
    words = agreed.text("objective") or "none is stated"
    due = f" by {agreed.text('objective_due')}" if agreed.text("objective_due") else ""
    target = f" ({agreed.text('objective_target')} {metric}{due})" if agreed.text("objective_target") else ""
    return Against(what="Objective", agreed=words + target, came=came, ids=(campaign.id, *_ids(rows)[:12]))


def _target(agreed: Row, name: str) -> str:
    return agreed.text(name) or "no target"


def _pipeline(view: View, campaign: Row, agreed: Row) -> Iterator[Against]:
    """Deals and amounts by class, each class by itself: they are never added up."""
    target = agreed.money("target_pipeline_amount")
    planned = in_currency(target, agreed.text("campaign_currency")) if target is not None else "no target"
    yield Against(
        what="Pipeline", agreed=planned, came="by class below; classes are never added up", ids=(campaign.id,)
    )
    by_class: dict[str, dict[str, Row]] = {}
    for row in view.where("Attributions", "joint_campaign_id", campaign.id):
        kind = view.will_be(row, "attribution_class") or "unclassified"
        by_class.setdefault(kind, {}).setdefault(view.ref(row, "opportunity_id"), row)
    order = [*_CLASSES, *sorted(by_class)]
    for kind in sorted(by_class, key=order.index):
        rows = by_class[kind]
        sums: dict[str, Decimal] = {}
        for row in rows.values():
            amount, currency = view.will_be(row, "reported_amount"), view.will_be(row, "reported_currency")
            if amount:
                sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
        worth = ", ".join(in_currency(total, currency) for currency, total in sorted(sums.items()))
        yield Against(
            what=f"Pipeline, {_CLASSES.get(kind, kind)}", agreed="no target of its own",
            came=f"{len(rows)} {'deal' if len(rows) == 1 else 'deals'}{f', {worth}' if worth else ''}",
            ids=tuple(sorted(rows)), nature="calculation",
        )  # fmt: skip


_TOTALS = (("claimed_total", "claimed"), ("granted_total", "granted"), ("paid_total", "paid"))


def _money(view: View, campaign: Row) -> Iterator[Against]:
    for request in view.where("MDF Budgets", "joint_campaign_id", campaign.id):
        currency, amount = request.text("budget_currency").upper(), request.money("approved_mdf_amount")
        yield Against(
            what=f"MDF request {request.id}",
            agreed=f"{in_currency(amount, currency)} approved" if amount is not None else "not approved",
            came=_totals(view, request, _TOTALS[:2], currency), ids=(request.id,), nature="calculation",
        )  # fmt: skip
    spent: dict[str, list[Decimal]] = {}
    expenses = view.where("Expenses", "joint_campaign_id", campaign.id)
    for row in expenses:
        sums = spent.setdefault(row.text("expense_currency").upper(), [Decimal(0), Decimal(0)])
        sums[0] += row.money("planned_amount") or 0
        sums[1] += row.money("net_amount") or 0
    for currency, (planned, net) in sorted(spent.items()):
        yield Against(
            what="Spend", agreed=f"{in_currency(planned, currency)} planned", came=f"{in_currency(net, currency)} net",
            ids=_ids(expenses), nature="calculation",
        )  # fmt: skip
    for claim in view.where("Reimbursements", "joint_campaign_id", campaign.id):
        currency = claim.text("claim_currency").upper()
        filed = filed_on(view, claim)
        state = claim.text("reimbursement_state").replace("_", " ") or "no state"
        came = f"{state}, {f'filed {filed}' if filed else 'not filed'}; {_totals(view, claim, _TOTALS, currency)}"
        until = view.will_be(claim, "claim_deadline") or "no day on record"
        yield Against(
            what=f"Claim {claim.id}", agreed=f"to file by {until}", came=came, ids=(claim.id,), nature="calculation"
        )


def _totals(view: View, row: Row, names: Iterable[tuple[str, str]], currency: str) -> str:
    told = ((word, view.will_be(row, name)) for name, word in names)
    return ", ".join(f"{in_currency(Decimal(text), currency)} {word}" for word, text in told if text) or "no amounts"


def _ids(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(sorted(row.id for row in rows if row.id))


# ---------------------------------------------------------------- deviations


def _deviations(view: View, campaign: Row) -> Iterator[Deviation]:
    for row in view.where("Deliverables", "joint_campaign_id", campaign.id):
        yield from _of_deliverable(view, row)
    for row in view.where("MDF Budgets", "joint_campaign_id", campaign.id):
        if row.text("deadline_extended_to"):
            what, agreed, came = "claim deadline moved", "the programme's deadline", row.text("deadline_extended_to")
            yield _deviation(view, row, what, agreed=agreed, came=came, cause="", kind="deadline")
    for row in view.where("Expenses", "joint_campaign_id", campaign.id):
        yield from _of_expense(view, row)
    yield from _of_charter(view, campaign)
    yield from _let_pass(view, campaign)


def _deviation(
    view: View, row: Row, what: str, *, agreed: str, came: str, cause: str, kind: str, days: int | None = None
) -> Deviation:
    title = next((t for n in ("deliverable_title", "expense_title", "request_title") if (t := row.text(n))), row.id)
    owner = row.text("deliverable_owner") or view.will_be(row, "owner") or "nobody named"
    return Deviation(
        what=f"{title}: {what}", agreed=agreed, came=came, cause=cause or NO_CAUSE, owner=owner, row=str(row.place),
        kind=kind, days=days,
    )  # fmt: skip


def _of_deliverable(view: View, row: Row) -> Iterator[Deviation]:
    due, done, note = row.day("due_date"), row.day("delivered_on"), row.text("acceptance_note")
    took_place = row.day("actual_end") or row.day("actual_start")
    state = row.text("deliverable_state")
    if state == "cancelled":
        yield _deviation(view, row, "called off", agreed=_by(due), came="called off", cause=note, kind="called off")
    elif due and took_place and took_place > due:
        days = (took_place - due).days
        yield _deviation(
            view, row, f"{days} days late", agreed=_by(due), came=f"on {took_place}", cause=note, kind="late", days=days
        )
    elif due and due < view.as_of.date() and not done:
        yield _deviation(view, row, "not delivered", agreed=_by(due), came="not delivered", cause=note, kind="undone")
    if row.text("acceptance_decision") not in {"", "accepted"}:
        said = row.text("acceptance_decision").replace("_", " ")
        yield _deviation(
            view, row, "not accepted", agreed=row.text("acceptance_condition") or "no condition is stated", came=said,
            cause=note, kind="not accepted",
        )  # fmt: skip
    planned, came = _number(row.text("planned_result")), _number(row.text("actual_result"))
    if planned is not None and came is not None and came < planned:
        yield _deviation(
            view, row, "fell short", agreed=row.text("planned_result"), came=row.text("actual_result"), cause=note,
            kind="short",
        )  # fmt: skip


def _by(day: date | None) -> str:
    return f"by {day}" if day else "no day was set"


def _number(text: str) -> Decimal | None:
    """The one number of a text such as `40 attendees`; `None` when there is none or more than one."""
    found = _AMOUNT.findall(text)
    return Decimal(found[0].replace(",", "")) if len(found) == 1 else None


def _of_expense(view: View, row: Row) -> Iterator[Deviation]:
    planned, net, currency = row.money("planned_amount"), row.money("net_amount"), row.text("expense_currency").upper()
    if net is None:
        return
    if planned is None:
        yield _deviation(
            view, row, "not planned", agreed="nothing", came=in_currency(net, currency), cause="", kind="not planned"
        )
    elif net > planned:
        over = in_currency(net - planned, currency)
        yield _deviation(
            view, row, f"{over} above plan", agreed=in_currency(planned, currency), came=in_currency(net, currency),
            cause="", kind="above plan",
        )  # fmt: skip


def _of_charter(view: View, campaign: Row) -> Iterator[Deviation]:
    stands = standing(view, campaign)
    for moved in stands.moved[:MOST_TERMS]:
        yield Deviation(
            what=f"Term {moved.field} of {moved.id} differs from what was signed", agreed=_short(moved.signed),
            came=_short(moved.now), cause=NO_CAUSE, owner=campaign.text("campaign_owner") or "nobody named",
            row=f"{moved.table}/{moved.id}", kind="charter",
        )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def _let_pass(view: View, campaign: Row) -> Iterator[Deviation]:
    """What rules found and people let pass: each is an exception from what was agreed."""
    for table, name in (("Holds", "rule_id"), ("Exceptions", "exception_type")):
        for row in view.where(table, "joint_campaign_id", campaign.id):
            if row.text("status") == "waived":
                yield Deviation(
                    what=f"{row.text('record')}: let pass", agreed=row.text(name).replace("_", " "),
                    came=row.text("message"), cause=row.text("waive_reason") or NO_CAUSE,
                    owner=row.text("decided_by") or "nobody named", row=str(row.place), kind="let pass",
                )  # fmt: skip
