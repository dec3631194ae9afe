"""Leads on which our CRM and the partner's list do not agree.

What it protects: a lead that only one side knows is not followed up, is counted twice, or leaves the company without
the person's consent. Nothing unreconciled stands on an outgoing list or in a count.

When it fires:
- `no contact`: a lead of the partner's list meets no HubSpot contact, or several, by its e-mail address. Whom it may be
  (an address with a slip of the hand, the company's domain or name) is told as candidates; nothing is matched by them.
- `not acknowledged`: a HubSpot lead of the campaign is not on the list that the partner delivered, and the agreed
  hours since its first touch are over.
- `no list` (on the campaign's partner, one hold that blocks every lead of the campaign): that partner has delivered
  no list at all, and the agreed hours since the campaign's end are over.
- `conflict company`, `conflict name`: both sides know the lead by its address and disagree on the company, or on the
  first and the last name.
- `incomplete`: handed over more than the agreed hours ago, and consent or owner are still not on record.

When it does not: while HubSpot's contacts cannot be read, for whom was not read before; the status is then `unknown`,
and no such lead may leave.

What clears it: the contact is matched, the partner's list arrives or is corrected, consent and owner are recorded, or
the lead is rejected with a reason (`lead_decision`). Tests, colleagues, competitors, partner staff and duplicates wait
for nobody. The columns `reconciliation_status` and `reconciliation_reason` say the same of every lead.

Params: `hours` = clock for handing over and reconciling where the campaign's charter states none. The others are read
by whatever judges leads: `own_domains`, `test_domains`, `test_names` and `competitor_domains` decide `lead_class`;
`freemail_domains` name no company; `role_mailboxes` are no person; `consent_bases` allow sharing with a named
recipient; `alike_percent` and `max_candidates` bound the candidates.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.leads.clocks import list_due, list_hours
from mdfsync.leads.lists import lists_of
from mdfsync.leads.reconciled import reconciled
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.view.standing import in_force

ID = "unreconciled_lead"
TABLES = ("Leads",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        yield from _no_list(view, setting, in_force(view, campaign))
    sources = {*sources_of(view, "Leads", "email"), "partner.leads"}
    for lead in view.rows("Leads"):
        for cause in reconciled(view, lead).causes:
            yield speak(
                setting,
                lead.place,
                cause.message,
                evidence=cause.evidence,
                sources=sources,
                key=cause.key,
                required_action=cause.action,
            )


def _no_list(view: View, setting: RuleSetting, campaign: Row) -> Iterator[Finding]:
    due, delivered = list_due(view, campaign), lists_of(view).delivered
    leads = [lead for lead in view.where("Leads", "joint_campaign_id", campaign.id) if lead.text("contact_id")]
    if due is None or not leads or view.as_of <= due:
        return
    for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id):
        if (campaign.id, view.ref(part, "partner_id")) in delivered:
            continue
        yield speak(
            setting,
            part.place,
            "The partner has delivered no lead list for this campaign.",
            evidence={
                "partner_id": view.ref(part, "partner_id"),
                **shown(campaign, "end_date", "charter_time_zone"),
                "hours": str(round(list_hours(view, campaign).total_seconds() / 3600)),
            },
            sources=("partner.leads", *sources_of(view, "Leads", "contact_id")),
            key="no list",
            required_action="Ask the partner for its lead list of the campaign.",
            blocks=[lead.place for lead in leads],
        )
