"""The control brief: the most urgent first, nothing told twice, lines that add up to the ledger, every block with its
nature and its ground; and a version for a partner that holds nothing of anybody else."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from brief_lab import brief_of, campaign, concluded_of, series
from casebook import ROOT
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from mdfsync.documents.audience import audience_of
from mdfsync.documents.brief import brief_document
from mdfsync.documents.brief_budget import budget_of, budget_section
from mdfsync.documents.paper import Grid
from mdfsync.documents.render import render
from mdfsync.ledger import book_of
from mdfsync.model import Subject
from mdfsync.values import in_sight
from mdfsync.view import SourceHealth, View

SCHEMA = json.loads((ROOT / "schema" / "brief.schema.json").read_text(encoding="utf-8"))
HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "#panic() $a$ *b* `c`", "{{ 7 * 7 }}",
    '" onmouseover="alert(1)', "[x](javascript:alert(1))", "=HYPERLINK(1)", "\u202egnp.exe", "x" * 400,
)  # fmt: skip


def data(view: View, partner: str = "") -> Any:
    return brief_of(view, partner).data


def tasks(view: View, **wanted: str) -> list[Any]:
    said = data(view)["decisions_needed"]
    return [task for task in said if all(task[name] == value for name, value in wanted.items())]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


# ---------------------------------------------------------------- what to do


def test_the_first_page_says_what_to_do_today_and_money_comes_first() -> None:
    paper = brief_of(series())
    assert paper.notices[0].text.startswith("To do today (")
    assert "Due: Invitations (rhea@cobaltharbor.example, overdue since 18 November 2026)" in paper.notices[0].text
    assert [section.title for section in paper.sections[:3]] == [
        "Money at risk", "Decisions needed", "Approved and not approved",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "source", "who", "until", "urgency"),
    [
        ("approval", "AP-1", "ines@northlight.example", "2026-11-20", "today"),
        ("ruling", "DC-1", "dana@northlight.example", "2026-11-24", "week"),
        ("proposal", "ac-1", "lee@northlight.example", "2026-11-27", "week"),
        ("proposal", "ch-2", "lee@northlight.example", None, "undated"),
        ("deadline", "D1", "rhea@cobaltharbor.example", "2026-11-18", "today"),
        ("deadline", "JC-1", "sam@northlight.example", "2026-11-26", "week"),
    ],
)
def test_each_task_says_who_until_when_and_what_asks_for_it(
    kind: str, source: str, who: str, until: str | None, urgency: str
) -> None:
    (task,) = (t for t in tasks(series(), kind=kind) if t["source_ids"][0] == source)
    assert (task["who"], task["until"], task["urgency"]) == (who, until, urgency)


def test_a_proposal_that_stands_in_a_set_is_decided_in_the_set() -> None:
    said = [task["source_ids"] for task in tasks(series(), kind="proposal")]
    assert said == [["ac-1", "ch-1"], ["ch-2"]]


@pytest.mark.parametrize(("state", "asked"), [("pending", 0), ("applied", 1)])
def test_an_exception_that_stands_in_the_queue_as_a_proposal_is_decided_there(state: str, asked: int) -> None:
    drift = f"""
Change History
change_id | table        | record | field          | kind  | joint_campaign_id | state
ch-9      | Deliverables | D2     | planned_result | drift | JC-1              | {state}
"""
    view = series(drift)
    c = concluded_of(view)
    changed = replace(
        c.open[0], owner="lee@northlight.example", campaign="JC-1", row_id="exc-9",
        finding=replace(
            c.open[0].finding, rule_id="person_changed_cell", kind="exception",
            subject=Subject(table="Deliverables", id="D2"), blocks=(),
        ),
    )  # fmt: skip
    paper = brief_document(replace(c, open=(changed,)), campaign(view))
    said = [task for task in paper.data["decisions_needed"] if task["source_ids"] == ["exc-9"]]
    assert (len(said), len(paper.data["open"])) == (asked, 1)


def test_a_finding_that_speaks_of_an_overdue_day_is_for_today() -> None:
    c = concluded_of(series())
    held = next(one for one in c.open if one.finding.kind == "hold")
    late = replace(
        held.finding, rule_id="deliverable_late", kind="exception", subject=Subject(table="Deliverables", id="D1")
    )
    one = replace(held, finding=late, due="2026-11-25", row_id="exc-1", campaign="JC-1", owner="sam@northlight.example")
    paper = brief_document(replace(c, open=(one,)), campaign(c.view))
    about = [(t["urgency"], t["until"]) for t in paper.data["decisions_needed"] if "D1" in t["records"]]
    assert about == [("today", "2026-11-18")]


def test_what_a_person_upheld_waits_for_nobody_and_still_stands() -> None:
    c = concluded_of(series())
    held = next(one for one in c.open if one.finding.kind == "hold")
    paper = brief_document(replace(c, open=(replace(held, status="upheld"),)), campaign(c.view))
    assert [one["status"] for one in paper.data["open"]] == ["upheld"]
    assert [task for task in paper.data["decisions_needed"] if task["kind"] == "hold"] == []


def test_holds_of_one_rule_and_owner_are_one_task() -> None:
    view = series()
    held = [task for task in tasks(view) if task["kind"] in {"hold", "exception"}]
    assert len({(task["what"].split("\n")[0].split(" (")[0], task["who"]) for task in held}) == len(held)


def test_what_a_ruling_is_about_is_not_told_as_a_deadline_too() -> None:
    registration = """
