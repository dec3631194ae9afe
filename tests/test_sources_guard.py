"""The guards on deliveries: empty, shrunken, late, unreadable; and the Sources row of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from core_lab import NOW, policy, raw, subject

from mdfsync.model import CutOff, SourcePull, fingerprint
from mdfsync.publish import Published
from mdfsync.sources import delivery_sha, guard, health, held_key, publish_sources
from mdfsync.values import instant_text

CUT_OFF = policy().rules["source_cut_off"]
DAY = timedelta(days=1)


def pull(gone: int = 0, rows: int = 0, complete: bool = True, **more: Any) -> SourcePull:
    return SourcePull(
        source_id="finance.expenses",
        rows=tuple(raw("finance.expenses", str(n), {}) for n in range(rows)),
        gone=tuple(f"g{n}" for n in range(gone)),
        complete=complete,
        **more,
    )


REMOVED = tuple(f"g{n}" for n in range(30))
GUARDED: list[tuple[str, SourcePull, int, list[int], str]] = [
    ("first load", pull(), 0, [], ""),
    ("nothing gone", pull(), 100, [100], ""),
    ("few gone", pull(gone=10), 100, [100], ""),
    ("many gone", pull(gone=30), 100, [100], "more than 15% are missing"),
    ("exactly the allowed share", pull(gone=15), 100, [100], ""),
    ("everything gone", pull(gone=100), 100, [100], "returned nothing"),
    ("everything gone from a small list", pull(gone=3), 3, [3], "returned nothing"),
    ("small lists may shrink", pull(gone=6), 12, [12], ""),
    ("a small list may not lose most of its rows", pull(gone=7), 12, [12], "more than 50% are missing"),
    ("two rows are no mass", pull(gone=2), 3, [3], ""),
    ("three of five are", pull(gone=3), 5, [5], "2 rows where 5 were usual"),
    ("a partial listing says nothing of size", pull(gone=90, complete=False), 100, [100], ""),
    ("slow shrinking is measured by the usual", pull(gone=5), 80, [100, 100, 100, 80, 80], "100 were usual"),
    (
        "what the source reports as removed is no gap",
        pull(gone=30, told=REMOVED),
        100,
        [100],
        "",
    ),
    (
        "one row missing beside them is",
        pull(gone=30, told=REMOVED[1:]),
        100,
        [100],
        "are missing",
    ),
    ("nothing missing where much was taken before", pull(), 70, [100], ""),
    ("the reader's own reason comes first", pull(held="cut off at 1000 rows"), 100, [100], "cut off at 1000 rows"),
    ("without history the known rows are usual", pull(gone=40), 100, [], "100 were usual"),
]


@pytest.mark.parametrize(("name", "delivery", "known", "accepted", "reason"), GUARDED, ids=[g[0] for g in GUARDED])
def test_a_delivery_is_held_as_a_whole(
    name: str, delivery: SourcePull, known: int, accepted: list[int], reason: str
) -> None:
    said = guard(delivery, known, accepted, CUT_OFF)
    assert (reason in said, bool(said)) == (True, bool(reason))


def test_a_delivery_is_named_by_what_it_says() -> None:
    one, other = pull(rows=2), pull(rows=3)
    assert delivery_sha(one) == delivery_sha(pull(rows=2)) != delivery_sha(other)


def test_a_waiver_releases_exactly_one_delivery() -> None:
    place = subject("Sources/finance.expenses")
    keys = {fingerprint("source_cut_off", place, held_key(delivery_sha(p))) for p in (pull(rows=2), pull(rows=3))}
    assert len(keys) == 2


AT = instant_text(NOW - 2 * DAY)
STANDING: list[tuple[dict[str, Any], SourcePull | None, timedelta, str]] = [
    ({}, None, DAY, "never"),
    ({"last_accepted_at": AT}, None, 3 * DAY, "fresh"),
    ({"last_accepted_at": AT}, None, DAY, "stale"),
    ({"last_accepted_at": AT}, None, timedelta(0), "fresh"),
    ({"last_accepted_at": AT}, pull(rows=1), DAY, "fresh"),
    ({"last_accepted_at": AT, "held_reason": "shrunk"}, None, DAY, "held"),
    ({"last_accepted_at": AT, "held_reason": "shrunk"}, pull(rows=1), DAY, "fresh"),
    ({"last_accepted_at": AT}, pull(held="shrunk"), DAY, "held"),
    ({}, pull(absent="scope missing"), DAY, "absent"),
    ({"absent_reason": "scope missing"}, None, DAY, "absent"),
]


@pytest.mark.parametrize(("status", "delivery", "window", "expected"), STANDING)
def test_how_a_source_stands(
    status: dict[str, Any], delivery: SourcePull | None, window: timedelta, expected: str
) -> None:
    assert health(status, [], delivery, window, True, NOW).status == expected


def test_a_held_delivery_does_not_move_the_last_accepted_time() -> None:
    found = health({"last_accepted_at": AT}, [], pull(held="shrunk"), DAY, True, NOW)
    assert found.last_accepted_at == NOW - 2 * DAY


ENDED = CutOff(file="overlaps.csv", rows=100, blob="f1")
REMEMBERED = {"last_accepted_at": AT, "cut_off": (ENDED,)}


@pytest.mark.parametrize(
    ("status", "delivery", "cut_off"),
    [
        ({}, pull(rows=100, cut_off=(ENDED,)), (ENDED,)),
        (REMEMBERED, None, (ENDED,)),
        (REMEMBERED, pull(held="shrunk"), (ENDED,)),
        (REMEMBERED, pull(absent="no file"), (ENDED,)),
        (REMEMBERED, pull(rows=120), ()),
    ],
)
def test_a_file_that_was_cut_off_is_remembered_until_a_delivery_is_used_that_was_not(
    status: dict[str, Any], delivery: SourcePull | None, cut_off: tuple[CutOff, ...]
) -> None:
    assert health(status, [], delivery, DAY, True, NOW).cut_off == cut_off


def cells(**standing: Any) -> dict[str, str]:
    """Cells of one Sources row."""
    out = Published()
    found = health(standing.get("status", {}), [], standing.get("pull"), DAY, True, standing.get("now", NOW))
    publish_sources(out, {"finance.expenses": found}, policy(), NOW)
    return {o.field: o.value for o in out.observations if o.subject.id == "finance.expenses"}


def test_every_register_source_has_its_row() -> None:
    out = Published()
    publish_sources(out, {}, policy(), NOW)
    assert {o.subject.id for o in out.observations} == set(policy().register.sources)


def test_an_uneventful_pull_moves_no_cell() -> None:
    assert cells(pull=pull(rows=1)) == cells(pull=pull(rows=5), now=NOW + timedelta(hours=5))


def test_a_held_source_says_why() -> None:
    assert cells(pull=pull(held="shrunk"))["status_reason"] == "shrunk"
