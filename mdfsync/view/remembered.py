"""Cells in which the worker itself remembers what a lost state must not lose: which version of a charter is in force
with its terms, which version each signature is for, what an overlap was at launch, with which class, event and amount
a deal was reported, on which day silence ended a registration.

A charter's terms are JSON with their hash; signatures are lines of `version N: row`. What cannot be read, or does not
match its hash, is nothing: a charter is never taken from a cell that somebody typed over. Read and written by
`standing`, `protection`, the derivations of charter and overlap cells, and `derive/amounts`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import rfc8785

from mdfsync.view.terms import Values, terms_digest

Book = tuple[tuple[int, str], ...]
"""(version, row id) of every signature that ever counted, sorted."""

SNAPSHOT = tuple(
    ("Shared Accounts", name)
    for name in (
        "snapshot_id", "snapshot_taken_at", "snapshot_label", "our_population_at_launch",
        "partner_population_at_launch", "customer_status_at_launch", "target_status_at_launch",
        "account_owner_at_launch",
        "account_name_at_launch", "account_domain_at_launch", "partner_record_name_at_launch",
        "partner_domain_at_launch", "partner_owner_at_launch", "appeared_after",
    )
)  # fmt: skip
"""Cells that were frozen at launch, once for good."""
REMEMBERED = (
    *SNAPSHOT,
    ("Campaigns", "overlap_snapshot_id"),
    ("Campaigns", "overlap_snapshot_at"),
    ("Campaigns", "overlap_snapshot_label"),
    ("Campaigns", "charter_version"),
    ("Campaigns", "charter_digest"),
    ("Campaigns", "charter_in_force"),
    ("Campaigns", "charter_signatures"),
    ("Attributions", "computed_class"),
    ("Attributions", "attribution_class"),
    ("Attributions", "deciding_event"),
    ("Attributions", "deciding_contact_id"),
    ("Attributions", "reported_amount"),
    ("Attributions", "reported_currency"),
    ("Attributions", "amount_fixed_at"),
    ("Attributions", "fixed_rate"),
    ("Deal Registrations", "expired_on"),
)
"""Cells in which the worker remembers: what somebody typed over them is told, and never judged by."""
CELL_LIMIT = 100_000
"""Characters that Airtable keeps in a long text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A version that everybody signed, and its terms."""

    version: int
    digest: str
    terms: Values

    @property
    def text(self) -> str:
        document: Any = {"version": self.version, "digest": self.digest, "terms": self.terms}
        return rfc8785.dumps(document).decode()


def book_text(book: Book) -> str:
    """`charter_signatures`: which version each signature is for, one per line, oldest version first."""
    return "\n".join(f"version {n}: {id}" for n, id in book)


@lru_cache(maxsize=1024)
def read_book(text: str) -> Book:
    """The same back; lines that say something else are none."""
    found = set()
    for line in text.splitlines():
        head, _, id = line.partition(": ")
        if id and head.startswith("version ") and (n := whole_number(head.removeprefix("version "))):
            found.add((n, id))
    return tuple(sorted(found))


def whole_number(text: str) -> int:
    """The number that a text is; 0 when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


@lru_cache(maxsize=1024)
def read_in_force(text: str) -> InForce | None:
    """The version in force; `None` when there is none, or what stands there does not match its own hash."""
    try:
        document: Any = json.loads(text)
        version, digest, terms = document["version"], document["digest"], document["terms"]
        if isinstance(version, int) and version > 0 and terms_digest(terms) == digest:
            return InForce(version=version, digest=digest, terms=terms)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return None
