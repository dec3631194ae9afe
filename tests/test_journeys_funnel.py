"""A campaign's funnel: each step counts once, classes stand apart, a deal of two partners is one deal."""

from __future__ import annotations

from decimal import Decimal

from casebook import case
from journey_lab import ATTENDED, OVERLAP, ROADSHOW, told, world

from mdfsync.journeys import deals_of
from mdfsync.journeys.funnel import Funnel, funnel
from mdfsync.view import View

SECOND_PARTNER = """
Partners
partner_id | partner_name
cobalt     | Cobalt Harbor

Attributions
attribution_id | opportunity_id | partner_id | validated_class
attr-1-cobalt  | hs-deal-1      | cobalt     | influenced
"""

SECOND_DEAL = """
Opportunities
opportunity_id | deal_id | joint_campaign_id | other_joint_campaign_ids | amount | deal_currency | is_won
hs-deal-2      | 2       | JC-9              | JC-1                     | 500.50 | EUR           | true

Attributions
attribution_id | opportunity_id | partner_id | validated_class
attr-2-fernway | hs-deal-2      | fernway    | influenced
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


def test_a_deal_of_two_partners_is_one_deal_beside_the_sum() -> None:
    total = made(world(ATTENDED + SECOND_PARTNER)).by_class["influenced"]
    assert (total.deals, total.distinct, total.amounts) == (2, 1, {"USD": Decimal(84000)})


def test_amounts_stand_by_currency_and_a_deal_beside_its_own_campaign_counts() -> None:
    found = made(world(ATTENDED + SECOND_DEAL)).by_class["influenced"]
    assert found.amounts == {"EUR": Decimal("500.50"), "USD": Decimal(84000)}
    assert (found.distinct_won, found.won_amounts) == (1, {"EUR": Decimal("500.50")})


def test_an_amount_without_a_currency_is_counted_as_missing() -> None:
    found = made(world(ATTENDED, currency="")).by_class["influenced"]
    assert (found.amounts, found.without_amount) == ({}, 1)


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
    assert [s.distinct for s in made(world(OVERLAP)).steps[:2]] == [1, 0]


def test_a_campaign_without_deals_has_a_funnel_of_zeros() -> None:
    view = case(ROADSHOW)
    assert {total.distinct for total in made(view).by_class.values()} == {0}
