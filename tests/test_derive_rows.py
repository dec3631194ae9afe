"""Computed cells beside attribution: overlap, completeness, owners, agreements; and that deriving is one pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casebook import PARTNERSHIP, ROOT, case, rulebook

from mdfsync.derive import Computed, conclude, derive, sign_off
from mdfsync.derive.completeness import completeness
from mdfsync.derive.overlap import overlap
from mdfsync.derive.owners import owners
from mdfsync.model import Finding, Subject
from mdfsync.overlaps.standing import standing
from mdfsync.policy import load_policy
from mdfsync.rules import judge
from mdfsync.view import Facts, Vanished, View


def of(made: object, field: str) -> list[str]:
    return [c.value for c in made if c.field == field]  # type: ignore[attr-defined]


# --------------------------------------------------------------------------------------------------- overlap

SHARED = """
Shared Accounts
shared_account_id: sa-JC-1-cobalt-hs-co-77
joint_campaign_id: JC-1
partner_id: cobalt
account_id: {account}
account_name: Acme Freight
account_domain: acme.example
our_population: {ours}
partner_population: {theirs}
match_confidence: {confidence}
overlap_since: {since}
snapshot_label: {label}
target_decision: {decision}
"""


def account(
    ours: str = "Prospects",
    theirs: str = "Customers",
    *,
    confidence: str = "high",
    since: str = "",
    label: str = "",
    decision: str = "",
    id: str = "hs-co-77",
    charter: str = "",
    tables: str = "",
    facts: Facts | None = None,
) -> View:
    row = SHARED.format(
        account=id, ours=ours, theirs=theirs, confidence=confidence, since=since, label=label, decision=decision
    )
    terms = PARTNERSHIP.replace("JC-1              | 2026-06-01", "JC-0              | 2026-06-01")
    campaign = f"\nCampaigns\njoint_campaign_id: JC-1\nlaunch_at: 2026-06-01T12:00:00Z\n{charter}\n"
    return case(f"{terms}{campaign}{row}{tables}", facts=facts)


@pytest.mark.parametrize(
    "populations, expected",
    [
        ("Customers", "customer"),
        ("Prospects, EMEA Target Accounts", "prospect"),
        ("Customers, Open Opportunities", "customer"),
        ("~Open Opps, open opportunity", "open_opportunity"),
        ("Former Customers", "unknown"),
        ("Non-customers, Prospects", "prospect"),
        ("", "unknown"),
    ],
)
def test_populations_are_read_by_the_word_they_contain(populations: str, expected: str) -> None:
    assert standing(populations) == expected


@pytest.mark.parametrize(
    "ours, theirs, kind",
    [
        ("Customers", "Customers", "mutual_customer"),
        ("Open Opportunities", "Customers", "partner_customer"),
        ("Open Opportunities", "Open Opportunities", "mutual_opportunity"),
        ("Prospects", "Open Opportunities", "partner_opportunity"),
        ("Customers", "Prospects", "our_customer"),
        ("Prospects", "Prospects", "net_new_for_both"),
        ("Prospects", "", "unknown"),
    ],
)
def test_how_an_account_overlaps(ours: str, theirs: str, kind: str) -> None:
    assert of(overlap(account(ours, theirs)), "account_overlap") == [kind]


def test_an_open_deal_of_ours_makes_a_prospect_an_opportunity() -> None:
    deals = """
