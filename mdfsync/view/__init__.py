"""The base as it would be, and what the sources say beside it: the one thing that rules and derivations
look at.

    snapshot + changes ─project─> View ─> rules, derive, documents

`base` holds the projection and its lookups, `row` the typed reading of one row, `facts` what other stages
found, `touches` the timed facts of contacts and deals, `classes` the attribution class that those facts
allow. Nothing in here speaks to a service, writes, or knows the present.
"""

from mdfsync.view.base import View, project
from mdfsync.view.facts import (
    Facts,
    Interval,
    Ruling,
    SourceConflict,
    SourceHealth,
    Vanished,
    Withdrawal,
    conflicts_among,
    sources_behind,
)
from mdfsync.view.row import Row

__all__ = [
    "Facts",
    "Interval",
    "Row",
    "Ruling",
    "SourceConflict",
    "SourceHealth",
    "Vanished",
    "View",
    "Withdrawal",
    "conflicts_among",
    "project",
    "sources_behind",
]
