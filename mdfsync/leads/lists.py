"""What the partners' lists say, laid beside the Leads rows: which lines stand on which row, and which rows are twins.

A row is a twin when its person stands in the same campaign on another row: the row that a list's line had before it met
its contact, the second of two HubSpot contacts with one mailbox, a row typed by hand. The twin keeps its id and its
cells and names the row that counts instead; nothing is deleted and nothing is merged. Built once per view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.addresses import mailbox
from mdfsync.model import RawRow, Subject
from mdfsync.observe.landing import Landing, landings, said
from mdfsync.view import Row, View
from mdfsync.view.address_book import AddressBook

SOURCE = "partner.leads"
POLICY = "unreconciled_lead"
"""The rule whose parameters hold the lists and hours by which leads are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """`landings` by the line's id; `lines` by Leads row, the one that speaks first; `delivered` = (campaign, partner)
    pairs of which a list came; `contacts` and `companies` by HubSpot id; `twins` = rows that count for nothing, with
    the row that does."""

    landings: Mapping[str, Landing]
    lines: Mapping[Subject, tuple[RawRow, ...]]
    delivered: frozenset[tuple[str, str]]
    contacts: Mapping[str, RawRow]
    companies: Mapping[str, RawRow]
    twins: Mapping[Subject, str]


def policy(view: View) -> Mapping[str, Any]:
    """Lists and thresholds of the rulebook that concern leads."""
    return view.rules[POLICY].params


def lists_of(view: View) -> Lists:
    """The lists beside the rows; worked out once per view."""
    found: Lists | None = view.memo.get(("Leads", "lists"))
    if found is None:
        found = view.memo["Leads", "lists"] = _build(view)
    return found


def from_partner(lead: Row) -> bool:
    """Whether a partner handed the lead over."""
    return bool(lead.text("partner_submitted_on") or lead.text("partner_lead_reference"))


def _build(view: View) -> Lists:
    contacts = {r.ref.external_id: r for r in view.mirror.get("hubspot.contacts", ())}
    rows = view.mirror.get(SOURCE, ())
    landed = landings(rows, AddressBook(contacts.values())) if rows else {}
    lines: dict[Subject, list[RawRow]] = {}
    for landing in landed.values():  # the earliest line comes first, and that is the one that speaks
        lines.setdefault(landing.subject, []).append(landing.row)
    delivered = {(said(line.row, "joint_campaign_id"), said(line.row, "partner_id")) for line in landed.values()}
    for lead in view.rows("Leads"):
        if from_partner(lead):
            delivered.add((view.ref(lead, "joint_campaign_id"), view.ref(lead, "partner_id")))
    return Lists(
        landings=landed,
        lines={subject: tuple(found) for subject, found in lines.items()},
        delivered=frozenset(delivered),
        contacts=contacts,
        companies={r.ref.external_id: r for r in view.mirror.get("hubspot.companies", ())},
        twins=_twins(view, landed),
    )


def _twins(view: View, landed: Mapping[str, Landing]) -> dict[Subject, str]:
    out: dict[Subject, str] = {}
    people: dict[tuple[str, str], list[Row]] = {}
    for lead in view.rows("Leads"):
        landing = landed.get(lead.id)
        if landing is not None and landing.subject.id != lead.id:
            if view.row("Leads", landing.subject.id) is not None:
                out[lead.place] = landing.subject.id
        elif landing is None and (box := mailbox(lead.text("email"))):
            people.setdefault((view.ref(lead, "joint_campaign_id"), box), []).append(lead)
    listed = {landing.subject for landing in landed.values()}
    for rows in people.values():
        first, *others = sorted(rows, key=lambda lead: (lead.place not in listed, *_seniority(lead)))
        out |= {other.place: first.id for other in others}
    return out


def _seniority(lead: Row) -> tuple[bool, str, int, str]:
    """Rows with a contact before those without, then by HubSpot's own order. (Before either, the row that a list's line
    meets: the partner's word stands there.)"""
    contact = lead.text("contact_id")
    number = int(contact) if contact.isdecimal() else 0
    return not contact, lead.text("created_at_hubspot") or "9999", number, lead.place.id
