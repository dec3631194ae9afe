"""Leads: one per contact and joint campaign, from HubSpot's campaign reports and the partners' own lists.

A partner's lead meets a HubSpot contact by e-mail address only (names and companies are for people to judge); one
that meets none keeps the id its list gives it, so that it can be held and reconciled. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import RawRow, Subject
from mdfsync.observe.linking import Links, prop
from mdfsync.observe.saying import Sayings


def observe_leads(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], links: Links) -> None:
    """Leads subjects from contact reports and partner lists."""
    reports = _report_rows(mirror, links)
    for contact, campaigns in sorted(links.contacts.items()):
        row = links.contact_rows.get(contact)
        for joint, touches in sorted(campaigns.items()):
            subject = lead_subject(contact, joint)
            for report in reports.get((contact, joint), ()):
                say.value(subject, "joint_campaign_id", joint, report.ref)
                say.value(subject, "touch_types", ", ".join(sorted(touches)), report.ref)
                say.value(subject, "contact_id", contact, report.ref)
            if row:
                _contact(say, subject, contact, row, links)
    _partner_lists(say, mirror.get("partner.leads", ()), links)


def lead_subject(contact: str, joint_campaign_id: str) -> Subject:
    """The Leads row of a contact in a joint campaign."""
    return Subject(table="Leads", id=f"lead-{contact}-{joint_campaign_id}")


def _report_rows(mirror: Mapping[str, tuple[RawRow, ...]], links: Links) -> dict[tuple[str, str], list[RawRow]]:
    out: dict[tuple[str, str], list[RawRow]] = {}
    for row in mirror.get("hubspot.campaign_contacts", ()):
        joint = links.campaigns.get(str(row.body.get("campaign_guid", "")))
        if joint:
            out.setdefault((str(row.body.get("contact_id", "")), joint), []).append(row)
    return out


def _contact(say: Sayings, subject: Subject, contact: str, row: RawRow, links: Links) -> None:
    say.row(subject, row)
    companies = links.contact_companies.get(contact, frozenset())
    company = prop(row, "associatedcompanyid") or (next(iter(companies)) if len(companies) == 1 else "")
    if company:
        say.value(subject, "account_id", f"hs-co-{company}", row.ref)
    owner = links.owners.get(prop(row, "hubspot_owner_id"), "")
    if owner:
        say.value(subject, "lead_owner", owner, row.ref)
        say.value(subject, "owner", owner, row.ref)


def _partner_lists(say: Sayings, rows: tuple[RawRow, ...], links: Links) -> None:
    by_email: dict[str, list[str]] = {}
    for contact, row in links.contact_rows.items():
        if prop(row, "email"):
            by_email.setdefault(prop(row, "email").lower(), []).append(contact)
    for row in rows:
        joint = str(row.body.get("joint_campaign_id") or "")
        matches = by_email.get(str(row.body.get("email") or "").lower(), [])
        if not joint or not row.ref.external_id:
            missing = "joint campaign" if not joint else "id of its own"
            say.reject(row.ref, "missing id", f"the partner's lead names no {missing}")
            continue
        if len(matches) == 1:
            subject = lead_subject(matches[0], joint)
            say.value(subject, "contact_id", matches[0], row.ref)
            if joint not in links.contacts.get(matches[0], {}):
                _contact(say, subject, matches[0], links.contact_rows[matches[0]], links)
        else:
            subject = Subject(table="Leads", id=row.ref.external_id)
        say.row(subject, row)
        say.value(subject, "joint_campaign_id", joint, row.ref)
        say.value(subject, "partner_id", row.body.get("partner_id"), row.ref)
