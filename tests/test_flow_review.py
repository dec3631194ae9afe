"""The review end to end on the embedded world: by campaign, partner, quarter and programme, in every form, and nothing
is written.

`GOLDEN=write python -m pytest -n0 tests/test_flow_review.py` writes the golden files anew; read the difference before
it is kept.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from casebook import ROOT
from flow_lab import Lab
from jsonschema import Draft202012Validator
from pypdf import PdfReader

SCHEMA = json.loads((ROOT / "schema" / "review.schema.json").read_text(encoding="utf-8"))
GOLDEN = Path(__file__).parent / "golden"
QUARTER = ("--partner", "pt-fernway", "--quarter", "2026Q4")


def told(lab: Lab, *arguments: str) -> dict[str, Any]:
    done = lab.mdfsync("review", *arguments, "--format", "json", "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    assert not [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document)]
    return document


def figure(document: dict[str, Any], id: str) -> str:
    found = next(of for of in document["figures"] if of["id"] == id)
    return str(found["value"] or found["cannot_be_told"])


@pytest.mark.parametrize(
    ("name", "arguments"), [("review-JC-1041", ("JC-1041",)), ("review-pt-fernway-2026Q4", QUARTER)]
)
def test_the_data_is_as_it_was_reviewed(fresh: Lab, name: str, arguments: tuple[str, ...]) -> None:
    made = {key: of for key, of in told(fresh, *arguments).items() if key not in {"policy", "files"}}
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert made == json.loads(golden.read_text(encoding="utf-8"))


def test_every_view_of_the_world_keeps_its_schema_and_writes_nothing(fresh: Lab) -> None:
    mark = fresh.mark()
    campaigns = sorted(row["fields"]["joint_campaign_id"] for row in fresh.rows("Campaigns"))
    for campaign in campaigns:
        assert told(fresh, campaign)["joint_campaign_ids"] == [campaign]
    whole = told(fresh)
    assert [of["joint_campaign_id"] for of in whole["by_campaign"]] == campaigns
    assert told(fresh, "--programme", "northlight-mdf")["joint_campaign_ids"] == ["JC-1042", "JC-1043"]
    assert not fresh.writes(mark) and not fresh.writes(mark, by_worker=False)


def test_a_deal_of_two_partners_is_one_deal_of_the_whole(fresh: Lab) -> None:
    whole = told(fresh)
    [direct] = [of for of in whole["classes"] if of["class"] == "direct"]
    assert direct["over_the_partners"]["deals"] == direct["distinct"]["deals"] + 1, "Larkspur is tried for two partners"
    assert "several currencies" in figure(whole, "roi")


def test_quarters_share_nothing_and_leave_nothing_out(fresh: Lab) -> None:
    quarters = [told(fresh, "JC-1040", "--quarter", quarter) for quarter in ("2026Q1", "2026Q2", "2026Q3", "2026Q4")]
    parts = [deal["attribution_id"] for of in quarters for deal in of["deals"]]
    assert sorted(parts) == sorted(deal["attribution_id"] for deal in told(fresh, "JC-1040")["deals"])
    assert [of["days_to_pay"] for q in quarters for of in q["claims"]["claims"]] == [28]


def test_the_files_and_the_pdf_with_its_bookmarks(fresh: Lab) -> None:
    out = fresh.home / "mine"
    forms = [word for form in ("html", "pdf", "md") for word in ("--format", form)]
    done = fresh.mdfsync("review", *QUARTER, *forms, "--out", str(out))
    assert done.code == 0, done.err
    assert sorted(file.name for file in out.iterdir()) == [
        f"review-pt-fernway-2026Q4.{form}" for form in ("html", "md", "pdf")
    ]
    pdf = PdfReader(io.BytesIO((out / "review-pt-fernway-2026Q4.pdf").read_bytes()))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert "Money and performance stand apart." in text
    assert "2026Q4 beside 2026Q3" in text
    titles = [str(of.title) for of in pdf.outline if not isinstance(of, list)]
    assert [title for title in titles if "Money at risk" in title or "spend against plan" in title]


def test_what_cannot_be_reviewed_is_said_in_a_line(fresh: Lab) -> None:
    wrong = {
        ("JC-9999",): "no joint campaign 'JC-9999'",
        ("JC-1041", "--partner", "pt-ostrea-pay"): "'pt-ostrea-pay' takes no part in JC-1041; there are pt-fernway",
        ("--partner", "nobody"): "'nobody' takes no part in any campaign",
        ("--quarter", "2026Q7"): "'2026Q7' is no quarter; write it like 2026Q3",
        ("--programme", "none-such"): "no campaign runs under the programme 'none-such'",
    }
    done = {arguments: fresh.mdfsync("review", *arguments) for arguments in wrong}
    assert {arguments: of.code for arguments, of in done.items()} == dict.fromkeys(wrong, 2)
    assert [arguments for arguments, says in wrong.items() if says not in done[arguments].err] == []
