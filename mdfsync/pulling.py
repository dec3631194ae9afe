"""Pulls every source of a run once: archive first, guards next, then the mirror.

One source that is held or absent stops nothing else, nor does an optional one that does not answer; a refused token
stops the run, because nothing may be concluded from it. Sources are pulled in the register's order, so those that ask
for others' ids (contact reports, associations) come after them. A source whose complete listing is held is read whole
until such a listing may be used: what changed since would say nothing of the rows that are missing. Effectful end of
the flow, over the `Source` port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from mdfsync.errors import Unreachable
from mdfsync.mirror import SeenRows
from mdfsync.model import SourcePull, Subject, fingerprint
from mdfsync.policy import Policy
from mdfsync.ports import Source
from mdfsync.sources import delivery_sha, guard, health, held_key
from mdfsync.view import SourceHealth

Tell = Callable[[str], None]
BASE = "airtable.base"


def pull_sources(
    sources: Mapping[str, Source],
    wanted: Iterable[str],
    seen: SeenRows,
    policy: Policy,
    *,
    full: bool,
    now: datetime,
    waived: frozenset[str],
    tell: Tell = lambda _line: None,
) -> dict[str, SourcePull]:
    """This run's pull of each wanted source that is wired; held ones are left out of the mirror."""
    pulls: dict[str, SourcePull] = {}
    wanted = set(wanted)
    for source_id in policy.register.sources:
        if source_id not in wanted or source_id not in sources:
            continue
        tell(source_id)
        try:
            pull = sources[source_id].pull(
                seen.memory.cursor(source_id),
                full=full or seen.short(source_id),
                known=seen.memory.known(source_id),
                now=now,
            )
        except Unreachable as down:
            if policy.register.sources[source_id].required:
                raise
            pulls[source_id] = SourcePull(source_id=source_id, down=str(down), notices=(f"left out this time: {down}",))
            continue
        pulls[source_id] = _judged(pull, seen, policy, waived, now)
    return pulls


def _judged(pull: SourcePull, seen: SeenRows, policy: Policy, waived: frozenset[str], now: datetime) -> SourcePull:
    setting = policy.rules["source_cut_off"]
    reason = guard(pull, len(seen.memory.known(pull.source_id)), seen.memory.accepted_counts(pull.source_id), setting)
    sha = delivery_sha(pull)
    place = Subject(table="Sources", id=pull.source_id)
    if reason and fingerprint("source_cut_off", place, held_key(sha)) in waived:
        reason = ""
    if reason or pull.absent:
        pull = replace(pull, held=reason)
        seen.leave(pull, sha, now)
    else:
        pull = replace(pull, held="")
        seen.take(pull, now)
    return pull


def source_health(
    pulls: Mapping[str, SourcePull], seen: SeenRows, policy: Policy, now: datetime, *, base_read_at: datetime
) -> dict[str, SourceHealth]:
    """How every register source stands after the pulls. The base itself was just read."""
    out = {
        source_id: health(
            seen.standing(source_id),
            seen.counts(source_id),
            pull if (pull := pulls.get(source_id)) and not pull.down else None,
            entry.refresh_window,
            entry.required,
            now,
        )
        for source_id, entry in policy.register.sources.items()
    }
    window = policy.register.sources[BASE].refresh_window
    out[BASE] = SourceHealth(last_accepted_at=base_read_at, refresh_window=window, status="fresh", required=True)
    return out
