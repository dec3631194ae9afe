"""GitLab's published MDF programme against cases worked by hand; `about` says how each amount comes about."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mdfsync.programme import judge_cases, load_programme

ROOT = Path(__file__).parents[1]
PROGRAMME = load_programme(ROOT / "schema" / "programmes" / "gitlab-mdf.toml")
CASES = json.loads((ROOT / "tests" / "programmes" / "gitlab-mdf.json").read_text("utf-8"), parse_float=Decimal)


@pytest.mark.parametrize("example", CASES, ids=[example["case"]["id"] for example in CASES])
def test_the_programme_says_what_was_worked_out_by_hand(example: dict[str, Any]) -> None:
    verdict = judge_cases(PROGRAMME, [example["case"]])[0]
    found = {
        "verdict": verdict.verdict,
        "claimable": str(verdict.claimable),
        "reasons": [f"{reason.rule}:{reason.effect}" for reason in verdict.reasons],
    }
    assert found == example["expect"], example["about"]
