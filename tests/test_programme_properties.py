"""What holds for every programme and every case: amounts, order, proof, days. Found by hypothesis, not by examples."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from programme_lab import HEAD, case, judged, programme, rule, step

from mdfsync.programme import Programme, judge_cases, load_programme
from mdfsync.programme.calendars import Calendar, Span

ROOT = Path(__file__).parents[1]
RANKS = {"ineligible": 0, "held": 1, "eligible": 2}
money = st.decimals(min_value=0, max_value=5000, places=2).map(str)
days = st.dates(date(2023, 1, 1), date(2029, 12, 31))
few = st.sampled_from(["a", "b", "c"])


@st.composite
def lines(draw: Any) -> list[dict[str, Any]]:
    """Up to ten expenses of two partners, some without approval, some of which the tax cannot be told."""
    out = []
    for n in range(draw(st.integers(1, 10))):
        day = draw(days).isoformat()
        out.append(
            case(
                id=f"{n}", expense__net=draw(money), partner__id=draw(few), activity__id=draw(few),
                activity__starts=day, activity__ends=day, expense__invoice_date=day, as_of="2030-01-01",
                claim__id=draw(few),
                request__approved_at="2020-01-01T00:00:00Z" if draw(st.booleans()) else None,
                expense__tax="0" if draw(st.integers(0, 5)) else None,
                expense__quantity=draw(st.integers(0, 9)),
            )
        )  # fmt: skip
    return out


APPROVED = {**rule("request.approved_at <= activity.starts"), "id": "approved"}
NO_TAX = {**step(exclude="expense.tax"), "id": "tax"}
HALF = {**step(share="50%"), "id": "half"}


def ruled(*steps: dict[str, Any], **more: Any) -> Programme:
    return programme(rule=[APPROVED], amount={"of": "expense.net", "step": [NO_TAX, HALF, *steps]}, **more)


@given(lines(), money)
def test_a_shared_ceiling_is_never_exceeded(cases: list[dict[str, Any]], cap: str) -> None:
    verdicts = judged(ruled(step(ceiling=cap, per=["partner.id"])), *cases)
    for partner in "abc":
        mine = [v for v, c in zip(verdicts, cases, strict=True) if c["partner"]["id"] == partner]
        assert sum(v.claimable for v in mine) <= Decimal(cap)
        assert sum(v.potential or 0 for v in mine) <= Decimal(cap)


@given(lines(), money)
def test_no_window_of_a_year_holds_more_than_its_ceiling(cases: list[dict[str, Any]], cap: str) -> None:
    found = ruled(step(ceiling=cap, per=["partner.id"], within="12 months", on="activity.starts"))
    paid = [
        (c["partner"]["id"], date.fromisoformat(c["activity"]["starts"]), v.claimable)
        for v, c in zip(judged(found, *cases), cases, strict=True)
    ]
    year = Span(1, "year")
    for partner, last, _ in paid:
        begins = found.calendar.later(last, year, -1)
        within = [amount for who, day, amount in paid if who == partner and begins < day <= last]
        assert sum(within) <= Decimal(cap)


@given(lines(), st.integers(0, 3))
def test_no_more_events_than_the_ceiling_are_paid(cases: list[dict[str, Any]], most: int) -> None:
    verdicts = judged(ruled(step(ceiling=str(most), of="activity.id", per=["partner.id"])), *cases)
    for partner in "abc":
        events = {
            c["activity"]["id"]
            for v, c in zip(verdicts, cases, strict=True)
            if c["partner"]["id"] == partner and v.verdict != "ineligible" and v.potential != 0
        }
        assert len(events) <= most or any(v.potential is None for v in verdicts)


@given(lines(), st.integers(0, 20))
def test_units_beyond_the_ceiling_are_not_paid(cases: list[dict[str, Any]], most: int) -> None:
    verdicts = judged(ruled(step(ceiling=str(most), of="expense.quantity", per=["partner.id"])), *cases)
    paid = [(c, v) for v, c in zip(verdicts, cases, strict=True) if v.verdict == "eligible"]
    for partner in "abc":
        own = [(c, v) for c, v in paid if c["partner"]["id"] == partner and c["expense"]["quantity"]]
        units = sum(
            Decimal(c["expense"]["quantity"]) * v.claimable / (Decimal(c["expense"]["net"]) / 2) for c, v in own
        )
        # an amount is rounded to the cent, so its units are as exact as that
        slack = sum(Decimal(c["expense"]["quantity"]) / (Decimal(c["expense"]["net"]) * 50) for c, _ in own)
        assert units <= most + slack


@given(lines(), money, st.sampled_from(["held", "ineligible"]))
def test_a_minimum_together_is_reached_or_nothing_is_paid(
    cases: list[dict[str, Any]], least: str, otherwise: str
) -> None:
    found = ruled(step(minimum=least, per=["claim.id"], otherwise=otherwise))
    verdicts = judged(found, *cases)
    for claim in "abc":
        paid = [
            v for v, c in zip(verdicts, cases, strict=True) if c["claim"]["id"] == claim and v.verdict == "eligible"
        ]
        assert not paid or sum(v.claimable for v in paid) >= Decimal(least) - Decimal("0.01") * len(paid)


EVERYTHING = ruled(
    step(ceiling="3000", per=["partner.id", 'period("quarter", activity.ends)']),
    {**step(ceiling=2, of="activity.id", per=["partner.id"], within="24 months", on="activity.starts"), "id": "events"},
    {**step(ceiling="2000", per=["claim.id"]), "id": "claim"},
    {**step(minimum="500", per=["claim.id"]), "id": "least"},
    evidence=[
        {"id": "photo", "clause": "§ 5", "says": "A photo.", "all_of": [{"type": "photo"}], "per": ["activity.id"]}
    ],
)


@given(lines(), st.randoms(use_true_random=False))
def test_the_order_in_which_cases_are_handed_in_changes_nothing(
    cases: list[dict[str, Any]], dice: random.Random
) -> None:
    verdicts = judged(EVERYTHING, *cases)
    shuffled = cases[:]
    dice.shuffle(shuffled)
    again = {v.id: v for v in judged(EVERYTHING, *shuffled)}
    assert [again[v.id] for v in verdicts] == verdicts


@given(lines())
def test_what_is_claimable_is_nothing_unless_eligible_and_never_more_than_the_cost(cases: list[dict[str, Any]]) -> None:
    for verdict, one in zip(judged(EVERYTHING, *cases), cases, strict=True):
        assert verdict.claimable >= 0
        assert verdict.claimable <= Decimal(one["expense"]["net"])
        assert verdict.verdict == "eligible" or verdict.claimable == 0
        assert verdict.verdict != "eligible" or verdict.claimable > 0


@given(st.lists(money, min_size=1, max_size=8), st.sampled_from(["1", "0.5", "0.25"]))
def test_a_total_is_the_sum_of_its_lines(nets: list[str], share: str) -> None:
    """Lines of one expense counted together come to what they come to one by one, but for the rounding of each."""
    one = programme(amount={"of": "sum(expense.lines.net)", "step": [step(share=share)]})
    each = programme(amount={"of": "expense.net", "step": [step(share=share)]})
    [together] = judged(one, case(expense__lines=[{"net": net} for net in nets]))
    apart = sum(v.claimable for v in judged(each, *[case(id=f"{n}", expense__net=net) for n, net in enumerate(nets)]))
    assert abs(together.claimable - apart) <= Decimal("0.005") * (len(nets) + 1)


SHIPPED = [
    "gitlab-mdf",
    "cost-share-susta",
    "tiered-allocation",
    "dealer-coop-comp4x4",
    "findlay-cvb-grants",
    "usda-map-claims",
]


def worked(name: str) -> tuple[Programme, list[dict[str, Any]]]:
    """A shipped programme and its hand-worked single cases."""
    entries = json.loads((ROOT / "tests" / "programmes" / f"{name}.json").read_text("utf-8"), parse_float=Decimal)
    return load_programme(ROOT / "schema" / "programmes" / f"{name}.toml"), [e["case"] for e in entries if "case" in e]


def _paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict):
        return [above]
    return [path for key, inner in value.items() if key not in {"id", "as_of"} for path in _paths(inner, (*above, key))]


@pytest.mark.parametrize("name", SHIPPED)
def test_leaving_a_fact_out_never_turns_a_refusal_or_a_hold_into_a_payment_of_more(name: str) -> None:
    """Unknown counts neither as false nor as nothing: a case that was not paid is not paid for saying less, unless what
    it left out is something of which the programme says what its absence means (`default`, `given`; no currency is the
    programme's)."""
    found, cases = worked(name)
    text = _text(name)
    spoken_of = {
        n for n in found.attributes if f"default({n}" in text or f"given({n}" in text or n.endswith("currency")
    }
    for one in cases:
        [before] = judge_cases(found, [one])
        for path in _paths(one):
            dotted = ".".join(path)
            if dotted in spoken_of or path[0] in {"decisions", "prior_use", "payments", "reimbursements"}:
                continue
            less = deepcopy(one)
            holder = less
            for part in path[:-1]:
                holder = holder[part]
            del holder[path[-1]]
            [after] = judge_cases(found, [less])
            if before.verdict != "eligible":
                assert after.verdict != "eligible", dotted


def _text(name: str) -> str:
    return (ROOT / "schema" / "programmes" / f"{name}.toml").read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_more_proof_that_conforms_never_makes_a_verdict_worse(name: str) -> None:
    found, cases = worked(name)
    files = {repr(f): f for one in cases for f in one.get("evidence") or [] if _conforms(found, one)}
    for one in cases:
        [before] = judge_cases(found, [one])
        for file in files.values():
            if file["type"] in {"receipt", "zero-balance invoice"} and name == "cost-share-susta":
                continue  # these two open a question instead of closing one
            more = {**one, "evidence": [*(one.get("evidence") or []), file]}
            [after] = judge_cases(found, [more])
            assert RANKS[after.verdict] >= RANKS[before.verdict], (one["id"], file)


def _conforms(found: Programme, one: dict[str, Any]) -> bool:
    [verdict] = judge_cases(found, [one])
    return verdict.verdict == "eligible"


@given(st.sampled_from(["we_claim", "we_reimburse"]), lines())
def test_both_directions_judge_alike(direction: str, cases: list[dict[str, Any]]) -> None:
    one_way = programme(programme={**HEAD, "direction": direction}, rule=[APPROVED])
    both = programme(rule=[APPROVED])
    asked = [{**c, "direction": direction} for c in cases]
    assert [v.verdict for v in judged(one_way, *asked)] == [v.verdict for v in judged(both, *cases)]


ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "UTC"]


