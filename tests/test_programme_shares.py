"""The shipped cost-share and tier programmes against cases worked out by hand; `about` says how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mdfsync.programme import judge_cases, load_programme

CASES = Path(__file__).parent / "programmes"
PROGRAMMES = Path(__file__).parent.parent / "schema" / "programmes"
WORKED = [
    pytest.param(name, entry, id=f"{name}-{n}: {entry['about'][:60]}")
    for name in (
        "cost-share-susta",
        "tiered-allocation",
        "dealer-coop-comp4x4",
        "findlay-cvb-grants",
        "usda-map-claims",
    )
    for n, entry in enumerate(json.loads((CASES / f"{name}.json").read_text("utf-8")), 1)
]


@pytest.mark.parametrize(("name", "entry"), WORKED)
def test_worked_case(name: str, entry: dict[str, Any]) -> None:
    programme = load_programme(PROGRAMMES / f"{name}.toml")
    cases = entry.get("cases") or [entry["case"]]
    expected = entry["expect"] if "cases" in entry else [entry["expect"]]
    said = [
        {
            "verdict": verdict.verdict,
            "claimable": str(verdict.claimable),
            "potential": None if verdict.potential is None else str(verdict.potential),
            "reasons": [f"{reason.rule}:{reason.effect}" for reason in verdict.reasons],
        }
        for verdict in judge_cases(programme, cases)
    ]
    assert [{key: one[key] for key in want} for one, want in zip(said, expected, strict=True)] == expected
