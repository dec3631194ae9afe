"""Performance against the plan, figure by figure: what each counts, and when it says that it cannot be told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from casebook import AS_OF, case, findings
from performance_lab import DRAFT, GROUND, SPENT, claim, deals, reviewed, spent, value, world

from mdfsync.performance.asked import Quarter, quarter_of
from mdfsync.performance.deliverables import reached
from mdfsync.performance.review import Review
from mdfsync.performance.spend import Stage
from mdfsync.view import SourceHealth

SECOND = """
Partners
partner_id | partner_name
fernway    | Fernway Systems

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id
CP-2                | JC-1              | fernway
"""


def total(review: Review, stage: Stage) -> Decimal | None:
    return review.spend.requests[0].total[stage]


# ---------------------------------------------------------------- quarters


@pytest.mark.parametrize(
    ("text", "first", "last", "before"),
    [
        ("2026Q1", "2026-01-01", "2026-03-31", "2025Q4"),
        ("2026q3", "2026-07-01", "2026-09-30", "2026Q2"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "2026Q3"),
    ],
)
def test_a_quarter_is_one_of_the_calendar(text: str, first: str, last: str, before: str) -> None:
    found = quarter_of(text)
    assert (found.first, found.last, str(found.before)) == (date.fromisoformat(first), date.fromisoformat(last), before)


@pytest.mark.parametrize("text", ["", "2026", "Q3", "2026Q5", "0000Q1", "2026Q3 and more"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no quarter"):
        quarter_of(text)


def test_a_deal_belongs_to_the_quarter_of_its_day_in_the_charters_zone() -> None:
    view = world(deals("1 sourced open 100 USD 2026-10-01T02:00:00Z"))  # still September in New York
    assert [len(reviewed(view, [], quarter=q).pipeline.deals) for q in ("2026Q3", "2026Q4")] == [1, 0]


def test_without_a_zone_an_instant_belongs_to_no_quarter_and_is_told() -> None:
    view = world(deals("1 sourced open 100 USD"), ground=GROUND.replace("America/New_York", "                "))
    review = reviewed(view, [], quarter="2026Q3")
    assert (review.pipeline.deals, review.pipeline.undated, review.zoneless) == ((), ("hs-deal-1",), ("JC-1",))


# ---------------------------------------------------------------- spend


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("planned", 1000), ("committed", 1050), ("actual", 1000), ("eligible", 750), ("claimable", 375)],
)
def test_spend_by_request_is_the_sum_of_its_lines(stage: Stage, expected: int) -> None:
    assert total(reviewed(world(SPENT)), stage) == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (DRAFT, (0, 0, 0)),
        ({"state": "submitted", "decided": "", "paid": "", "decision": "", "granted": "", "spread": ""}, (375, 0, 0)),
        ({}, (375, 300, 300)),
    ],
    ids=["a draft claims nothing", "filed", "paid in part"],
)
def test_claims_count_once_they_are_filed(cells: dict[str, str], expected: tuple[int, int, int]) -> None:
    review = reviewed(world(SPENT, claim(**cells)))
    assert [total(review, stage) for stage in ("claimed", "granted", "paid")] == list(expected)


def test_a_remittance_that_nobody_spread_over_the_lines_is_paid_on_the_request() -> None:
    review = reviewed(world(SPENT, claim(spread="", remitted="300")))
    assert (total(review, "paid"), review.spend.requests[0].differs) == (Decimal(300), ())


def test_a_line_that_was_ruled_out_is_cost_all_the_same_and_the_ledger_agrees() -> None:
    review = reviewed(world(spent(eligibility_decision="ineligible")))
    assert (value(review.measure("cost")), review.spend.requests[0].differs) == (Decimal(1000), ())


def test_where_the_ledger_has_another_sum_the_review_says_so() -> None:
    booked = """
