"""Deals and contacts of a joint campaign that HubSpot's own lists do not explain.

What it protects: a deal in a stage that was deleted is neither open nor won for sure, one whose owner left is followed
up by nobody, and one without company or contact can be credited to no partner. A contact that was merged away takes
its touches to another record. Each looks fine in a list.

When it fires: deals of a campaign stand in a pipeline or stage that HubSpot's list does not have or has archived; open
deals have no owner, an unknown one, or one who left; deals have no company, several without a primary one, or one that
was merged or deleted; deals have no contact; contacts whom HubSpot's report names for the campaign were merged,
archived or deleted. One exception per campaign and kind lists the records.

When it does not: for what was not read (owners, links), and for campaigns that are archived or cancelled. A merged
company is followed to the one it lives on in; it is told because HubSpot's own deal still names the old one.

What clears it: the records are corrected in HubSpot, or a person lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.mapping.gaps import gaps
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "unmapped_records"
TABLES = ("Opportunities", "Leads")
_KINDS = {
    "stage": (
        "Deals of the campaign stand in a stage that HubSpot's pipelines do not have.",
        "Move the deals to a stage that is in use.",
    ),
    "owner": (
        "Open deals of the campaign have no owner who is still here.",
        "Give each of the deals an owner who works here.",
    ),
    "company": (
        "Deals of the campaign have no company that counts.",
        "Link each deal to its company, and mark one as primary.",
    ),
    "contacts": (
        "Deals of the campaign have no contact.",
        "Link the people of each deal in HubSpot; without one no partner can be credited.",
    ),
    "people": (
        "Contacts of the campaign are no records of HubSpot any more.",
        "Correct the leads of contacts that were merged; of one that was erased, have the lead redacted.",
    ),
}
"""What is said, and what is to be done, by kind of gap."""


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for gap in gaps(view):
        message, action = _KINDS[gap.kind]
        yield speak(
            setting,
            Subject(table="Campaigns", id=gap.joint_campaign_id),
            message,
            evidence={"records": gap.lines, "count": str(gap.count)},
            sources=gap.source_ids,
            key=gap.kind,
            required_action=action,
        )
