"""Ceilings on counts and over rolling windows, minimums that cases reach together, bonuses and rounding."""

from __future__ import annotations

from typing import Any

import pytest
from programme_lab import amount, case, judged, programme, results, rule, step, told

# Counting


def shows(ids: str, **more: Any) -> list[dict[str, Any]]:
    return [case(id=f"{n}", activity__id=id, **more) for n, id in enumerate(ids)]


THREE_EVENTS = amount(step(ceiling="2", of="activity.id", per=["partner.id", 'period("quarter", activity.ends)']))


def test_a_ceiling_on_different_events_lets_every_line_of_the_first_two_pass() -> None:
    found = results(THREE_EVENTS, *shows("aabca"))
    assert [found[n][0] for n in "01234"] == ["eligible", "eligible", "eligible", "ineligible", "eligible"]


def test_an_event_that_is_held_keeps_its_place() -> None:
    ruled = programme(
        rule=[{**rule("request.approved_at <= activity.starts"), "id": "approved"}],
        amount={"of": "expense.net", "step": [step(ceiling="1", of="activity.id", per=["partner.id"])]},
    )
    held = case(id="1", activity__id="a", request__approved_at=None)
    found = results(ruled, held, case(id="2", activity__id="b"))
    assert found == {"1": ("held", "0.00"), "2": ("held", "0.00")}


def test_of_the_persons_on_a_line_those_within_the_ceiling_are_paid() -> None:
    found = amount(step(ceiling=2, of="expense.persons", per=["activity.type"]))
    [verdict] = judged(found, case(expense__persons=["ann", "bo", "cy"], expense__net="900"))
    assert told(verdict) == ("eligible", "600.00", ["it:reduced"])
    earlier = [{"amount": "0", "expense": {"persons": ["ann", "dee"]}}]
    [verdict] = judged(found, case(expense__persons=["ann", "bo"], expense__net="900", prior_use=earlier))
    assert told(verdict) == ("eligible", "450.00", ["it:reduced"])


def test_a_ceiling_on_units_pays_their_part() -> None:
    found = amount(step(ceiling="100", of="expense.quantity", per=["partner.id"]))
    lines = [case(id=f"{n}", expense__quantity=q, expense__net="600") for n, q in enumerate((60, 60, 10))]
    assert results(found, *lines) == {
        "0": ("eligible", "600.00"), "1": ("eligible", "400.00"), "2": ("ineligible", "0.00"),
    }  # fmt: skip


def test_five_thousand_a_person_for_three_persons_and_twelve_thousand_in_all() -> None:
    half = 'period("half", activity.ends)'
    found = amount(
        step(ceiling="5_000", per=["expense.person", half]),
        step(ceiling="3", of="expense.person", per=["partner.id", half]),
        step(ceiling="12_000", per=["partner.id", half]),
    )
    trips = [("ann", "4000"), ("ann", "4000"), ("bo", "4500"), ("cy", "4000"), ("dee", "100")]
    cases = [case(id=f"{n}", expense__person=who, expense__net=net) for n, (who, net) in enumerate(trips)]
    assert [v for v, _ in results(found, *cases).values()] == ["eligible"] * 4 + ["ineligible"]
    assert [a for _, a in results(found, *cases).values()] == ["4000.00", "1000.00", "4500.00", "2500.00", "0.00"]


# Rolling windows

YEARLY = amount(step(ceiling="1000", per=["partner.id"], within="12 months", on="activity.starts"))


@pytest.mark.parametrize(
    ("days", "paid"),
    [
        (["2025-10-01", "2026-10-01"], ["600.00", "600.00"]),  # a year apart: the first has left the window
        (["2025-10-02", "2026-10-01"], ["600.00", "400.00"]),
        (["2024-02-29", "2025-02-28"], ["600.00", "400.00"]),
        (["2024-02-28", "2025-02-28"], ["600.00", "600.00"]),
        (["2025-01-01", "2025-09-01", "2026-03-01"], ["600.00", "400.00", "600.00"]),
        (["2026-03-01", "2025-09-01", "2025-01-01"], ["600.00", "400.00", "600.00"]),  # whatever the order of invoices
    ],
)
def test_a_ceiling_within_twelve_months(days: list[str], paid: list[str]) -> None:
    cases = [case(id=f"{n}", activity__starts=day, expense__net="600") for n, day in enumerate(days)]
    assert [a for _, a in results(YEARLY, *cases).values()] == paid


def test_prior_use_counts_within_its_window_by_its_date() -> None:
    entries = [{"amount": "700", "date": "2025-09-09"}, {"amount": "250", "date": "2026-01-05"}]
    [verdict] = judged(YEARLY, case(prior_use=entries))
    assert told(verdict)[:2] == ("eligible", "750.00")


