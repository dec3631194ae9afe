"""A campaign's funnel: each step counts once, classes stand apart, a deal of two partners is one deal."""

from __future__ import annotations

from decimal import Decimal

from casebook import case
from journey_lab import ATTENDED, OVERLAP, ROADSHOW, WON, told, world

from mdfsync.journeys import deals_of
from mdfsync.journeys.funnel import Funnel, funnel
from mdfsync.journeys.plain import funnel_data
from mdfsync.pipeline_totals import ClassTotal
from mdfsync.view import View

SECOND_PARTNER = """
Partners
partner_id | partner_name
cobalt     | Cobalt Harbor

Attributions
attribution_id | opportunity_id | partner_id | validated_class | validation_reason
attr-1-cobalt  | hs-deal-1      | cobalt     | influenced      | met at their stand
"""

SECOND_DEAL = """
Opportunities
opportunity_id | deal_id | joint_campaign_id | other_joint_campaign_ids | amount | deal_currency | is_won
hs-deal-2      | 2       | JC-9              | JC-1                     | 500.50 | EUR           | true

Attributions
attribution_id | opportunity_id | partner_id | validated_class | validation_reason
attr-2-fernway | hs-deal-2      | fernway    | influenced      | met at their stand
"""

LEADS = """
Leads
lead_id | joint_campaign_id | contact_id | partner_id | lead_class
L-1     | JC-1              | 11         | fernway    | genuine
L-2     | JC-1              | 11         | cobalt     | genuine
L-3     | JC-1              | 12         | fernway    | test
"""


def made(view: View) -> Funnel:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    return funnel(view, campaign, [told(view, row.id) for row in deals_of(view, campaign)])


def of_class(found: Funnel, class_: str) -> ClassTotal:
    return next(total for total in found.totals.classes if total.class_ == class_)


def test_a_deal_of_two_partners_is_one_deal_beside_the_sum() -> None:
    total = of_class(made(world(ATTENDED + SECOND_PARTNER)), "influenced")
    assert (total.summed.deals, total.distinct.deals, total.distinct.amounts) == (2, 1, {"USD": Decimal(84000)})


def test_a_deal_in_two_campaigns_is_told_in_both_and_counted_where_the_charter_decided() -> None:
    found = made(world(ATTENDED + SECOND_DEAL))
    assert [step.distinct for step in found.steps if step.name == "Opportunities"] == [2]
    counted = of_class(found, "influenced").distinct
    assert (counted.deals, counted.amounts) == (1, {"USD": Decimal(84000)})


def test_an_amount_without_a_currency_is_counted_as_missing() -> None:
    found = of_class(made(world(ATTENDED, currency="")), "influenced").distinct
    assert (found.amounts, found.without_amount) == ({}, 1)


def test_a_closed_deal_counts_with_the_amount_it_closed_with() -> None:
    fixed = {"reported_amount": "80000", "reported_currency": "USD", "amount_fixed_at": "2026-11-10T00:00:00.000Z"}
    found = of_class(made(world(ATTENDED, **WON, **fixed)), "influenced")
    assert found.by_outcome["won"].amounts == {"USD": Decimal(80000)}


def test_each_step_counts_once_and_by_partner() -> None:
    steps = {
        s.name: (s.distinct, dict(s.by_partner)) for s in made(world(ATTENDED + OVERLAP + SECOND_PARTNER + LEADS)).steps
    }
    assert steps == {
        "Accounts targeted": (1, {"fernway": 1, "cobalt": 0}),
        "Targeted accounts touched": (1, {"fernway": 1, "cobalt": 0}),
        "Leads": (1, {"fernway": 1, "cobalt": 1}),
        "Opportunities": (1, {"fernway": 1, "cobalt": 1}),
        "Won": (0, {"fernway": 0, "cobalt": 0}),
    }  # fmt: skip


def test_an_untouched_target_stays_untouched() -> None:
    elsewhere = ATTENDED.replace("ev-1", "ev-9")  # an event of no campaign of ours
    for evidence in ("", elsewhere):
        assert [s.distinct for s in made(world(OVERLAP + evidence)).steps[:2]] == [1, 0]


def test_an_account_that_was_left_out_is_no_target() -> None:
    left_out = OVERLAP.replace("| target  ", "| excluded")
    assert [s.distinct for s in made(world(left_out + ATTENDED)).steps[:2]] == [0, 0]


def test_a_campaign_without_deals_has_a_funnel_of_zeros() -> None:
    view = case(ROADSHOW)
    assert made(view).totals.classes == ()
    assert {row["all_partners"]["deals"] for row in funnel_data(made(view))["classes"]} == {0}