hubspot.deals
id | created              | hs_primary_associated_company | hs_is_closed
5  | 2026-05-01T10:00:00Z | 77                            | false
"""
    made = list(overlap(account(tables=deals)))
    assert of(made, "customer_status_ours") + of(made, "open_opportunities") == ["open_opportunity", "1"]


@pytest.mark.parametrize(
    "since, label, expected",
    [
        ("", "", "unknown"),
        ("", "at_launch", "at_launch"),
        ("2026-05-01T00:00:00Z", "", "at_launch"),
        ("2026-06-02T00:00:00Z", "", "added_after_launch"),
        ("2026-06-02T00:00:00Z", "late", "added_after_launch"),
    ],
)
def test_an_overlap_is_at_launch_only_if_somebody_saw_it_then(since: str, label: str, expected: str) -> None:
    assert of(overlap(account(since=since, label=label)), "overlap_status") == [expected]


def test_an_account_that_is_no_longer_shared_is_not_called_lost() -> None:
    subject = Subject(table="Shared Accounts", id="sa-JC-1-cobalt-hs-co-77")
    gone = Vanished(subject=subject, source_id="crossbeam.exports", external_id="x")
    view = account(facts=Facts(vanished=(gone,)))
    assert of(overlap(view), "overlap_status") == ["no_longer_visible"]


@pytest.mark.parametrize(
    "view, status",
    [
        (account(), "target"),
        (account(decision="exclude"), "excluded"),
        (account(ours="Customers", charter="account_scope: net_new"), "excluded"),
        (account(ours="Customers", charter="account_scope: net_new", decision="target"), "target"),
        (account(charter="account_scope: expansion"), "excluded"),
        (account(charter="partner_customers_in_scope: no"), "excluded"),
        (account(charter="exclusions: Acme Freight - active dispute"), "excluded"),
        (account(charter="exclusions: Other Freight\\nacme.example, competitor"), "excluded"),
        (account(charter="account_scope: named_accounts"), "excluded"),
        (account(confidence="medium"), "review"),
        (account(theirs=""), "review"),
        (account(id="hs-co-9001"), "excluded"),
    ],
)
def test_who_may_be_targeted(view: View, status: str) -> None:
    assert of(overlap(view), "target_status") == [status]


def test_an_exclusion_says_why() -> None:
    view = account(charter="exclusions: Acme Freight - active dispute")
    assert of(overlap(view), "exclusion_reason") == ["named in the charter's exclusions: Acme Freight - active dispute"]


# ---------------------------------------------------------------------------------------------- completeness

EXPENSE = """
Expenses
expense_id: EX-1
expense_title: Webinar platform
joint_campaign_id: JC-1
partner_id: cobalt
mdf_request_id: MDF-1
eligible_category: Webinar
vendor_name: Studio Nine
invoice_number: 42
net_amount: 1200
expense_currency: USD
review_decision: {decision}
"""
HOLD = Finding(
    rule_id="missing_proof", kind="hold", severity="high", subject=Subject(table="Expenses", id="EX-1"),
    message="Invoice is missing.", evidence={}, source_ids=(), owner_role="campaign-owner", required_action="",
)  # fmt: skip
CONFLICT = replace(HOLD, rule_id="source_conflict", kind="exception", key="net_amount")


def expense(
    *said: Finding, decision: str = "", tables: str = "", without: str = "nothing", facts: Facts | None = None
) -> dict[str, str]:
    text = "\n".join(line for line in EXPENSE.format(decision=decision).splitlines() if not line.startswith(without))
    view = case(f"{text}\n{tables}", facts=facts)
    return {c.field: c.value for c in completeness(view, said) if c.subject.id == "EX-1"}


def test_a_complete_row_of_one_authoritative_source_is_of_high_confidence() -> None:
    found = expense()
    assert [found[n] for n in ("confidence", "missing_information", "review_status")] == [
        "high",
        "none",
        "needs-review",
    ]


@pytest.mark.parametrize(
    "said, decision, expected",
    [
        ({"finance.expenses", "finance.invoices"}, "", "finance.expenses, finance.invoices"),
        ({"finance.expenses"}, "approved", "airtable.base, finance.expenses"),
        (set(), "", "airtable.base"),
    ],
)
def test_the_sources_behind_a_row_are_those_that_spoke_of_it(said: set[str], decision: str, expected: str) -> None:
    facts = Facts(behind={HOLD.subject: frozenset(said)})
    assert expense(decision=decision, facts=facts)["evidence_source_ids"] == expected


def test_where_nobody_kept_count_the_first_source_that_delivered_stands_in() -> None:
    delivered = "\nfinance.expenses\nid: EX-1\nnet_amount: 1200\n"
    assert expense(tables=delivered)["evidence_source_ids"] == "finance.expenses"


@pytest.mark.parametrize(
    "said, decision, status",
    [
        ((), "approved", "approved"),
        ((HOLD,), "approved", "held"),
        ((CONFLICT,), "approved", "approved"),
        ((), "held", "held"),
        ((replace(HOLD, subject=Subject(table="Deliverables", id="D"), blocks=(HOLD.subject,)),), "approved", "held"),
    ],
)
def test_a_hold_stands_before_a_decision(said: tuple[Finding, ...], decision: str, status: str) -> None:
    assert expense(*said, decision=decision)["review_status"] == status


def test_what_is_blank_or_open_is_named() -> None:
    found = expense(HOLD, without="net_amount")
    assert (found["confidence"], found["missing_information"]) == (
        "medium",
        "net_amount is blank\nmissing_proof: Invoice is missing.",
    )


def test_contradiction_makes_confidence_low() -> None:
    assert expense(CONFLICT)["confidence"] == "low"


# ------------------------------------------------------------------------------------- owners and agreements


def test_a_row_belongs_to_the_person_its_papers_name() -> None:
    view = case("""
