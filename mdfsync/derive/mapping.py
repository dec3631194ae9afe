"""How a campaign hangs together with HubSpot, as cells: readiness of its tracking, HubSpot's totals beside ours, and
whether the tracking link of a deliverable follows the convention.

It writes down what `mapping` judged. HubSpot's totals stand beside our counts and change none of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.mapping.readiness import readiness
from mdfsync.mapping.seen import strays, utm_of_link
from mdfsync.mapping.totals import RULE as TOTALS_RULE
from mdfsync.mapping.totals import totals
from mdfsync.values import number_text
from mdfsync.view import Row, View

RULE = "mapping"
_TRACKED = ("hubspot.campaigns", "hubspot.setup", "hubspot.form_submissions", "hubspot.pipelines")
_COUNTED = ("hubspot.campaign_totals", "hubspot.campaign_contacts", "hubspot.deals", "hubspot.associations")


def mapping(view: View) -> Iterator[Computed]:
    """Cells of Campaigns and Deliverables."""
    for campaign in view.rows("Campaigns"):
        state = readiness(view, campaign)
        tracked = {"tracking_status": state.status, "tracking_missing": "\n".join(state.lines) or NOTHING}
        yield from cells(campaign.place, tracked, rule=RULE, inputs=_TRACKED)
        yield from cells(campaign.place, _totals(view, campaign), rule=RULE, inputs=_COUNTED)
    outside = {stray.place for found in strays(view).values() for stray in found}
    for row in view.rows("Deliverables"):
        yield from cells(row.place, {"utm_status": _link(view, row, outside)}, rule=RULE, inputs=("tracking_url",))


def _totals(view: View, campaign: Row) -> dict[str, str]:
    found = totals(view, campaign)
    if found is None:
        return {"totals_status": "unknown", "totals_compared": "cannot be told: no HubSpot campaign belongs to it"}
    report = found.report
    return {
        "hubspot_deals": number_text(report["dealsNumber"]) if "dealsNumber" in report else "",
        "hubspot_deal_amount": number_text(report["dealAmount"]) if "dealAmount" in report else "",
        "hubspot_totals_currency": found.currency,
        "totals_status": found.status(view.rules[TOTALS_RULE]),
        "totals_compared": "\n".join(found.lines),
    }


def _link(view: View, row: Row, outside: set[str]) -> str:
    """Nothing for a deliverable that never had a link: many need none."""
    if not row.text("tracking_url"):
        return "missing" if row.text("utm_status") else ""
    campaign = view.row("Campaigns", view.ref(row, "joint_campaign_id"))
    if campaign is None or not campaign.text("utm_campaign"):
        return "unknown"
    if not utm_of_link(row.text("tracking_url")).get("utm_campaign"):
        return "missing"
    return "deviates" if f"link of {row.id}" in outside else "ok"
