"""Lists of accounts that people type, one per line: who must not be targeted, who is a competitor.

A line is an account's name, website or id, then a reason in brackets or behind a dash, with the day it was agreed
(`Umbra Security (competitor, agreed 2026-09-23)`); `until` with a day ends it. A line that names no account ("regulated
utilities") is a group: nobody can apply it but a person, so it is shown, never guessed at. Ground; read for target
lists, for which leads count and for what earns credit, so that one line means one account everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from mdfsync.company_names import plain_name
from mdfsync.hosts import host_name

_HEAD = re.compile(r"[;,(]|:(?!//)|\s[-–—]\s")
_DAY = re.compile(r"\b(until|to|through)?\s*(\d{4}-\d{2}-\d{2})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of an exclusion list. `agreed` and `until` are None when the line names no such day."""

    line: str
    names: str
    agreed: date | None
    until: date | None

    def holds(self, day: date) -> bool:
        """Whether it is agreed and not over on a day; a line without a day always is."""
        return (self.agreed is None or self.agreed <= day) and not self.over(day)

    def over(self, day: date) -> bool:
        """Whether it had ended before a day."""
        return self.until is not None and self.until < day

    def means(self, name: str, host: str, account: str) -> bool:
        """Whether it names this account: by id, website or name without legal form."""
        if account and account.casefold() in re.split(r"[\s,;:()]+", self.line.casefold()):
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
