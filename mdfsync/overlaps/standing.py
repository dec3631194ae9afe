"""What an account is to each side: customer, open opportunity, prospect, or unknown.

HubSpot speaks for our side before Crossbeam does; for the partner's side a population's type counts before its name. It
refuses to call a population of former customers customers, and unknown a prospect. Part of `overlaps`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mdfsync.view import Row, View
from mdfsync.view.deals import own_deals

SOURCES = ("crossbeam.api", "crossbeam.exports")
UNREAD = "Neither Crossbeam nor an export of it could be read, so which accounts are shared is not known"
UNKNOWN = "unknown"
CLOSEST = ("customer", "open_opportunity", "prospect")
"""Of several, the one that binds an account most."""
_NOT_NOW = re.compile(r"\b(former|lost|churned|closed|past|non|no|not|ex)\b")
_WORDS = (
    ("customer", re.compile(r"customer")),
    ("open_opportunity", re.compile(r"opportunit|\bopps?\b|\bpipeline\b")),
    ("prospect", re.compile(r"prospect")),
)
_TYPES = {"customers": "customer", "open_opportunities": "open_opportunity", "prospects": "prospect"}
_STAGES = {
    "customer": "customer",
    "evangelist": "customer",
    "opportunity": "open_opportunity",
    "lead": "prospect",
    "subscriber": "prospect",
    "marketingqualifiedlead": "prospect",
    "salesqualifiedlead": "prospect",
}


@lru_cache(maxsize=4096)
def standing(populations: str, types: str = "") -> str:
    """Customer, open opportunity, prospect or unknown, from Crossbeam populations and their types: the closest one
    counts."""
    return _closest(statuses(populations, types))


@lru_cache(maxsize=4096)
def statuses(populations: str, types: str = "") -> frozenset[str]:
    """Everything that populations and their types say. Names are free text, so they are compared by the word they
    contain; "former customers" says nothing."""
    found = {_TYPES[type] for part in types.split(",") if (type := part.strip()) in _TYPES}
    for name in populations.split(","):
        plain = name.casefold()
        if not _NOT_NOW.search(plain):
            found |= {status for status, word in _WORDS if word.search(plain)}
    return frozenset(found)


def ours(view: View, row: Row) -> str:
    """What the account is to us: the CRM's lifecycle and open deals before the population's name."""
    by_stage = _STAGES.get(row.text("account_lifecycle_stage").casefold(), "")
    by_population = standing(row.text("our_population"), row.text("our_population_types"))
    return _closest({by_stage, by_population, "open_opportunity" if open_deals(view, row) else ""})


def theirs(row: Row) -> str:
    """What the account is to the partner, as far as it shares that."""
    return standing(row.text("partner_population"), row.text("partner_population_types"))


def open_deals(view: View, row: Row) -> int:
    """Open deals of ours on the account."""
    return len(own_deals(view).get(row.text("account_id"), ()))


@lru_cache(maxsize=256)
def kind(ours: str, theirs: str) -> str:
    """How the account overlaps, from both sides' status."""
    if UNKNOWN in {ours, theirs}:
        return UNKNOWN
    for status, noun in (("customer", "customer"), ("open_opportunity", "opportunity")):
        sides = (ours == status, theirs == status)
        if any(sides):
            return f"{'mutual' if all(sides) else 'our' if sides[0] else 'partner'}_{noun}"
    return "net_new_for_both"


def _closest(found: Iterable[str]) -> str:
    there = set(found)
    return next((status for status in CLOSEST if status in there), UNKNOWN)
