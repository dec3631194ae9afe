"""The base as it stands now, for the verbs that make documents of it: read, counted and projected as a run would.

What nobody can be shown to have decided counts no more here than in a run. Sources are as they were last seen: it
pulls none, writes nothing and moves no cursor; what a source would bring now comes with the next run. Over the same
ends as `pipeline`, which goes on to plan.
"""

from __future__ import annotations

from mdfsync.counted import count_decisions
from mdfsync.draft import CellsOf, Draft
from mdfsync.feed import read_feed
from mdfsync.history import read_ledger
from mdfsync.model import Snapshot
from mdfsync.pulling import source_health
from mdfsync.refreshing import Asked, Ends
from mdfsync.snapshot import as_last_known, as_written
from mdfsync.view import Facts, View
from mdfsync.view.packets import packets_key, packets_of
from mdfsync.view.remembered import REMEMBERED
from mdfsync.weighing import projected


def present_view(ends: Ends, snapshot: Snapshot) -> View:
    """The view of a base that was just read."""
    base_id, now, policy = ends.base.base_id, ends.clock.now(), ends.policy
    bases = ends.state.bases(base_id)
    judged = as_written(as_last_known(snapshot, bases), bases, REMEMBERED)
    edits = read_feed(ends, Asked(jobs=(), write=False), snapshot, now).edits
    ledger = read_ledger(snapshot, ends.state.chain(base_id))
    counted = count_decisions(judged, edits, ledger, policy, CellsOf(judged, Draft()), bases)
    return projected(
        counted.snapshot,
        (),
        policy,
        as_of=now,
        mirror={source: ends.seen.rows(source) for source in policy.register.sources},
        sources=source_health({}, ends.seen, policy, now, base_read_at=snapshot.taken_at),
        facts=Facts(
            authors=counted.authors,
            seen=ends.seen.first_seen(),
            packets=packets_of(ends.state.get(packets_key(base_id))),
        ),
    )
