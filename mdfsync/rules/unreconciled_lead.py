"""Leads on which our CRM and the partner's list do not agree.

What it protects: a lead that only one side knows is not followed up, is counted twice, or leaves the company without
the person's consent. Nothing unreconciled stands on an outgoing list or in a count.

When it fires:
- `no contact`: a lead of the partner's list meets no HubSpot contact, or several, by its e-mail address.
- `not acknowledged`: a HubSpot lead of the campaign is not on the list that the partner delivered, and the agreed
  hours since its first touch are over.
- `no list` (on the campaign's partner, one hold that blocks every lead of the campaign): that partner has delivered
  no list at all, and the agreed hours since the campaign's end are over.
- `conflict email`, `conflict company`: both sides know the lead and disagree on the address or the company.
- `incomplete`: handed over more than the agreed hours ago, and consent or owner are still not on record.

What clears it: the contact is matched, the partner's list arrives or is corrected, consent and owner are recorded, or
the lead is rejected with a reason (`lead_decision`).

Params: `hours` = clock for handing over and reconciling where the campaign's charter states none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

from mdfsync.evidence.keys import vendor_key
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.values import instant_text
from mdfsync.view import Row, SourceConflict, View
from mdfsync.view.charter import within_a_century, zone_of
from mdfsync.view.standing import campaign_in_force, in_force
from mdfsync.view.touches import journeys

ID = "unreconciled_lead"
TABLES = ("Leads",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    conflicts = _conflicts(view)
    delivered = _delivered(view)
    for campaign in view.rows("Campaigns"):
        yield from _no_list(view, setting, in_force(view, campaign), delivered)
    for lead in view.rows("Leads"):
        if lead.text("lead_decision") == "rejected":
            continue
        from_partner = bool(lead.text("partner_submitted_on") or lead.text("partner_lead_reference"))
        if not lead.text("contact_id"):
            yield _lead(
                view,
                setting,
                lead,
                "no contact",
                "The partner's lead meets no single HubSpot contact by its e-mail address.",
                shown(lead, "email", "company", "partner_id", "partner_submitted_on"),
            )
        elif not from_partner:
            yield from _not_acknowledged(view, setting, lead, delivered)
        else:
            yield from _incomplete(view, setting, lead)
        for conflict in conflicts.get(lead.place, ()):
            yield _lead(
                view,
                setting,
                lead,
                f"conflict {conflict.field}",
                f"Our CRM and the partner's list disagree on the lead's {conflict.field}.",
                {f"{conflict.field} in {source}": value for source, value in conflict.values.items()},
            )


def _lead(view: View, setting: RuleSetting, lead: Row, key: str, message: str, evidence: Mapping[str, str]) -> Finding:
    sources = {*sources_of(view, "Leads", "email"), "partner.leads"}
    return speak(setting, lead.place, message, evidence=evidence, sources=sources, key=key)


def _delivered(view: View) -> frozenset[tuple[str, str]]:
    """(campaign, partner) pairs for which at least one lead has come from the partner."""
    return frozenset(
        (view.ref(lead, "joint_campaign_id"), view.ref(lead, "partner_id"))
        for lead in view.rows("Leads")
        if lead.text("partner_submitted_on") or lead.text("partner_lead_reference")
    )


def _clock(campaign: Row, setting: RuleSetting) -> timedelta:
    stated = campaign.money("lead_list_due_hours")
    if stated is None:
        return timedelta(hours=setting.params["hours"])
    return timedelta(days=float(within_a_century(stated / 24)))


def _end_of(campaign: Row) -> datetime | None:
    """The end of the campaign's last day in the charter's zone (UTC where it names none)."""
    end = campaign.day("end_date")
    if end is None:
        return None
    return datetime.combine(end, time.max, tzinfo=zone_of(campaign.text("charter_time_zone")) or UTC)


def _no_list(
    view: View, setting: RuleSetting, campaign: Row, delivered: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    end, clock = _end_of(campaign), _clock(campaign, setting)
    leads = [lead for lead in view.where("Leads", "joint_campaign_id", campaign.id) if lead.text("contact_id")]
    if end is None or not leads or view.as_of <= end + clock:
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
                "hours": str(round(clock.total_seconds() / 3600)),
            },
            sources=("partner.leads", *sources_of(view, "Leads", "contact_id")),
            key="no list",
            blocks=[lead.place for lead in leads],
        )


def _not_acknowledged(
    view: View, setting: RuleSetting, lead: Row, delivered: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    joint = view.ref(lead, "joint_campaign_id")
    campaign = campaign_in_force(view, joint)
    partners = [view.ref(p, "partner_id") for p in view.where("Campaign Partners", "joint_campaign_id", joint)]
    listed = sorted(p for p in partners if (joint, p) in delivered)
    if campaign is None or not listed:
        return  # without a list at all the hold is the campaign partner's, or the clock has not begun
    times = [
        touch.moment.stated
        for touch in journeys(view).touches.get(lead.text("contact_id"), ())
        if joint in touch.campaigns and touch.moment.stated
    ]
    start = min(times, default=_end_of(campaign))
    if start is None or view.as_of <= start + _clock(campaign, setting):
        return
    yield _lead(
        view,
        setting,
        lead,
        "not acknowledged",
        "Our CRM has this lead of the campaign; the partner's list does not.",
        {
            **shown(lead, "contact_id", "email"),
            "clock started": instant_text(start),
            "lists delivered by": ", ".join(listed),
        },
    )


def _incomplete(view: View, setting: RuleSetting, lead: Row) -> Iterator[Finding]:
    campaign = campaign_in_force(view, view.ref(lead, "joint_campaign_id"))
    day = lead.day("partner_submitted_on")
    missing = [
        words
        for words, there in (
            ("consent_basis", lead.text("consent_basis")),
            ("owner", lead.text("lead_owner") or lead.text("ownership")),
        )
        if not there
    ]
    if not missing or campaign is None or day is None:
        return
    zone = zone_of(campaign.text("charter_time_zone")) or UTC
    if view.as_of > datetime.combine(day, time.max, tzinfo=zone) + _clock(campaign, setting):
        yield _lead(
            view,
            setting,
            lead,
            "incomplete",
            f"The lead was handed over and still lacks: {', '.join(missing)}.",
            {"lacks": ", ".join(missing), **shown(lead, "partner_submitted_on")},
        )


def _conflicts(view: View) -> dict[Subject, list[SourceConflict]]:
    """Disagreements of substance about who a lead is; the same company in other words is none."""
    out: dict[Subject, list[SourceConflict]] = {}
    for conflict in view.facts.conflicts:
        if conflict.subject.table != "Leads" or conflict.field not in {"email", "company"}:
            continue
        same = vendor_key if conflict.field == "company" else _address
        if len({same(value) for value in conflict.values.values()}) > 1:
            out.setdefault(conflict.subject, []).append(conflict)
    return out


def _address(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()