MDF Ledger
movement_id | fund_id | mdf_request_id | reimbursement_id | movement_type | amount | currency | effective_on
M1          | FD      | R1             | C1               | claim         | 400    | USD      | 2026-07-01
"""
    review = reviewed(world(SPENT, claim(), booked))
    assert review.spend.requests[0].differs == ("claimed: 375 by the lines, 400 in the ledger",)


def test_a_line_without_a_rate_makes_its_total_unknown() -> None:
    review = reviewed(world(spent(expense_currency="EUR")))
    assert (total(review, "actual"), value(review.measure("cost"))) == (
        None, "an expense has no rate to its request's currency",
    )  # fmt: skip


def test_a_line_belongs_to_the_quarter_in_which_its_activity_ended() -> None:
    view = world(SPENT)
    assert [value(reviewed(view, quarter=q).measure("cost")) for q in ("2026Q2", "2026Q3", "2026Q4")] == [
        750, "nothing is invoiced yet", 250,
    ]  # fmt: skip


# ---------------------------------------------------------------- deliverables


@pytest.mark.parametrize(
    ("planned", "actual", "expected"),
    [
        ("40 attendees", "34 attendees", "85.0"),
        ("1,200 visits", "1500 Visits", "125.0"),
        ("40 attendees", "34 guests", None),
        ("40 attendees", "about 34 attendees", None),
        ("0 attendees", "3 attendees", None),
        ("a good evening", "a good evening", None),
        ("40 attendees", "", None),
    ],
)
def test_results_are_compared_only_where_they_count_the_same(planned: str, actual: str, expected: str | None) -> None:
    assert reached(planned, actual) == (Decimal(expected) if expected else None)


def test_deliverables_against_their_day() -> None:
    text = """
