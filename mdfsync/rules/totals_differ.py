"""Our counts of a campaign and HubSpot's own report, further apart than the tolerance.

What it protects: a review that says twelve deals while HubSpot's dashboard says fifteen costs the trust in both. The
gap is shown with its reasons before somebody else finds it; HubSpot's totals never replace ours.

When it fires: HubSpot's report of a campaign can be read, and contacts, deals or their amount differ from ours by more
than the share and the number that the rulebook states. The evidence has how far they are apart, and the ids that only
one side has where they can be named (HubSpot names no deal); both numbers stand in `totals_compared` of the campaign.
So it says the same again while both sides grow alike.

When it does not: the report cannot be read (then `totals_status` is unknown), and for campaigns that are archived or
cancelled.

What clears it: the numbers come within the tolerance, or a person lets it pass with the reason why they differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.mapping.portal import OVER
from mdfsync.mapping.totals import DEALS, REPORTS, TOTALS, Side, totals
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "totals_differ"
TABLES = ("Campaigns",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        found = None if campaign.text("campaign_status") in OVER else totals(view, campaign)
        differing = [side for side in found.sides if side.differs(setting)] if found else []
        if found is None or not differing:
            continue
        yield speak(
            setting,
            campaign.place,
            f"HubSpot's report and our own count differ: {'; '.join(map(_apart, differing))}.",
            evidence={side.what: side.gap for side in found.sides},
            sources=(DEALS, REPORTS, TOTALS),
        )


def _apart(side: Side) -> str:
    return f"{side.what} ({side.gap.partition(';')[0]})"
