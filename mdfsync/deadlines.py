"""The calendar of a campaign: every day on which something ends or is due, with the paper that names it and its zone.

    View + campaign ─deadlines─> Deadline, Deadline, … (what is overdue first, then the next days)

Claims and requests, agreements and limits on data, approvals, registrations, answers to a payer, appeals, deliverables,
proof, reports, rulings, and how long documents and personal data are kept. Days that follow from others are asked of
whoever works them out (`eligibility.clocks`, `ledger`, the computed cells); here they are put side by side. A day that
nobody stated is no deadline. A day ends in the zone of the paper that names it; where that paper has none, in the
charter's, else in UTC. It decides nothing; eighth layer, read by documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal

from mdfsync.approval import acts_on, is_closed, judged, superseded
from mdfsync.eligibility import Line
from mdfsync.eligibility import judged as lines_of
from mdfsync.eligibility.clocks import LastDay, claim_by, claim_by_of_request
from mdfsync.eligibility.life import is_cancelled, is_filed
from mdfsync.leads.clocks import list_due
from mdfsync.ledger import book_of, last_request_day, sides_of
from mdfsync.view import Row, View
from mdfsync.view.charter import agreements_of, zone_of
from mdfsync.view.standing import in_force

WINDOW = timedelta(days=30)
OPEN_WORK = frozenset({"", "planned", "in_progress"})
CUT = frozenset({"rejected", "partly_approved"})
OUTDATED = frozenset({"won", "lost", "closed", "rejected", "expired", "late"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """`kind` groups like with like; `row` is what ends or is due, `paper` names the day, `zone` is where the day ends
    (an IANA name). `amount` in `currency` is what hangs on it, `None` where nobody can say. `owner` = whose task it is,
    `""` where no paper says so. `overdue`: the day has passed and the thing is still to be done."""

    kind: str
    on: date
    what: str
    row: Row
    paper: str
    zone: str
    owner: str
    amount: Decimal | None = None
    currency: str = ""
    overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """A day before it is placed in the calendar. `lasting`: it is worth telling after the day has passed too."""

    kind: str
    on: date | None
    what: str
    row: Row
    paper: str
    owner: str = ""
    zone: str = ""
    amount: Decimal | None = None
    currency: str = ""
    lasting: bool = False


def deadlines(view: View, campaign: Row, within: timedelta = WINDOW) -> tuple[Deadline, ...]:
    """Everything of a campaign that is due within so many days, today included, and what is overdue; by day."""
    terms = in_force(view, campaign)
    own = terms.text("charter_time_zone") if zone_of(terms.text("charter_time_zone")) else "UTC"
    found = []
    for source in _SOURCES:
        for day in source(view, terms):
            if day.on is None:
                continue
            zone = day.zone if zone_of(day.zone) else own
            today = view.as_of.astimezone(zone_of(zone) or UTC).date()
            if day.on > today + within or (day.on < today and not day.lasting):
                continue
            found.append(
                Deadline(
                    kind=day.kind, on=day.on, what=day.what, row=day.row, paper=day.paper, zone=zone, owner=day.owner,
                    amount=day.amount, currency=day.currency, overdue=day.on < today,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.on, one.kind, str(one.row.place), one.what)))


def parts_of(view: View, campaign: Row) -> tuple[Row, ...]:
    """The partners' parts in the campaign."""
    return tuple(sorted(view.where("Campaign Partners", "joint_campaign_id", campaign.id), key=lambda row: row.id))


def funds_of(view: View, campaign: Row) -> tuple[Row, ...]:
    """The funds that the campaign's requests draw on."""
    requests = view.where("MDF Budgets", "joint_campaign_id", campaign.id)
    found = {fund.id: fund for request in requests if (fund := view.target(request, "fund_id")) is not None}
    return tuple(found[id] for id in sorted(found))


# ---------------------------------------------------------------- money


def _claims(view: View, campaign: Row) -> Iterator[_Day]:
    """What of each request is in no filed claim, by the last day to claim it."""
    lines, book = lines_of(view), book_of(view)
    for request in view.where("MDF Budgets", "joint_campaign_id", campaign.id):
        fund, balance = view.target(request, "fund_id"), book.request(request)
        left = balance.stage("reserved")
        if not left or left < 0:
            continue
        days: dict[LastDay, list[Line]] = {}
        for expense in view.where("Expenses", "mdf_request_id", request.id):
            line = lines.get(expense.id)
            last = claim_by(view, line) if line and not line.refused else None
            if line is not None and last is not None and not is_filed(view, expense) and not is_cancelled(expense):
                days.setdefault(last, []).append(line)
        if not days and (last := claim_by_of_request(view, request)):
            days[last] = []
        owner = sides_of(view, fund, request, request).claimant_person
        for last, due in days.items():
            of = f" for {', '.join(sorted(line.expense.id for line in due))}" if due else ""
            yield _Day(
                kind="claim", on=last.day, what=f"Last day to claim on {request.id}{of}", row=request, paper=last.by,
                owner=owner, zone=_zone(fund) if campaign.id not in last.by else "",
                amount=_worth(due, left, balance.currency), currency=balance.currency,
            )  # fmt: skip


