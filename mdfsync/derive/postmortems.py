"""Where a campaign's archive lies, and the digest of its manifest: what the verb `archive` made and checked."""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import Computed, cells
from mdfsync.view import View

RULE = "campaign_archive"


def postmortems(view: View) -> Iterator[Computed]:
    """`archive_location` and `archive_digest` of the rows on campaigns that were archived."""
    for row in view.rows("Postmortems"):
        campaign = view.ref(row, "joint_campaign_id")
        if made := view.facts.archives.get(campaign):
            values = dict(zip(("archive_location", "archive_digest"), made, strict=True))
            yield from cells(row.place, values, rule=RULE, inputs=(campaign,))
