"""The days of a plan: order, circles, slack, the critical path, and what moves when one piece is late."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdfsync.deliverables.order import in_order
from mdfsync.deliverables.schedule import Schedule, Task, critical_path, schedule, slips

TODAY = date(2026, 11, 20)


def day(n: int) -> date:
    return TODAY + timedelta(days=n)


def planned(text: str) -> Schedule:
    """A line for each piece: id, days from today of its start and its due date (– for none), what it waits for, and
    words: done, begun, handed_over, undated."""
    tasks = []
    for line in text.strip().splitlines():
        id, start, due, *rest = line.split()
        words = {word for word in rest if word in {"done", "begun", "handed_over", "undated"}}
        tasks.append(
            Task(
                id=id, today=TODAY, waits_for=tuple(word for word in rest if word not in words), closes=day(50),
                start=None if start == "–" else day(int(start)), due=None if due == "–" else day(int(due)),
                **dict.fromkeys(words, True),
            )
        )  # fmt: skip
    return schedule(tasks)


def expected(plan: Schedule) -> dict[str, int | None]:
    return {id: (piece.expected - TODAY).days if piece.expected else None for id, piece in plan.pieces.items()}


def slack(plan: Schedule) -> dict[str, int | None]:
    return {id: piece.slack for id, piece in plan.pieces.items()}


WEBINAR = """
page    -10  2   begun
webinar  14  14  page
lab      15  45  webinar
"""


def test_a_plan_in_time_is_expected_on_its_due_dates() -> None:
    assert expected(planned(WEBINAR)) == {"page": 2, "webinar": 14, "lab": 45}


def test_slack_ends_where_the_next_date_is_missed() -> None:
    plan = planned(WEBINAR)
    assert slack(plan) == {"page": 12, "webinar": 1, "lab": 5}
    assert {id: piece.meets for id, piece in plan.pieces.items()} == {"page": "webinar", "webinar": "lab", "lab": ""}


def test_what_slips_pushes_what_waits_by_as_many_days_as_it_has_no_room() -> None:
    plan = planned(WEBINAR)
    assert slips(plan, "page", 12) == {}
    assert slips(plan, "page", 14) == {"webinar": 2, "lab": 1}
    assert slips(plan, "lab", 14) == {}


def test_work_that_is_late_is_expected_today_and_work_not_begun_takes_its_days() -> None:
    plan = planned("ads -9 -2 begun\nreport -9 -2\nphoto – -2")
    assert expected(plan) == {"ads": 0, "photo": 0, "report": 7}
    assert {id: piece.late_by for id, piece in plan.pieces.items()} == {"ads": 2, "photo": 2, "report": 9}


def test_what_was_handed_over_only_waits_for_its_reviewer() -> None:
    assert expected(planned("dublin -6 -6 handed_over\nberlin 10 10 dublin")) == {"dublin": 0, "berlin": 10}


def test_what_is_done_holds_nobody_up() -> None:
    plan = planned("page -10 -8 done\nwebinar 3 4 page")
    assert (expected(plan)["webinar"], plan.pieces["page"].slack) == (4, None)


def test_slack_is_below_zero_when_a_date_is_missed_already() -> None:
    plan = planned("page – 9\nwebinar 3 4 page")
    assert slack(plan) == {"page": -6, "webinar": 40}
    assert plan.pieces["webinar"].late_by == 6


@pytest.mark.parametrize("first", ["first – 5 undated", "first – –", "first – 5 other"])
def test_nobody_guesses_a_day_for_what_waits_for_something_without_one(first: str) -> None:
    plan = planned(f"{first}\nthen 3 4 first\nother – –\nfree 3 4")
    assert expected(plan) == {"first": None, "free": 4, "other": None, "then": None}


def test_a_circle_is_told_whole_and_the_rest_is_planned() -> None:
    plan = planned("a 1 2 b\nb 1 2 c\nc 1 2 a\nd 1 2 a\nfree 3 4")
    assert plan.order.circles == (("a", "b", "c"),)
    assert expected(plan) == {"d": None, "free": 4, "a": None, "b": None, "c": None}


def test_circles_that_share_a_piece_are_one_and_a_piece_may_wait_for_itself() -> None:
    waits = {"a": ("b",), "b": ("a", "c"), "c": ("b",), "alone": ("alone",), "free": ()}
    found = in_order(waits)
    assert (found.circles, found.sequence) == ((("a", "b", "c"), ("alone",)), ("free",))


def test_the_critical_path_is_the_chain_of_the_least_slack() -> None:
    assert critical_path(planned(WEBINAR)) == ("page", "webinar", "lab")
    plan = planned(WEBINAR + "ads 1 20\nquick 3 3\nslow 5 40 quick")
    assert critical_path(plan) == ("page", "webinar", "lab")
    assert critical_path(plan, {"quick", "slow", "ads"}) == ("quick", "slow")


def test_of_two_that_are_equally_short_what_is_not_handed_over_is_the_one_to_watch() -> None:
    plan = planned("a -6 -6 handed_over\nz -6 -1 begun\nberlin 10 10 a z")
    assert critical_path(plan) == ("z", "berlin")


def test_a_plan_without_days_has_no_critical_path() -> None:
    assert critical_path(planned("a – –")) == ()


# ---------------------------------------------------------------- whatever the plan

IDS = tuple("abcdefgh")
DAYS = st.none() | st.integers(-30, 60)


@st.composite
def plans(draw: st.DrawFn, *, circles: bool = True) -> list[Task]:
    tasks = []
    for n, id in enumerate(IDS[: draw(st.integers(1, len(IDS)))]):
        others = IDS if circles else IDS[:n]
        start, due = draw(DAYS), draw(DAYS)
        tasks.append(
            Task(
                id=id, today=TODAY, closes=draw(st.none() | st.integers(0, 90).map(day)),
                waits_for=tuple(sorted(draw(st.sets(st.sampled_from(others), max_size=3)) if others else ())),
                start=None if start is None else day(start), due=None if due is None else day(due),
                done=draw(st.booleans()), begun=draw(st.booleans()), handed_over=draw(st.booleans()),
                undated=draw(st.sampled_from([False] * 5 + [True])),
            )
        )  # fmt: skip
    return tasks


def downstream(plan: Schedule, id: str) -> set[str]:
    found, front = {id}, [id]
    while front:
        at = front.pop()
        then = {k for k, piece in plan.pieces.items() if at in piece.task.waits_for} - found
        found |= then
        front += then
    return found


@given(plans())
def test_slack_is_below_zero_only_where_a_date_is_missed(tasks: list[Task]) -> None:
    plan = schedule(tasks)
    for id, piece in plan.pieces.items():
        if piece.slack is not None and piece.slack < 0:
            assert any(plan.pieces[other].late_by for other in downstream(plan, id))


@given(plans())
def test_the_least_slack_of_all_lies_on_the_critical_path_which_is_a_chain(tasks: list[Task]) -> None:
    plan = schedule(tasks)
    chain = critical_path(plan)
    known = [piece.slack for piece in plan.pieces.values() if piece.slack is not None]
    assert bool(chain) == bool(known)
    if chain:
        assert min(s for id in chain if (s := plan.pieces[id].slack) is not None) == min(known)
        assert all(first in plan.pieces[then].task.waits_for for first, then in pairwise(chain))


@given(plans(), st.randoms(use_true_random=False))
def test_the_order_in_which_pieces_are_given_changes_nothing(tasks: list[Task], chance: random.Random) -> None:
    mixed = list(tasks)
    chance.shuffle(mixed)
    assert schedule(mixed) == schedule(tasks)


@given(plans())
def test_every_piece_is_planned_or_in_a_circle_and_never_both(tasks: list[Task]) -> None:
    order = schedule(tasks).order
    knotted = [id for members in order.circles for id in members]
    assert sorted([*order.sequence, *knotted]) == sorted(task.id for task in tasks)
    place = {id: n for n, id in enumerate(order.sequence)}
    for task in tasks:
        assert all(place[first] < place[task.id] for first in task.waits_for if {first, task.id} <= place.keys())


@given(plans(circles=False))
def test_without_a_circle_none_is_told(tasks: list[Task]) -> None:
    assert schedule(tasks).order.circles == ()


@given(plans(circles=False), st.integers(1, 40))
def test_what_slips_within_its_slack_makes_nothing_else_late(tasks: list[Task], days: int) -> None:
    plan = schedule(tasks)
    for id, piece in plan.pieces.items():
        moved = slips(plan, id, days)
        assert set(moved) <= downstream(plan, id) - {id}
        assert all(0 < by <= days for by in moved.values())
        if piece.slack is not None and days <= piece.slack:
            late = {k for k, by in moved.items() if (p := plan.pieces[k]).expected and p.task.due
                    and p.expected + timedelta(days=by) > p.task.due}  # fmt: skip
            assert late == set()
