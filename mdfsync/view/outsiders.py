"""People who are no customer's: our own, a partner's, a competitor's, and records made for tests.

One judgement for what leads count, what touches earn and whom a target list holds, by the lists of the rulebook
(`unreconciled_lead`), the domains that partners state, and those of our own people in HubSpot and in the approval
matrix. Domains include what stands under them. A domain where anybody may have a mailbox is nobody's, whoever uses it;
whom no list names is a customer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mdfsync.addresses import ascii_domain, domain_of, exact
from mdfsync.view.base import View

SETTINGS = "unreconciled_lead"
"""The rule whose params hold the lists."""
Kind = Literal["test", "internal", "partner_employee", "competitor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """`kind` as `lead_class` has it; `reason` = the fact that decides it; `partner_id` of a partner's people."""

    kind: Kind
    reason: str
    partner_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Domains:
    tests: frozenset[str]
    ours: frozenset[str]
    partners: Mapping[str, str]
    competitors: frozenset[str]
    test_names: frozenset[str]


def outsider(view: View, addresses: Iterable[str], names: Iterable[str] = ()) -> Outsider | None:
    """What a person with these addresses and names is beside a customer's; `None` for a customer's person."""
    known, names = _known(view), tuple(names)
    for address in (*addresses, "") if names else addresses:
        domain = domain_of(address)
        if found := _under(domain, known.tests):
            return Outsider(kind="test", reason=f"{found} is a domain for tests")
        if word := next((w for w in _words(address, names) if w in known.test_names), ""):
            return Outsider(kind="test", reason=f"“{word}” is a name for tests")
        if found := _under(domain, known.ours):
            return Outsider(kind="internal", reason=f"{found} is our own domain")
        if found := _under(domain, known.partners):
            id = known.partners[found]
            row = view.row("Partners", id)
            whose = (row.text("partner_name") if row else "") or id
            return Outsider(kind="partner_employee", reason=f"{found} is a domain of {whose}", partner_id=id)
        if found := _under(domain, known.competitors):
            return Outsider(kind="competitor", reason=f"{found} is on the list of competitors")
    return None


def partner_of(view: View, address: str) -> str:
    """The partner on whose domain an address stands; `""` for none."""
    known = _known(view).partners
    return known.get(_under(domain_of(address), known), "")


def is_ours(view: View, host: str) -> str:
    """Our own domain that a host is or stands under; `""` for none."""
    return _under(host, _known(view).ours)


def _known(view: View) -> _Domains:
    found: _Domains | None = view.memo.get(("", "outsiders"))
    if found is None:
        lists = view.rules[SETTINGS].params
        freemail = _plain(lists["freemail_domains"])
        stated = _plain(lists["own_domains"])
        partners = {
            domain: partner.id
            for partner in view.rows("Partners")
            for domain in _plain(partner.listed("partner_domains"))
            if domain not in freemail | stated
        }
        found = view.memo["", "outsiders"] = _Domains(
            tests=_plain(lists["test_domains"]),
            ours=stated | (_plain(_of_our_people(view)) - freemail - partners.keys()),
            partners=partners,
            competitors=_plain(lists["competitor_domains"]) - freemail,
            test_names=frozenset(lists["test_names"]),
        )
    return found


def _of_our_people(view: View) -> Iterator[str]:
    for row in view.mirror.get("hubspot.owners", ()):
        yield domain_of(str(row.body.get("email") or ""))
    for role in view.matrix.roles.values():
        for person in role.people:
            yield domain_of(person)


def _plain(domains: Iterable[str]) -> frozenset[str]:
    return frozenset(ascii_domain(domain) for domain in domains) - {""}


def _under(domain: str, known: Mapping[str, str] | frozenset[str]) -> str:
    """The one of the known domains that this one is, or stands under, the longest first; `""` when there is none."""
    while domain:
        if domain in known:
            return domain
        domain = domain.partition(".")[2]
    return ""


def _words(address: str, names: Iterable[str]) -> Iterator[str]:
    """What may be a name for tests: what stands before the @, its first word without digits, its tag, and the names."""
    local, _, tag = exact(address).rpartition("@")[0].partition("+")
    yield from (local, re.split(r"[._-]", local)[0].rstrip("0123456789"), tag)
    yield from (" ".join(name.casefold().split()) for name in names)
