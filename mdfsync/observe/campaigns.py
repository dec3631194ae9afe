"""HubSpot campaigns onto Campaigns rows; what looks like a partner campaign without an id becomes an exception.

A Campaigns row is made only for an id that the source itself gives. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import RawRow, Subject
from mdfsync.observe.linking import Links
from mdfsync.observe.saying import Sayings
from mdfsync.view.people import property_of


def observe_campaigns(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], links: Links) -> None:
    """One Campaigns subject per linked HubSpot campaign; two HubSpot campaigns on one joint campaign disagree."""
    _influenced(say, mirror, links)
    for row in mirror.get("hubspot.campaigns", ()):
        joint = links.campaigns.get(row.ref.external_id)
        if joint:
            subject = Subject(table="Campaigns", id=joint)
            say.row(subject, row)
            owner = links.users.get(property_of(row, "hs_owner"), "")  # campaigns name a user, other objects an owner
            if owner:
                say.value(subject, "hubspot_owner", owner, row.ref)
        elif reason := _looks_like_partner_campaign(row, say):
            say.finding(
                "looks_like_partner_campaign",
                Subject(table="Campaigns", id=f"hubspot:{row.ref.external_id}"),
                f"HubSpot campaign “{property_of(row, 'hs_name')}” looks like a partner campaign but has no "
                "joint_campaign_id",
                ref=row.ref,
                evidence={
                    "hubspot_campaign_id": row.ref.external_id,
                    "name": property_of(row, "hs_name"),
                    "because": reason,
                },
            )


def _influenced(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], links: Links) -> None:
    """How many contacts HubSpot's own report names, to be held against our leads."""
    reported: dict[str, list[RawRow]] = {}
    for row in mirror.get("hubspot.campaign_contacts", ()):
        joint = links.campaigns.get(str(row.body.get("campaign_guid", "")))
        if joint and row.body.get("contact_type") == "influencedContacts":
            reported.setdefault(joint, []).append(row)
    for joint, rows in sorted(reported.items()):
        contacts = {str(row.body.get("contact_id")) for row in rows}
        subject = Subject(table="Campaigns", id=joint)
        say.value(subject, "hubspot_influenced_contacts", len(contacts), rows[0].ref)


def _looks_like_partner_campaign(row: RawRow, say: Sayings) -> str:
    if property_of(row, "partner_name"):
        return f"its partner_name says “{property_of(row, 'partner_name')}”"
    name = property_of(row, "hs_name").casefold()
    words = say.policy.rules["looks_like_partner_campaign"].params.get("words", [])
    hit = next((str(word) for word in words if str(word).casefold() in name), "")
    return f"its name contains “{hit}”" if hit else ""
