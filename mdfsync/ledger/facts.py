"""Movements that follow from what stands elsewhere in the base: an approved request reserves, a filed claim claims,
its lines grant, refuse and pay, expenses commit and spend.

    MDF Funds · MDF Budgets · Expenses · Reimbursements and their lines ─> Movement, Movement, …

Nothing is concluded from a blank: a line that nobody decided is claimed, not refused; a claim that was not filed moves
nothing; an approval without its day approves nothing. Expenses that are cancelled, or that a person ruled ineligible,
cost the request nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mdfsync.eligibility.life import is_cancelled
from mdfsync.ledger.decided import decided
from mdfsync.ledger.movement import Movement
from mdfsync.ledger.rates import rate_of_expense
from mdfsync.ledger.terms import day_at
from mdfsync.view import Row, View

FILED = frozenset(
    {"submitted", "info_requested", "approved", "partly_approved", "rejected", "paid", "appealed", "clawed_back"}
)
STATED_BY_FUNDS = {"accrual": "accrued_amount", "allocation": "allocated_amount"}
ZERO = Decimal(0)


def implied(view: View) -> Iterator[Movement]:
    """Every movement that the facts amount to, booked or not."""
    for fund in view.rows("MDF Funds"):
        yield from _of_fund(fund)
    for request in view.rows("MDF Budgets"):
        yield from _of_request(view, request)
    for expense in view.rows("Expenses"):
        yield from _of_expense(view, expense)
    for claim in view.rows("Reimbursements"):
        if is_claim_filed(claim):
            yield from _of_claim(view, claim)


def is_claim_filed(claim: Row) -> bool:
    """Whether the claim has gone to the payer."""
    state = claim.text("reimbursement_state")
    return state in FILED or (not state and bool(claim.text("submitted_at")))


def counts(expense: Row) -> bool:
    """Whether the expense is part of what the request costs."""
    return not is_cancelled(expense) and expense.text("eligibility_decision") != "ineligible"


def invoiced_of(expense: Row) -> Decimal:
    """The net amount once it stands on an invoice; before that it is a plan."""
    is_invoiced = any(expense.text(name) for name in ("invoice_date", "invoice_number", "paid_on"))
    return (expense.money("net_amount") or ZERO) if is_invoiced else ZERO


def actual_of(expense: Row) -> Decimal:
    """What the expense did cost: invoiced, less what was credited."""
    return invoiced_of(expense) - (expense.money("credited_amount") or ZERO)


def request_of(view: View, line: Row) -> str:
    """The MDF request that a claim's line is claimed on: its expense's."""
    expense = view.row("Expenses", view.ref(line, "expense_id"))
    return view.ref(expense, "mdf_request_id") if expense else ""


def requests_of(view: View, claim_id: str) -> tuple[str, ...]:
    """The requests that a claim's lines are claimed on."""
    found: dict[str, tuple[str, ...]] | None = view.memo.get(("", "ledger", "requests"))
    if found is None:
        index: dict[str, dict[str, None]] = {}
        for line in view.rows("Reimbursement Lines"):
            if id := request_of(view, line):
                index.setdefault(view.ref(line, "reimbursement_id"), {})[id] = None
        found = view.memo["", "ledger", "requests"] = {claim: tuple(ids) for claim, ids in index.items()}
    return found.get(claim_id, ()) if claim_id else ()


def filed_claims_of(view: View, request_id: str) -> tuple[str, ...]:
    """The filed claims with a line on this request."""
    found: dict[str, tuple[str, ...]] | None = view.memo.get(("", "ledger", "claims"))
    if found is None:
        index: dict[str, list[str]] = {}
        for claim in view.rows("Reimbursements"):
            for id in requests_of(view, claim.id) if is_claim_filed(claim) else ():
                index.setdefault(id, []).append(claim.id)
        found = view.memo["", "ledger", "claims"] = {id: tuple(claims) for id, claims in index.items()}
    return found.get(request_id, ())


def _of_fund(fund: Row) -> Iterator[Movement]:
    for kind, name in STATED_BY_FUNDS.items():
        if amount := fund.money(name):
            yield Movement(
                kind=kind, amount=amount, currency=fund.text("fund_currency").upper(), fund_id=fund.id, request_id="",
                on=fund.day("period_start"), source=fund.place,
            )  # fmt: skip


