"""Money at risk: what could be claimed now, what is held and by what, what will expire, what is lost, what came back.

    View + open findings ─money_at_risk─> AtRisk per direction and currency

Every document opens with it. It adds up what the ledger and the standing of the expenses say and concludes nothing
itself; amounts of two currencies, or of what we claim and what we reimburse, are never added together. A held line
whose amount nobody can tell is counted as a line and worth nothing here. Eighth layer, beside `rules` and `derive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from mdfsync.eligibility.life import is_cancelled, is_filed
from mdfsync.eligibility.standing import Standing, standings
from mdfsync.ledger import (
    Balance,
    Forfeit,
    LastDay,
    book_of,
    day_at,
    is_past,
    last_claim_day,
    last_request_day,
    sides_of,
)
from mdfsync.model import Finding, Subject
from mdfsync.policy.programmes import programme_name
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force

SOON = timedelta(days=30)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked about: a campaign, a partner, an MDF programme, several of them, or (blank) everything."""

    campaign: str = ""
    partner: str = ""
    programme: str = ""

    def has(self, view: View, row: Row | None) -> bool:
        """Whether a row that names campaign and partner is within. A row of the fund's own, which names no campaign,
        is within no campaign, and within the programme that the fund names."""
        if row is None or (self.programme and self.programme != _programme(view, row)):
            return False
        return all(
            wanted in {"", view.ref(row, name)}
            for name, wanted in (("joint_campaign_id", self.campaign), ("partner_id", self.partner))
        )


def _programme(view: View, row: Row) -> str:
    """The programme of a fund, else of the campaign that the row names."""
    if row.subject.table == "MDF Funds":
        return programme_name(row.text("mdf_programme"))
    campaign = campaign_in_force(view, view.ref(row, "joint_campaign_id"))
    return programme_name(campaign.text("mdf_programme")) if campaign else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """Money of a request or fund (`row`) that is lost after its last day, which is near."""

    row: Row
    amount: Decimal
    last: LastDay


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBy:
    """Lines that one rule holds, and what they could come to; a line that two rules hold stands under both."""

    rule_id: str
    amount: Decimal
    expense_ids: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class AtRisk:
    """In one direction (`we_claim`, `we_reimburse`, or `""` where no paper says) and currency.

    `held` counts each line once. `not_yet` is what lines could come to that no hold stands against and that are not
    eligible so far: what they lack is not owed yet. `untold` are lines whose amount cannot be said, `ruled_out` those
    that can be claimed no more as they stand. `underway` = claimed or granted, not yet paid. `settled` = paid, lost or
    given back for good, of which `recovered` was paid and kept. `days_to_pay` = from filing to the payer's money, one
    figure for each paid claim."""

    direction: str
    currency: str
    claimable: Decimal = ZERO
    claimable_ids: list[str] = field(default_factory=list)
    held: Decimal = ZERO
    held_by: list[HeldBy] = field(default_factory=list)
    not_yet: Decimal = ZERO
    not_yet_ids: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    ruled_out: list[str] = field(default_factory=list)
    underway: Decimal = ZERO
    expiring: list[Expiring] = field(default_factory=list)
    forfeited: list[Forfeit] = field(default_factory=list)
    settled: Decimal = ZERO
    recovered: Decimal = ZERO
    days_to_pay: list[int] = field(default_factory=list)

    @property
    def recovery_rate(self) -> Decimal | None:
        """`None` as long as nothing is settled."""
        return self.recovered / self.settled if self.settled else None


def money_at_risk(view: View, findings: Iterable[Finding], scope: Scope) -> tuple[AtRisk, ...]:
    """The money of a scope, in a stable order of direction and currency. `findings` are those nobody let pass."""
    sheet, findings = _Sheet(), tuple(findings)
    _expenses(view, findings, scope, sheet)
    _requests(view, scope, sheet)
    _funds(view, scope, sheet)
    _claims(view, scope, sheet)
    return tuple(sheet.parts[key] for key in sorted(sheet.parts))


