"""Who is no customer's person: one judgement for leads, credit and target lists; and what a line of a list names."""

from __future__ import annotations

from datetime import date

import pytest
from casebook import case

from mdfsync.exclusion_lists import entries
from mdfsync.leads.classes import class_of
from mdfsync.view.outsiders import is_ours, outsider, partner_of
from mdfsync.view.touches import journeys

WORLD = """
Partners
partner_id | partner_name    | partner_domains
fernway    | Fernway Systems | fernway.example, gmail.com, northlight.example

hubspot.owners
id  | email
501 | dana.okafor@northlight.example
502 | agency@owners.example
503 | somebody@gmail.com
504 | lena@fernway.example
"""

PEOPLE = [
    ("amara@alder.example", "Amara", ""),
    ("AMARA@Eu.Fernway.Example ", "Amara", "partner_employee"),
    ("amara@northlight.example", "Amara", "internal"),
    ("amara@mail.owners.example", "Amara", "internal"),
    ("amara.drozd@gmail.com", "Amara", ""),
    ("amara@mailinator.com", "Amara", "test"),
    ("test.user2@alder.example", "Amara", "test"),
    ("qa7@alder.example", "Amara", "test"),
    ("amara+test@alder.example", "Amara", "test"),
    ("contest@alder.example", "Amara", ""),
    ("amara@alder.example", "Test", "test"),
    ("", "Test", "test"),
    ("", "Amara", ""),
]


@pytest.mark.parametrize(("address", "name", "kind"), PEOPLE)
def test_a_person_is_judged_by_the_lists_alone(address: str, name: str, kind: str) -> None:
    found = outsider(case(WORLD), [address], [name])
    assert (found.kind if found else "") == kind


@pytest.mark.parametrize(("address", "name", "kind"), [person for person in PEOPLE if person[0]])
def test_leads_and_credit_judge_alike(address: str, name: str, kind: str) -> None:
    lead = f"\nLeads\nlead_id: L-1\nfirst_name: {name}\nemail: {address.strip()}\n"
    contact = f"\nhubspot.contacts\nid: 11\nfirstname: {name}\nemail: {address.strip()}\n"
    view = case(WORLD + lead + contact)
    row = view.row("Leads", "L-1")
    assert row is not None
    assert class_of(view, row)[0] == (kind or "genuine")
    assert ("11" in journeys(view).no_customers) is bool(kind)


def test_a_mailbox_that_anybody_may_have_makes_nobody_ours_or_a_partners() -> None:
    view = case(WORLD)
    assert (is_ours(view, "gmail.com"), partner_of(view, "lena@gmail.com")) == ("", "")
    assert (is_ours(view, "shop.northlight.example"), partner_of(view, "dana@northlight.example")) == (
        "northlight.example",
        "",
    )
    assert partner_of(view, "lena@eu.fernway.example") == "fernway"
    assert is_ours(view, "fernway.example") == ""  # one of theirs may own deals in our HubSpot


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("Umbra Security GmbH (competitor, agreed 2026-09-23)", True),
        ("https://www.umbra.example/ – a rival", True),
        ("hs-co-77: a rival", True),
        ("Umbra", False),
        ("regulated utilities", False),
    ],
)
def test_a_line_names_an_account_by_name_website_or_id(line: str, means: bool) -> None:
    [entry] = entries(line)
    assert entry.means("Umbra Security", "umbra.example", "hs-co-77") is means


def test_a_line_holds_from_the_day_it_was_agreed_until_its_last() -> None:
    [entry] = entries("Umbra (agreed 2026-09-23, until 2026-10-01)")
    days = (date(2026, 9, 22), date(2026, 9, 23), date(2026, 10, 1), date(2026, 10, 2))
    assert [(entry.holds(day), entry.over(day)) for day in days] == [
        (False, False), (True, False), (True, False), (False, True)
    ]  # fmt: skip
