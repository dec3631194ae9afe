"""Deal registrations from partners' portals: the partner's own number makes the row.

A registration meets an account only when exactly one HubSpot company has the customer's domain; names are for people to
judge, and an opportunity is linked by people alone. A row without the partner's number or without a partner is a
reject. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.hosts import host_name
from mdfsync.model import RawRow, Subject
from mdfsync.observe.linking import Links
from mdfsync.observe.saying import Sayings
from mdfsync.view.people import property_of

SOURCE, TABLE = "partner.registrations", "Deal Registrations"


def observe_registrations(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], links: Links) -> None:
    """One subject per registration of a partner's file."""
    rows = mirror.get(SOURCE, ())
    companies: dict[str, list[str]] = {}
    for company, row in links.companies.items() if rows else ():
        if domain := host_name(property_of(row, "domain")):
            companies.setdefault(domain, []).append(company)
    for row in rows:
        if not row.ref.external_id:
            say.reject(row.ref, "missing id", "the registration names no partner or no number of the partner's own")
            continue
        subject = Subject(table=TABLE, id=row.ref.external_id)
        say.row(subject, row)
        having = companies.get(host_name(str(row.body.get("customer_domain") or "")), [])
        if len(having) == 1:
            say.value(subject, "account_id", f"hs-co-{having[0]}", row.ref)
