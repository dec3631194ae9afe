"""Leads: one per contact and joint campaign, from HubSpot's campaign reports and the partners' own lists.

A partner's lead meets a HubSpot contact by e-mail address only (`landing`; names and companies are for people to
judge); one that meets none keeps the id its list gives it, so that it can be held and reconciled. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import RawRow, Snapshot, Subject
from mdfsync.observe.landing import landings, lead_subject, said
from mdfsync.observe.linking import Links
from mdfsync.observe.saying import Sayings
from mdfsync.view.address_book import AddressBook
from mdfsync.view.people import property_of

Known = Mapping[str, frozenset[str]]


def observe_leads(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], snapshot: Snapshot, links: Links) -> None:
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
    _partner_lists(say, mirror.get("partner.leads", ()), links, _known(snapshot, links))


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
    company = property_of(row, "associatedcompanyid") or (next(iter(companies)) if len(companies) == 1 else "")
    if company:
        say.value(subject, "account_id", f"hs-co-{company}", row.ref)
    owner = links.owners.get(property_of(row, "hubspot_owner_id"), "")
    if owner:
        say.value(subject, "lead_owner", owner, row.ref)
        say.value(subject, "owner", owner, row.ref)


def _known(snapshot: Snapshot, links: Links) -> Known:
    """Joint campaigns and partners that a list may name."""
    joints = {r.subject.id for r in snapshot.tables.get("Campaigns", ())} | set(links.campaigns.values())
    return {
        "joint_campaign_id": frozenset(joints),
        "partner_id": frozenset(r.subject.id for r in snapshot.tables.get("Partners", ())),
    }


def _partner_lists(say: Sayings, rows: tuple[RawRow, ...], links: Links, known: Known) -> None:
    landed = landings(rows, AddressBook(links.contact_rows.values()))
    for row in rows:
        landing = landed.get(row.ref.external_id)
        if landing is None:
            missing = "joint campaign" if not said(row, "joint_campaign_id") else "id of its own"
            say.reject(row.ref, "missing id", f"the partner's lead names no {missing}")
            continue
        strange = [
            f"{name} {said(row, name)}" for name, ids in known.items() if said(row, name) and said(row, name) not in ids
        ]
        if strange:
            say.reject(row.ref, "unknown campaign or partner", f"the base has no {' and no '.join(strange)}")
            continue
        if not landing.speaks:
            say.used(row)
            continue
        subject, joint = landing.subject, said(row, "joint_campaign_id")
        if len(landing.met.contacts) == 1:
            contact = landing.met.contacts[0]
            say.value(subject, "contact_id", contact, row.ref)
            if joint not in links.contacts.get(contact, {}):
                _contact(say, subject, contact, links.contact_rows[contact], links)
        say.row(subject, row)
        say.value(subject, "joint_campaign_id", joint, row.ref)
        say.value(subject, "partner_id", row.body.get("partner_id"), row.ref)
