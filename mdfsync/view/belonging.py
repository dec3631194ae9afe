"""Whether a person belongs to the deal, so that what was done with that person may count for it.

The contact must be a customer's (not ours, a partner's, a competitor's or a test record), be on the deal, have joined
it before its close, and belong to its account. A colleague at the same company is not on the deal. A contact of another
company, a sister firm included, leaves the account link open. Part of the tests of attribution (`trials`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mdfsync.view.case import Case
from mdfsync.view.exclusions import barred
from mdfsync.view.people import UNREAD, is_unread
from mdfsync.view.touches import LINKS, unknown_sources

Outcome = Literal["yes", "no", "unknown"]
Test = tuple[Outcome, str]


def belongs(case: Case, contact: str, event: str) -> Iterator[Test]:
    """The tests of one contact of an event; the first one that is not passed ends them."""
    if is_unread(case.view, contact):
        yield "unknown", UNREAD
        return
    if not contact:
        yield "unknown", f"{event} names no contact that HubSpot knows"
        return
    for test in (_is_customer, _joined_before_close, _is_of_account):
        outcome, words = test(case, contact)
        yield outcome, words
        if outcome != "yes":
            return


def _is_customer(case: Case, contact: str) -> Test:
    if why := case.facts.no_customers.get(contact):
        return "no", f"contact {contact} {why}"
    partner = case.view.row("Partners", case.partner_id)
    for company in sorted(case.facts.companies_of.get(contact, ())):
        if why := barred(case.view, company, case.charter.campaign, partner, case.created_on):
            return "no", f"contact {contact} is of a company {why}"
    return "yes", ""


def _joined_before_close(case: Case, contact: str) -> Test:
    joined = case.on_deal.get(contact)
    if joined is None:
        if not case.contacts_read or unknown_sources(case.view, LINKS):
            return "unknown", "the contacts of the deal could not be read"
        return "no", f"contact {contact} is not on the deal"
    if case.closed is None:
        return "yes", f"contact {contact} is on the deal"
    # A close date can be edited; whoever joined between the two faces of the close did so before or after it.
    closes = [at for at in (case.closed.stated, case.closed.recorded) if at]
    if not closes:
        return "unknown", "the moment of close is unknown"
    if joined.by <= min(closes):
        return "yes", f"contact {contact} was on the deal before its close"
    if joined.after is not None and joined.after >= max(closes):
        return "no", f"contact {contact} joined the deal after its close"
    return "unknown", f"contact {contact} was first seen on the deal after its close"


def _is_of_account(case: Case, contact: str) -> Test:
    companies = case.facts.companies_of.get(contact, frozenset())
    if not companies or not case.account or case.account in companies:
        return "yes", ""
    theirs = ", ".join(f"hs-co-{company}" for company in sorted(companies))
    return "unknown", f"contact {contact} belongs to {theirs}, not to the account hs-co-{case.account} of the deal"
