"""How suppliers and numbers are compared: people write one name and one number in many ways.

Used wherever two documents, or a document and an expense, may speak of the same invoice, payment or supplier.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_KEPT = re.compile(r"[^0-9a-z]")
_LEGAL_FORMS = frozenset(
    {"inc", "incorporated", "llc", "ltd", "limited", "gmbh", "ag", "sa", "sas", "bv", "as", "co", "corp"}
)


def number_key(number: str) -> str:
    """An invoice number as it is compared: no spaces, punctuation, case or leading zeros."""
    return _KEPT.sub("", number.casefold()).lstrip("0")


@lru_cache(maxsize=65536)
def vendor_key(name: str) -> str:
    """A supplier's name as it is compared: no accents, punctuation or legal form."""
    words = _words(name)
    return "".join(word for word in words if word not in _LEGAL_FORMS) or "".join(words)


def invoice_key(vendor: str, number: str) -> tuple[str, str]:
    """A supplier and its number for one invoice, as they are compared."""
    return vendor_key(vendor), number_key(number)


def text_key(text: str) -> str:
    """A description as it is compared: its letters and digits."""
    return "".join(_words(text))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^0-9a-z]+", " ", plain.encode("ascii", "ignore").decode()).split()
