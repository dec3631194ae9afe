"""What holds of every review: the order of rows changes nothing, an overlap earns nothing, performance moves no money,
and quarters share no row."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from casebook import ROOT, rulebook
from hypothesis import given, settings
from hypothesis import strategies as st
from performance_lab import SPENT, claim, deals, world
from test_performance import CALLS, LEADS, SECOND

from mdfsync.documents.review_data import review_data
from mdfsync.performance.asked import Asked, Quarter
from mdfsync.performance.review import review_of
from mdfsync.pipeline_totals import CLASSES
from mdfsync.policy import Policy, load_policy
from mdfsync.rules import judge
from mdfsync.view import View

POLICY: Policy = load_policy(ROOT)
OVERLAP = """
Shared Accounts
shared_account_id | joint_campaign_id | partner_id | account_id | target_status
sa-1              | JC-1              | cobalt     | hs-co-77   | target
"""
OUTCOMES = ("open", "won", "lost")
few = settings(max_examples=25)
Row = tuple[str, str, int, str]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(CLASSES), st.sampled_from(OUTCOMES), st.integers(0, 5000), st.sampled_from(("USD", "EUR"))
    ),
    max_size=9,
)


def base(rows: list[Row], *more: str) -> View:
    lines = [
        f"{n + 1} {class_} {outcome} {amount} {currency} 2026-0{1 + n}-15T12:00:00Z "
        f"{'-' if outcome == 'open' else f'2026-0{1 + n}-25T12:00:00Z'} - {'fernway' if n % 3 else 'cobalt'}"
        for n, (class_, outcome, amount, currency) in enumerate(rows)
    ]
    return world(SECOND, SPENT, claim(), LEADS, CALLS, deals(*lines) if lines else "", *more)


def data(view: View, asked: Asked | None = None) -> dict[str, Any]:
    found = list(judge(view, rulebook()))
    return review_data(review_of(view, asked or Asked(), lambda _: found), (), POLICY)


@few
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[Row], chance: random.Random) -> None:
    view = base(rows)
    tables = {name: tuple(chance.sample(of, len(of))) for name, of in view.tables.items()}
    assert data(replace(view, tables=tables, memo={})) == data(view)


@few
@given(ROWS)
def test_an_overlap_earns_nothing(rows: list[Row]) -> None:
    without, with_ = data(base(rows)), data(base(rows, OVERLAP))
    assert {**with_, "data_quality": None} == {**without, "data_quality": None}


@few
@given(ROWS)
def test_no_deal_moves_any_money(rows: list[Row]) -> None:
    kept = ("spend", "claims", "deliverables")
    assert {name: data(base(rows))[name] for name in kept} == {name: data(base([]))[name] for name in kept}


@few
@given(ROWS)
def test_every_deal_is_in_one_class_of_a_partner_and_one_quarter(rows: list[Row]) -> None:
    view = base(rows)
    whole = [deal["attribution_id"] for deal in data(view)["deals"]]
    parts = [
        deal["attribution_id"] for n in (1, 2, 3, 4) for deal in data(view, Asked(quarter=Quarter(2026, n)))["deals"]
    ]
    assert sorted(parts) == sorted(whole)
    assert len(set(whole)) == len(whole)


@few
@given(ROWS)
def test_every_figure_has_a_value_or_says_why_not(rows: list[Row]) -> None:
    found = data(base(rows), Asked(partner="cobalt"))
    figures = [*found["figures"], *(figure for of in found["beside_direct"].values() for figure in of)]
    assert all((figure["value"] is None) == bool(figure["cannot_be_told"]) for figure in figures)
    assert all(figure["counts"] and figure["sources"] for figure in figures)
