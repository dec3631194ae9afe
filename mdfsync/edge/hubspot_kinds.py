"""The CRM object types mdfsync reads, and by name every property it may ask of each.

These lists are the protection of people's text: HubSpot hands out e-mail bodies, notes and meeting titles to any
token that may see the times, so what is not listed here is never asked for, and dropped should it come anyway.
Activities take no further names at all; deals, contacts, companies and campaigns take the portal's own
(custom) properties by configuration. Data for `hubspot/objects.py` and `hubspot/campaigns.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdfsync.errors import UsageError

_SOURCE = ("hs_analytics_source", "hs_analytics_source_data_1", "hs_analytics_source_data_2")
_ORIGIN = ("hs_object_source", "hs_object_source_label", "hs_object_source_detail_1")

DEALS = (
    "dealname", "amount", "deal_currency_code", "amount_in_home_currency", "hs_exchange_rate", "pipeline",
    "dealstage", "dealtype", "createdate", "hs_createdate", "closedate", "hs_closed_won_date", "hs_is_closed",
    "hs_is_closed_won", "hs_is_closed_lost", "hs_deal_stage_probability", "hs_forecast_amount", "hs_closed_amount",
    "hs_closed_amount_in_home_currency", "closed_lost_reason", "closed_won_reason", "hubspot_owner_id",
    "hs_primary_associated_company", "num_associated_contacts", "hs_merged_object_ids", "hs_manual_campaign_ids",
    "hs_campaign", "hs_v2_date_entered_current_stage", "hs_analytics_latest_source",
    "hs_analytics_latest_source_data_1", "hs_analytics_latest_source_data_2",
    "hs_analytics_latest_source_timestamp", *_SOURCE, *_ORIGIN,
)  # fmt: skip
CONTACTS = (
    "email", "firstname", "lastname", "jobtitle", "lifecyclestage", "hs_lead_status", "hubspot_owner_id",
    "createdate", "associatedcompanyid", "hs_additional_emails", "hs_calculated_merged_vids",
    "hs_all_contact_vids", "hs_email_optout", "hs_analytics_first_touch_converting_campaign",
    "hs_analytics_last_touch_converting_campaign", "hs_manual_campaign_ids", "hs_latest_source",
    "hs_latest_source_data_1", "hs_latest_source_data_2", "hs_latest_source_timestamp", "first_conversion_date",
    "first_conversion_event_name", "recent_conversion_date", "recent_conversion_event_name",
    "num_conversion_events", "hs_calculated_form_submissions", "hs_first_outreach_date", "notes_last_contacted",
    "notes_last_updated", "num_contacted_notes", "first_deal_created_date", "num_associated_deals", *_SOURCE,
    *_ORIGIN,
)  # fmt: skip
COMPANIES = (
    "name", "domain", "hs_additional_domains", "website", "country", "industry", "type", "lifecyclestage",
    "hubspot_owner_id", "createdate", "hs_createdate", "hs_parent_company_id", "hs_merged_object_ids",
    "num_associated_contacts", "num_associated_deals", "first_deal_created_date", "hs_is_target_account",
    "notes_last_contacted", *_SOURCE, *_ORIGIN,
)  # fmt: skip
_ACTIVITY = (
    "hs_timestamp", "hs_createdate", "hubspot_owner_id", "hs_created_by_user_id", "hs_engagement_source",
    "hs_was_imported", "hs_activity_type", "hs_gdpr_deleted", "hs_object_source_detail_2",
    "hs_object_source_detail_3", *_ORIGIN,
)  # fmt: skip
MEETINGS = (
    *_ACTIVITY, "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome", "hs_meeting_source",
    "hs_meeting_created_from_link_id", "hs_i_cal_uid", "hs_attendee_owner_ids", "hs_campaign_guid",
    "hs_contact_first_outreach_date",
)  # fmt: skip
CALLS = (
    *_ACTIVITY, "hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_duration", "hs_call_source",
)  # fmt: skip
EMAILS = (
    *_ACTIVITY, "hs_email_direction", "hs_email_status", "hs_email_logged_from", "hs_sequence_id",
    "hs_campaign_guid", "hs_incoming_email_is_out_of_office",
)  # fmt: skip
CAMPAIGNS = (
    "hs_name", "hs_start_date", "hs_end_date", "hs_campaign_status", "hs_owner", "hs_currency_code",
    "hs_created_by_user_id", "hs_object_id", "hs_utm", "hs_budget_items_sum_amount", "hs_spend_items_sum_amount",
)  # fmt: skip
"""HubSpot answers 400 to any other name (custom campaign properties excepted); notes and audience are text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One CRM object type. `modified` is the property that holds its modified date; `merged` name the ids that a
    record swallowed; `text_bearing` types take no custom properties; without `recycled` a deletion is final."""

    source_id: str
    object_type: str
    properties: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    merged: tuple[str, ...] = ()
    text_bearing: bool = False
    recycled: bool = True

    def asked(self, custom: Sequence[str]) -> tuple[str, ...]:
        """Every property to ask for, sorted. `UsageError` when custom ones are given for a text-bearing type."""
        if self.text_bearing and set(custom) - set(self.properties):
            names = ", ".join(sorted(set(custom) - set(self.properties)))
            raise UsageError(f"{self.source_id}: {names} may hold people's text and is never asked for")
        return tuple(sorted({*self.properties, "hs_object_id", self.modified, *custom}))


KINDS = (
    Kind(source_id="hubspot.deals", object_type="deals", properties=DEALS, merged=("hs_merged_object_ids",)),
    Kind(
        source_id="hubspot.contacts",
        object_type="contacts",
        properties=CONTACTS,
        modified="lastmodifieddate",
        merged=("hs_calculated_merged_vids", "hs_all_contact_vids"),
    ),
    Kind(
        source_id="hubspot.companies",
        object_type="companies",
        properties=COMPANIES,
        merged=("hs_merged_object_ids",),
    ),
    Kind(source_id="hubspot.meetings", object_type="meetings", properties=MEETINGS, text_bearing=True),
    Kind(source_id="hubspot.calls", object_type="calls", properties=CALLS, text_bearing=True),
    Kind(source_id="hubspot.emails", object_type="emails", properties=EMAILS, text_bearing=True, recycled=False),
    Kind(source_id="hubspot.notes", object_type="notes", properties=_ACTIVITY, text_bearing=True),
)
