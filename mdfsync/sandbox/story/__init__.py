"""The story of the sandbox: Northlight Analytics, four partners, five joint campaigns, and what happens to
them.

`seed` fills HubSpot, Crossbeam and the drop folders on the day of the reset, `people_fill_in` has the
operators type their rows into a base whose tables exist, `advance` lets the next day happen (the clock has
moved by then). Everything told is data under `seed/`; dates are relative to the day of the reset, ids never
change. Called by `life`, inside one store transaction each.
"""

from __future__ import annotations

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.crossbeam import seed_crossbeam
from mdfsync.sandbox.story.dates import begin
from mdfsync.sandbox.story.days import deliver_everything, next_day
from mdfsync.sandbox.story.files import seed_files
from mdfsync.sandbox.story.hubspot import seed_hubspot
from mdfsync.sandbox.story.people import fill_in


def seed(store: Store, clock: Clock) -> None:
    """Day zero: the CRM, the overlaps, the first delivery of every file."""
    zero = begin(store, clock)
    seed_hubspot(store, clock, zero)
    seed_crossbeam(store, zero)
    seed_files(store, zero)
    deliver_everything(store, clock)


def people_fill_in(store: Store, clock: Clock, base_id: str) -> None:
    """The operators type what they know: partners, charters, funds, deliverables, approvals, evidence,
    claims."""
    fill_in(store, clock, base_id)


def advance(store: Store, clock: Clock) -> None:
    """The next day of the world."""
    next_day(store, clock)
