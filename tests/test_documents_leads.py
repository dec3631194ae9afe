"""Tables that leave the house, and the reconciliation as a document."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from casebook import PARTNERSHIP, case

from mdfsync.documents.leads import leads_document, outgoing_lists
from mdfsync.documents.paper import Grid, Paper
from mdfsync.documents.render import render
from mdfsync.documents.tables import csv_bytes, neutral, xlsx_bytes

ROWS = [("=1+1", "Ruiz"), ("+1 555 0100", "a,b\nc"), ("plain", "Åse")]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", " =1", "\u00a0+1", "|x", "＝1", "\n=1", "\ufeff=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "plain", "a=1", "'=1", "5", "ana@acme.example"])
def test_other_cells_stay_what_they_are(text: str) -> None:
    assert neutral(text) == text


def test_a_table_as_csv() -> None:
    read = list(csv.reader(io.StringIO(csv_bytes(("phone", "name"), ROWS).decode("utf-8-sig"), newline="")))
    assert read == [["phone", "name"], ["'=1+1", "Ruiz"], ["'+1 555 0100", "a,b\nc"], ["plain", "Åse"]]


def test_a_table_as_a_workbook_is_text_and_the_same_every_time() -> None:
    made = xlsx_bytes(("phone", "name"), ROWS, sheet="Leads")
    page = openpyxl.load_workbook(io.BytesIO(made)).active
    assert page is not None
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [
        ["phone", "name"], ["'=1+1", "Ruiz"], ["'+1 555 0100", "a,b\nc"], ["plain", "Åse"],
    ]  # fmt: skip
    assert {cell.data_type for row in page.iter_rows() for cell in row} == {"s"}
    assert made == xlsx_bytes(("phone", "name"), ROWS, sheet="Leads")


LEADS = """
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
account_id: hs-co-77
partner_id: cobalt
email: ana@acme.example
first_name: Ana
last_name: =HYPERLINK("x")
partner_submitted_on: 2026-06-20
partner_lead_reference: CH-1
partner_claimed_ownership: OWNED-PARTNER
lead_owner: sam@northlight.example

Leads
lead_id    | joint_campaign_id | email           | partner_id | partner_submitted_on | partner_lead_reference
pl-CH-2    | JC-1              | x@else.example  | cobalt     | 2026-06-20           | CH-2
pl-CH-3    | JC-1              | t@example.com   | cobalt     | 2026-06-20           | CH-3
pl-FW-1    | JC-1              | y@other.example | fernway    | 2026-06-20           | FW-1

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-2                | JC-1              | fernway

hubspot.contacts
id | email
11 | ana@acme.example

partner.leads
id      | email            | joint_campaign_id | partner_id | partner_lead_reference | partner_submitted_on
pl-CH-1 | ana@acme.example | JC-1              | cobalt     | CH-1                   | 2026-06-20
pl-CH-2 | x@else.example   | JC-1              | cobalt     | CH-2                   | 2026-06-20
pl-CH-3 | t@example.com    | JC-1              | cobalt     | CH-3                   | 2026-06-20
pl-FW-1 | y@other.example  | JC-1              | fernway    | FW-1                   | 2026-06-20
"""


def paper(partner: str = "") -> Paper:
    view = case(f"{PARTNERSHIP}{LEADS}")
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    partners = (partner,) if partner else ("cobalt", "fernway")
    return leads_document(view, campaign, partners, outgoing_lists(view, campaign, partner))


def grids(made: Paper) -> dict[str, tuple[tuple[str, ...], ...]]:
    return {block.title: block.rows for part in made.sections for block in part.blocks if isinstance(block, Grid)}


def test_the_document_counts_by_status_and_class() -> None:
    assert paper().data["counts"] == {
        "status": {"matched": 1, "only_partner": 3}, "class": {"genuine": 3, "test": 1}, "counting": 3,
    }  # fmt: skip


def test_differences_and_those_who_do_not_count_stand_apart() -> None:
    found = grids(paper())
    assert [row[0].split("\n")[0] for row in found["To be reconciled"]] == ["lead-11-JC-1", "pl-CH-2", "pl-FW-1"]
    assert [row[1:] for row in found["Not counted"]] == [("test", "example.com is a domain for tests")]


def test_one_partners_document_names_nothing_of_another() -> None:
    made = paper("cobalt")
    text = render(made, "json").decode() + render(made, "md").decode()
    assert "pl-CH-2" in text
    assert "FW-1" not in text
    assert "y@other.example" not in text


def test_a_claim_stands_beside_the_rule() -> None:
    made = paper("cobalt")
    [owners] = [block for part in made.sections if part.title == "Ownership" for block in part.blocks]
    assert isinstance(owners, Grid)
    assert owners.rows[0][1] == "SHARED\nclaimed: OWNED-PARTNER"


def test_every_form_can_be_made_of_a_campaign_without_leads() -> None:
    view = case(PARTNERSHIP)
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    made = leads_document(view, campaign, ("cobalt",), outgoing_lists(view, campaign))
    assert all(render(made, form) for form in ("html", "pdf", "md", "json"))
