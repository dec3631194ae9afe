"""Balances: sums of movements and nothing else, each in one currency.

Amounts of different currencies are never added up: where a movement is in another currency than the balance and no
rate is known, whatever it touches is unknown (`None`), and stays so until somebody states a rate. Adding is all that
happens here, so the order of movements changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from mdfsync.ledger.movement import FLOWS, Movement

Rate = Callable[[Movement, str], Decimal | None]


@dataclass(slots=True, kw_only=True)
class Balance:
    """Sums by kind of movement in one currency; `unknown` are the currencies, by kind, that could not be converted."""

    currency: str
    sums: dict[str, Decimal] = field(default_factory=dict)
    unknown: dict[str, set[str]] = field(default_factory=dict)

    def add(self, movement: Movement, rate: Rate | None = None) -> None:
        if movement.currency and movement.currency == self.currency:
            worth: Decimal | None = Decimal(1)
        else:
            worth = rate(movement, self.currency) if rate else None
        if worth is None:
            self.unknown.setdefault(movement.kind, set()).add(movement.currency or "no currency")
        else:
            self.sums[movement.kind] = self.sums.get(movement.kind, Decimal(0)) + movement.effect * worth

    def total(self, kind: str) -> Decimal | None:
        """Everything of one kind, reversals taken off."""
        return None if kind in self.unknown else self.sums.get(kind, Decimal(0))

    def stage(self, name: str) -> Decimal | None:
        """What stands in one stage now."""
        total = Decimal(0)
        for kind, flow in FLOWS.items():
            if name in (flow.source, flow.target):
                if kind in self.unknown:
                    return None
                amount = self.sums.get(kind, Decimal(0))
                total += amount if name == flow.target else -amount
        return total

    @property
    def approved(self) -> Decimal | None:
        """Reserved for approved requests, less what was released again."""
        return _less(self.total("reservation"), self.total("release"))

    @property
    def underway(self) -> Decimal | None:
        """Claimed and not yet paid: undecided, or granted."""
        return _plus(self.stage("claimed"), self.stage("granted"))

    @property
    def lost(self) -> Decimal | None:
        """Expired, clawed back or credited: of use to no request any more."""
        return _plus(self.stage("lost"), self.stage("returned"))

    @property
    def exposure(self) -> Decimal | None:
        """What the activity costs so far: invoiced, and committed beyond the invoices."""
        return _plus(self.total("actual"), self.total("open_commitment"))

    @property
    def known_exposure(self) -> Decimal:
        """The same without what has no rate: at least that much."""
        return self.sums.get("actual", Decimal(0)) + self.sums.get("open_commitment", Decimal(0))


def balances(movements: Iterable[Movement], scope: Callable[[Movement], str]) -> dict[tuple[str, str], Balance]:
    """Balances by scope and currency, nothing converted: of a partner, a month, a programme."""
    out: dict[tuple[str, str], Balance] = {}
    for movement in movements:
        key = scope(movement), movement.currency
        if key not in out:
            out[key] = Balance(currency=movement.currency)
        out[key].add(movement)
    return out


def converted(
    movements: Iterable[Movement], scope: Callable[[Movement], str], currency: Callable[[str], str], rate: Rate
) -> dict[str, Balance]:
    """One balance per scope, in the scope's own currency."""
    out: dict[str, Balance] = {}
    for movement in movements:
        key = scope(movement)
        if not key:
            continue
        if key not in out:
            out[key] = Balance(currency=currency(key))
        out[key].add(movement, rate)
    return out


def _plus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left + right


def _less(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left - right
