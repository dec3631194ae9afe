"""Whether a claim adds up: its lines, what stands on the claim itself, and the movements of the ledger, to the cent.

    claim + lines + booked movements ─reconciled─> Reconciled(status, what was compared)

For each of claimed, granted, refused and paid: the lines are added up, and held against what is booked for the claim
and, where the payer's remittance stands on the claim, against that. What nobody booked yet cannot differ: balances go
by the lines then. An amount in another currency, or a grant without its amount, makes the sum unknown, and the detail
names the part. It corrects nothing. Part of `ledger`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from mdfsync.currencies import in_currency
from mdfsync.ledger.booked import booked
from mdfsync.ledger.decided import Decided, decided_of
from mdfsync.ledger.facts import is_claim_filed, paid_on_claim
from mdfsync.ledger.movement import Movement
from mdfsync.view import Row, View

Status = Literal["reconciles", "differs", "unknown"]
_SUMS = {"claim": "claimed", "grant": "granted", "refusal": "refused", "payment": "paid"}
_GRANTS = frozenset({"granted", "partly_granted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """`detail` has one line for each comparison; the same facts give the same words."""

    status: Status
    detail: str


def reconciled(view: View, claim: Row) -> Reconciled:
    """The claim, compared."""
    currency, lines = claim.text("claim_currency").upper(), decided_of(view, claim)
    if not lines:
        return Reconciled(status="unknown", detail="The claim has no lines.")
    unknown = list(_unknown(currency, lines))
    if unknown:
        return Reconciled(status="unknown", detail="\n".join(unknown))
    words, differs = [], False
    for kind, name in _SUMS.items():
        told, gap = _compared(view, claim, kind, name, sum((getattr(line, name) for line in lines), Decimal(0)))
        words.append(told)
        differs = differs or gap
    undecided = sum((line.undecided for line in lines), Decimal(0))
    if is_claim_filed(claim):
        words.append(f"undecided: {in_currency(undecided, currency)}")
    for line in lines:
        if line.undecided < 0:
            differs = True
            words.append(f"{line.row.id}: {in_currency(-line.undecided, currency)} more is granted than claimed")
    return Reconciled(status="differs" if differs else "reconciles", detail="\n".join(words))


def _unknown(currency: str, lines: tuple[Decided, ...]) -> Iterator[str]:
    """Which part of the sums cannot be told."""
    if not currency:
        yield "The claim names no currency."
    for line in lines:
        if line.currency != currency:
            yield f"{line.row.id} is in {line.currency or 'no currency'}, the claim in {currency or 'none'}."
        if line.row.money("claimed_amount") is None:
            yield f"{line.row.id} says no claimed amount."
        decision = line.row.text("line_decision")
        if decision in _GRANTS and line.row.money("granted_amount") is None:
            yield f"{line.row.id} is {decision.replace('_', ' ')}, and the amount is not on record."


def _compared(view: View, claim: Row, kind: str, name: str, of_lines: Decimal) -> tuple[str, bool]:
    """One sum in words, and whether something differs from it."""
    currency, remitted = claim.text("claim_currency").upper(), claim.money("remitted_amount")
    lines = view.where("Reimbursement Lines", "reimbursement_id", claim.id)
    spread = paid_on_claim(claim, lines)
    counts = spread if kind == "payment" and spread is not None else of_lines
    said, differs = [f"lines {in_currency(of_lines, currency)}"], False
    if kind == "payment" and remitted is not None:
        if spread is None and remitted != of_lines:
            differs = True
            said.append(f"remittance {in_currency(remitted, currency)}, {_gap(remitted, of_lines, currency)}")
        else:
            whole = ", not spread over the lines" if spread is not None else ""
            said.append(f"remittance {in_currency(remitted, currency)}{whole}")
    movements = [m for m in _booked(view, claim) if m.kind == kind]
    total = sum((m.effect for m in movements), Decimal(0))
    if any(m.currency != currency for m in movements):
        differs = True
        said.append("ledger in another currency")
    elif not movements:
        said.append("ledger: nothing booked yet" if is_claim_filed(claim) and counts else "ledger: nothing booked")
    elif total != counts:
        differs = True
        said.append(f"ledger {in_currency(total, currency)}, {_gap(total, counts, currency)}")
    else:
        said.append(f"ledger {in_currency(total, currency)}")
    return f"{name}: {'; '.join(said)}", differs


def _gap(one: Decimal, other: Decimal, currency: str) -> str:
    return f"{in_currency(abs(one - other), currency)} {'more' if one > other else 'less'}"


def _booked(view: View, claim: Row) -> tuple[Movement, ...]:
    """What is booked for the claim; indexed once."""
    found: dict[str, list[Movement]] | None = view.memo.get(("", "ledger", "by claim"))
    if found is None:
        found = {}
        for movement in booked(view)[0]:
            found.setdefault(movement.claim_id, []).append(movement)
        view.memo["", "ledger", "by claim"] = found
    return tuple(found.get(claim.id, ())) if claim.id else ()
