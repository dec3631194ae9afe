"""One movement of partner money, and what each kind of movement does.

A fund's money stands in stages, as in a row of boxes, and every movement takes an amount out of one box and puts it
into another; only accruals and adjustments bring money in from outside. So nothing can appear or vanish between two
balances, and a correction is the same movement the other way round.

    earned -> available -> reserved -> claimed -> granted -> paid
                        (lost: expired)                      (returned: clawed back, credited)

What the activity itself costs (planned, committed, invoiced) is no money of the fund: such movements stand in no box
and are only added up. Lowest part of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.model import Subject

OUTSIDE = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Out of which stage a movement takes its amount, and into which it puts it. `sign`: 1 where money comes into the
    fund or back to it, -1 where it goes towards whoever is paid, or is lost."""

    source: str
    target: str
    sign: int


FLOWS: Mapping[str, Flow] = {
    "accrual": Flow(OUTSIDE, "earned", 1),
    "allocation": Flow("earned", "available", 1),
    "adjustment": Flow(OUTSIDE, "available", 1),
    "reservation": Flow("available", "reserved", -1),
    "release": Flow("reserved", "available", 1),
    "claim": Flow("reserved", "claimed", -1),
    "refusal": Flow("claimed", "reserved", 1),
    "grant": Flow("claimed", "granted", -1),
    "payment": Flow("granted", "paid", -1),
    "clawback": Flow("paid", "returned", 1),
    "credit_note": Flow("paid", "returned", 1),
    "expiry": Flow("reserved", "lost", -1),
    "lapse": Flow("available", "lost", -1),
}
"""`lapse` is how the expiry of money that no request had reserved is called in here; in the base both are `expiry`."""

STAGES = ("earned", "available", "reserved", "claimed", "granted", "paid", "returned", "lost")
OF_CLAIMS = frozenset({"claim", "refusal", "grant", "payment", "clawback"})
OF_FUNDS = frozenset({"accrual", "allocation", "adjustment", "lapse"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """`amount` in `currency`, positive; `back` turns it round (a reversal). `on` is the day from which it counts,
    `None` where no paper names one; `period` the month it is booked in. `source` is the row that says so, `booked`
    whether that is a row of the MDF Ledger. Kinds without a flow: request, commitment, open_commitment, actual, outlay.
    """

    kind: str
    amount: Decimal
    currency: str
    fund_id: str
    request_id: str
    claim_id: str = ""
    on: date | None
    source: Subject
    booked: bool = False
    back: bool = False
    stated_period: str = ""

    @property
    def effect(self) -> Decimal:
        """What it adds to the sum of its kind."""
        return -self.amount if self.back else self.amount

    @property
    def period(self) -> str:
        """The month it is booked in, `YYYY-MM`; `""` where it has no day."""
        return self.stated_period or (self.on.isoformat()[:7] if self.on else "")


def signed(kind: str, amount: Decimal, *, back: bool = False) -> Decimal:
    """An amount with its sign from the fund's point of view, the same whoever pays whom."""
    return amount * FLOWS[kind].sign * (-1 if back else 1)