Deal Registrations
registration_id | joint_campaign_id | registration_status | next_action | next_due   | registration_decision | registration_decision_reason
DR-1            | JC-1              | valid               | rule on it  | 2026-11-22 | rejected              | late
"""
    ruling = """
Decisions
decision_id | joint_campaign_id | decision_state | subject_table      | subject_ids
DC-2        | JC-1              | open           | Deal Registrations | DR-1
"""
    steps = [
        [t["what"] for t in tasks(series(more), kind="deadline") if t["records"] == ["DR-1"]]
        for more in (registration, registration + ruling)
    ]
    assert steps == [["DR-1: rule on it"], []]


def test_when_nothing_is_due_it_says_what_comes_next() -> None:
    view = series(as_of="2026-10-12T12:00:00Z")
    assert "overdue" not in brief_of(view).notices[0].text.split("Next:")[0].replace("Nothing is overdue", "")


# ---------------------------------------------------------------- money


def test_the_lines_add_up_to_the_ledger_to_the_cent() -> None:
    view = series()
    (request,) = budget_of(concluded_of(view), campaign(view))
    balance = book_of(view).requests["R1"]
    assert (request.sums["committed"], request.sums["actual"]) == (balance.total("commitment"), balance.total("actual"))
    assert request.differs == {}
    assert [line.expense.id for line in request.lines if not line.counts] == ["E3"]
    assert (request.sums["planned"], request.sums["left"]) == (Decimal(11000), Decimal(1000))
    assert request.mdf["left_of_cost"] == Decimal(22000 - 8000 - 2000)


def test_an_amount_without_a_rate_is_unknown_and_never_nothing() -> None:
    (request,) = data(series(currency="NOK"))["budget"]
    assert request["lines"][1]["committed"] is None and request["lines_together"]["committed"] is None
    assert request["reconciles"] is None
    assert "cannot be held against the ledger" in render(brief_of(series(currency="NOK")), "md").decode()


def test_lines_that_differ_from_the_ledger_are_told_with_the_difference() -> None:
    view = series()
    (request,) = budget_of(concluded_of(view), campaign(view))
    less = replace(request, sums={**request.sums, "actual": Decimal("7999.99")})
    assert less.differs == {"actual": Decimal("-0.01")}
    paper = replace(brief_of(view), sections=(budget_section([less]),))
    assert "The lines differ from the ledger: actual by -0.01 USD." in render(paper, "md").decode().replace("\\", "")


# ---------------------------------------------------------------- what stands, what is unknown


def test_gates_say_what_is_approved_and_who_is_asked() -> None:
    said = {(gate["gate"], gate["record"]): gate for gate in data(series())["approvals"]}
    assert not said["budget", "R1"]["approved"] and said["budget", "R1"]["state"] == "pending"
    assert "Budget owner: not approved yet (ines@northlight.example)" in said["budget", "R1"]["why"]
    assert said["charter", "JC-1"]["why"][0] == "Version 1: draft, signed by nobody"
    assert {"targeting", "deliverables", "publication"} <= {gate for gate, _ in said}


def test_a_risk_names_its_ground_and_opinions_are_peoples() -> None:
    said = data(series(note="They answer late."))
    risks = {risk["rule"]: risk for risk in said["risks"]}
    assert "holds up Breakfast" in risks["others wait for a deliverable that is late or not accepted"]["text"]
    assert risks["money expires within 30 days"]["source_ids"] == ["R1"]
    assert {(o["rule"], o["text"]) for o in said["opinions"]} == {
        ("Partners.partner_note", "They answer late."), ("Decisions.options_weighed", "ours or theirs"),
    }  # fmt: skip
    assert data(series())["opinions"][0]["nature"] == "opinion"


def test_a_source_that_did_not_deliver_makes_a_fact_unknown_and_not_absent() -> None:
    view = series(
        unread=["hubspot.campaigns"], health={"partner.leads": SourceHealth(absent="no file", status="absent")}
    )
    unknown = {one["source_ids"][0]: one["text"] for one in data(view)["unknown"]}
    assert "never delivered" in unknown["hubspot.campaigns"] and "no file" in unknown["partner.leads"]
    assert data(view)["tracking"]["unknown"]
    assert "hubspot.deals" not in unknown


@pytest.mark.parametrize("partner", ["", "cobalt"])
def test_every_block_says_of_what_nature_it_is(partner: str) -> None:
    blocks = [block for section in brief_of(series(), partner).sections for block in section.blocks]
    assert [b for b in blocks if isinstance(b, Grid) and not b.nature] == []
    unsourced = {block.title for block in blocks if isinstance(block, Grid) and not block.sources}
    assert partner or unsourced <= {"Missing"}


@pytest.mark.parametrize("partner", ["", "cobalt"])
@pytest.mark.parametrize("as_of", ["2026-10-01T00:00:00Z", "2026-11-20T12:00:00Z", "2027-06-01T12:00:00Z"])
def test_the_data_keeps_its_schema(partner: str, as_of: str) -> None:
    faults = Draft202012Validator(SCHEMA).iter_errors(data(series(as_of=as_of, note="n"), partner))
    assert [f"{e.json_path}: {e.message}" for e in faults] == []


def test_a_campaign_of_which_next_to_nothing_is_stated_has_a_brief() -> None:
    paper = brief_of(series("\nCampaigns\njoint_campaign_id\nJC-3\n"), id="JC-3")
    assert list(Draft202012Validator(SCHEMA).iter_errors(paper.data)) == []
    assert "No MDF request is on record" in render(paper, "md").decode()


# ---------------------------------------------------------------- the version for a partner


def test_a_partner_reads_nothing_of_another_partner_nor_of_our_own_matters() -> None:
    paper = brief_of(series(note="internal note"), "cobalt")
    said = " ".join(texts(paper.data)) + render(paper, "md").decode().replace("\\", "") + repr(paper)
    for word in ("fernway", "fern dinner", "lena@", "internal note", "dana@", "ines@", "lee@", "whose is acme", "ch-1"):
        assert word not in said.casefold(), word
    for word in ("Invitations", "rhea@cobaltharbor.example", "R1", "E1", "Breakfasts"):
        assert word in said
    assert paper.data["risks"] == paper.data["unknown"] == paper.data["opinions"] == paper.data["overlap"] == []


def test_a_partner_is_told_what_holds_its_rows_and_none_of_our_evidence() -> None:
    held = data(series(), "cobalt")["open"]
    assert held
    assert {one["kind"] for one in held} == {"hold"}
    assert all(one["message"] is None and one["source_ids"] == [] and one["blocks"] == [] for one in held)


def test_a_partner_is_told_which_proof_its_row_lacks() -> None:
    lacking = "1 of 2 there\nattendee list is missing (tom.hale@northlight.example, by 2026-12-01)"
    c = concluded_of(series())
    view = c.view.with_coming({Subject(table="Expenses", id="E1"): {"missing_proof": lacking}})
    held = next(one for one in c.open if one.finding.kind == "hold")
    proof = replace(held.finding, rule_id="missing_proof", subject=Subject(table="Expenses", id="E1"))
    one = replace(held, finding=proof, campaign="JC-1", partner="cobalt")
    row = campaign(view)
    paper = brief_document(replace(c, view=view, open=(one,)), row, audience_of(view, row, "cobalt"))
    assert [told["message"] for told in paper.data["open"]] == [
        "1 of 2 there\nattendee list is missing (our side, by 2026-12-01)"
    ]


def test_what_we_could_claim_of_a_partner_is_not_for_that_partner() -> None:
    theirs, ours = data(series(direction="we_claim"), "cobalt"), data(series(direction="we_claim"))
    (money,) = theirs["money_at_risk"]
    assert "claimable_now" not in money and "held" not in money
    assert (theirs["budget"][0]["lines"], len(ours["budget"][0]["lines"])) == ([], 3)


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_name_holds_is_shown_and_obeyed_nowhere(text: str) -> None:
    name = text.replace("|", "/")
    for partner in ("", "cobalt"):
        paper = brief_of(series(name=name, note=name), partner)
        page = render(paper, "html").decode()
        assert "<script" not in page and "<img" not in page and 'onmouseover="' not in page
        assert PdfReader(io.BytesIO(render(paper, "pdf"))).pages
        assert "<script" not in render(paper, "md").decode().replace("\\<", "")
    assert in_sight(name)[:40] in brief_of(series(name=name)).subtitle or in_sight(name) != name


def test_the_pdf_can_be_read_and_has_a_bookmark_for_each_section() -> None:
    paper = brief_of(series())
    reader = PdfReader(io.BytesIO(render(paper, "pdf")))
    marks = [str(mark.title) for mark in reader.outline if not isinstance(mark, list)]
    assert [m.partition(". ")[2] or m for m in marks] == [section.title for section in paper.sections]
    first = reader.pages[0].extract_text()
    assert "To do today" in first and "Money at risk" in first and "Decisions needed" in first


def test_the_same_base_gives_the_same_bytes() -> None:
    for form in ("html", "pdf", "md", "json"):
        assert render(brief_of(series()), form) == render(brief_of(series()), form)
