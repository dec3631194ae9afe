"""A partner's list beside HubSpot: whom a line meets, which rows are twins, what the status says."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from casebook import PARTNERSHIP, case, held

from mdfsync.leads.classes import class_of
from mdfsync.leads.lists import lists_of
from mdfsync.leads.reconciled import Reconciled, reconciled
from mdfsync.view import Row, View

CONTACTS = """
hubspot.contacts
id | email               | hs_additional_emails             | company   | firstname | lastname
11 | ana@acme.example    | a.ruiz@acme.example;old@x.example | Acme Inc. | Ana       | Ruiz
12 | bo@gmail.com        |                                  | Borealis  | Bo        | Lund
13 | cy+a@cedar.example  |                                  | Cedar     | Cy        | Orr
14 | cy+b@cedar.example  |                                  | Cedar     | Cy        | Orr

hubspot.companies
id | name      | domain
77 | Acme Inc. | acme.example
78 | Cedar     | cedar.example
"""


STRANGER = """
Leads
lead_id | joint_campaign_id | email   | partner_id | partner_submitted_on
pl-1    | JC-1              | {email} | cobalt     | 2026-06-20
"""


def listed(
    *lines: str, rows: str = "", more: str = "", as_of: str = "2026-11-20T12:00:00Z", unread: Iterable[str] = ()
) -> View:
    table = "\n".join(f"pl-{n} | {line} | JC-1 | cobalt | CH-{n} | 2026-06-20" for n, line in enumerate(lines, 1))
    return case(f"""{PARTNERSHIP}{CONTACTS}{rows}{more}
partner.leads
id | email | company | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
{table}
""", as_of=as_of, unread=unread)  # fmt: skip


def lead(view: View, id: str) -> Row:
    row = view.row("Leads", id)
    assert row is not None
    return row


def told(view: View, id: str) -> Reconciled:
    return reconciled(view, lead(view, id))


@pytest.mark.parametrize(
    "email, lands, basis",
    [
        ("ANA@acme.example", "lead-11-JC-1", "address"),
        ("a.ruiz@acme.example", "lead-11-JC-1", "further address"),
        ("ana+fair@acme.example", "lead-11-JC-1", "mailbox"),
        ("b.o@googlemail.com", "lead-12-JC-1", "mailbox"),
        ("cy+a@cedar.example", "lead-13-JC-1", "address"),
        ("cy@cedar.example", "pl-1", "mailbox"),
        ("anna@acme.example", "pl-1", ""),
        ("", "pl-1", ""),
    ],
)
def test_a_line_meets_a_contact_by_its_address(email: str, lands: str, basis: str) -> None:
    landing = lists_of(listed(f"{email} | Acme")).landings["pl-1"]
    assert (landing.subject.id, landing.met.basis) == (lands, basis)


ARCHIVED = """
hubspot.contacts
id | email              | archived
15 | dee@willow.example | true

