"""Taking over a base that has rows: what is there, shown before anything is done, then remembered as taken over.

Adopting writes no cell: it only lets the next run plan for this base. Values without an agreed base are then filled
where blank and proposed where they differ, never tracked. Campaigns that were there are marked as backfilled in the
local state, so that a later overlap snapshot is labelled late. Effectful over `wiring`; used by `init`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.model import Snapshot
from mdfsync.plan import OWN_TABLES
from mdfsync.snapshot import read_snapshot
from mdfsync.wiring import Wired


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """Rows of a base by table, of which how many lack an id, how many ids stand twice, and what we know of them."""

    snapshot: Snapshot
    rows: dict[str, int]
    without_id: dict[str, int]
    twice: tuple[str, ...]
    known: int

    def lines(self) -> Iterator[str]:
        """What `init` shows."""
        if not self.rows:
            yield "the base has no rows yet"
            return
        yield "rows that are there:"
        for table, count in self.rows.items():
            blank = self.without_id.get(table, 0)
            note = f", {blank} without id (each is given one)" if blank else ""
            yield f"  {table}: {count}{note}"
        for subject in self.twice:
            yield f"  twice: {subject}: neither row is touched until one of them goes"
        yield f"local state knows {self.known} of them; for the rest blanks are filled and differences proposed"


def what_is_there(wired: Wired) -> There:
    """Read the base, change nothing."""
    dictionary = wired.policy.dictionary
    snapshot = read_snapshot(wired.base, dictionary, taken_at=wired.world.clock.now(), missing=wired.found.blocked)
    bound = set(wired.state.bindings(wired.world.base_id).values())
    rows = {t: len(r) for t, r in snapshot.tables.items() if r}
    blank = {
        t: sum(not r.get(dictionary.tables[t].id_field) for r in records) for t, records in snapshot.tables.items()
    }
    return There(
        snapshot=snapshot,
        rows=rows,
        without_id={t: n for t, n in blank.items() if n},
        twice=tuple(str(s) for s in snapshot.duplicates()),
        known=sum(r.record_id in bound for records in snapshot.tables.values() for r in records),
    )


def adopt(wired: Wired, there: There) -> None:
    """Remember that a person said yes to this base."""
    base_id = wired.world.base_id
    campaigns = [r.subject.id for r in there.snapshot.tables.get("Campaigns", ())]
    wired.state.put(f"backfilled:{base_id}", json.dumps(sorted(campaigns)))
    wired.state.put(f"adopted:{base_id}", "adopted" if set(there.rows) - OWN_TABLES else "built")
