"""A joint campaign whose tracking is not ready when it has to be.

What it protects: a lead that comes in through a link without the agreed UTM value, a form that asks for no consent, or
a HubSpot campaign that nobody tied to the joint campaign cannot be credited or claimed later; what was not tracked
from the first day is lost.

When it fires: a campaign is live or paused, or approved and to begin within the days of the rulebook, and something
that its tracking needs is missing (`tracking_missing` lists each with who does it: the HubSpot campaign, UTM values,
form or event, consent text version, required properties, a test lead). One exception per campaign, graver once it
runs.

When it does not: what could not be read is unknown, not missing. Drafts, and campaigns that are completed, archived or
cancelled.

What clears it: everything on the list is there, or a person lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.mapping.portal import CAMPAIGNS, SETUP
from mdfsync.mapping.readiness import Missing, launched, readiness
from mdfsync.mapping.seen import SUBMISSIONS
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, speak
from mdfsync.view import Row, View

ID = "tracking_incomplete"
TABLES = ("Campaigns",)
_RUNNING = frozenset({"live", "paused"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        runs = campaign.text("campaign_status") in _RUNNING or _begun(view, campaign)
        if not runs and not _soon(view, campaign, int(setting.params["days"])):
            continue
        state = readiness(view, campaign)
        if state.status != "incomplete":
            continue
        when = "runs" if runs else "is about to begin"
        first = campaign.day("start_date")
        yield speak(
            setting,
            campaign.place,
            f"The campaign {when}, and its tracking is not ready: {_said(state.missing)}.",
            evidence={"missing": "\n".join(map(str, state.missing)), "start_date": campaign.text("start_date")},
            sources=(BASE, CAMPAIGNS, SETUP, SUBMISSIONS),
            due="" if runs or first is None else first.isoformat(),
            severity="high" if runs else None,
        )


def _begun(view: View, campaign: Row) -> bool:
    return campaign.text("campaign_status") == "approved" and launched(campaign, view.as_of) is not None


def _soon(view: View, campaign: Row, days: int) -> bool:
    first = campaign.day("start_date")
    if campaign.text("campaign_status") != "approved" or first is None:
        return False
    return first - timedelta(days=days) <= view.as_of.date()


def _said(missing: tuple[Missing, ...]) -> str:
    """The one thing that is missing, or how many there are: the list stands on the campaign."""
    return str(missing[0]) if len(missing) == 1 else f"{len(missing)} things are missing"