Campaigns
joint_campaign_id | campaign_owner           | budget_owner
JC-1              | priya@northlight.example | ines@northlight.example

Expenses
expense_id | joint_campaign_id
EX-1       | JC-1
EX-2       | JC-9

Leads
lead_id | joint_campaign_id | lead_owner
L-1     | JC-1              | sam@northlight.example
L-2     | JC-1              |
""")
    assert {c.subject.id: c.value for c in owners(view)} == {
        "JC-1": "priya@northlight.example",
        "EX-1": "ines@northlight.example",
        "L-2": "priya@northlight.example",
    }


@pytest.mark.parametrize(
    "start, end, signed, terminated, status",
    [
        ("2026-01-01", "2026-12-31", "", "", "unsigned"),
        ("2026-01-01", "2026-12-31", "2025-12-01", "", "in_force"),
        ("2026-01-01", "2026-11-19", "2025-12-01", "", "expired"),
        ("2026-12-01", "2027-11-30", "2026-11-01", "", "future"),
        ("2026-01-01", "2026-12-31", "2025-12-01", "2026-11-20", "terminated"),
    ],
)
def test_where_an_agreement_stands_today(start: str, end: str, signed: str, terminated: str, status: str) -> None:
    view = case(f"""
Agreements
agreement_id: AG-1
period_start: {start}
period_end: {end}
signed_on: {signed}
terminated_on: {terminated}
""")
    policy = load_policy(ROOT)
    assert of(derive(view, policy), "agreement_status") == [status]


# ------------------------------------------------------------------------------------------- the pass as a whole


def everything() -> tuple[Computed, ...]:
    view = account(tables=EXPENSE.format(decision=""))
    policy = load_policy(ROOT)
    found = judge(view, rulebook())
    return *derive(view, policy), *conclude(view, found), *sign_off(view, found, policy)


def test_deriving_twice_says_the_same() -> None:
    assert everything() == everything()


def test_only_computed_cells_of_existing_rows_are_derived_each_once() -> None:
    made = everything()
    policy = load_policy(ROOT)
    assert {policy.dictionary.field(c.subject.table, c.field).write for c in made} == {"computed"}
    assert len({(c.subject, c.field) for c in made}) == len(made)


def test_what_is_derived_stays_inside_the_allowed_values() -> None:
    policy = load_policy(ROOT)
    for made in everything():
        allowed = policy.dictionary.field(made.subject.table, made.field).allowed
        assert not allowed or made.value in allowed, made