@given(st.sampled_from(ZONES), days, st.integers(-400, 400), st.times(), st.sampled_from(["day", "week", "month"]))
def test_an_instant_keeps_its_time_of_day(zone: str, day: date, count: int, time: Any, unit: Any) -> None:
    calendar = Calendar(ZoneInfo(zone))
    moment = datetime.combine(day, time.replace(microsecond=0, fold=0), ZoneInfo(zone))
    assume(moment.astimezone(UTC).astimezone(ZoneInfo(zone)) == moment)
    moved = calendar.later(moment, Span(abs(count), unit), 1 if count >= 0 else -1)
    assert isinstance(moved, datetime)
    here = moved.astimezone(ZoneInfo(zone))
    gap = abs((here.replace(tzinfo=None) - datetime.combine(here.date(), moment.time())).total_seconds())
    assert gap <= 3600  # none but for an hour that the clocks leave out
    same_day = calendar.local(calendar.later(day, Span(abs(count), unit), 1 if count >= 0 else -1))
    assert calendar.local(moved) - same_day in {timedelta(0), timedelta(days=1)}


@given(days, st.integers(1, 12), st.sampled_from(["month", "quarter", "half", "year", "week", "calendar quarter"]))
def test_every_day_lies_in_one_period_and_periods_follow_each_other(day: date, begins: int, length: str) -> None:
    calendar = Calendar(ZoneInfo("UTC"), fiscal_start=begins)
    first, last = calendar.first_of(length, day), calendar.last_of(length, day)
    assert first <= day <= last
    assert calendar.first_of(length, last) == first
    assert calendar.first_of(length, last + timedelta(days=1)) == last + timedelta(days=1)


