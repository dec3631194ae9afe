"""The deliverable plan in its forms: its schema, its pictures, hostile names, spreadsheets, paper."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from casebook import ROOT
from jsonschema import Draft202012Validator
from pypdf import PdfReader
from test_rule_deliverables import DONE, piece, world

from mdfsync.documents.concluded import Concluded
from mdfsync.documents.deliverables import COLUMNS, deliverables_document, plan_table
from mdfsync.documents.paper import Figure, Grid, Paper
from mdfsync.documents.render import render
from mdfsync.documents.tables import csv_bytes
from mdfsync.policy import Policy, load_policy

SCHEMA = json.loads((ROOT / "schema" / "deliverables.schema.json").read_text(encoding="utf-8"))
HOSTILE = ("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "=HYPERLINK(1)", "| a | `b`", "[x](y)")


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT)


def document(policy: Policy, *pieces: str, slip: int = 14) -> Paper:
    view = world(*pieces)
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    return deliverables_document(Concluded(view=view, policy=policy, open=(), waived=()), campaign, slip=slip)


def faults(paper: Paper) -> list[str]:
    return [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(paper.data)]


def grids(paper: Paper) -> dict[str, Grid]:
    return {s.title: block for s in paper.sections for block in s.blocks if isinstance(block, Grid)}


def figures(paper: Paper) -> list[Figure]:
    return [block for section in paper.sections for block in section.blocks if isinstance(block, Figure)]


CHAIN = (
    piece("A", "2026-11-18"), piece("B", "2026-12-01", after="A"),
    piece("C", "2026-12-20", start="2026-12-03", after="B"), piece("D", **DONE), piece("E", state="cancelled"),
    piece("F", due=""),
)  # fmt: skip


@pytest.mark.parametrize(
    "pieces", [(), CHAIN, (piece("A", after="B"), piece("B", after="A"), piece("C"))], ids=["none", "chain", "circle"]
)
def test_the_data_keeps_its_schema(pieces: tuple[str, ...], policy: Policy) -> None:
    assert faults(document(policy, *pieces)) == []


def test_the_schema_refuses_what_it_does_not_know(policy: Policy) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    more: dict[str, Any] = {**document(policy).data, "progress": "80 %"}
    assert len(list(Draft202012Validator(SCHEMA).iter_errors(more))) == 1


def test_it_opens_with_money_at_risk_and_every_block_says_what_it_rests_on(policy: Policy) -> None:
    paper = document(policy, *CHAIN)
    assert (paper.sections[0].title, paper.data["money_at_risk"]) == ("Money at risk", [])
    assert all(grid.nature and grid.sources for grid in grids(paper).values())


def test_the_table_says_what_waits_what_is_expected_and_what_moves(policy: Policy) -> None:
    rows = {row[0]: row[1:] for row in grids(document(policy, *CHAIN))["What waits for what"].rows}
    assert rows == {
        "A": ("–", "B", "–", "20 November 2026", "11 days, then B is late (critical path)", "B: 3 days\nC: 1 day"),
        "B": ("A", "C", "A", "1 December 2026", "2 days, then C is late (critical path)", "C: 12 days"),
        "C": ("B", "–", "B", "20 December 2026", "11 days, then the campaign is over (critical path)", "–"),
        "D": ("–", "–", "–", "–", "–", "–"),
        "E": ("–", "–", "–", "–", "–", "–"),
        "F": ("–", "–", "–", "–", "cannot be told: it has no due date, or waits for something that has no day", "–"),
    }


def test_the_picture_shows_what_has_a_day_thirty_at_most_and_says_it_in_words(policy: Policy) -> None:
    many = [piece(f"P{n:02}", f"2026-12-{1 + n % 28:02}") for n in range(65)]
    drawn = figures(document(policy, *many))
    assert [len(f.chart["layer"][0]["data"]["values"]) for f in drawn] == [30, 30, 5]
    [chain] = figures(document(policy, *CHAIN))
    assert chain.says == (
        "A: 2026-11-18 to 2026-11-20, late. B: 2026-12-01 to 2026-12-01, blocked. "
        "D: 2026-11-01 to 2026-11-01, accepted. C: 2026-12-03 to 2026-12-20, blocked."
    )


def test_a_deliverable_of_another_campaign_is_named_with_it(policy: Policy) -> None:
    other = piece("X", joint_campaign_id="JC-2", deliverable_title="Their page")
    paper = document(policy, other, piece("B", after="X"))
    assert [row[1] for row in grids(paper)["What waits for what"].rows] == ["Their page (JC-2)"]
    assert [of["deliverable_id"] for of in paper.data["deliverables"]] == ["B"]


def test_a_name_that_means_something_to_a_page_or_a_spreadsheet_means_nothing(policy: Policy) -> None:
    pieces = [piece(f"H{n}", deliverable_title=title, after="H0" if n else "") for n, title in enumerate(HOSTILE)]
    paper = document(policy, *pieces)
    page = render(paper, "html").decode()
    assert "<script>alert" not in page and "<img src=x" not in page and "alert(1)" in page
    assert render(paper, "pdf").startswith(b"%PDF") and render(paper, "md")
    cells = [
        cell for row in csv.reader(io.StringIO(csv_bytes(*plan_table(paper.data)).decode("utf-8-sig"))) for cell in row
    ]
    assert "'=HYPERLINK(1)" in cells and "=HYPERLINK(1)" not in cells


def test_the_table_for_spreadsheets_has_a_line_for_each(policy: Policy) -> None:
    columns, rows = plan_table(document(policy, *CHAIN).data)
    assert columns == COLUMNS
    b = dict(zip(columns, next(row for row in rows if row[0] == "B"), strict=True))
    wanted = ("status", "waits_for", "blocks", "blocked_by", "slack_days", "slack_ends_at", "moves_if_it_slips")
    assert [b[name] for name in wanted] == ["blocked", "A", "C", "A", "2", "C", "C +12"]


def test_the_paper_can_be_searched_and_has_bookmarks(policy: Policy) -> None:
    pdf = PdfReader(io.BytesIO(render(document(policy, *CHAIN), "pdf")))
    marks = [str(mark.title) for mark in pdf.outline if not isinstance(mark, list)]
    assert [mark.split(". ", 1)[-1] for mark in marks][-4:] == [
        "Where it stands", "The plan over time", "Who owes what", "What waits for what",
    ]  # fmt: skip
    assert "then the campaign is over" in " ".join("".join(p.extract_text() for p in pdf.pages).split())