hubspot.companies
id | name  | domain
79 | Mails | gmail.com
"""


def test_a_contact_that_was_archived_is_neither_met_nor_named() -> None:
    view = listed("dee@willow.example | Willow", rows=STRANGER.format(email="dee@willow.example"), more=ARCHIVED)
    assert lists_of(view).landings["pl-1"].subject.id == "pl-1"
    assert told(view, "pl-1").facts == ("no HubSpot contact has the address",)


def test_a_domain_of_everybody_names_no_company() -> None:
    view = listed("zoe@gmail.com | Else", rows=STRANGER.format(email="zoe@gmail.com"), more=ARCHIVED)
    assert told(view, "pl-1").facts == ("no HubSpot contact has the address",)


def test_a_list_that_repeats_itself_speaks_once() -> None:
    landed = lists_of(listed("ana@acme.example | Acme", "ana+x@acme.example | Acme")).landings
    assert [(id, landing.subject.id, landing.repeats) for id, landing in landed.items()] == [
        ("pl-1", "lead-11-JC-1", ""),
        ("pl-2", "lead-11-JC-1", "pl-1"),
    ]


def test_two_lines_for_one_stranger_are_one_row() -> None:
    landed = lists_of(listed("new@else.example | Else", "NEW+2@else.example | Else")).landings
    assert {landing.subject.id for landing in landed.values()} == {"pl-1"}


MATCHED = """
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
email: ana@acme.example
partner_id: cobalt
partner_submitted_on: 2026-06-20
consent_basis: opt-in
lead_owner: sam@northlight.example
"""
WITHOUT_CONSENT = MATCHED.replace("consent_basis: opt-in\n", "")
EARLIER = """
Leads
lead_id | joint_campaign_id | email            | partner_id | partner_submitted_on | ownership
pl-1    | JC-1              | ana@acme.example | cobalt     | 2026-06-20           | SHARED
"""


def test_a_lead_that_meets_its_contact_late_leaves_one_row_that_counts() -> None:
    view = listed("ana@acme.example | Acme", rows=MATCHED + EARLIER)
    assert [(told(view, id).status, class_of(view, lead(view, id))[0]) for id in ("pl-1", "lead-11-JC-1")] == [
        ("duplicate", "duplicate"),
        ("matched", "genuine"),
    ]
    assert held("unreconciled_lead", view) == []


@pytest.mark.parametrize(
    ("rows", "as_of", "holds"),
    [
        (WITHOUT_CONSENT, "2026-06-22T03:59:00Z", []),  # a day after the end of the 20th in New York
        (WITHOUT_CONSENT, "2026-06-22T04:01:00Z", ["Leads/lead-11-JC-1 incomplete"]),
        (f"{WITHOUT_CONSENT}lead_decision: rejected\n", "2026-06-22T04:01:00Z", []),
        (MATCHED, "2026-06-22T04:01:00Z", []),
    ],
)
def test_consent_is_owed_with_the_list(rows: str, as_of: str, holds: list[str]) -> None:
    assert held("unreconciled_lead", listed("ana@acme.example | Acme", rows=rows, as_of=as_of)) == holds


@pytest.mark.parametrize(
    ("first", "last", "holds"), [("Anna", "Ruiz", []), ("Anna", "Stone", ["Leads/lead-11-JC-1 conflict name"])]
)
def test_one_name_that_differs_is_told_and_both_are_a_conflict(first: str, last: str, holds: list[str]) -> None:
    line = f"""
partner.leads
id   | email            | company | first_name | last_name | joint_campaign_id | partner_id | partner_submitted_on
pl-1 | ana@acme.example | Acme    | {first}    | {last}    | JC-1              | cobalt     | 2026-06-20
"""
    assert held("unreconciled_lead", case(f"{PARTNERSHIP}{CONTACTS}{MATCHED}{line}")) == holds


def test_what_people_decided_on_the_earlier_row_is_told() -> None:
    view = listed("ana@acme.example | Acme", rows=MATCHED + EARLIER)
    assert told(view, "pl-1").facts == (
        "the same person stands on lead-11-JC-1, which counts instead",
        "what people decided here does not count there: ownership",
    )


def test_the_earlier_row_stands_while_the_contacts_row_is_not_there() -> None:
    assert told(listed("ana@acme.example | Acme", rows=EARLIER), "pl-1").status == "only_partner"


def test_two_contacts_with_one_mailbox_are_one_lead() -> None:
    rows = """
Leads
lead_id      | joint_campaign_id | contact_id | email              | created_at_hubspot
lead-13-JC-1 | JC-1              | 13         | cy+a@cedar.example | 2026-05-02T10:00:00Z
lead-14-JC-1 | JC-1              | 14         | cy+b@cedar.example | 2026-05-01T10:00:00Z
lead-14-JC-2 | JC-2              | 14         | cy+b@cedar.example | 2026-05-01T10:00:00Z
"""
    view = listed(rows=rows)
    assert {s.id: twin for s, twin in lists_of(view).twins.items()} == {"lead-13-JC-1": "lead-14-JC-1"}


def test_of_two_contacts_the_one_on_the_list_counts() -> None:
    rows = """
Leads
lead_id      | joint_campaign_id | contact_id | email              | created_at_hubspot
lead-13-JC-1 | JC-1              | 13         | cy+a@cedar.example | 2026-05-02T10:00:00Z
lead-14-JC-1 | JC-1              | 14         | cy+b@cedar.example | 2026-05-01T10:00:00Z
"""
    view = listed("cy+a@cedar.example | Cedar", rows=rows)
    assert {s.id: twin for s, twin in lists_of(view).twins.items()} == {"lead-14-JC-1": "lead-13-JC-1"}


def test_a_lead_that_the_present_list_no_longer_names_says_so() -> None:
    view = listed("new@else.example | Else", rows=MATCHED)
    fact = "handed over by the partner; no line of its present list stands behind it"
    assert (told(view, "lead-11-JC-1").status, told(view, "lead-11-JC-1").facts) == ("matched", (fact,))


def test_a_second_partners_line_is_told_on_the_first_ones_row() -> None:
    more = """
