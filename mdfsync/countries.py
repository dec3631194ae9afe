"""Countries as CRMs and charters write them: by name in one of several languages, or by code.

Names and codes are those of the Unicode CLDR (Babel). It refuses to guess: what is no country's name or code is none,
and "Georgia" is the country. Groups such as DACH are policy, not geography, and stand in the rulebook. Used wherever a
country decides: account matching and eligible markets.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "nb", "da", "fi", "pl", "cs", "ja")
"""Whose names are understood; where two languages differ about a name, the first one counts."""
_NO_COUNTRY = frozenset({"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"})
_ALSO = {
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "united states of america": "US", "u.s.": "US", "u.s.a.": "US", "u.k.": "GB", "holland": "NL",
    "the netherlands": "NL", "czech republic": "CZ", "turkey": "TR", "republic of ireland": "IE", "uae": "AE",
    "korea": "KR", "republic of korea": "KR", "russian federation": "RU", "viet nam": "VN",
}  # fmt: skip
"""Names in everyday use that the CLDR has under another one."""


@lru_cache(maxsize=4096)
def country_code(text: str) -> str:
    """ISO 3166 code of a country (`Germany`, `Deutschland`, `DE`, `DEU` → `DE`); `""` when it is none."""
    return _names().get(_plain(text), "") if text else ""


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", " ".join(text.casefold().split()))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    from babel.core import get_global  # heavy: only when a country is looked at

    found: dict[str, str] = {}
    english = _territories("en")
    countries = {code for code in english if len(code) == 2 and code.isalpha()} - _NO_COUNTRY
    for code in sorted(countries):
        found[code.casefold()] = code
    for old, now in get_global("territory_aliases").items():
        if len(now) == 1 and now[0] in countries and str(old).isalpha():
            found.setdefault(str(old).casefold(), now[0])
    for language in LANGUAGES:
        names = _territories(language)
        for code in sorted(countries & names.keys()):
            found.setdefault(_plain(names[code]), code)
    return found | _ALSO


def _territories(language: str) -> dict[str, str]:
    from babel import Locale

    return {str(code): str(name) for code, name in Locale(language).territories.items()}
