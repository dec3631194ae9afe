"""Whom a partner's lead may be, where its address meets nobody: candidates with their evidence, never a match.

Likeness of addresses (a slip of the hand before or behind the @, or another address of somebody of that name), the
company's domain, the company's name: each names contacts or companies for a person to look at. A domain that anybody
can have an address on says nothing, and a company's name alone is the weakest ground of all. Asked only for leads
without a contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from mdfsync.addresses import ascii_domain, domain_of, exact, is_under
from mdfsync.company_names import plain_name
from mdfsync.evidence.keys import text_key
from mdfsync.leads.lists import lists_of, policy
from mdfsync.model import RawRow
from mdfsync.view import Row, View
from mdfsync.view.touches import property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Contacts' addresses by what stands before the @, behind it, and by the person's name; contacts by address;
    companies by domain and by name."""

    before: Mapping[str, list[str]]
    behind: Mapping[str, list[str]]
    named: Mapping[str, list[str]]
    contacts: Mapping[str, RawRow]
    domains: Mapping[str, list[RawRow]]
    names: Mapping[str, list[RawRow]]


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
    wanted, known = exact(lead.text("email")), _known(view)
    before, _, behind = wanted.rpartition("@")
    name = text_key(lead.text("first_name") + lead.text("last_name"))
    near = (known.before.get(before, []), known.behind.get(behind, []), known.named.get(name, [])) if wanted else ()
    cut = policy(view)["alike_percent"]
    found = {
        address: score
        for pool in near  # each as it stands: the people of one mail provider are too many to be put in order each time
        for address, score, _ in process.extract(wanted, pool, scorer=fuzz.ratio, score_cutoff=cut, limit=None)
    }
    for address, score in sorted(found.items(), key=lambda hit: (-hit[1], hit[0])):
        row = known.contacts[address]
        person = ", same name" if name and name == _name(row) else ""
        yield f"contact {row.ref.external_id}: {address} is {score:.0f}% like {wanted}{person}"


def _on_domain(view: View, lead: Row) -> Iterator[str]:
    domain = domain_of(lead.text("email"))
    if not domain or is_under(domain, policy(view)["freemail_domains"]):
        return
    parts = domain.split(".")
    for n in range(len(parts) - 1):
        for row in _known(view).domains.get(".".join(parts[n:]), ()):
            known = ascii_domain(property_of(row, "domain"))
            yield f"company hs-co-{row.ref.external_id} {property_of(row, 'name')}: its domain is {known}"


def _of_name(view: View, lead: Row) -> Iterator[str]:
    for row in _known(view).names.get(plain_name(lead.text("company")), ()):
        yield f"company hs-co-{row.ref.external_id} {property_of(row, 'name')}: by its name only"


def _name(contact: RawRow) -> str:
    return text_key(property_of(contact, "firstname") + property_of(contact, "lastname"))


def _known(view: View) -> _Known:
    found: _Known | None = view.memo.get(("Leads", "candidates"))
    if found is None:
        found = view.memo["Leads", "candidates"] = _build(view)
    return found


def _build(view: View) -> _Known:
    lists = lists_of(view)
    before: dict[str, list[str]] = {}
    behind: dict[str, list[str]] = {}
    named: dict[str, list[str]] = {}
    contacts: dict[str, RawRow] = {}
    for row in lists.contacts.values():
        address = exact(property_of(row, "email"))
        if not address or row.body.get("archived") or address in contacts:
            continue
        contacts[address] = row
        local, _, domain = address.rpartition("@")
        for index, key in ((before, local), (behind, domain), (named, _name(row))):
            if key:
                index.setdefault(key, []).append(address)
    domains: dict[str, list[RawRow]] = {}
    names: dict[str, list[RawRow]] = {}
    for _, row in sorted(lists.companies.items()):
        for companies, key in (
            (domains, ascii_domain(property_of(row, "domain"))),
            (names, plain_name(property_of(row, "name"))),
        ):
            if key:
                companies.setdefault(key, []).append(row)
    return _Known(before=before, behind=behind, named=named, contacts=contacts, domains=domains, names=names)
