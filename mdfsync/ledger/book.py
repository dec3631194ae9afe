"""The ledger of a base: what was booked and what follows from the facts, each amount counted once.

    booked + implied ─meet─> movements ─> balances per fund, request, partner, programme, month

Where they meet. A booked movement and a fact are the same money when they are of one kind and belong to one fund
(accrual; allocation with its adjustments), one request (reservation), or one claim and request (claim, grant, refusal,
payment; a clawback to one claim). Nothing booked: the fact counts, it is only not booked yet. Something booked: the
books count and the fact does not, and where the two amounts differ that is told (`Disagreement`); neither is corrected.
Of releases, credit notes and expiries the base knows no facts; they stand as booked.

What is left over. Money that an approved request reserved and nobody claimed goes back to its fund when the request is
over, and is lost after its last claim day; money that no request reserved is lost after the fund's last request day.
The part that is not booked so far counts as a movement of that day and is told (`Forfeit`), until it is booked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.ledger.balance import Balance, converted
from mdfsync.ledger.booked import Unread, booked
from mdfsync.ledger.facts import STATED_BY_FUNDS, implied
from mdfsync.ledger.movement import FLOWS, OF_CLAIMS, Movement
from mdfsync.ledger.rates import worth
from mdfsync.ledger.terms import LastDay, is_over, is_past, last_claim_day, last_request_day
from mdfsync.model import Subject
from mdfsync.view import Row, View

Key = tuple[str, str, str, str]
_KNOWN = frozenset({"accrual", "allocation", "reservation", *OF_CLAIMS})
"""The kinds of which the base knows facts beside the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One kind of movement of one fund, request or claim (`subject`) whose booked amount is not what the base says;
    of a claim, the part on one request. `None` where the amounts are in different currencies."""

    subject: Subject
    kind: str
    request_id: str
    booked: Decimal | None
    facts: Decimal | None
    currency: str
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forfeit:
    """Money of a request or fund (`row`) whose last day has passed and whose loss is not booked yet."""

    row: Row
    amount: Decimal
    currency: str
    last: LastDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """`movements` are all that count by now; `funds` and `requests` their balances in their own currency."""

    movements: tuple[Movement, ...]
    unread: tuple[Unread, ...]
    disagreements: tuple[Disagreement, ...]
    forfeits: tuple[Forfeit, ...]
    funds: dict[str, Balance]
    requests: dict[str, Balance]

    def fund(self, row: Row) -> Balance:
        return self.funds.get(row.id) or Balance(currency=row.text("fund_currency").upper())

    def request(self, row: Row) -> Balance:
        return self.requests.get(row.id) or Balance(currency=row.text("budget_currency").upper())


def book_of(view: View) -> Book:
    """The ledger of the view's base, made once."""
    made: Book | None = view.memo.get(("", "ledger"))
    if made is None:
        made = view.memo["", "ledger"] = _book(view)
    return made


def _book(view: View) -> Book:
    rows, unread = booked(view)
    met = _Met()
    for movement in rows:
        met.booked.setdefault(meeting(movement), []).append(movement)
    movements = []
    for movement in implied(view):
        if movement.kind in FLOWS:
            met.implied.setdefault(meeting(movement), []).append(movement)
        else:
            movements.append(movement)  # what the activity costs is never booked, so it meets nothing
    movements += met.counted()
    rate = worth(view)
    requests = converted(movements, _request, _currency_of(view, "MDF Budgets", "budget_currency"), rate)
    forfeits: list[Forfeit] = []
    for movement in _left_of_requests(view, requests, _last_moves(movements), forfeits):
        movements.append(movement)
        requests[movement.request_id].add(movement, rate)
    funds = converted(movements, _fund, _currency_of(view, "MDF Funds", "fund_currency"), rate)
    for movement in _left_of_funds(view, funds, forfeits):
        movements.append(movement)
        funds[movement.fund_id].add(movement, rate)
    return Book(
        movements=tuple(movements), unread=tuple(unread), disagreements=tuple(met.disagreements(view)),
        forfeits=tuple(forfeits), funds=funds, requests=requests,
    )  # fmt: skip


def meeting(movement: Movement) -> Key:
    """What a booked movement and a fact must share to be the same money. Releases meet reservations and adjustments
    meet allocations, because a changed approval or allocation is booked as one of them."""
    if movement.kind in OF_CLAIMS and movement.claim_id:
        of = "" if movement.kind == "clawback" else movement.request_id  # a payer claws back from a claim as a whole
        return movement.kind, "Reimbursements", movement.claim_id, of
    kind = {"release": "reservation", "adjustment": "allocation"}.get(movement.kind, movement.kind)
    if movement.request_id:
        return kind, "MDF Budgets", movement.request_id, ""
    return kind, "MDF Funds", movement.fund_id, ""