def _worth(lines: Iterable[Line], left: Decimal, currency: str) -> Decimal | None:
    """What the lines may come to, not more than is left of the request; all that is left where there is no line, and
    `None` where it cannot be said of one."""
    worth = [line.verdict.potential if line.verdict and line.verdict.currency == currency else None for line in lines]
    known = [amount for amount in worth if amount is not None]
    if len(known) < len(worth):
        return None
    return min(left, sum(known, Decimal(0))) if worth else left


def _requests(view: View, campaign: Row) -> Iterator[_Day]:
    """Money of the campaign's funds that no request has reserved."""
    book = book_of(view)
    for fund in funds_of(view, campaign):
        balance, last = book.fund(fund), last_request_day(fund)
        left = balance.stage("available")
        if last is not None and left and left > 0:
            yield _Day(
                kind="request", on=last.on, what=f"Last day to request unreserved money of {fund.id}", row=fund,
                paper=last.why, owner=fund.text("fund_owner"), zone=_zone(fund), amount=left, currency=balance.currency,
            )  # fmt: skip


def _filed(view: View, campaign: Row) -> Iterator[_Day]:
    """What a payer waits for, and what can still be appealed."""
    for claim in view.where("Reimbursements", "joint_campaign_id", campaign.id):
        state, fund = claim.text("reimbursement_state"), view.target(claim, "fund_id")
        owner = sides_of(view, fund, None, claim).claimant_person
        if state == "info_requested":
            asked = claim.text("info_request") or "not said what"
            yield _Day(
                kind="answer", on=claim.day("info_request_due"), what=f"The payer of {claim.id} waits for: {asked}",
                row=claim, paper=f"payer's request on {claim.id}", owner=owner, zone=_zone(fund), lasting=True,
            )  # fmt: skip
        if state in CUT and not claim.text("appeal_note"):
            yield _Day(
                kind="appeal", on=claim.day("appeal_deadline"), what=f"Last day to appeal the decision on {claim.id}",
                row=claim, paper=f"payer's decision on {claim.id}", owner=owner, zone=_zone(fund),
            )  # fmt: skip


# ---------------------------------------------------------------- papers


def _agreements(view: View, campaign: Row) -> Iterator[_Day]:
    for part in parts_of(view, campaign):
        partner = view.ref(part, "partner_id")
        own = view.target(part, "agreement_id")
        kinds = {row.text("agreement_type") for row in view.where("Agreements", "partner_id", partner)}
        signed = {row.id: row for row in (*agreements_of(view, partner, kinds), *([own] if own else []))}
        for agreement in signed.values():
            yield from _of_agreement(campaign, part, agreement)
        if (row := view.row("Partners", partner)) is not None:
            yield from _of_partner(campaign, row)


def _of_agreement(campaign: Row, part: Row, row: Row) -> Iterator[_Day]:
    number = row.text("agreement_number") or row.id
    owner = part.text("our_counterpart") or campaign.text("campaign_owner")
    ended, end = row.day("terminated_on"), row.day("period_end")
    notice = row.money("notice_days")
    yield _Day(
        kind="agreement", on=ended or end, what=f"Agreement {number} ends", row=row,
        paper=f"agreement {row.id}", owner=owner,
    )  # fmt: skip
    if end and notice and not ended:
        words = "before it renews by itself" if row.text("auto_renews") == "yes" else "to end or renew it"
        yield _Day(
            kind="notice", on=end - timedelta(days=int(notice)), row=row, paper=f"agreement {row.id}",
            what=f"Last day to give notice under agreement {number}, {words}", owner=owner,
        )  # fmt: skip


def _of_partner(campaign: Row, row: Row) -> Iterator[_Day]:
    owner = row.text("partner_manager") or campaign.text("marketing_lead")
    for name, words in _OF_PARTNER.items():
        what = f"{words} {row.text('partner_name') or row.id}"
        yield _Day(kind="partner", on=row.day(name), what=what, row=row, paper=f"partner {row.id}", owner=owner)


_OF_PARTNER = {
    "data_sharing_expires_on": "Last day on which data may be shared with",
    "certification_expiry": "The certification lapses of",
    "next_review": "Review of the relationship with",
}


def _approvals(view: View, campaign: Row) -> Iterator[_Day]:
    """Approvals that end, and those that are asked for."""
    for approval in judged(view).values():
        if view.ref(approval.row, "joint_campaign_id") != campaign.id or superseded(view, approval):
            continue
        gate = view.matrix.gates.get(approval.gate)
        title, paper = gate.title if gate else approval.gate, f"approval {approval.row.id}"
        if approval.status == "approved":
            yield _Day(
                kind="approval", on=approval.row.day("valid_until"), what=f"Approval ends: {title}", row=approval.row,
                paper=paper, owner=acts_on(view, approval),
            )  # fmt: skip
        elif approval.status == "pending" and not is_closed(view, approval):
            yield _Day(
                kind="approval", on=approval.row.day("due"), what=f"Approval is needed: {title}", row=approval.row,
                paper=paper, owner=acts_on(view, approval), lasting=True,
            )  # fmt: skip


