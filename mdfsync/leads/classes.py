"""Whether a lead counts at all: who it is by its domain and by the lists that the organisation and the charter keep.

Tests, our own people, the partners' people, competitors and twins are no leads: they count nowhere, wait for nobody and
leave every outgoing list. A company is a competitor because a list or the charter says so, never because of its name
alone resembling another; whatever no list names is genuine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mdfsync.addresses import ascii_domain, domain_of, exact, is_under
from mdfsync.evidence.keys import text_key, vendor_key
from mdfsync.leads.lists import lists_of, policy
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.touches import property_of

GENUINE = "genuine"
_NAME_ENDS = re.compile(r"[;,(:]|\s[-–—]\s")


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
    return _named(view, lead, campaign.text("exclusions").splitlines() if campaign else ())


def _class(view: View, lead: Row) -> tuple[str, str]:
    if twin := lists_of(view).twins.get(lead.place):
        return "duplicate", f"the same person stands on {twin}"
    lists, domain = policy(view), domain_of(lead.text("email"))
    if reason := _test(lead, domain, lists["test_domains"], lists["test_names"]):
        return "test", reason
    if own := is_under(domain, lists["own_domains"]):
        return "internal", f"{own} is our own domain"
    for partner in view.rows("Partners"):
        if found := is_under(domain, partner.listed("partner_domains")):
            return "partner_employee", f"{found} is a domain of {partner.text('partner_name') or partner.id}"
    if found := is_under(domain, lists["competitor_domains"]):
        return "competitor", f"{found} is on the list of competitors"
    for line in _competitors(view, lead):
        if named := _named(view, lead, (line,)):
            return "competitor", f"named as a competitor: {named}"
    return GENUINE, ""


def _test(lead: Row, domain: str, domains: tuple[str, ...], names: tuple[str, ...]) -> str:
    if found := is_under(domain, domains):
        return f"{found} is a domain for tests"
    local = exact(lead.text("email")).rpartition("@")[0].partition("+")
    words = {text_key(lead.text("first_name")), text_key(lead.text("last_name")), local[0], local[2]}
    return next((f"“{word}” is a name for tests" for word in sorted(words) if word in names), "")


def _competitors(view: View, lead: Row) -> Iterator[str]:
    """Lines that name competitors: those agreed with the campaign's partners, and the charter's that say so."""
    joint = view.ref(lead, "joint_campaign_id")
    for part in view.where("Campaign Partners", "joint_campaign_id", joint):
        partner = view.row("Partners", view.ref(part, "partner_id"))
        yield from partner.text("competitor_exclusions").splitlines() if partner else ()
    campaign = campaign_in_force(view, joint)
    for line in campaign.text("exclusions").splitlines() if campaign else ():
        if "competitor" in line.casefold():
            yield line


def _named(view: View, lead: Row, lines: Iterable[str]) -> str:
    """The first line whose company is the lead's: by name without its legal form, by domain, or by account id."""
    company = lists_of(view).companies.get(lead.text("account_id").removeprefix("hs-co-"))
    names = {vendor_key(lead.text("company")), vendor_key(property_of(company, "name") if company else "")}
    domains = {domain_of(lead.text("email")), ascii_domain(property_of(company, "domain") if company else "")}
    for line in lines:
        first = _NAME_ENDS.split(line.strip())[0].strip()
        if not first:
            continue
        if vendor_key(first) in names or ascii_domain(first) in domains or first == lead.text("account_id"):
            return line.strip()
    return ""