Deliverables
deliverable_id | joint_campaign_id | partner_id | due_date   | delivered_on | deliverable_state | acceptance_decision
D1             | JC-1              | cobalt     | 2026-08-17 | 2026-08-19   | delivered         | accepted
D2             | JC-1              | cobalt     | 2026-08-18 | 2026-08-18   | delivered         | returned
D3             | JC-1              | cobalt     | 2026-11-15 |              | in_progress       |
D4             | JC-1              | cobalt     | 2026-08-01 |              | cancelled         |
"""
    found = reviewed(world(text), []).deliveries
    assert [(d.deliverable_id, d.late_days) for d in found.rows] == [("D4", 0), ("D1", 2), ("D2", 0), ("D3", 5)]
    assert [(value(m), m.behind) for m in found.measures()] == [(Decimal(1), 3), (Decimal(1), 2)]


# ---------------------------------------------------------------- leads

LEADS = """
Leads
lead_id | joint_campaign_id | contact_id | partner_id | email             | partner_submitted_on | lead_decision | consent_basis | allowed_recipients | lead_owner
L-1     | JC-1              | 11         | cobalt     | ana@acme.example  | 2026-06-20           | accepted      | form          | cobalt             | sam@northlight.example
L-2     | JC-1              | 12         | cobalt     | bo@acme.example   | 2026-06-20           | rejected      | form          | cobalt             | sam@northlight.example
L-3     | JC-1              | 13         | cobalt     | cy@acme.example   | 2026-06-20           |               | form          | cobalt             | sam@northlight.example
L-4     | JC-1              | 14         | cobalt     | ana@acme.example  | 2026-06-20           |               |               |                    |
L-5     | JC-1              | 15         | cobalt     | di@cobaltharbor.example | 2026-06-20     |               |               |                    |
"""  # noqa: E501
CALLS = """
hubspot.calls
id | at                   | contacts | hs_call_status | hs_call_direction
c1 | 2026-06-22T05:00:00Z | 11       | COMPLETED      | OUTBOUND
c2 | 2026-07-01T04:00:00Z | 13       | COMPLETED      | OUTBOUND
"""


def test_leads_are_counted_by_what_they_are_and_what_sales_decided() -> None:
    leads = reviewed(world(LEADS), []).leads
    assert {m.id: value(m) for m in leads.measures() if m.unit == "leads"} == {
        "leads": 3, "leads_sent": 3, "leads_held": 0, "leads_accepted": 1, "leads_rejected": 1, "leads_recycled": 0,
        "leads_undecided": 1, "leads_duplicate": 1, "leads_no_lead": 1,
    }  # fmt: skip


def test_a_lead_on_hold_stays_out_of_every_count() -> None:
    view = world(LEADS.replace("| form          | cobalt             | sam@northlight.example\nL-2", "|   | | \nL-2"))
    [hold] = findings("unreconciled_lead", view)
    leads = reviewed(view, [hold]).leads
    assert (leads.held, sum(map(len, leads.decided.values()))) == ((hold.subject.id,), 2)


def test_the_target_is_that_of_the_whole_campaign() -> None:
    view = world(LEADS)
    assert value(reviewed(view, []).measure("leads_against_target")) == 75
    assert "whole campaign" in str(value(reviewed(view, [], quarter="2026Q2").measure("leads_against_target")))
    both = world(LEADS, SECOND)
    assert "all partners" in str(value(reviewed(both, [], partner="cobalt").measure("leads_against_target")))


def test_speed_is_that_of_the_clock_on_follow_ups() -> None:
    leads = reviewed(world(LEADS, CALLS), []).leads
    assert (leads.hours, leads.on_time, leads.overdue) == ((Decimal("25.0"), Decimal("240.0")), 1, 0)
    assert {name: number for name, number in leads.speed.items() if number} == {"1 to 2 days": 1, "1 to 4 weeks": 1}


def test_what_was_not_read_is_no_missing_follow_up() -> None:
    view = world(LEADS, unread=("hubspot.calls",))
    leads = reviewed(view, []).leads
    assert (leads.overdue, leads.speed["cannot be told"], leads.speed["not yet"]) == (0, 2, 0)
    assert "were not all read" in reviewed(view, []).measure("follow_up_hours").why_not


# ---------------------------------------------------------------- pipeline and return


def test_classes_stand_apart_and_a_deal_counts_once_in_each() -> None:
    view = world(SECOND, deals("1 sourced open 100 USD", "2 influenced open 70 USD - - - cobalt",
                               "2 influenced open 70 USD - - - fernway", "3 hold open 900 USD"))  # fmt: skip
    found = {
        c.class_: (c.distinct.deals, c.summed.deals, c.additive) for c in reviewed(view, []).pipeline.totals.classes
    }
    assert found == {"sourced": (1, 1, True), "influenced": (1, 2, False), "hold": (1, 1, False)}


def closed(class_: str, number: int, won: int, *, start: int = 1, amount: int = 100) -> list[str]:
    return [
        f"{start + n} {class_} {'won' if n < won else 'lost'} {amount + n} USD 2026-03-01T12:00:00Z "
        f"2026-03-{11 + n}T12:00:00Z 1"
        for n in range(number)
    ]


def test_under_five_deals_nothing_is_said_of_a_class() -> None:
    view = world(deals(*closed("sourced", 4, 4)))
    assert [m.why_not for m in reviewed(view, []).pipeline.compared()["sourced"]] == ["too few to tell (4 deals)"] * 3


def test_from_five_deals_on_a_class_stands_beside_direct_ones() -> None:
    view = world(deals(*closed("sourced", 10, 6), *closed("direct", 5, 5, start=50)))
    compared = reviewed(view, []).pipeline.compared()
    assert [(value(m), m.behind) for m in compared["sourced"]][::2] == [(Decimal("60.0"), 10), (Decimal("12.5"), 6)]
    assert [(value(m), m.behind) for m in compared["direct"]][::2] == [(Decimal("100.0"), 5), (Decimal("12.0"), 5)]


def test_a_deal_that_another_partner_earned_is_no_direct_one() -> None:
    rows = [*closed("direct", 5, 5), "1 influenced won 100 USD 2026-03-01T12:00:00Z 2026-03-11T12:00:00Z 1 fernway"]
    assert (
        reviewed(world(SECOND, deals(*rows)), []).pipeline.compared()["direct"][0].why_not
        == "too few to tell (4 deals)"
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], Decimal(0)),
        (["1 sourced open 9000 USD"], Decimal(0)),
        (["1 influenced won 9000 USD - 2026-08-01T00:00:00Z"], Decimal(0)),
        (["1 sourced won 2500 USD - 2026-08-01T00:00:00Z", "2 sourced won 500 USD - 2026-08-01T00:00:00Z"], Decimal(3)),
        (["1 sourced won - - - 2026-08-01T00:00:00Z"], "1 deal without an amount"),
        (
            ["1 sourced won 90 EUR - 2026-08-01T00:00:00Z 1.1"],
            "the deals come to 90.00 EUR, and no rate to USD is fixed",
        ),
    ],
    ids=["no deal", "open", "another class", "won", "no amount", "another currency"],
)
def test_the_return_is_sourced_won_amount_by_cost(rows: list[str], expected: Decimal | str) -> None:
    assert value(reviewed(world(SPENT, deals(*rows)), []).measure("roi")) == expected


@pytest.mark.parametrize(
    ("id", "tables", "expected"),
    [
        ("cost_per_accepted_lead", (SPENT, LEADS), Decimal(1000)),
        ("cost_per_accepted_lead", (SPENT,), "sales has accepted no lead so far (0 not decided)"),
        ("cost_per_accepted_lead", (LEADS,), "nothing is invoiced yet"),
        ("cost_per_sourced_deal", (SPENT, deals("1 sourced open 1 USD", "2 sourced lost 1 USD")), Decimal(500)),
        ("cost_per_sourced_deal", (SPENT, deals("1 assisted open 1 USD")), "no deal is sourced"),
    ],
)
def test_cost_by_lead_and_deal(id: str, tables: tuple[str, ...], expected: Decimal | str) -> None:
    assert value(reviewed(world(*tables), []).measure(id)) == expected


def test_costs_in_two_currencies_are_never_added() -> None:
    review = reviewed(world(spent(expense_currency="EUR", mdf_request_id="")), [])
    assert review.spend.cost == {"EUR": 250, "USD": 750}
    assert review.measure("roi").why_not == "the cost is in several currencies; each campaign has its own figure"


@pytest.mark.parametrize(
    ("rows", "ground", "expected"),
    [
        (["1 sourced open 300 USD", "2 sourced won 200 USD - 2026-08-01T00:00:00Z"], GROUND, Decimal(50)),
        (["1 sourced lost 300 USD - 2026-08-01T00:00:00Z"], GROUND, Decimal(0)),
        (["1 influenced open 300 USD"], GROUND, Decimal(0)),
        (["1 sourced open 300 EUR"], GROUND, "the deals come to 300.00 EUR, and no rate to USD is fixed"),
        (["1 sourced open 1 USD"], GROUND.replace("| 4 | 1000 |", "| 4 |  |"), "unknown: no target is stated for JC-1"),
    ],
)
def test_coverage_of_the_target(rows: list[str], ground: str, expected: Decimal | str) -> None:
    assert value(reviewed(world(deals(*rows), ground=ground), []).measure("coverage_sourced")) == expected


# ---------------------------------------------------------------- claims, and what is not settled


def test_where_a_claim_stands() -> None:
    [found] = reviewed(world(SPENT, claim())).claims.rows
    assert dict(found.amounts) == {"claimed": 375, "granted": 300, "refused": 75, "paid": 300, "clawed_back": 0}
    assert (found.days_to_decision, found.days_to_pay) == (10, 30)


def test_a_draft_has_claimed_nothing_and_belongs_to_no_quarter() -> None:
    view = world(SPENT, claim(**DRAFT))
    review = reviewed(view)
    assert not review.claims.totals
    assert review.claims.rows[0].drafted == 375
    assert reviewed(view, quarter="2026Q3").claims.unfiled == ("C1",)


def test_disputes_of_a_partner_are_those_in_which_it_stands_on_a_side() -> None:
    text = """
