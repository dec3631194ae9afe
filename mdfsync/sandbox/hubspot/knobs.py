"""The switches of the sandbox's HubSpot: what differs from account to account, or is not known for certain.

Read by `knobs`. Failures of single requests are not here but in `hubspot/faults`.
"""

from __future__ import annotations

from typing import Any

KNOBS: dict[str, Any] = {
    "hubspot.search_per_second": 0,  # searches a second, 0 = no limit (HubSpot: 5 an account)
    "hubspot.ten_seconds": 0,  # other calls in any 10 s, 0 = no limit (HubSpot: 100 to 250, by tier)
    "hubspot.daily": 0,  # calls until midnight in the account's time zone, 0 = no limit (HubSpot: 250,000 and more)
    "hubspot.retry_after": 0,  # seconds that a 429 names in Retry-After, 0 = none, as mostly
    "hubspot.rate_limit_category": False,  # True: 429 bodies of the form with a category, which has been seen too
    "hubspot.longest_url": 16_000,  # characters of path and query; above: 414 with a proxy's page
    "hubspot.clock_skew_seconds": 0,  # how far the Date header is off
    "hubspot.email_without_scope": "forbidden",  # or "redacted": e-mails for a token without sales-email-read
    "hubspot.milliseconds": False,  # True: datetimes of activities as epoch milliseconds in text instead of ISO
    "hubspot.history_depth": 0,  # versions kept of a property, 0 = 45 for contacts and 20 for all else
    "hubspot.stage_times": True,  # False: a tier without the calculated hs_v2_… times of stages
    "hubspot.search_lag_seconds": 0,  # how old the search index is
    "hubspot.search_shows_record": False,  # True: found as the index has it, shown as the record is by now
    "hubspot.search_epoch_fails": False,  # True: 500 for a search from epoch 0 on
    "hubspot.association_ids_text": False,  # True: toObjectId as text, as newer specifications say, instead of a number
    "hubspot.association_page": 500,  # links per record before paging sets in
    "hubspot.association_moves_modified": False,  # True: a new link moves the deal's modified date
    "hubspot.campaign_object": True,  # False: campaigns are no CRM objects (0-35 is undocumented)
    "hubspot.campaign_tier": True,  # False: an account without the campaigns tool, 403
    "hubspot.revenue_report": True,  # False: no revenue attribution in this account, 403
    "hubspot.event_breakdown_lag": False,  # True: people of an event are not there yet, asked by event
    "hubspot.event_times_iso": False,  # True: occurredAt as ISO text instead of epoch milliseconds
    "hubspot.join_order_newest": False,  # True: a list's members by join date, newest first
}