class _Met:
    """Booked movements and facts by what they share."""

    def __init__(self) -> None:
        self.booked: dict[Key, list[Movement]] = {}
        self.implied: dict[Key, list[Movement]] = {}

    def counted(self) -> Iterator[Movement]:
        """Everything booked, and the facts that nobody booked yet."""
        for movements in self.booked.values():
            yield from movements
        for key, movements in self.implied.items():
            if not self._is_booked(key):
                yield from movements

    def _is_booked(self, key: Key) -> bool:
        """Whether anything stands booked: a booking that was taken back in full is none."""
        return self._sum(key) != 0

    def _sum(self, key: Key) -> Decimal:
        return sum((m.effect for m in self.booked.get(key, ()) if m.kind == key[0]), Decimal(0))

    def disagreements(self, view: View) -> Iterator[Disagreement]:
        for key, movements in self.booked.items():
            kind, table, id, request_id = key
            row, facts = view.row(table, id), self.implied.get(key, [])
            if kind not in _KNOWN or not self._is_booked(key) or row is None:
                continue
            if table == "MDF Funds" and not row.text(STATED_BY_FUNDS[kind]):
                continue  # the fund states no amount, so nothing disagrees with the books
            currencies = sorted({m.currency for m in (*movements, *facts)})
            said = sum((m.effect for m in facts), Decimal(0))
            alone = self._sum(key)
            net = sum((m.effect * (-1 if m.kind == "release" else 1) for m in movements), Decimal(0))
            one = len(currencies) == 1
            if not one or said not in (alone, net):
                yield Disagreement(
                    subject=row.place, kind=kind, request_id=request_id, booked=net if one else None,
                    facts=said if one else None, currency=" and ".join(c or "no currency" for c in currencies),
                    rows=tuple(sorted(m.source.id for m in movements)),
                )  # fmt: skip


def _left_of_requests(
    view: View, balances: dict[str, Balance], last_moves: dict[str, date], forfeits: list[Forfeit]
) -> Iterator[Movement]:
    """What approved requests never claimed: back to the fund when they are over, lost when the last day has passed."""
    for request_id, balance in balances.items():
        request, left = view.row("MDF Budgets", request_id), balance.stage("reserved")
        if request is None or left is None or left <= 0:
            continue
        fund_id = view.ref(request, "fund_id")
        last = last_claim_day(view, request)
        if is_over(request):
            kind, on = "release", last_moves.get(request_id)
        elif last is not None and is_past(view, view.row("MDF Funds", fund_id), last.on):
            kind, on = "expiry", last.on
            forfeits.append(Forfeit(row=request, amount=left, currency=balance.currency, last=last))
        else:
            continue
        yield Movement(
            kind=kind, amount=left, currency=balance.currency, fund_id=fund_id, request_id=request_id, on=on,
            source=request.place,
        )  # fmt: skip


def _left_of_funds(view: View, balances: dict[str, Balance], forfeits: list[Forfeit]) -> Iterator[Movement]:
    """What no request has reserved when the fund's last request day has passed."""
    for fund_id, balance in balances.items():
        fund, left = view.row("MDF Funds", fund_id), balance.stage("available")
        if fund is None or left is None or left <= 0:
            continue
        last = last_request_day(fund)
        if last is not None and is_past(view, fund, last.on):
            forfeits.append(Forfeit(row=fund, amount=left, currency=balance.currency, last=last))
            yield Movement(
                kind="lapse", amount=left, currency=balance.currency, fund_id=fund_id, request_id="", on=last.on,
                source=fund.place,
            )  # fmt: skip


def _last_moves(movements: Iterable[Movement]) -> dict[str, date]:
    """The day on which money of a request last moved."""
    out: dict[str, date] = {}
    for movement in movements:
        if movement.request_id and movement.on and movement.kind in FLOWS:
            out[movement.request_id] = max(movement.on, out.get(movement.request_id, date.min))
    return out


def _fund(movement: Movement) -> str:
    return movement.fund_id


def _request(movement: Movement) -> str:
    return movement.request_id


def _currency_of(view: View, table: str, name: str) -> Callable[[str], str]:
    def currency(id: str) -> str:
        row = view.row(table, id)
        return row.text(name).upper() if row else ""

    return currency