Decisions
decision_id | decision_type | joint_campaign_id | decision_state | raised_on  | decided_on | sides           | question
DC-1        | dispute       | JC-1              | open           | 2026-11-13 |            | cobalt, fernway | Whose?
DC-2        | dispute       | JC-1              | decided        | 2026-04-01 | 2026-04-09 | fernway         | And this?
DC-3        | budget        | JC-1              | open           | 2026-11-13 |            |                 | More?
"""
    view = world(SECOND, text)
    assert [d.decision_id for d in reviewed(view, []).disputes] == ["DC-1", "DC-2"]
    assert [d.decision_id for d in reviewed(view, [], partner="cobalt").disputes] == ["DC-1"]
    assert [d.decision_id for d in reviewed(view, [], quarter="2026Q2").disputes] == ["DC-2"]


def test_a_source_that_never_delivered_is_a_gap_and_a_fresh_one_is_none() -> None:
    late = SourceHealth(last_accepted_at=AS_OF, status="stale")
    review = reviewed(case(GROUND, health={"hubspot.calls": SourceHealth(), "hubspot.notes": late}), [])
    assert [(gap.source_id, gap.why) for gap in review.gaps] == [
        ("hubspot.calls", "never delivered"), ("hubspot.notes", "older than its window"),
    ]  # fmt: skip


def test_a_quarter_stands_beside_the_one_before() -> None:
    review = reviewed(world(deals("1 sourced open 1 USD 2026-05-01T12:00:00Z")), [], quarter="2026Q3")
    assert review.before is not None
    assert (review.before.asked.quarter, len(review.before.pipeline.deals)) == (Quarter(2026, 2), 1)


def test_a_partner_that_registered_nothing_for_90_days_is_not_active() -> None:
    text = """
Deal Registrations
registration_id | partner_id | joint_campaign_id | submitted_at
DR-1            | cobalt     | JC-1              | 2026-11-01T10:00:00Z
DR-2            | fernway    | JC-1              | 2026-08-01T10:00:00Z
"""
    review = reviewed(world(SECOND, text), [], quarter="2026Q3")
    assert (value(review.measure("partners_active")), review.registrations.submitted) == (Decimal(1), 1)
