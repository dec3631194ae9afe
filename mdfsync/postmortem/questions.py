"""Questions for the people who look back, each asked because the record says something that it cannot explain.

They are suggestions: nothing is answered here, and nobody is blamed. At most one for each kind of thing, with the rows
that raise it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mdfsync.postmortem.record import NO_CAUSE, Record

MOST = 12
"""Rows that a question names; the tables of the draft have all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`because` is what the record says, `rows` where it says it."""

    ask: str
    because: str
    rows: tuple[str, ...]


_OF_DEVIATIONS: tuple[tuple[str, str, str], ...] = (
    ("late", "What would have shown the delay earlier?", "late: {n}"),
    ("undone", "Is it still wanted, and who delivers it?", "not delivered: {n}"),
    ("not accepted", "Was the acceptance condition understood alike on both sides?", "not accepted: {n}"),
    ("short", "Was the target wrong, or the reach?", "short of the planned result: {n}"),
    ("not planned", "Why was it not in the plan, and who agreed to the cost?", "expenses not planned: {n}"),
    ("above plan", "Who agreed to the higher cost?", "expenses above plan: {n}"),
    ("let pass", "Should the rule change, or was it the exception?", "findings let pass: {n}"),
)
_OF_LOST: tuple[tuple[str, str, str], ...] = (
    ("refused by us", "Could it have been known before the money was spent?", "expenses refused by us: {n}"),
    ("held", "What frees each line, and is it worth the work before the last day?", "expenses held: {n}"),
    ("refused by the payer", "Does the programme say so, and did we read it?", "lines refused by the payer: {n}"),
    ("paid short", "Is the payer's reason right, and is an appeal open?", "lines paid short: {n}"),
    ("late", "Who kept the calendar, and what reminded them?", "claims filed late: {n}"),
    ("forfeited", "Why was the money not claimed?", "requests with money forfeited: {n}"),
)


def questions(found: Record) -> tuple[Question, ...]:
    """What the record suggests asking, in the order of its parts."""
    return tuple(_questions(found))


def _questions(found: Record) -> Iterator[Question]:
    for kind, ask, words in _OF_DEVIATIONS:
        yield from _ask(ask, words, [one.row for one in found.deviations if one.kind == kind])
    rows = [one.row for one in found.deviations if one.cause == NO_CAUSE]
    yield from _ask("What was the cause?", "deviations without a recorded cause: {n}", rows)
    for kind, ask, words in _OF_LOST:
        yield from _ask(ask, words, [one.row for one in found.lost if one.kind == kind])
    rows = [one.row for one in found.disputes if not one.ruling]
    yield from _ask("Who rules, by when, and on what evidence?", "disputes without a ruling: {n}", rows)


def _ask(ask: str, words: str, rows: list[str]) -> Iterator[Question]:
    if rows:
        distinct = tuple(dict.fromkeys(rows))
        yield Question(ask=ask, because=words.format(n=len(distinct)), rows=distinct[:MOST])