def _registrations(view: View, campaign: Row) -> Iterator[_Day]:
    for row in view.where("Deal Registrations", "joint_campaign_id", campaign.id):
        if view.will_be(row, "registration_status") in OUTDATED:
            continue
        owner, paper = campaign.text("campaign_owner"), f"registration {row.id}, charter of {campaign.id}"
        until, due, action = (view.will_be(row, n) for n in ("protected_until", "next_due", "next_action"))
        if due == until:
            action = ""
        yield _Day(kind="registration", on=_day(until), what=f"Protection of {row.id} ends", row=row, paper=paper,
                   owner=owner)  # fmt: skip
        if action not in {"", "none"}:
            yield _Day(
                kind="registration_step", on=_day(due), what=f"{row.id}: {action}", row=row, paper=paper, owner=owner,
                lasting=True,
            )  # fmt: skip


# ---------------------------------------------------------------- work


def _work(view: View, campaign: Row) -> Iterator[_Day]:
    for row in view.where("Deliverables", "joint_campaign_id", campaign.id):
        if row.text("deliverable_state") in OPEN_WORK:
            title = row.text("deliverable_title") or row.id
            yield _Day(
                kind="deliverable", on=row.day("due_date"), what=f"Due: {title}", row=row, lasting=True,
                paper=f"deliverable {row.id}", owner=row.text("deliverable_owner"),
            )  # fmt: skip
    for row in view.where("Evidence", "joint_campaign_id", campaign.id):
        if view.will_be(row, "evidence_state") == "expected":
            yield _Day(
                kind="proof", on=_day(view.will_be(row, "due")), row=row, owner=view.will_be(row, "owner"),
                what=f"Last day for {row.text('evidence_title') or row.id}", paper=f"programme, evidence {row.id}",
            )  # fmt: skip


def _campaign(view: View, campaign: Row) -> Iterator[_Day]:
    owner, charter = campaign.text("campaign_owner"), f"charter of {campaign.id}"
    launch = campaign.instant("launch_at")
    zone = zone_of(campaign.text("charter_time_zone")) or UTC
    over = campaign.text("campaign_status") in {"archived", "cancelled"}
    dates = {
        "The campaign launches": launch.astimezone(zone).date() if launch else None,
        "Last day of the campaign": campaign.day("end_date"),
        "The objective is to be met": campaign.day("objective_due"),
    }
    for what, on in dates.items() if not over else ():
        yield _Day(kind="campaign", on=on, what=what, row=campaign, paper=charter, owner=owner)
    if not over:
        on = campaign.day("next_report_due")
        yield _Day(kind="report", on=on, what="Joint report", row=campaign, paper=charter, owner=owner, lasting=True)
        lists = list_due(view, campaign)
        yield _Day(
            kind="report", on=lists.astimezone(zone).date() if lists else None, what="Both sides hand over lead lists",
            row=campaign, paper=charter, owner=owner,
        )  # fmt: skip
    end, days = campaign.day("end_date"), campaign.money("retention_days")
    if end and days is not None:
        kept = end + timedelta(days=min(int(days), 36_525))
        what = "Personal data of the campaign is to be deleted after this day"
        yield _Day(kind="retention", on=kept, what=what, row=campaign, paper=charter, owner=owner)


def _decisions(view: View, campaign: Row) -> Iterator[_Day]:
    for row in view.where("Decisions", "joint_campaign_id", campaign.id):
        if row.text("decision_state") == "open":
            yield _Day(
                kind="decision", on=_day(view.will_be(row, "decision_due")), row=row, lasting=True,
                what=f"Ruling: {row.text('question') or row.id}", paper=f"dispute clock of {campaign.id}'s charter",
                owner=row.text("resolver"),
            )  # fmt: skip


def _kept(view: View, campaign: Row) -> Iterator[_Day]:
    """Documents that need be kept no longer than a day, one line for all of a day."""
    days: dict[date, list[Row]] = {}
    for row in view.where("Evidence", "joint_campaign_id", campaign.id):
        if until := row.day("retain_until"):
            days.setdefault(until, []).append(row)
    for until, rows in days.items():
        count = f"{len(rows)} document{'s' if len(rows) > 1 else ''}"
        yield _Day(
            kind="retention", on=until, what=f"Last day for which {count} must be kept", row=rows[0],
            paper=f"evidence {', '.join(row.id for row in rows[:6])}", owner=campaign.text("finance_approver"),
        )  # fmt: skip


_SOURCES: tuple[Callable[[View, Row], Iterator[_Day]], ...] = (
    _claims, _requests, _filed, _agreements, _approvals, _registrations, _work, _campaign, _decisions, _kept,
)  # fmt: skip


def _zone(fund: Row | None) -> str:
    return fund.text("programme_time_zone") if fund else ""


def _day(text: str) -> date | None:
    """A day in a computed cell, which says `none` where there is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
