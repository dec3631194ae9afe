"""Whether a lead counts at all: who it is by its domain and by the lists that the organisation and the charter keep.

Tests, our own people, the partners' people, competitors and twins are no leads: they count nowhere, wait for nobody and
leave every outgoing list. Of a person whom nobody could read in HubSpot it is unknown: it counts for nothing yet. A
company is a competitor because a list or the charter says so, never because of its name
alone resembling another; whatever no list names is genuine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mdfsync.addresses import domain_of, exact
from mdfsync.exclusion_lists import Entry, entries
from mdfsync.hosts import host_name
from mdfsync.leads.lists import lists_of, policy
from mdfsync.view import Row, View
from mdfsync.view.outsiders import outsider
from mdfsync.view.people import UNREAD, is_unread
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import property_of

GENUINE, UNTOLD = "genuine", "unknown"


def class_of(view: View, lead: Row) -> tuple[str, str]:
    """The lead's class and the fact that decides it (`""` for a genuine one)."""
    known: dict[str, tuple[str, str]] = view.memo.setdefault(("Leads", "classes"), {})
    if lead.place.id not in known:
        known[lead.place.id] = _class(view, lead)
    return known[lead.place.id]


def counts(view: View, lead: Row) -> bool:
    """Whether the lead stands for a person to be won: genuine, and not rejected by our sales."""
    return class_of(view, lead)[0] == GENUINE and lead.text("lead_decision") != "rejected"


def role_mailbox(view: View, lead: Row) -> str:
    """The part before the @ where it is a function's, not a person's (info, sales); else `""`."""
    local = exact(lead.text("email")).rpartition("@")[0]
    return local if local in policy(view)["role_mailboxes"] else ""


def excluded_account(view: View, lead: Row) -> str:
    """The line of the charter that excludes the lead's company, whatever its reason; else `""`."""
    campaign = campaign_in_force(view, view.ref(lead, "joint_campaign_id"))
    return _named(view, lead, entries(campaign.text("exclusions")) if campaign else ())


def _class(view: View, lead: Row) -> tuple[str, str]:
    if twin := lists_of(view).twins.get(lead.place):
        return "duplicate", f"the same person stands on {twin}"
    contact = lead.text("contact_id")
    if contact and not exact(lead.text("email")) and is_unread(view, contact):
        return UNTOLD, UNREAD
    if found := outsider(view, [lead.text("email")], [lead.text("first_name"), lead.text("last_name")]):
        return found.kind, found.reason
    if named := _named(view, lead, _competitors(view, lead)):
        return "competitor", f"named as a competitor: {named}"
    return GENUINE, ""


def _competitors(view: View, lead: Row) -> Iterator[Entry]:
    """Lines that name competitors: those agreed with the campaign's partners, and the charter's that say so."""
    joint = view.ref(lead, "joint_campaign_id")
    for part in view.where("Campaign Partners", "joint_campaign_id", joint):
        partner = view.row("Partners", view.ref(part, "partner_id"))
        yield from entries(partner.text("competitor_exclusions")) if partner else ()
    campaign = campaign_in_force(view, joint)
    for entry in entries(campaign.text("exclusions")) if campaign else ():
        if "competitor" in entry.line.casefold():
            yield entry


def _named(view: View, lead: Row, lines: Iterable[Entry]) -> str:
    """The first line in force whose account is the lead's company, as the lead has it or as HubSpot does."""
    account, day = lead.text("account_id"), view.as_of.date()
    company = lists_of(view).companies.get(account.removeprefix("hs-co-"))
    given = (lead.text("company"), domain_of(lead.text("email")))
    known = (property_of(company, "name"), host_name(property_of(company, "domain"))) if company else ("", "")
    for entry in lines:
        if entry.holds(day) and any(entry.means(name, host, account) for name, host in (given, known)):
            return entry.line
    return ""
