"""Which joint campaigns a HubSpot campaign, form, event or UTM value belongs to, by the Campaigns rows and by the joint
campaign id on HubSpot's own campaign. Part of the timed facts (`touch`)."""

from __future__ import annotations

from mdfsync.view.base import View
from mdfsync.view.people import property_of


class Marks:
    """Joint campaigns by mark; a UTM value that two campaigns use is none."""

    def __init__(self, view: View) -> None:
        self.by_guid: dict[str, str] = {}
        self.by_form: dict[str, frozenset[str]] = {}
        self.by_event: dict[str, frozenset[str]] = {}
        self.by_utm: dict[str, frozenset[str]] = {}
        for row in view.mirror.get("hubspot.campaigns", ()):
            if joint := property_of(row, "joint_campaign_id"):
                self.by_guid[row.ref.external_id.lower()] = joint
                self._add(self.by_utm, property_of(row, "hs_utm").lower(), joint)
        for campaign in view.rows("Campaigns"):
            for guid in campaign.listed("hubspot_campaign_id"):
                self.by_guid.setdefault(guid.lower(), campaign.id)
            for form in campaign.listed("hubspot_form_ids"):
                self._add(self.by_form, form.lower(), campaign.id)
            for event in campaign.listed("hubspot_marketing_event_ids"):
                self._add(self.by_event, event, campaign.id)
            self._add(self.by_utm, campaign.text("utm_campaign").lower(), campaign.id)
        # A UTM value that two campaigns use tells nothing apart; a form or event may well serve two.
        self.by_utm = {utm: joint for utm, joint in self.by_utm.items() if len(joint) == 1}

    @staticmethod
    def _add(index: dict[str, frozenset[str]], key: str, joint: str) -> None:
        if key:
            index[key] = index.get(key, frozenset()) | {joint}
