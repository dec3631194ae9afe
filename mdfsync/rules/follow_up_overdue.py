"""Leads that our sales have not turned to within the agreed hours.

What it protects: the campaign's return. Both sides agreed to follow up within hours of the touch; a lead that nobody
calls is lost to both, and the partner asks why it paid for it.

When it fires: one exception per campaign and lead owner, for all leads of that owner whose hours are over and with
whom no sales activity of ours stands on record since. The hours are the charter's, else the rulebook's, from the first
qualifying touch, or from the end of the day of the hand-over where there is no touch. Leads that count for nothing,
that belong to the partner alone, or whose person opted out of our e-mail are not followed up by us. Where HubSpot's
activities, contacts or owners could not be read, nobody can say that there was none or whose lead it is, and it does
not fire.

When it does not: for a campaign that is archived or cancelled; and once a campaign is completed or its last day is
over, for leads whose follow-up was due more than the rulebook's days ago. Nobody calls in November about a
breakfast in August: what was missed stands in `follow_up_due` and `followed_up_at` of the lead and in its campaign's
lead report.

What clears it: a meeting, call or e-mail of ours with each of the people, or `lead_decision` `rejected` with a reason.

Params: `hours` = hours where the charter states none; `days_after` = days after the due day in which a campaign that is
over still asks for the call; `free_days` = names of week days, or dates, whose hours do not
count (none = clock hours).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, timedelta, tzinfo

from mdfsync.leads.classes import counts
from mdfsync.leads.clocks import charter_for, follow_up, follow_up_hours
from mdfsync.leads.dispositions import OVER
from mdfsync.leads.ownership import THEIRS, owner_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import Row, View
from mdfsync.view.touches import OWN_SALES

ID = "follow_up_overdue"
TABLES = ("Leads",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        charter = charter_for(view, campaign.id)
        if charter is None or campaign.text("campaign_status") in OVER:
            continue
        zone = charter.zone or UTC
        since = _since(view, charter.campaign, zone, setting)
        hours = round(follow_up_hours(view, charter.campaign).total_seconds() / 3600)
        waiting: dict[str, list[tuple[date, Row]]] = {}
        for lead in view.where("Leads", "joint_campaign_id", campaign.id):
            due = _overdue(view, lead, zone)
            if due is not None and due >= since:
                waiting.setdefault(lead.text("lead_owner"), []).append((due, lead))
        for owner, found in sorted(waiting.items()):
            found.sort(key=lambda item: (item[0], item[1].place.id))
            yield speak(
                setting,
                campaign.place,
                f"{owner or 'Owned by nobody'}: {len(found)} {'lead' if len(found) == 1 else 'leads'} of {campaign.id} "
                f"not followed up within {hours} hours.",
                evidence={
                    "leads": "\n".join(f"{_named(lead)}: due on {due}" for due, lead in found),
                    "lead_owner": owner or "nobody",
                },
                sources=("hubspot.contacts", *OWN_SALES),
                key=owner,
                due=found[0][0].isoformat(),
                owner=owner,
                required_action="" if owner else f"Give the leads an owner in HubSpot. {setting.required_action}",
            )


def _since(view: View, campaign: Row, zone: tzinfo, setting: RuleSetting) -> date:
    """The first due day that is still asked for."""
    today, last = view.as_of.astimezone(zone).date(), campaign.day("end_date")
    over = campaign.text("campaign_status") == "completed" or (last is not None and last < today)
    return today - timedelta(days=setting.params["days_after"]) if over else date.min


def _named(lead: Row) -> str:
    company = lead.text("company")
    return f"{lead.place.id} ({company})" if company else lead.place.id


def _overdue(view: View, lead: Row, zone: tzinfo) -> date | None:
    """The day on which the follow-up was due; `None` when nothing is owed, or nobody can tell."""
    if not lead.text("contact_id") or not counts(view, lead) or lead.text("email_opt_out") == "true":
        return None
    clock = follow_up(view, lead)
    if clock is None or clock.done or clock.unread or view.as_of <= clock.due:
        return None
    return None if owner_of(view, lead) == THEIRS else clock.due.astimezone(zone).date()
