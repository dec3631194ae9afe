"""Eligible markets as people write them into a charter.

A market is a country by name or code, or a group of countries that the rulebook defines. What is neither is shown and
never guessed at. Part of `overlaps`; deal registrations are checked by the same reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mdfsync.countries import country_code

WORLD = frozenset({"worldwide", "global", "all", "any"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """Eligible markets: country codes; `unread` = lines that are no country and no known group."""

    codes: frozenset[str]
    unread: tuple[str, ...]
    everywhere: bool = False

    @property
    def stated(self) -> bool:
        return self.everywhere or bool(self.codes or self.unread)

    def bar(self, country: str) -> bool:
        """Whether a country is none of them. One that cannot be told is not barred, nor is any while a line could
        mean it."""
        code = country_code(country)
        return bool(code and self.codes) and not (self.everywhere or self.unread or code in self.codes)


def markets_of(text: str, regions: Iterable[str]) -> Markets:
    """The markets that a charter names, one per line or separated by commas."""
    return _markets(text, tuple(regions))


@lru_cache(maxsize=1024)
def _markets(text: str, regions: tuple[str, ...]) -> Markets:
    groups = region_codes(regions)
    codes: set[str] = set()
    unread: list[str] = []
    everywhere = False
    for line in (part.strip() for part in re.split(r"[\n;,]", text)):
        if not line:
            continue
        if line.casefold() in WORLD:
            everywhere = True
        elif code := country_code(line):
            codes.add(code)
        elif line.casefold() in groups:
            codes |= groups[line.casefold()]
        else:
            unread.append(line)
    return Markets(codes=frozenset(codes), unread=tuple(unread), everywhere=everywhere)


@lru_cache(maxsize=16)
def region_codes(regions: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    """`DACH = DE AT CH` lines of the rulebook, by name."""
    found = {}
    for line in regions:
        name, _, codes = line.partition("=")
        found[name.strip().casefold()] = frozenset(codes.split())
    return found
