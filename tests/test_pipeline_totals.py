"""Pipeline by campaign, partner and class: what may be added is, and what is counted twice stands beside its distinct
total."""

from __future__ import annotations

from decimal import Decimal

from casebook import case

from mdfsync.pipeline_totals import Totals, pipeline_totals

BASE = """
Opportunities
opportunity_id | deal_id | joint_campaign_id | is_closed | is_won | merged_deal_ids
hs-deal-1      | 1       | JC-1              | false     |        |
hs-deal-2      | 2       | JC-1              | true      | true   |
hs-deal-3      | 3       | JC-1              | true      | false  |
hs-deal-4      | 4       | JC-2              | false     |        | 5
hs-deal-5      | 5       | JC-2              | false     |        |

Attributions
attribution_id | opportunity_id | partner_id | joint_campaign_id | attribution_class | reported_amount | reported_currency | fixed_rate
attr-1-cobalt  | hs-deal-1      | cobalt     | JC-1              | influenced        | 100             | USD               |
attr-1-fernway | hs-deal-1      | fernway    | JC-2              | influenced        | 100             | USD               |
attr-2-cobalt  | hs-deal-2      | cobalt     | JC-1              | sourced           | 1000            | USD               | 0.905
attr-2-fernway | hs-deal-2      | fernway    | JC-1              | influenced        | 1000            | USD               | 0.905
attr-3-cobalt  | hs-deal-3      | cobalt     | JC-1              | sourced           | 70              | EUR               |
attr-4-cobalt  | hs-deal-4      | cobalt     | JC-2              | hold              |                 |                   |
attr-5-cobalt  | hs-deal-5      | cobalt     | JC-2              | sourced           | 9000            | USD               |
"""  # noqa: E501


def totals(**only: str) -> Totals:
    return pipeline_totals(case(BASE), **only)


def shown(found: Totals) -> list[tuple[str, str, str, int, dict[str, str]]]:
    return [
        (line.joint_campaign_id, line.partner_id, line.class_, line.total.deals, amounts(line.total.amounts))
        for line in found.lines
    ]


def amounts(by_currency: object) -> dict[str, str]:
    assert isinstance(by_currency, dict)
    return {currency: str(amount) for currency, amount in by_currency.items()}


def test_a_line_is_one_partner_in_one_class_of_one_campaign() -> None:
    assert shown(totals()) == [
        ("JC-1", "cobalt", "sourced", 2, {"EUR": "70", "USD": "1000"}),
        ("JC-1", "cobalt", "influenced", 1, {"USD": "100"}),
        ("JC-1", "fernway", "influenced", 1, {"USD": "1000"}),
        ("JC-2", "cobalt", "hold", 1, {}),
        ("JC-2", "fernway", "influenced", 1, {"USD": "100"}),
    ]


def test_what_is_counted_for_two_partners_stands_beside_its_distinct_total() -> None:
    by_class = {total.class_: total for total in totals().classes}
    influenced = by_class["influenced"]
    assert (influenced.summed.deals, influenced.distinct.deals, influenced.additive) == (3, 2, False)
    assert (amounts(influenced.summed.amounts), amounts(influenced.distinct.amounts)) == (
        {"USD": "1200"},
        {"USD": "1100"},
    )


def test_sourced_is_additive() -> None:
    sourced = totals().classes[0]
    assert (sourced.class_, sourced.additive, sourced.summed == sourced.distinct) == ("sourced", True, True)


def test_a_merged_deal_is_counted_once() -> None:
    assert "hs-deal-5" not in {id for line in totals().lines for id in line.opportunity_ids}


def test_a_second_row_of_one_deal_and_partner_is_counted_nowhere() -> None:
    again = "attr-2-again | hs-deal-2 | cobalt | JC-1 | sourced | 1000 | USD |"
    assert pipeline_totals(case(f"{BASE}{again}\n")) == totals()


def test_what_became_of_the_deals_is_kept_apart() -> None:
    [line] = [line for line in totals().lines if (line.partner_id, line.class_) == ("cobalt", "sourced")]
    assert {outcome: said.deals for outcome, said in line.by_outcome.items()} == {"won": 1, "lost": 1}


def test_the_fixed_rate_is_used_where_every_deal_has_one() -> None:
    lines = {(line.partner_id, line.class_, line.joint_campaign_id): line.total for line in totals().lines}
    assert lines["fernway", "influenced", "JC-1"].at_fixed_rate == Decimal("905.00")
    assert lines["cobalt", "sourced", "JC-1"].at_fixed_rate is None


def test_one_campaign_or_partner_alone() -> None:
    assert [line[0] for line in shown(totals(campaign="JC-2"))] == ["JC-2", "JC-2"]
    assert {line[1] for line in shown(totals(partner="fernway"))} == {"fernway"}


def test_a_deal_without_an_amount_is_said_to_have_none() -> None:
    [held] = [total for total in totals().classes if total.class_ == "hold"]
    assert (held.summed.deals, held.summed.without_amount, held.summed.at_fixed_rate) == (1, 1, None)
