"""Whether every sum of a packet meets every other: lines, claim, ledger, invoices, payments, ceilings.

    lines + barred lines + ledger ─totals_of, checks_of─> totals, checks

All in the packet's currency; what no rate brings into it is unknown, and a check on an unknown sum does not hold.
Amounts are those of the lines, to the cent, and a difference of a cent is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from mdfsync.eligibility.standing import Standing
from mdfsync.ledger import actual_of, book_of, is_claim_filed, rate_of_expense
from mdfsync.packet.content import Asked, Barred, Check, Line, Proof
from mdfsync.packet.lines import rounded
from mdfsync.view import Row, View

ZERO = Decimal(0)


def totals_of(
    view: View, lines: Sequence[Line], barred: Sequence[Barred], currency: str
) -> Mapping[str, Decimal | None]:
    """The figures of the cover. Planned, approved and actual are those of every line, held and rejected ones too."""
    expenses = {row.place: row for row in (*(ln.expense for ln in lines), *(b.expense for b in barred if b.expense))}
    rows = tuple(expenses.values())
    return {
        "planned": _worth(view, rows, "planned_amount", currency),
        "approved": _worth(view, rows, "approved_amount", currency),
        "actual": _worth(view, rows, "", currency),
        "eligible": sum((line.base for line in lines), ZERO),
        "claimed": sum((line.amount for line in lines), ZERO),
        "cut": sum((line.stated - line.amount for line in lines), ZERO),
        "held": sum((b.stated for b in barred if b.standing == "held"), ZERO),
        "disallowed": sum((b.stated for b in barred if b.standing == "rejected"), ZERO),
    }


def _worth(view: View, expenses: Sequence[Row], name: str, currency: str) -> Decimal | None:
    """The sum of one amount of the expenses, of their actual cost without a name; `None` where a rate is missing."""
    total = ZERO
    for expense in expenses:
        amount = (expense.money(name) if name else actual_of(expense)) or ZERO
        request = view.target(expense, "mdf_request_id")
        rate = rate_of_expense(view, expense, view.target(request, "fund_id") if request else None, currency)
        if amount and rate is None:
            return None
        total += amount * (rate or ZERO)
    return total


def checks_of(
    view: View, asked: Asked, lines: Sequence[Line], totals: Mapping[str, Decimal | None],
    standing: Mapping[str, Standing], currency: str,
) -> Iterator[Check]:  # fmt: skip
    """Every pair of sums that must meet before the packet may go out."""
    total = totals["claimed"]
    worth = sum((standing[id].claimable for id in dict.fromkeys(line.expense.id for line in lines)), ZERO)
    yield Check(
        name="No more is claimed than the lines are worth", left=("what the expenses are worth now", worth),
        right=("total of the packet", total), sign=">=",
    )  # fmt: skip
    if asked.is_claim:
        yield from _of_claim(view, asked.row, totals, currency)
    yield from _of_requests(view, asked, lines, currency)
    yield from _of_invoices(lines, currency)
    yield Check(
        name="The cost bears the base", left=("actual cost of the lines", sum((line.cost for line in lines), ZERO)),
        right=("eligible base of the lines", totals["eligible"]), sign=">=",
    )  # fmt: skip


def _of_claim(view: View, claim: Row, totals: Mapping[str, Decimal | None], currency: str) -> Iterator[Check]:
    parts = [totals[name] or ZERO for name in ("claimed", "cut", "held", "disallowed")]
    rows = view.where("Reimbursement Lines", "reimbursement_id", claim.id)
    same = all(row.text("line_currency").upper() == currency for row in rows if row.text("claimed_amount"))
    asked_for = sum((rounded(row.money("claimed_amount") or ZERO, currency) for row in rows), ZERO) if same else None
    yield Check(
        name="Every line of the claim is accounted for", left=("claimed, cut, held and disallowed", sum(parts, ZERO)),
        right=("lines of the claim in the base", asked_for), sign="=",
    )  # fmt: skip
    if is_claim_filed(claim):
        yield Check(
            name="The ledger moved what the packet claims", left=("total of the packet", totals["claimed"]),
            right=("claim movements of the ledger", _moved(view, claim, currency)), sign="=",
        )  # fmt: skip


def _moved(view: View, claim: Row, currency: str) -> Decimal | None:
    """What the ledger booked, or takes from the filed claim, as claimed."""
    found = [m for m in book_of(view).movements if m.kind == "claim" and m.claim_id == claim.id]
    if any(movement.currency != currency for movement in found):
        return None
    return sum((movement.effect for movement in found), ZERO)


def _of_requests(view: View, asked: Asked, lines: Sequence[Line], currency: str) -> Iterator[Check]:
    """What each request has left bears what is claimed on it here: before filing, what the ledger still reserves;
    afterwards the approved amount, out of which the claim was taken."""
    filed = asked.is_claim and is_claim_filed(asked.row)
    requests = {line.request.id: line.request for line in lines if line.request is not None}
    for id in sorted(requests):
        request, balance = requests[id], book_of(view).request(requests[id])
        amount = request.money("approved_mdf_amount") if filed else balance.stage("reserved")
        known = amount if request.text("budget_currency").upper() == currency else None
        claimed = sum((line.amount for line in lines if line.request is request), ZERO)
        yield Check(
            name=f"Request {id} bears the claim",
            left=(f"approved for {id}" if filed else f"still reserved for {id} in the ledger", known),
            right=(f"claimed on {id} in this packet", claimed), sign=">=",
        )  # fmt: skip


def _of_invoices(lines: Sequence[Line], currency: str) -> Iterator[Check]:
    """The invoices bear the base: all together, and each line's own. An invoice that stands behind several lines counts
    once in the total; where none is there or states an amount, finance's own figure of the expense stands for it; for
    one that does not count, nothing does."""
    seen: dict[str, Decimal] = {}
    lacking: dict[str, Decimal] = {}
    for line in lines:
        nets = {proof.id: net for proof in line.of("invoice") if (net := _net(proof, line, currency)) is not None}
        if not nets and not any(proof.fault for proof in line.proofs if proof.kind == "invoice"):
            nets = {f"expense {line.expense.id}": line.cost}
        seen |= nets
        if (short := line.base - sum(nets.values(), ZERO)) > 0:
            lacking[line.id] = short
    yield Check(
        name="The invoices bear the base", left=("invoices behind the lines, without tax", sum(seen.values(), ZERO)),
        right=("eligible base of the lines", sum((line.base for line in lines), ZERO)), sign=">=",
        note="Each invoice counts once.",
    )  # fmt: skip
    yield Check(
        name="Each line's own invoices bear its base", left=("lacking", sum(lacking.values(), ZERO)),
        right=("allowed to lack", ZERO), sign="=", note=", ".join(lacking),
    )  # fmt: skip


def _net(proof: Proof, line: Line, into: str) -> Decimal | None:
    """The invoice's net amount in the packet's currency; a credit note takes away."""
    net, currency = proof.row.money("net_amount"), proof.row.text("evidence_currency").upper()
    if net is None:
        return None
    if currency and currency != line.expense.text("expense_currency").upper():
        return None
    back = proof.row.text("evidence_type") == "credit_note"
    return rounded(net * (line.rate.value if line.rate else Decimal(1)), into) * (-1 if back else 1)