class _Sheet:
    """The parts by direction and currency, made when something first belongs there."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str], AtRisk] = {}

    def of(self, direction: str, currency: str) -> AtRisk:
        key = (direction, currency)
        if key not in self.parts:
            self.parts[key] = AtRisk(direction=direction, currency=currency)
        return self.parts[key]


def _expenses(view: View, findings: Sequence[Finding], scope: Scope, sheet: _Sheet) -> None:
    held: dict[tuple[str, str], list[Standing]] = {}
    holds = _holds(findings)
    for stand in standings(view, findings).values():
        expense = stand.line.expense
        if not scope.has(view, expense) or is_filed(view, expense) or is_cancelled(expense):
            continue
        part = sheet.of(_direction(view, expense), stand.currency or expense.text("expense_currency").upper())
        if stand.status == "ineligible":
            part.ruled_out.append(expense.id)
        elif stand.status == "eligible":
            part.claimable += stand.claimable
            part.claimable_ids += [expense.id] if stand.claimable else []
        elif stand.potential is None:
            part.untold.append(expense.id)
        elif expense.place not in holds:
            part.not_yet += stand.potential
            part.not_yet_ids.append(expense.id)
        else:
            part.held += stand.potential
            held.setdefault((part.direction, part.currency), []).append(stand)
    for key, lines in held.items():
        sheet.of(*key).held_by = _held_by(lines, holds)


def _holds(findings: Iterable[Finding]) -> Mapping[Subject, set[str]]:
    """The rules that hold each row, by themselves or through another."""
    out: dict[Subject, set[str]] = {}
    for finding in findings:
        for place in (finding.subject, *finding.blocks) if finding.kind == "hold" else ():
            out.setdefault(place, set()).add(finding.rule_id)
    return out


def _held_by(lines: Iterable[Standing], holds: Mapping[Subject, set[str]]) -> list[HeldBy]:
    """By rule, the largest amount first."""
    by_rule: dict[str, list[Standing]] = {}
    for stand in lines:
        for rule in holds[stand.line.expense.place]:
            by_rule.setdefault(rule, []).append(stand)
    found = [
        HeldBy(
            rule_id=rule,
            amount=sum((stand.potential or ZERO for stand in of), ZERO),
            expense_ids=tuple(sorted(stand.line.expense.id for stand in of)),
        )
        for rule, of in by_rule.items()
    ]
    return sorted(found, key=lambda one: (-one.amount, one.rule_id))


def _requests(view: View, scope: Scope, sheet: _Sheet) -> None:
    book = book_of(view)
    lost = {forfeit.row.place: forfeit for forfeit in book.forfeits}
    for request in view.rows("MDF Budgets"):
        if not scope.has(view, request) or request.id not in book.requests:
            continue
        fund, balance = view.row("MDF Funds", view.ref(request, "fund_id")), book.request(request)
        part = sheet.of(sides_of(view, fund, request, request).direction, balance.currency)
        part.underway += balance.underway or ZERO
        paid, gone = balance.stage("paid"), balance.lost
        if paid is not None and gone is not None:
            part.recovered += paid
            part.settled += paid + gone
        if forfeit := lost.get(request.place):
            part.forfeited.append(forfeit)
        elif coming := _expiring(view, fund, request, balance, "reserved", last_claim_day(view, request)):
            part.expiring.append(coming)


def _funds(view: View, scope: Scope, sheet: _Sheet) -> None:
    """Money that no request has reserved: a fund's own, so of no campaign."""
    if scope.campaign:
        return
    book = book_of(view)
    lost = {forfeit.row.place: forfeit for forfeit in book.forfeits}
    for fund in view.rows("MDF Funds"):
        if not scope.has(view, fund) or fund.id not in book.funds:
            continue
        balance = book.fund(fund)
        part = sheet.of(sides_of(view, fund, None, fund).direction, balance.currency)
        if forfeit := lost.get(fund.place):
            part.forfeited.append(forfeit)
        elif coming := _expiring(view, fund, fund, balance, "available", last_request_day(fund)):
            part.expiring.append(coming)


def _expiring(
    view: View, fund: Row | None, row: Row, balance: Balance, stage: str, last: LastDay | None
) -> Expiring | None:
    left = balance.stage(stage)
    if last is None or not left or left < 0 or is_past(view, fund, last.on) or last.on > day_at(view, fund) + SOON:
        return None
    return Expiring(row=row, amount=left, last=last)


def _claims(view: View, scope: Scope, sheet: _Sheet) -> None:
    for claim in view.rows("Reimbursements"):
        filed = claim.instant("submitted_at")
        paid_on = claim_paid_on(view, claim)
        if not scope.has(view, claim) or filed is None or paid_on is None:
            continue
        fund = view.row("MDF Funds", view.ref(claim, "fund_id"))
        part = sheet.of(sides_of(view, fund, None, claim).direction, claim.text("claim_currency").upper())
        part.days_to_pay.append((paid_on - day_at(view, fund, filed)).days)


def claim_paid_on(view: View, claim: Row) -> date | None:
    """The day of the payer's money: of the remittance, else of the last line, once all that was granted is paid."""
    if remitted := claim.day("remitted_on"):
        return remitted
    lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id) if claim.id else ()
    granted = [line for line in lines if line.money("granted_amount")]
    days = [line.day("paid_on") for line in granted]
    return max((day for day in days if day), default=None) if all(days) else None


def _direction(view: View, expense: Row) -> str:
    request = view.target(expense, "mdf_request_id")
    fund = view.target(request, "fund_id") if request else None
    return sides_of(view, fund, request, request or expense).direction
