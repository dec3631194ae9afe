"""What a partner may see of a document: its own rows, field by field, and nobody whom the charter does not name."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

from datetime import date

import pytest
from casebook import case

from mdfsync.documents.audience import ANOTHER, OUR_SIDE, OURS, WITHHELD, Audience, audience_of
from mdfsync.documents.paper import Grid, Paper, Section, Words
from mdfsync.errors import UsageError
from mdfsync.view import Row, View

WORLD = """
Partners
partner_id | partner_name    | partner_domains      | legal_entity    | data_sharing_limits | data_sharing_expires_on | allowed_outgoing_fields
cobalt     | Cobalt Harbor   | cobaltharbor.example | Cobalt Harbor Inc | names only        | {until}                 | account_name;opportunity_stage;opportunity_amount
fernway    | Fernway Systems | fernway.example      | Fernway Systems SE | names only       | 2027-01-01              | account_name

Campaigns
joint_campaign_id | campaign_name | campaign_owner              | budget_owner                | finance_approver | objective     | charter_time_zone
JC-1              | Spend series  | priya.nair@northlight.example | ines.weber@northlight.example | lee.marsh@northlight.example | more pipeline | Europe/Berlin
JC-2              | Other         | sam.ortiz@northlight.example  |                               |                  |               |

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | our_counterpart              | allowed_outgoing_fields        | funding_cap | partner_campaign_owner
CP-1                | JC-1              | cobalt     | dov.lind@northlight.example  | account_name;opportunity_stage | 5000        | rhea@cobaltharbor.example
CP-2                | JC-1              | fernway    | aase.b@northlight.example    |                                | 9000        | lena@fernway.example

MDF Budgets
mdf_request_id | joint_campaign_id | partner_id | mdf_direction | approved_mdf_amount | budget_currency | approved_on | requested_by               | cost_centre
R1             | JC-1              | cobalt     | we_reimburse  | 4000                | USD             | 2026-06-01  | tom.hale@northlight.example | CC-9
R2             | JC-1              | fernway    | we_claim      | 7000                | EUR             | 2026-06-01  | tom.hale@northlight.example | CC-9
R3             | JC-2              | cobalt     | we_reimburse  | 1000                | USD             | 2026-06-01  |                            |
R4             | JC-1              | cobalt     | we_claim      | 1000                | USD             | 2026-06-01  |                            |
R5             | JC-1              |            | we_claim      | 1000                | USD             | 2026-06-01  |                            |

Expenses
expense_id | joint_campaign_id | partner_id | mdf_request_id | net_amount | expense_currency
E1         | JC-1              | cobalt     | R1             | 900        | USD
E2         | JC-1              | cobalt     | R4             | 800        | USD
E3         | JC-1              | cobalt     | R4             | 700        | USD

Reimbursements
reimbursement_id | joint_campaign_id | partner_id | mdf_direction | submitted_at         | reimbursement_state
C1               | JC-1              | cobalt     | we_claim      | 2026-09-01T08:00:00Z | submitted

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | claimed_amount
L1                    | C1               | E3         | 350

Deliverables
deliverable_id | joint_campaign_id | partner_id | deliverable_title | deliverable_owner         | reviewer
D1             | JC-1              | cobalt     | Breakfast         | rhea@cobaltharbor.example | sam.ortiz@northlight.example

Opportunities
opportunity_id | joint_campaign_id | deal_name     | account_name | stage_label | amount | deal_currency
hs-deal-1      | JC-1              | Acme platform | Acme         | Proposal    | 90000  | USD
hs-deal-2      | JC-1              | Kite platform | Kite         | Proposal    | 10000  | USD

Attributions
attribution_id | opportunity_id | partner_id | joint_campaign_id | claimed_class
attr-1-cobalt  | hs-deal-1      | cobalt     | JC-1              | sourced
attr-2-fernway | hs-deal-2      | fernway    | JC-1              | sourced

