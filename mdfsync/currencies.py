"""What ISO 4217 says of a currency: whether money is counted in it, and with how many decimal places.

Lowest layer of the flow, beside `values`.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import iso4217


def currency_exponent(code: str) -> int:
    """Decimal places of an ISO 4217 currency; 2 when the code is not known."""
    exponent = _exponent(code)
    return 2 if exponent is None else exponent


def in_currency(amount: Decimal, code: str) -> str:
    """An amount as people read it, at the currency's decimal places: `1,155.00 USD`."""
    cent = Decimal(1).scaleb(-currency_exponent(code))
    return f"{amount.quantize(cent, ROUND_HALF_UP):,} {code}".strip()


def is_currency(code: str) -> bool:
    """Whether money can be counted in it: an ISO 4217 code that is not for tests, metals or "no currency"."""
    return _exponent(code) is not None


def _exponent(code: str) -> int | None:
    try:
        exponent = iso4217.Currency(code.upper()).exponent
    except ValueError:
        return None
    return exponent if isinstance(exponent, int) else None
