"""Builders for the tests of programmes: a small programme, a case that it likes, and verdicts in one line."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from mdfsync.programme import Programme, Verdict, judge_cases
from mdfsync.programme.rulebook import read_programme

HEAD = {
    "id": "small", "title": "Small programme", "version": "1", "valid_from": date(2026, 1, 1),
    "zone": "America/New_York", "currency": "USD",
}  # fmt: skip
CASE: dict[str, Any] = {
    "id": "E-1",
    "as_of": "2026-10-01",
    "partner": {"id": "pt-1", "tier": "gold"},
    "request": {"id": "R-1", "submitted_at": "2026-07-01T09:00:00Z", "approved_at": "2026-07-20T09:00:00Z"},
    "activity": {"type": "event", "starts": "2026-09-10", "ends": "2026-09-11"},
    "expense": {"net": "1000.00", "currency": "USD", "invoice_date": "2026-09-12", "type": "venue"},
    "evidence": [{"type": "photo", "brands": ["Us", "Them"]}],
}


def programme(**parts: Any) -> Programme:
    """A programme with these parts; `amount` is the expense's net unless said otherwise."""
    return read_programme({"programme": HEAD, "amount": {"of": "expense.net"}, **parts}, "small.toml")


def rule(must: str = "", **more: Any) -> dict[str, Any]:
    """One rule, called `it`."""
    given = {"must": must} if must else {}
    return {"id": "it", "clause": "§ 1", "says": "It must be so.", **given, **more}


def step(**more: Any) -> dict[str, Any]:
    """One step of the amount, called `it`."""
    return {"id": "it", "clause": "§ 2", "says": "Not more than this.", **more}


def case(**changes: Any) -> dict[str, Any]:
    """The case with attributes changed by path (`expense__net="5"`); None takes one out."""
    out = deepcopy(CASE)
    for path, value in changes.items():
        *holders, last = path.split("__")
        place = out
        for holder in holders:
            place = place.setdefault(holder, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return out


def judged(found: Programme, *cases: Mapping[str, Any]) -> list[Verdict]:
    return judge_cases(found, cases or [case()])


def told(verdict: Verdict) -> tuple[str, str, list[str]]:
    """(verdict, claimable, reasons as `rule:effect`)."""
    return verdict.verdict, str(verdict.claimable), [f"{r.rule}:{r.effect}" for r in verdict.reasons]


def amount(*steps: dict[str, Any], **more: Any) -> Programme:
    """A programme with these steps; those after the first are called by their place."""
    named = [one if n == 0 else {**one, "id": f"step-{n}"} for n, one in enumerate(steps)]
    return programme(amount={"of": "expense.net", "step": named, **more})


def results(found: Programme, *cases: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """(verdict, claimable) by id."""
    return {v.id: (v.verdict, str(v.claimable)) for v in judged(found, *cases)}