Holds
hold_id | table    | record | partner_id | joint_campaign_id | message
h1      | Expenses | E1     | cobalt     | JC-1              | secret
"""


def base(until: str = "2027-05-04") -> View:
    return case(WORLD.format(until=until))


def row(view: View, table: str, id: str) -> Row:
    found = view.row(table, id)
    assert found is not None
    return found


def cobalt(view: View) -> Audience:
    return audience_of(view, row(view, "Campaigns", "JC-1"), "cobalt")


@pytest.mark.parametrize(
    ("table", "id", "seen"),
    [
        ("Campaigns", "JC-1", True), ("Campaigns", "JC-2", False), ("Partners", "cobalt", True),
        ("Partners", "fernway", False), ("Campaign Partners", "CP-1", True), ("Campaign Partners", "CP-2", False),
        ("MDF Budgets", "R1", True), ("MDF Budgets", "R2", False), ("MDF Budgets", "R3", False),
        ("MDF Budgets", "R5", False), ("Expenses", "E1", True), ("Expenses", "E2", False), ("Expenses", "E3", True),
        ("Reimbursements", "C1", True), ("Reimbursement Lines", "L1", True), ("Deliverables", "D1", True),
        ("Opportunities", "hs-deal-1", True), ("Opportunities", "hs-deal-2", False), ("Holds", "h1", False),
    ],
)  # fmt: skip
def test_a_partner_sees_its_own_rows_of_this_campaign(table: str, id: str, seen: bool) -> None:
    view = base()
    assert (cobalt(view).sees(view, row(view, table, id)), OURS.sees(view, row(view, table, id))) == (seen, True)


@pytest.mark.parametrize(
    ("table", "id", "name", "told"),
    [
        ("Campaigns", "JC-1", "objective", "more pipeline"),
        ("MDF Budgets", "R1", "approved_mdf_amount", "4,000 USD"),
        ("MDF Budgets", "R1", "cost_centre", WITHHELD),
        ("MDF Budgets", "R2", "approved_mdf_amount", WITHHELD),
        ("Opportunities", "hs-deal-1", "account_name", "Acme"),
        ("Opportunities", "hs-deal-1", "stage_label", "Proposal"),
        ("Opportunities", "hs-deal-1", "amount", WITHHELD),
        ("Opportunities", "hs-deal-1", "deal_name", WITHHELD),
        ("Deliverables", "D1", "reviewer", "sam.ortiz@northlight.example"),
        ("Campaigns", "JC-1", "next_action", WITHHELD),
    ],
)
def test_field_by_field_as_the_limits_on_data_say(table: str, id: str, name: str, told: str) -> None:
    view = base()
    assert cobalt(view).cell(view, row(view, table, id), name) == told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("priya.nair@northlight.example", "priya.nair@northlight.example"),
        ("Dov.Lind@northlight.example", "Dov.Lind@northlight.example"),
        ("sam.ortiz@northlight.example", "sam.ortiz@northlight.example"),
        ("someone@mail.cobaltharbor.example", "someone@mail.cobaltharbor.example"),
        ("tom.hale@northlight.example", OUR_SIDE),
        ("aase.b@northlight.example", OUR_SIDE),
        ("lena@fernway.example", OUR_SIDE),
        ("", ""),
    ],
)
def test_people_whom_the_charter_names_are_named(address: str, told: str) -> None:
    assert cobalt(base()).person(address) == told


def test_a_text_names_neither_other_partners_nor_people_of_ours() -> None:
    text = "FERNWAY SYSTEMS (fernway) and Cobalt Harbor Inc: ask tom.hale@northlight.example. Fernways stays."
    told = f"{ANOTHER} ({ANOTHER}) and Cobalt Harbor Inc: ask {OUR_SIDE}. Fernways stays."
    assert (cobalt(base()).words(text), OURS.words(text)) == (told, text)


def test_the_last_look_goes_over_every_text_of_a_document() -> None:
    grid = Grid(columns=("Who",), rows=(("tom.hale@northlight.example",),), sources=("Fernway Systems",))
    paper = Paper(
        title="T", subtitle="S", running="R", about=(("With", "Fernway Systems"),), notices=(Words(text="fernway"),),
        sections=(Section(title="Who", blocks=(grid,)),), as_of=date(2026, 11, 20),
        data={"who": ["tom.hale@northlight.example", 3], "deep": {"a": "Fernway Systems"}},
    )  # fmt: skip
    told = cobalt(base()).cleared(paper)
    assert "fernway" not in repr(told).casefold()
    assert "tom.hale" not in repr(told)
    assert told.data["who"] == [OUR_SIDE, 3]
    assert OURS.cleared(paper) is paper


@pytest.mark.parametrize(("partner", "until", "why"), [
    ("quillstack", "2027-05-04", "takes no part"), ("cobalt", "2026-11-19", "agreed until 2026-11-19"),
])  # fmt: skip
def test_nothing_leaves_without_an_agreement_on_data(partner: str, until: str, why: str) -> None:
    view = base(until)
    with pytest.raises(UsageError, match=why):
        audience_of(view, row(view, "Campaigns", "JC-1"), partner)


def test_every_field_it_lists_is_in_the_dictionary() -> None:
    from mdfsync.documents import audience

    known = base().dictionary.tables
    listed = {(table, name) for table, names in audience._OPEN.items() for name in names} | set(audience._FACTS)
    assert {place for place in listed if place[1] not in known[place[0]].fields} == set()