def _of_request(view: View, request: Row) -> Iterator[Movement]:
    for kind, name, day in (
        ("request", "requested_amount", "requested_on"),
        ("reservation", "approved_mdf_amount", "approved_on"),
    ):
        amount, on = request.money(name), request.day(day)
        if amount and (on or kind == "request"):
            yield Movement(
                kind=kind, amount=amount, currency=request.text("budget_currency").upper(),
                fund_id=view.ref(request, "fund_id"), request_id=request.id, on=on, source=request.place,
            )  # fmt: skip


def _of_expense(view: View, expense: Row) -> Iterator[Movement]:
    """What an expense costs, in the request's currency where the rate is known. Of a commitment, only what no
    invoice has reached yet is open."""
    if not counts(expense):
        return
    request_id = view.ref(expense, "mdf_request_id")
    request = view.row("MDF Budgets", request_id)
    if request is None:
        return
    fund_id, currency = view.ref(request, "fund_id"), request.text("budget_currency").upper()
    rate = rate_of_expense(view, expense, view.row("MDF Funds", fund_id), currency)
    if rate is None:
        currency, rate = expense.text("expense_currency").upper(), Decimal(1)
    committed = expense.money("committed_amount") or ZERO
    actual = actual_of(expense)
    for kind, amount, day in (
        ("commitment", committed, "committed_on"),
        ("actual", actual, "invoice_date"),
        ("open_commitment", max(committed - invoiced_of(expense), ZERO), "committed_on"),
        ("outlay", expense.money("paid_amount") or ZERO, "paid_on"),
    ):
        if amount:
            yield Movement(
                kind=kind, amount=amount * rate if rate != 1 else amount, currency=currency, fund_id=fund_id,
                request_id=request_id, on=expense.day(day),
                source=expense.place,
            )  # fmt: skip


def _of_claim(view: View, claim: Row) -> Iterator[Movement]:
    fund_id = view.ref(claim, "fund_id")
    filed = claim.instant("submitted_at")
    filed_on = day_at(view, view.row("MDF Funds", fund_id), filed) if filed else None
    lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id)
    for line in lines:
        request_id = request_of(view, line)
        request = view.row("MDF Budgets", request_id)
        stands = decided(claim, line)
        decided_on = line.day("granted_on") or claim.day("payer_decided_on")
        paid_on = line.day("paid_on") or claim.day("remitted_on")
        for kind, amount, on in (
            ("claim", stands.claimed, filed_on),
            ("grant", stands.granted, decided_on),
            ("refusal", stands.refused, decided_on),
            ("payment", stands.paid, paid_on),
        ):
            if amount:
                yield Movement(
                    kind=kind, amount=amount, currency=stands.currency,
                    fund_id=(view.ref(request, "fund_id") if request else "") or fund_id, request_id=request_id,
                    claim_id=claim.id, on=on, source=line.place,
                )  # fmt: skip
    yield from _as_a_whole(view, claim, fund_id, lines)


def _as_a_whole(view: View, claim: Row, fund_id: str, lines: tuple[Row, ...]) -> Iterator[Movement]:
    """What stands on the claim and not on its lines: a clawback, and a remittance that nobody spread over the lines."""
    of = requests_of(view, claim.id)
    remitted = paid_on_claim(claim, lines) if len(of) == 1 else None
    for kind, amount, day in (
        ("clawback", claim.money("clawback_amount"), "clawback_on"),
        ("payment", remitted, "remitted_on"),
    ):
        if amount:
            yield Movement(
                kind=kind, amount=amount, currency=claim.text("claim_currency").upper(), fund_id=fund_id,
                request_id=of[0] if len(of) == 1 else "", claim_id=claim.id, on=claim.day(day), source=claim.place,
            )  # fmt: skip


def paid_on_claim(claim: Row, lines: Iterable[Row]) -> Decimal | None:
    """What the payer remitted, where no line says what was paid on it."""
    return None if any(line.text("paid_amount") for line in lines) else claim.money("remitted_amount")
