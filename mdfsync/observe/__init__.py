"""What the sources say, in the field dictionary's words: raw rows in, observations and rejects out.

Observers read the mirror of every source (everything known, not only what moved today), so a run that died after
pulling loses nothing. Only what belongs to a joint campaign becomes observations; the rest is counted. Nothing is
invented: a value that cannot be read is a reject with its reason, a row without its id is a reject too. A pure
function; first stage of the flow after the sources.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import Observed, RawRow, Snapshot
from mdfsync.observe.campaigns import observe_campaigns
from mdfsync.observe.deals import observe_deals
from mdfsync.observe.leads import observe_leads
from mdfsync.observe.linking import Links, link
from mdfsync.observe.overlaps import observe_overlaps
from mdfsync.observe.records import observe_records
from mdfsync.observe.registrations import observe_registrations
from mdfsync.observe.saying import Sayings
from mdfsync.policy import Policy

Mirror = Mapping[str, tuple[RawRow, ...]]

__all__ = ["Links", "Mirror", "observe"]


def observe(mirror: Mirror, snapshot: Snapshot, policy: Policy) -> Observed:
    """Every observation of every source. Each row read is counted once: rejected, observed, or unlinked (it belongs
    to no joint campaign, or only supports others: contacts, companies, owners, associations, activities)."""
    say = Sayings(policy, snapshot)
    links = link(mirror, snapshot)
    observe_campaigns(say, mirror, links)
    observe_deals(say, mirror, snapshot, links)
    observe_leads(say, mirror, snapshot, links)
    observe_overlaps(say, mirror, snapshot, links)
    observe_records(say, mirror, policy)
    observe_registrations(say, mirror, links)
    return say.observed(rows_read=sum(len(rows) for rows in mirror.values()))