partner.leads
id   | email            | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
fw-9 | ana@acme.example | JC-1              | fernway    | FW-9                   | 2026-06-25
"""
    view = listed("ana@acme.example | Acme", rows=MATCHED, more=more)
    assert told(view, "lead-11-JC-1").facts[-1] == "listed too by fernway as FW-9"


def stranger(email: str, company: str = "Else") -> str:
    row = f"""
Leads
lead_id | joint_campaign_id | email   | company   | partner_id | partner_submitted_on | first_name | last_name
pl-1    | JC-1              | {email} | {company} | cobalt     | 2026-06-20           | Ana        | Ruiz
"""
    return "\n".join(told(listed(f"{email} | {company}", rows=row), "pl-1").facts)


@pytest.mark.parametrize(
    "email, company, facts",
    [
        (
            "ana@acne.example",
            "Else",
            [
                "no HubSpot contact has the address",
                "candidate: contact 11: ana@acme.example is 94% like ana@acne.example, same name",
            ],
        ),
        (
            "zoe.quinn@shop.cedar.example",
            "Else",
            ["no HubSpot contact has the address", "candidate: company hs-co-78 Cedar: its domain is cedar.example"],
        ),
        (
            "zoe.quinn@gmail.com",
            "ACME",
            ["no HubSpot contact has the address", "candidate: company hs-co-77 Acme Inc.: by its name only"],
        ),
        ("zoe.quinn@else.example", "Else", ["no HubSpot contact has the address"]),
        (
            "cy@cedar.example",
            "Else",
            ["2 HubSpot contacts have the address: 13, 14",
             "candidate: contact 13: cy+a@cedar.example is 94% like cy@cedar.example",
             "candidate: contact 14: cy+b@cedar.example is 94% like cy@cedar.example",
             "candidate: company hs-co-78 Cedar: its domain is cedar.example"],
        ),
    ],
)  # fmt: skip
def test_a_stranger_has_candidates_and_no_match(email: str, company: str, facts: list[str]) -> None:
    assert stranger(email, company).split("\n") == facts


@pytest.mark.parametrize(
    "cells, expected",
    [
        ("ana@northlight.example | | | Acme", "internal"),
        ("ana@eu.northlight.example | | | Acme", "internal"),
        ("ana@cobaltharbor.example | | | Acme", "partner_employee"),
        ("someone@example.com | | | Acme", "test"),
        ("x@acme.example | Test | Lead | Acme", "test"),
        ("tester+3@acme.example | | | Acme", "test"),
        ("ana@acme.example | Testa | Rossi | Acme", "genuine"),
        ("rex@rival.example | Rex | Stone | Rival Analytics Inc.", "competitor"),
        ("rex@gone.example | Rex | Stone | Sellers Union", "genuine"),
        ("ana@acme.example | Ana | Ruiz | Acme", "genuine"),
    ],
)
def test_who_counts_is_told_by_domains_and_lists(cells: str, expected: str) -> None:
    view = case(f"""
Partners
partner_id | partner_name  | partner_domains      | competitor_exclusions
cobalt     | Cobalt Harbor | cobaltharbor.example | Rival Analytics (agreed 2026-01-01)

Campaigns
joint_campaign_id | exclusions
JC-1              | Sellers Union (public sector)

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-1                | JC-1              | cobalt

Leads
email | first_name | last_name | company | lead_id | joint_campaign_id
{cells} | L-1 | JC-1
""")
    assert class_of(view, lead(view, "L-1"))[0] == expected


def test_before_any_list_the_status_says_until_when_it_is_due() -> None:
    rows = """
Leads
lead_id      | joint_campaign_id | contact_id | email
lead-11-JC-1 | JC-1              | 11         | ana@acme.example
"""
    about = told(listed(rows=rows), "lead-11-JC-1")
    fact = "no partner has delivered a list; it is due until 2026-10-01 23:59 (America/New_York)"
    assert (about.status, about.facts) == ("not_delivered", (fact,))
