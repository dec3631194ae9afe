"""What a claim adds up to, and between whom it goes.

Sums of the claim's lines, and of the expenses behind them, each expense once however many instalments it has; all in
the claim's currency. A sum with an amount that no rate brings into that currency is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claim_lines import line_status
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.derive.money import in_cells, worth_of
from mdfsync.eligibility.standing import Standing
from mdfsync.ledger import actual_of, claim_sides, paid_on_claim, rate_of_expense, request_of
from mdfsync.view import Row, View

RULE = "claims"
ZERO = Decimal(0)


def claims(view: View, standing: Mapping[str, Standing], blocking: Blocking) -> Iterator[Computed]:
    """Computed cells of Reimbursements and their lines. `standing` = what each expense is worth, by id."""
    for line in view.rows("Reimbursement Lines"):
        claim = view.row("Reimbursements", view.ref(line, "reimbursement_id"))
        values = {
            "joint_campaign_id": view.ref(claim, "joint_campaign_id") if claim else "",
            "mdf_request_id": request_of(view, line),
        }
        values = {name: value or NOTHING for name, value in values.items()}
        yield from cells(line.place, values, rule=RULE, inputs=("reimbursement_id", "expense_id"))
    for claim in view.rows("Reimbursements"):
        lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id) if claim.id else ()
        values = {"line_count": str(len(lines)), **_sides(view, claim), **_sums(view, claim, lines)}
        values |= _worth_of(view, claim, lines, standing, blocking)
        yield from cells(claim.place, values, rule=RULE, inputs=("Reimbursement Lines", "Expenses", "MDF Funds"))


def _sides(view: View, claim: Row) -> Mapping[str, str]:
    """Who pays whom, from the fund, or from the requests of the lines where these agree."""
    sides = claim_sides(view, claim)
    return {
        "mdf_direction": sides.direction,
        "payer_entity": sides.payer or NOTHING,
        "claimant_entity": sides.claimant or NOTHING,
        "addressee": ", ".join(name for name in (sides.payer, sides.payer_person) if name) or NOTHING,
        "deadline_owner": sides.claimant_person,
    }


def _worth_of(
    view: View, claim: Row, lines: tuple[Row, ...], standing: Mapping[str, Standing], blocking: Blocking
) -> Mapping[str, str]:
    """What its expenses are worth, and what is claimed on those that are held or ruled out."""
    currency = claim.text("claim_currency").upper()
    stands = [(line, standing[id]) for line in lines if (id := view.ref(line, "expense_id")) in standing]
    expenses = {s.line.expense.id: s for _, s in stands}.values()

    def claimed_on(status: str) -> Decimal | None:
        return _added(
            (line for line, s in stands if line_status(line, s, blocking) == status), "claimed_amount", currency
        )

    barred = in_cells(currency, held_total=claimed_on("held"), disallowed_total=claimed_on("ineligible"))
    return {**worth_of(expenses, currency), **barred}


def _added(lines: Iterable[Row], name: str, currency: str) -> Decimal | None:
    """The sum of an amount of the lines; `None` where one is in another currency."""
    given = [line for line in lines if line.text(name)]
    if any(line.text("line_currency").upper() != currency for line in given):
        return None
    return sum((line.money(name) or ZERO for line in given), ZERO)


def _sums(view: View, claim: Row, lines: tuple[Row, ...]) -> Mapping[str, str]:
    currency = claim.text("claim_currency").upper()
    fund = view.row("MDF Funds", view.ref(claim, "fund_id"))
    found = [view.row("Expenses", view.ref(line, "expense_id")) for line in lines]
    expenses = {e.place: (e, rate_of_expense(view, e, fund, currency)) for e in found if e is not None}.values()
    return in_cells(
        currency,
        planned_total=_worth((e.money("planned_amount"), rate) for e, rate in expenses),
        approved_total=_worth((e.money("approved_amount"), rate) for e, rate in expenses),
        actual_total=_worth((actual_of(e), rate) for e, rate in expenses),
        claimed_total=_added(lines, "claimed_amount", currency),
        granted_total=_added(lines, "granted_amount", currency),
        paid_total=paid_on_claim(claim, lines) or _added(lines, "paid_amount", currency),
    )


def _worth(amounts: Iterable[tuple[Decimal | None, Decimal | None]]) -> Decimal | None:
    """The sum of amounts by their rates; `None` where an amount has none."""
    total = ZERO
    for amount, rate in amounts:
        if amount and rate is None:
            return None
        total += (amount or ZERO) * (rate or ZERO)
    return total
