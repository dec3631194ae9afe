"""Which lines enter a packet: those whose expense is eligible as concluded now and that nothing holds. No other does.

    lines of a claim, or expenses of a request + standings + open holds ─divided─> lines that enter, and all others

A line enters with what is claimed on it, and never with more than it is worth now: less what other lines claim of the
same expense, at the programme's amount. A line in another currency than the packet's is held, since nothing here
converts between two claims' currencies. What does not enter keeps its reasons and the clause behind each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mdfsync.currencies import currency_exponent, in_currency
from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claim_lines import left_of
from mdfsync.derive.claim_packets import AFTER_FILING
from mdfsync.eligibility.standing import Standing
from mdfsync.eligibility.telling import Told, clause_of, told
from mdfsync.ledger import actual_of, is_claim_filed, rate_of_expense, sides_of
from mdfsync.model import Finding
from mdfsync.packet.content import Asked, Barred, Clause, Line, Rate
from mdfsync.packet.proof import approval_of, asks_for_leads, dates_of, proofs_of
from mdfsync.view import Row, View

ZERO = Decimal(0)
Reasons = tuple[tuple[str, str], ...]
WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A line that could enter: `row` is the claim's line, or the expense itself in a request's packet."""

    row: Row
    expense: Row | None
    standing: Standing | None
    stated: Decimal
    currency: str
    left: Decimal


def divided(
    view: View, asked: Asked, currency: str, standing: Mapping[str, Standing], findings: Iterable[Finding]
) -> tuple[tuple[Line, ...], tuple[Barred, ...]]:
    """The lines that enter and those that do not, each in the order of their ids."""
    blocking = Blocking(findings)
    lines, barred = [], []
    for one in candidates(view, asked, standing):
        if out := _bar(view, asked, one, currency, blocking):
            barred.append(out)
        elif one.expense is not None and one.standing is not None:
            lines.append(_line(view, one, one.expense, one.standing, currency))
    return tuple(lines), tuple(barred)


def candidates(view: View, asked: Asked, standing: Mapping[str, Standing]) -> Iterator[Candidate]:
    """Every line of the claim; or every expense of the request, with what no claim has taken of it yet."""
    if asked.is_claim:
        rows = view.where("Reimbursement Lines", "reimbursement_id", asked.row.id) if asked.row.id else ()
        for row in sorted(rows, key=lambda row: row.place):
            expense = view.row("Expenses", view.ref(row, "expense_id"))
            found = standing.get(expense.id) if expense else None
            yield Candidate(
                row=row, expense=expense, standing=found, stated=row.money("claimed_amount") or ZERO,
                currency=row.text("line_currency").upper(), left=left_of(view, row, found) if found else ZERO,
            )  # fmt: skip
        return
    for expense in sorted(view.where("Expenses", "mdf_request_id", asked.row.id), key=lambda row: row.place):
        found = standing.get(expense.id)
        left = max((found.claimable if found else ZERO) - _taken(view, expense), ZERO)
        stated = left or (found.potential if found and found.potential else ZERO)
        yield Candidate(
            row=expense, expense=expense, standing=found, stated=stated, left=left,
            currency=found.currency if found else expense.text("expense_currency").upper(),
        )  # fmt: skip


def _taken(view: View, expense: Row) -> Decimal:
    """What filed claims have taken of an expense: a claim that is still a draft has taken nothing."""
    return sum((line.money("claimed_amount") or ZERO for line, _ in _filed(view, expense)), ZERO)


def _filed(view: View, expense: Row) -> Iterator[tuple[Row, Row]]:
    for line in view.where("Reimbursement Lines", "expense_id", expense.id):
        claim = view.target(line, "reimbursement_id")
        if claim is not None and is_claim_filed(claim):
            yield line, claim


# ---------------------------------------------------------------- what does not enter


def _bar(view: View, asked: Asked, one: Candidate, currency: str, blocking: Blocking) -> Barred | None:
    """Why a line does not enter; `None` when it does."""
    standing = one.standing
    if standing is None:
        named = one.row.text("expense_id") or "none"
        return _barred(one, "held", ((f"Its expense ({named}) is not in the base or has no id.", ""),))
    request = view.target(standing.line.expense, "mdf_request_id")
    rows = dict.fromkeys((one.row, standing.line.expense, asked.row, *((request,) if request else ())))
    against = [
        hold
        for hold in blocking.holds(*(row.place for row in rows))
        if not (asked.is_claim and hold.subject == asked.row.place and hold.rule_id in AFTER_FILING)
    ]
    if odd := _odd(view, asked, request):
        return _barred(one, "held", ((odd, ""),))
    if standing.status != "eligible":
        kind = "rejected" if standing.status == "ineligible" else "held"
        reasons = _reasons(view, standing)
        return _barred(one, kind, reasons or ((f"The expense is {standing.status}.", ""),))
    if against:
        return _barred(one, "held", tuple((hold.message, hold.rule_id) for hold in against))
    if by_hand := [row.place for row in rows if row.text("review_decision") == "held"]:
        return _barred(one, "held", tuple((f"A reviewer holds {place}.", "review_decision") for place in by_hand))
    if one.currency != currency or standing.currency != currency:
        words = f"It is claimed in {one.currency or 'no currency'}, its programme pays in {standing.currency}"
        return _barred(one, "held", ((f"{words}, and the packet is in {currency or 'no currency'}.", ""),))
    if one.stated != rounded(one.stated, currency):
        words = f"{one.stated} is claimed, and {currency} has no such amount."
        return _barred(one, "held", ((words, ""),))
    if min(one.stated, one.left) <= ZERO:
        others = sorted({claim.id for _, claim in _filed(view, standing.line.expense)})
        if not asked.is_claim and others:
            return _barred(one, "elsewhere", ((f"All of it is claimed by {', '.join(others)}.", ""),))
        words = "Nothing is claimed on it." if one.stated <= ZERO else "Other lines claim all that it is worth."
        return _barred(one, "held", ((words, ""),))
    return None


