"""Who the contacts are: to which companies each belongs, and which of them are no customer's people at all.

Our own staff, a partner's staff and test records are told by their e-mail domain or address; what they do earns nobody
credit. A domain where anybody may have a mailbox is no company's, whoever of us uses it. It judges people only by what
stands on record and never by a name. Part of the timed facts (`touches`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mdfsync.model import RawRow
from mdfsync.view.base import View

LINKS = "hubspot.associations"
_TEST = re.compile(r"(?:test|testing|tester|qa|dummy|demo|no-?reply)(?:[.+_-].*|\d*)")


def property_of(row: RawRow, name: str) -> str:
    """A HubSpot property as text; absent and null are the same."""
    value = (row.body.get("properties") or {}).get(name)
    return "" if value is None else str(value).strip()


def addresses(row: RawRow) -> Iterator[str]:
    """Every e-mail address of a contact, lower case, the primary one first."""
    for text in (property_of(row, "email"), *property_of(row, "hs_additional_emails").split(";")):
        if address := text.strip().lower():
            yield address


def companies_of(people: Mapping[str, RawRow], links: Mapping[str, RawRow]) -> dict[str, frozenset[str]]:
    """The companies that each contact belongs to."""
    out: dict[str, set[str]] = {}
    for contact, row in people.items():
        if company := property_of(row, "associatedcompanyid"):
            out.setdefault(contact, set()).add(company)
    for key, row in links.items():
        if key.startswith("contacts:") and key.endswith(":companies"):
            out.setdefault(key.split(":")[1], set()).update(str(to["id"]) for to in row.body.get("to", ()))
    shared: dict[frozenset[str], frozenset[str]] = {}  # colleagues share one set
    frozen = ((contact, frozenset(companies)) for contact, companies in out.items())
    return {contact: shared.setdefault(companies, companies) for contact, companies in frozen}


def turned(sets: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The same pairs the other way round."""
    out: dict[str, set[str]] = {}
    for left, rights in sets.items():
        for right in rights:
            out.setdefault(right, set()).add(left)
    return {right: frozenset(lefts) for right, lefts in out.items()}


def partner_domains(view: View) -> dict[str, str]:
    """E-mail domain → partner. Our own domains are no partner's, nor are those where anybody may have a mailbox."""
    nobodys = _freemail(view) | set(view.rules["unreconciled_lead"].params["own_domains"])
    return {
        domain.lower(): partner.id
        for partner in view.rows("Partners")
        for domain in partner.listed("partner_domains")
        if domain.lower() not in nobodys
    }


def _freemail(view: View) -> frozenset[str]:
    return frozenset(view.rules["unreconciled_lead"].params["freemail_domains"])


def no_customers(view: View, people: Mapping[str, RawRow]) -> dict[str, str]:
    """Contacts whose doings count for nobody, with the reason: our own people, a partner's, test records."""
    partners = partner_domains(view)
    ours = {
        domain
        for row in view.mirror.get("hubspot.owners", ())
        if (domain := str(row.body.get("email") or "").lower().rpartition("@")[2]) and domain not in partners
    } - _freemail(view)
    out = {}
    for contact, row in people.items():
        for address in addresses(row):
            local, _, domain = address.rpartition("@")
            if domain in partners:
                out[contact] = f"is on the staff of the partner {partners[domain]}"
            elif domain in ours:
                out[contact] = "is one of our own people"
            elif _TEST.fullmatch(local):
                out[contact] = "is a test record"
    return out