@given(days, st.integers(0, 60))
def test_business_days_there_and_back(day: date, count: int) -> None:
    calendar = Calendar(ZoneInfo("UTC"), holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
    later = calendar.later(day, Span(count, "business day"))
    assert calendar.business_days(day, later) == count
    assert calendar.works(calendar.next_business_day(day))


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "type", "amount", "net", "starts", "ends", "currency", "rate", "lines", "rule", "at",
                         "state", "purpose", "replaces", "ceiling", "outcome", "kind", "date", "expires"]),
        inner, max_size=4),
    max_leaves=8,
), st.sampled_from(["partner", "request", "activity", "expense", "evidence", "claim", "payments", "prior_use",
                    "decisions", "reimbursements", "fund", "agreement"]))  # fmt: skip
def test_a_case_of_rubbish_is_judged_without_a_fault(rubbish: Any, place: str) -> None:
    for found in (load_template(), EVERYTHING):
        verdict = judged(found, case(**{place: rubbish}))[0]
        assert verdict.verdict in RANKS
        verdict.as_json()


_TEMPLATE: list[Programme] = []


def load_template() -> Programme:
    if not _TEMPLATE:
        _TEMPLATE.append(load_programme(ROOT / "schema" / "programmes" / "template.toml"))
    return _TEMPLATE[0]