def _odd(view: View, asked: Asked, request: Row | None) -> str:
    """Why a line's request cannot be claimed on this claim; `""` where it can. One claim goes to one payer."""
    if not asked.is_claim or request is None:
        return ""
    for name, words in (("partner_id", "partner"), ("fund_id", "fund")):
        ours, theirs = view.ref(asked.row, name), view.ref(request, name)
        if ours and theirs and ours != theirs:
            return f"Its request {request.id} is of another {words} than the claim."
    fund, own = view.target(request, "fund_id"), view.target(asked.row, "fund_id")
    there, here = (
        sides_of(view, fund, request, request).direction,
        sides_of(view, own or fund, None, asked.row).direction,
    )
    if there and here and there != here:
        return f"On its request {request.id} {there.replace('_', ' ')}, on the claim {here.replace('_', ' ')}."
    return ""


def _barred(one: Candidate, standing: str, reasons: Reasons) -> Barred:
    could_be = one.standing.potential if one.standing else None
    return Barred(
        id=one.row.place.id, expense=one.expense, stated=rounded(one.stated, one.currency),
        standing="held" if standing == "held" else "rejected" if standing == "rejected" else "elsewhere",
        could_be=ZERO if standing != "held" else could_be, reasons=reasons,
    )  # fmt: skip


def _reasons(view: View, standing: Standing) -> Reasons:
    """Everything against the expense: what it is, and the clause or rule that says so."""
    line = standing.line
    said = [(cause.message, "house rule " + cause.key) for cause in line.causes]
    said += [(_worded(one), clause_of(line, one.reason)) for one in told(view, line) if not one.passed]
    known = {cause.message for cause in line.causes}
    said += [(hold.message, hold.rule_id) for hold in standing.holds if hold.message not in known]
    if line.verdict is None:
        said.append((f"No programme “{line.named}” is on file." if line.named else "No programme is named.", ""))
    return tuple(dict.fromkeys(said))


def _worded(one: Told) -> str:
    """What the programme says, what is wanted, and until when it can still be supplied."""
    until = f" Until {one.curable_until.isoformat()}." if one.curable_until else ""
    return one.message + (f" Wanted: {one.wanted}." if one.wanted else "") + until


# ---------------------------------------------------------------- what enters


def _line(view: View, one: Candidate, expense: Row, standing: Standing, currency: str) -> Line:
    amount = min(one.stated, one.left)
    request = view.target(expense, "mdf_request_id")
    fund = view.target(request, "fund_id") if request else None
    factor = rate_of_expense(view, expense, fund, currency)
    verdict, programme = standing.line.verdict, standing.line.programme
    head = programme.head if programme else None
    return Line(
        id=one.row.place.id,
        expense=expense,
        request=request,
        stated=one.stated,
        amount=amount,
        cost=rounded(actual_of(expense) * (factor or ZERO), currency),
        base=_base(standing, amount, currency),
        share=verdict.share if verdict else None,
        cuts=tuple(_cuts(one, standing, amount, currency)),
        rate=_rate(expense, standing, currency, factor),
        proofs=tuple(proofs_of(view, expense, request)),
        approval=tuple(approval_of(view, expense, request)),
        dates=tuple(dates_of(view, standing.line, request)),
        clauses=tuple(_clauses(standing)),
        programme=f"{head.title}, version {head.version}" if head else "",
        asks_for_leads=asks_for_leads(standing.line),
    )


def _base(standing: Standing, amount: Decimal, currency: str) -> Decimal:
    """The part of the cost that counts, of an instalment in proportion."""
    base = (standing.line.verdict.base if standing.line.verdict else None) or ZERO
    whole = standing.claimable
    return rounded(base if amount == whole or not whole else base * amount / whole, currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """The amount at the currency's decimal places."""
    return amount.quantize(Decimal(1).scaleb(-currency_exponent(currency)), ROUND_HALF_UP)


def _cuts(one: Candidate, standing: Standing, amount: Decimal, currency: str) -> Iterator[str]:
    for reason in standing.line.verdict.reasons if standing.line.verdict else ():
        if reason.effect == "reduced" and reason.amount is not None:
            yield f"{in_currency(reason.amount, currency)} less: {reason.says} [{reason.clause}]"
    if one.left < standing.claimable:
        yield f"{in_currency(standing.claimable - one.left, currency)} of it is claimed by other lines."
    if amount < one.stated:
        yield f"{in_currency(one.stated, currency)} is claimed, and it is worth {in_currency(amount, currency)}."


def _rate(expense: Row, standing: Standing, currency: str, factor: Decimal | None) -> Rate | None:
    """The rate that was used, in the order in which `ledger.rates` looks for one."""
    if factor is None or expense.text("expense_currency").upper() == currency:
        return None
    if expense.text("stated_rate"):
        return Rate(value=factor, on=expense.text("stated_rate_date"), source="stated by finance for the claim")
    head = standing.line.programme.head if standing.line.programme else None
    words = f"{head.title}, version {head.version}" if head else "the programme"
    return Rate(value=factor, on=head.valid_from.isoformat() if head else "", source=words)


def _clauses(standing: Standing) -> Iterator[Clause]:
    """The clauses that decided: the proof that was asked for, and the steps from the cost to the amount."""
    line = standing.line
    said = [Clause(clause=proof.clause, says=proof.says) for proof in line.asked]
    effects = {"reduced", "added", "excepted"}
    said += [Clause(clause=r.clause, says=r.says) for r in line.reasons if r.effect in effects]
    yield from dict.fromkeys(said)
