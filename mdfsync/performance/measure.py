"""One figure of a review: what it counts, how many records stand behind it, and where it comes from, or why it cannot
be told. A figure without a value never looks like zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from mdfsync.currencies import currency_exponent

Nature = Literal["fact", "calculation", "decision"]
TOO_FEW = 5
"""Deals below which a rate, a size or a time says nothing of the next deal."""
PER_CENT = "%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """`counts` says what the figure counts; `unit` is a currency, `%`, `days`, `hours`, or what is counted; `value` is
    `None` where `why_not` says why; `behind` = how many records (`of`) it rests on."""

    id: str
    title: str
    counts: str
    unit: str
    sources: tuple[str, ...]
    value: Decimal | None = None
    why_not: str = ""
    behind: int | None = None
    of: str = ""
    nature: Nature = "calculation"

    def told(self, value: Decimal | int) -> Measure:
        return replace(self, value=Decimal(value), why_not="")

    def untold(self, why: str) -> Measure:
        return replace(self, value=None, why_not=why)

    def divided(self, amount: Decimal | None, by: Decimal | int | None, *, why: str) -> Measure:
        """The quotient; `why` is said where one of the two is missing or there is nothing to divide by."""
        if amount is None or not by:
            return self.untold(why)
        places = currency_exponent(self.unit) if len(self.unit) == 3 and self.unit.isupper() else 2
        return self.told(rounded(amount / Decimal(by), places))


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """The share in per cent, to one place."""
    return rounded(Decimal(part) * 100 / Decimal(whole), 1)


def middle(values: Sequence[Decimal]) -> Decimal:
    """The median, to one place."""
    found, half = sorted(values), len(values) // 2
    of = found[half : half + 1] if len(found) % 2 else found[half - 1 : half + 1]
    return rounded(sum(of, Decimal(0)) / len(of), 1)


def some(ids: Sequence[str], most: int = 8) -> str:
    """Ids in a line, those beyond `most` as a number."""
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(ids[:most]) + more


def counted(number: int, one: str, many: str = "") -> str:
    """`1 deal`, `2 deals`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
