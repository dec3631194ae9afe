"""Who the contacts are: to which companies each belongs, and which of them are no customer's people at all.

What our own people, a partner's, a competitor's and test records do earns nobody credit; `outsiders` tells who they
are. Part of the timed facts (`touches`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.addresses import exact
from mdfsync.model import RawRow
from mdfsync.view.base import View
from mdfsync.view.outsiders import Kind, outsider

LINKS = "hubspot.associations"
CONTACTS = "hubspot.contacts"
OWNERS = "hubspot.owners"
UNREAD = "HubSpot's contacts could not be read"
"""Why nobody can say who a person is; the source itself, and what to do, is told once elsewhere."""
_WORDS: Mapping[Kind, str] = {
    "internal": "is one of our own people",
    "partner_employee": "is on the staff of the partner {partner}",
    "competitor": "is a competitor's",
    "test": "is a test record",
}


def property_of(row: RawRow, name: str) -> str:
    """A HubSpot property as text; absent and null are the same."""
    properties = row.body.get("properties")
    value = properties.get(name) if type(properties) is dict or isinstance(properties, Mapping) else None
    if type(value) is str:  # as HubSpot writes them
        return value.strip()
    return "" if value is None else str(value).strip()


def addresses(row: RawRow) -> Iterator[str]:
    """Every e-mail address of a contact as it is compared, the primary one first."""
    for text in (property_of(row, "email"), *property_of(row, "hs_additional_emails").split(";")):
        if address := exact(text):
            yield address


def is_unread(view: View, contact: str) -> bool:
    """Whether nobody can say who a contact is, or which contact somebody is (`""`): HubSpot's contacts cannot be read.
    A contact that was read while they could be is known as it was then."""
    if view.health(CONTACTS).known:
        return False
    read: frozenset[str] | None = view.memo.get(("", "contacts once read"))
    if read is None:
        rows = view.mirror.get(CONTACTS, ())
        read = view.memo["", "contacts once read"] = frozenset(row.ref.external_id for row in rows)
    return contact not in read


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


def no_customers(view: View, people: Mapping[str, RawRow]) -> dict[str, str]:
    """Contacts whose doings count for nobody, with the reason: our own people, a partner's, a competitor's, test
    records."""
    out = {}
    for contact, row in people.items():
        names = (property_of(row, "firstname"), property_of(row, "lastname"))
        if found := outsider(view, addresses(row), names):
            out[contact] = _WORDS[found.kind].format(partner=found.partner_id)
    return out
