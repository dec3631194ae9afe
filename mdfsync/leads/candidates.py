"""Whom a partner's lead may be, where its address meets nobody: candidates with their evidence, never a match.

Likeness of addresses (a typing error), the company's domain, the company's name: each names contacts or companies for a
person to look at. A domain that anybody can have an address on says nothing, a function's mailbox is nobody's, and a
company's name alone is the weakest ground of all. Asked only for leads without a contact.
"""

from __future__ import annotations

from collections.abc import Iterator

from rapidfuzz import fuzz, process

from mdfsync.addresses import ascii_domain, domain_of, exact, is_under
from mdfsync.evidence.keys import text_key, vendor_key
from mdfsync.leads.lists import lists_of, policy
from mdfsync.model import RawRow
from mdfsync.view import Row, View
from mdfsync.view.touches import property_of


def candidates(view: View, lead: Row) -> tuple[str, ...]:
    """Contacts and companies that the lead may belong to, best ground first, each with its evidence; at most the
    rulebook's number of each kind."""
    most = policy(view)["max_candidates"]
    out: list[str] = []
    for found in (_alike(view, lead), _on_domain(view, lead), _of_name(view, lead)):
        out += [words for words, _ in zip(found, range(most), strict=False)]
    return tuple(dict.fromkeys(out))


def _alike(view: View, lead: Row) -> Iterator[str]:
    """Addresses that differ by a slip of the hand, best first."""
    wanted, addresses = exact(lead.text("email")), _addresses(view)
    if not wanted:
        return
    cut, most = policy(view)["alike_percent"], policy(view)["max_candidates"]
    names = text_key(lead.text("first_name") + lead.text("last_name"))
    found = process.extract(wanted, addresses.keys(), scorer=fuzz.ratio, score_cutoff=cut, limit=most)
    for address, score, _ in sorted(found, key=lambda hit: (-hit[1], hit[0])):
        row = addresses[address]
        same = names and names == text_key(property_of(row, "firstname") + property_of(row, "lastname"))
        person = ", same name" if same else ""
        yield f"contact {row.ref.external_id}: {address} is {score:.0f}% like {wanted}{person}"


def _on_domain(view: View, lead: Row) -> Iterator[str]:
    domain, lists = domain_of(lead.text("email")), policy(view)
    if not domain or is_under(domain, lists["freemail_domains"]):
        return
    for id, row in sorted(lists_of(view).companies.items()):
        known = ascii_domain(property_of(row, "domain"))
        if known and (is_under(domain, (known,)) or is_under(known, (domain,))):
            yield f"company hs-co-{id} {property_of(row, 'name')}: its domain is {known}"


def _of_name(view: View, lead: Row) -> Iterator[str]:
    wanted = vendor_key(lead.text("company"))
    for id, row in sorted(lists_of(view).companies.items()) if wanted else ():
        if vendor_key(property_of(row, "name")) == wanted:
            yield f"company hs-co-{id} {property_of(row, 'name')}: by its name only"


def _addresses(view: View) -> dict[str, RawRow]:
    known: dict[str, RawRow] | None = view.memo.get(("Leads", "addresses"))
    if known is None:
        known = view.memo["Leads", "addresses"] = {
            address: row
            for _, row in sorted(lists_of(view).contacts.items(), reverse=True)
            if not row.body.get("archived") and (address := exact(property_of(row, "email")))
        }
    return known
