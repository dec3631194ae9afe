"""Who owns a lead by the charter's rule: open deals of both sides at the hand-over, the default, what is unknown."""

from __future__ import annotations

import pytest
from casebook import PARTNERSHIP, case, findings, held

from mdfsync.leads.ownership import owner_of, ownership
from mdfsync.view import View

LEAD = """
Leads
lead_id: lead-11-JC-1
joint_campaign_id: JC-1
contact_id: 11
partner_id: cobalt
account_id: hs-co-77
partner_submitted_on: 2026-06-20
partner_claimed_ownership: {claim}
ownership: {decided}
"""
DEAL = """
hubspot.deals
id  | created   | hs_primary_associated_company | hs_is_closed | hs_v2_date_entered_current_stage | hs_object_source
500 | {created} | 77                            | {closed}     | {ended}                          | {origin}
"""
SHARED_ACCOUNT = """
Shared Accounts
shared_account_id: sa-1
joint_campaign_id: JC-1
partner_id: cobalt
account_id: hs-co-77
partner_population: {now}
partner_population_types: {types}
partner_population_at_launch: {launch}
snapshot_taken_at: {taken}
captured_at: {seen}
"""


def deal(created: str, ended: str = "", origin: str = "") -> str:
    closed = "true" if ended else "false"
    when = ended if ended != "?" else ""
    return DEAL.format(created=created, closed=closed, ended=when, origin=origin)


def theirs(now: str, launch: str = "", taken: str = "", seen: str = "2026-06-01T08:00:00Z", types: str = "") -> str:
    return SHARED_ACCOUNT.format(now=now, launch=launch, taken=taken, seen=seen, types=types)


def owned(*more: str, claim: str = "", decided: str = "", unread: tuple[str, ...] = ()) -> View:
    lead = LEAD.format(claim=claim, decided=decided)
    return case("\n".join((PARTNERSHIP, lead, *more)), unread=unread)


def by_rule(view: View) -> str:
    row = view.row("Leads", "lead-11-JC-1")
    assert row is not None
    return ownership(view, row).by_rule


OPEN, CUSTOMER = theirs("Open Opps"), theirs("Customers")


@pytest.mark.parametrize(
    "more, expected",
    [
        ((), "SHARED"),
        ((deal("2026-06-01T10:00:00Z"),), "OWNED-US"),
        ((deal("2026-06-01T10:00:00Z", ended="2026-07-01T10:00:00Z"),), "OWNED-US"),
        ((deal("2026-06-01T10:00:00Z", ended="2026-06-10T10:00:00Z"),), "SHARED"),
        ((deal("2026-06-01T10:00:00Z", ended="2026-06-20T10:00:00Z"),), "UNKNOWN"),
        ((deal("2026-06-01T10:00:00Z", ended="?"),), "UNKNOWN"),
        ((deal("2026-06-20T10:00:00Z"),), "UNKNOWN"),
        ((deal("2026-06-21T03:00:00Z"),), "UNKNOWN"),  # still the day of the hand-over in New York
        ((deal("2026-06-21T05:00:00Z"),), "SHARED"),
        ((deal("2026-06-01T10:00:00Z", origin="IMPORT"),), "UNKNOWN"),
        ((OPEN,), "OWNED-PARTNER"),
        ((CUSTOMER,), "SHARED"),
        ((theirs("Former opportunities"),), "SHARED"),
        ((theirs("Q3 list", types="open_opportunities"),), "OWNED-PARTNER"),
        ((theirs("Q3 list, All", types="customers, open_opportunities"),), "OWNED-PARTNER"),
        ((theirs("Q3 list", types="customers"),), "SHARED"),
        ((theirs(""),), "UNKNOWN"),
        ((theirs("Open Opportunities", seen="2026-07-01T08:00:00Z"),), "UNKNOWN"),
        ((theirs("Customers", "Open Opportunities", "2026-06-01T08:00:00Z"),), "OWNED-PARTNER"),
        ((theirs("Customers", "Open Opportunities", "2026-07-01T08:00:00Z"),), "SHARED"),
        ((deal("2026-06-01T10:00:00Z"), OPEN), "DISPUTED"),
    ],
)
def test_open_opportunities_at_the_hand_over_decide(more: tuple[str, ...], expected: str) -> None:
    assert by_rule(owned(*more)) == expected


@pytest.mark.parametrize("unread", [("hubspot.deals",), ("hubspot.associations",), ("crossbeam.exports",)])
def test_a_source_that_nobody_read_makes_the_owner_unknown(unread: tuple[str, ...]) -> None:
    assert by_rule(owned(unread=unread)) == "UNKNOWN"


def test_without_an_account_nobody_can_tell() -> None:
    view = case(f"{PARTNERSHIP}{LEAD.format(claim='', decided='').replace('account_id: hs-co-77', 'country: US')}")
    assert by_rule(view) == "UNKNOWN"


def test_a_lead_of_ours_came_to_be_with_its_first_touch() -> None:
    touch = """
hubspot.marketing_events
id | event | contact | state    | at
p1 | ev-1  | 11      | ATTENDED | 2026-06-10T15:00:00Z
"""
    text = "\n".join((PARTNERSHIP, LEAD.format(claim="", decided=""), deal("2026-06-10T14:00:00Z"), touch))
    assert by_rule(case(text.replace("partner_submitted_on: 2026-06-20", "country: US"))) == "OWNED-US"


@pytest.mark.parametrize(("default", "expected"), [("OWNED-PARTNER", "OWNED-PARTNER"), ("", "SHARED")])
def test_what_neither_side_had_is_the_charters_default(default: str, expected: str) -> None:
    text = PARTNERSHIP.replace("| agreement_id\n", "| agreement_id | lead_ownership_default\n", 2)
    text = text.replace(
        "CP-1                | JC-1              | cobalt     | AG-1", f"CP-1 | JC-1 | cobalt | AG-1 | {default}"
    )
    assert by_rule(case(f"{text}{LEAD.format(claim='', decided='')}")) == expected


def test_a_persons_decision_stands_before_the_rule() -> None:
    view = owned(deal("2026-06-01T10:00:00Z"), decided="OWNED-PARTNER")
    row = view.row("Leads", "lead-11-JC-1")
    assert row is not None
    assert owner_of(view, row) == "OWNED-PARTNER"


@pytest.mark.parametrize(
    ("view", "disputed"),
    [
        (owned(claim="OWNED-PARTNER"), True),
        (owned(claim="OWNED-PARTNER", decided="SHARED"), False),
        (owned(OPEN, claim="OWNED-PARTNER"), False),
        (owned(OPEN, deal("2026-06-01T10:00:00Z"), claim="SHARED"), True),
        (owned(theirs(""), claim="OWNED-PARTNER"), False),
        (owned(theirs(""), deal("2026-06-01T10:00:00Z"), claim="OWNED-PARTNER"), True),
        (owned(claim="OWNED-US"), False),
    ],
)
def test_only_a_claim_against_the_rule_is_a_dispute(view: View, disputed: bool) -> None:
    assert held("disputed_ownership", view) == (["Leads/lead-11-JC-1 lead"] if disputed else [])


def test_a_dispute_tells_the_facts_behind_the_rule() -> None:
    [found] = findings("disputed_ownership", owned(CUSTOMER, claim="OWNED-PARTNER"))
    assert found.evidence["by the rule"] == (
        "SHARED; handed over on 2026-06-20; no open opportunity of ours on hs-co-77 before that; "
        "no open opportunity of cobalt: Customers (sa-1); the charter states no default, so it is shared"
    )
