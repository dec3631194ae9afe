"""Rows of the MDF Ledger as movements, and those rows that cannot be read as one.

A row counts from its effective day on. What it leaves blank is taken from the rows it names only where these leave no
choice: the fund of its request, the one request of its claim, the one filed claim of its request. A row that names no
amount, currency, day or type, or that reverses more than there was, is no movement: it is told, and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mdfsync.currencies import in_currency
from mdfsync.ledger.facts import filed_claims_of, requests_of
from mdfsync.ledger.movement import FLOWS, OF_CLAIMS, OF_FUNDS, Movement
from mdfsync.ledger.terms import day_at
from mdfsync.view import Row, View

TABLE = "MDF Ledger"


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that is no movement, and why."""

    row: Row
    why: str


def booked(view: View) -> tuple[list[Movement], list[Unread]]:
    """Every movement that people booked and that counts by now, and the rows that cannot count."""
    movements, unread = [], []
    for row, made in readings(view):
        if isinstance(made, str):
            unread.append(Unread(row, made))
        elif made.on is None or made.on <= day_at(view, view.row("MDF Funds", made.fund_id)):
            movements.append(made)
    return movements, unread


def readings(view: View) -> list[tuple[Row, Movement | str]]:
    """Each row with its movement, or with what keeps it from being one; read once."""
    made: list[tuple[Row, Movement | str]] | None = view.memo.get(("", "ledger", "rows"))
    if made is None:
        made = view.memo["", "ledger", "rows"] = [(row, _read(view, row)) for row in view.rows(TABLE)]
    return made


def _read(view: View, row: Row) -> Movement | str:
    """The movement of one row, or what keeps it from being one."""
    amount, on = row.money("amount"), row.day("effective_on")
    kind, back = row.text("movement_type"), False
    lacking = [n for n in ("movement_type", "amount", "currency", "effective_on") if not row.text(n)]
    if lacking or amount is None:
        return f"blank: {', '.join(lacking)}"
    if amount <= 0:
        return "the amount is not positive; what takes a movement back names it in reverses_movement_id"
    if reversed_id := row.text("reverses_movement_id"):
        original = view.row(TABLE, reversed_id)
        if fault := _wrong_reversal(view, row, original):
            return fault
        if original is not None:
            kind, back = original.text("movement_type"), True
            row = _as_original(row, original)
    fund_id, request_id, claim_id = _named(view, row, kind)
    if not fund_id:
        return "it names no fund, and no request or claim that would"
    request = view.row("MDF Budgets", request_id)
    if request is not None and (of := view.ref(request, "fund_id")) and of != fund_id:
        return f"it names {fund_id}, and its request {request_id} is made against {of}"
    if kind in OF_CLAIMS and not claim_id and len(filed_claims_of(view, request_id)) > 1:
        return f"it names no claim, and {request_id} has several"
    if kind in OF_CLAIMS - {"clawback"} and claim_id and not request_id and len(requests_of(view, claim_id)) > 1:
        return f"it names no request, and {claim_id} has lines of several"
    if not request_id and not claim_id and kind not in OF_FUNDS | {"expiry"}:
        return f"a {kind} belongs to a request or claim, and it names none"
    return Movement(
        kind="lapse" if kind == "expiry" and not request_id else kind,
        amount=amount,
        currency=row.text("currency").upper(),
        fund_id=fund_id,
        request_id=request_id,
        claim_id=claim_id,
        on=on,
        source=row.place,
        booked=True,
        back=back,
        stated_period=row.text("booking_period"),
    )


def _named(view: View, row: Row, kind: str) -> tuple[str, str, str]:
    """(fund, request, claim) of a row."""
    fund_id, request_id, claim_id = (view.ref(row, n) for n in ("fund_id", "mdf_request_id", "reimbursement_id"))
    if kind in OF_CLAIMS | {"credit_note"}:
        if not request_id and claim_id:
            request_id = _only(requests_of(view, claim_id))
        if not claim_id and request_id:
            claim_id = _only(filed_claims_of(view, request_id))
    for table, id in (("MDF Budgets", request_id), ("Reimbursements", claim_id)):
        other = view.row(table, id)
        if not fund_id and other is not None:
            fund_id = view.ref(other, "fund_id")
    return fund_id, request_id, claim_id


def _only(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else ""


def _wrong_reversal(view: View, row: Row, original: Row | None) -> str:
    """What is wrong with a row that takes another one back; `""` when nothing is."""
    if original is None:
        return f"it reverses {row.text('reverses_movement_id')}, which is not in the ledger"
    if original.text("reverses_movement_id"):
        return f"it reverses {original.id}, which is a reversal itself; book the movement anew"
    if original.text("movement_type") not in FLOWS:
        return f"it reverses {original.id}, which has no type"
    if row.text("movement_type") not in {original.text("movement_type"), "adjustment"}:
        return f"it reverses {original.id} ({original.text('movement_type')}) under another type"
    if row.text("currency").upper() != original.text("currency").upper():
        return f"it reverses {original.id} in another currency"
    taken = sum(
        (other.money("amount") or Decimal(0) for other in view.where(TABLE, "reverses_movement_id", original.id)),
        Decimal(0),
    )
    there = original.money("amount") or Decimal(0)
    if taken > there:
        currency = row.text("currency")
        return f"{in_currency(taken, currency)} is taken back of {in_currency(there, currency)} in {original.id}"
    return ""


def _as_original(row: Row, original: Row) -> Row:
    """The reversal with the fund, request and claim of what it takes back, where it names none itself."""
    names = ("fund_id", "fund", "mdf_request_id", "mdf_request", "reimbursement_id", "reimbursement")
    taken = {name: text for name in names if (text := original.fields.get(name))}
    return Row(row.subject, row.record_id, {**taken, **row.fields})