def test_an_entry_of_prior_use_counts_in_the_period_of_its_date() -> None:
    quarterly = amount(step(ceiling="1000", per=["partner.id", 'period("quarter", activity.ends)']))
    entries = [{"amount": "700", "date": "2026-04-09"}, {"amount": "250", "date": "2026-07-05"}]
    assert told(judged(quarterly, case(prior_use=entries))[0])[:2] == ("eligible", "750.00")


def test_events_within_twelve_months() -> None:
    found = amount(step(ceiling=1, of="activity.id", per=["partner.id"], within="12 months", on="activity.starts"))
    starts = {"a": "2025-01-10", "b": "2025-12-01", "c": "2026-01-10"}
    cases = [case(id=i, activity__id=i, activity__starts=s, expense__invoice_date=s) for i, s in starts.items()]
    assert [v for v, _ in results(found, *cases).values()] == ["eligible", "ineligible", "eligible"]


# Minimums, bonuses, rounding


def claim(id: str, net: str, **more: Any) -> dict[str, Any]:
    return case(id=id, claim__id="C-1", expense__net=net, **more)


LEAST = amount(step(minimum="1000", per=["claim.id"], otherwise="held", when="not default(claim.final, false)"))


@pytest.mark.parametrize(
    ("nets", "more", "expected"),
    [
        (["600", "400"], {}, ["eligible", "eligible"]),
        (["600", "399.99"], {}, ["held", "held"]),
        (["600", "100"], {"claim__final": True}, ["eligible", "eligible"]),
    ],
)
def test_a_claim_below_the_minimum_waits_unless_it_is_the_last(
    nets: list[str], more: dict[str, Any], expected: list[str]
) -> None:
    verdicts = judged(LEAST, *[claim(f"{n}", net, **more) for n, net in enumerate(nets)])
    assert [v.verdict for v in verdicts] == expected


def test_what_a_refused_claim_would_have_taken_is_left_for_others() -> None:
    found = amount(step(ceiling="1000", per=["partner.id"]), step(minimum="800", per=["claim.id"]))
    small = case(id="1", claim__id="C-1", expense__net="500")
    large = case(id="2", claim__id="C-2", expense__net="900")
    assert results(found, small, large) == {"1": ("ineligible", "0.00"), "2": ("eligible", "900.00")}


def test_a_minimum_that_held_lines_may_still_reach_holds_the_others() -> None:
    steps = [{**step(exclude="expense.tax"), "id": "tax"}, step(minimum="1000", per=["claim.id"])]
    found = programme(amount={"of": "expense.net", "step": steps})
    cases = [claim("1", "600", expense__tax="0"), claim("2", "600")]
    assert [v.verdict for v in judged(found, *cases)] == ["held", "held"]


def test_a_bonus_is_added_and_a_later_ceiling_holds() -> None:
    found = amount(step(share="50%"), step(add="10% * so_far", when="activity.attendees >= 50"), step(ceiling="540"))
    [verdict] = judged(found, case(activity__attendees=60))
    assert told(verdict) == ("eligible", "540.00", ["it:reduced", "step-1:added", "step-2:reduced"])


def test_agency_fees_count_up_to_a_part_of_the_rest() -> None:
    """300 of fees, at most 15 % of the other 700: 105 count, 195 do not."""
    found = amount(step(exclude="largest(expense.tax - 15% * (cost - expense.tax), 0)"))
    assert told(judged(found, case(expense__tax="300"))[0])[:2] == ("eligible", "805.00")


@pytest.mark.parametrize("rounding", [{"rounding": "down"}, {"rounding": "down", "round_to": 1}, {"rounding": "up"}])
def test_what_dividing_leaves_behind_is_not_rounded(rounding: dict[str, Any]) -> None:
    """100 / 3 * 3 comes to 99.99…9 in any reckoning with decimals."""
    found = programme(amount={"of": "expense.net / 3 * 3", **rounding})
    assert str(judged(found, case(expense__net="100"))[0].claimable) == "100.00"


def test_no_amount_is_told_with_more_digits_than_anybody_reads() -> None:
    [reason] = judged(amount(step(share="1 / 3")), case())[0].reasons
    assert (reason.values["share"], reason.values["after"], str(reason.amount)) == (
        "0.333333",
        "333.333333",
        "666.666667",
    )


@pytest.mark.parametrize(
    ("rounding", "net", "claimable"),
    [
        ({}, "10.005", "10.01"),
        ({"rounding": "half even"}, "10.005", "10.00"),
        ({"rounding": "down"}, "10.009", "10.00"),
        ({"rounding": "up"}, "10.001", "10.01"),
        ({"rounding": "down", "round_to": "1"}, "10.99", "10.00"),
        ({"round_to": "0.05"}, "10.03", "10.05"),
        ({"round_to": 50}, "1274.99", "1250.00"),
    ],
)
def test_rounding_as_the_programme_says(rounding: dict[str, Any], net: str, claimable: str) -> None:
    found = programme(amount={"of": "expense.net", **rounding})
    assert str(judged(found, case(expense__net=net))[0].claimable) == claimable
