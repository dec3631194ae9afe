"""Lines that people write into a charter: accounts that must not be targeted, and markets that may.

An exclusion is one account per line: its name, website or id, then a reason in brackets or behind a dash, with the day
it was agreed (`Umbra Security (competitor, agreed 2026-09-23)`); `until` with a day ends it. A line that names no
account ("regulated utilities") is a group: nobody can apply it but a person, so it is shown, never guessed at. A market
is a country by name or code, or a group of countries that the rulebook defines. Part of `overlaps`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from mdfsync.countries import country_code
from mdfsync.observe.companies import plain_name
from mdfsync.observe.hosts import host_name

_HEAD = re.compile(r"[;,(:]|\s[-–—]\s")
_DAY = re.compile(r"\b(until|to|through)?\s*(\d{4}-\d{2}-\d{2})\b")
WORLD = frozenset({"worldwide", "global", "all", "any"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of an exclusion list. `agreed` and `until` are None when the line names no such day."""

    line: str
    names: str
    agreed: date | None
    until: date | None

    def holds(self, day: date) -> bool:
        """Whether it is agreed and not over on a day; a line without a day always is."""
        return (self.agreed is None or self.agreed <= day) and (self.until is None or day <= self.until)

    def means(self, name: str, host: str, account: str) -> bool:
        """Whether it names this account: by id, website or name without legal form."""
        if account and account.casefold() in self.line.casefold().split():
            return True
        if host and "." in self.names and host_name(self.names) == host:
            return True
        return bool(name) and plain_name(self.names) == plain_name(name)


@lru_cache(maxsize=1024)
def entries(text: str) -> tuple[Entry, ...]:
    """The lines of an exclusion list."""
    return tuple(_entry(line.strip()) for line in text.splitlines() if line.strip())


def _entry(line: str) -> Entry:
    agreed = until = None
    for word, day in _DAY.findall(line):
        try:
            found = date.fromisoformat(day)
        except ValueError:
            continue
        agreed, until = (agreed, found) if word else (agreed or found, until)
    head = _HEAD.split(line)[0].strip()
    return Entry(line=line, names=head or line, agreed=agreed, until=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """Eligible markets: country codes; `unread` = lines that are no country and no known group."""

    codes: frozenset[str]
    unread: tuple[str, ...]
    everywhere: bool = False

    @property
    def stated(self) -> bool:
        return self.everywhere or bool(self.codes or self.unread)


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
