"""Journeys in their forms: the data keeps its schema, the page shows whatever a name holds and obeys none of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from casebook import ROOT, case
from journey_lab import ATTENDED, COLLEAGUE, OVERLAP, OWN_CALL, REGISTERED, ROADSHOW, WON, told, world
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from mdfsync.documents.journeys import JourneysDocument, journeys_document, journeys_page
from mdfsync.documents.render import Form, render
from mdfsync.journeys import deals_of
from mdfsync.journeys.funnel import funnel
from mdfsync.policy import Policy, load_policy
from mdfsync.values import in_sight
from mdfsync.view import View

GOLDEN = Path(__file__).parent / "journeys" / "influenced.json"
SCHEMA = json.loads((ROOT / "schema" / "journeys.schema.json").read_text(encoding="utf-8"))
HOSTILE = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "{{ 7 * 7 }}",
    "</style><b>", "'; --", "\u202egnp.exe", "x" * 400,
)  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(ROOT)


def of_deal(view: View, policy: Policy) -> JourneysDocument:
    return journeys_document([told(view)], policy, as_of=view.as_of)


def of_campaign(view: View, policy: Policy) -> JourneysDocument:
    campaign = view.row("Campaigns", "JC-1")
    assert campaign is not None
    stories = [told(view, row.id) for row in deals_of(view, campaign)]
    return journeys_document(
        stories, policy, as_of=view.as_of, funnel=funnel(view, campaign, stories), heading="Roadshow"
    )


def faults(document: JourneysDocument) -> list[str]:
    return [f"{e.json_path}: {e.message}" for e in Draft202012Validator(SCHEMA).iter_errors(document.data)]


@pytest.mark.parametrize("evidence", ["", ATTENDED, REGISTERED + OWN_CALL + OVERLAP, COLLEAGUE])
def test_the_data_keeps_its_schema(evidence: str, policy: Policy) -> None:
    view = world(evidence, **WON)
    assert faults(of_deal(view, policy)) + faults(of_campaign(view, policy)) == []


def test_the_schema_is_one_and_refuses_what_it_does_not_know(policy: Policy) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document: dict[str, Any] = {**of_deal(world(), policy).data, "total_of_all_classes": 4}
    assert len(list(Draft202012Validator(SCHEMA).iter_errors(document))) == 1


def test_one_journey_is_as_it_was_reviewed(policy: Policy) -> None:
    """GOLDEN=write in the environment writes the file anew; read the difference before it is kept."""
    view = world(ATTENDED + OWN_CALL + OVERLAP, **WON)
    made = of_deal(view, policy).data["journeys"][0]
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert made == json.loads(GOLDEN.read_text(encoding="utf-8"))


class Seen(HTMLParser):
    """Tags with their attributes, and the text of a page, style and script left out."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.code: dict[str, str] = {}
        self._in = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in {"style", "script"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = self._in if self._in != tag else ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.code[self._in] = self.code.get(self._in, "") + data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def hostile(view_text: str) -> View:
    """A deal whose person, account and partner are named like that."""
    name = view_text.replace("|", "/")
    view = world(ATTENDED + OVERLAP)
    rows = view.mirror["hubspot.contacts"]
    for row in rows:
        row.body["properties"]["firstname"] = name
    for table, field in (
        ("Partners", "partner_name"),
        ("Opportunities", "deal_name"),
        ("Opportunities", "account_name"),
    ):
        for found in view.rows(table):
            found.fields[field] = name  # type: ignore[index]
    return view


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_the_page_shows_every_name_and_obeys_none(name: str, policy: Policy) -> None:
    view = hostile(name)
    page = Seen(journeys_page(of_campaign(view, policy)))
    plain = Seen(journeys_page(of_campaign(world(ATTENDED + OVERLAP), policy)))
    assert re.sub(r"\s+", " ", in_sight(name)) in page.text
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert {key for _, attrs in page.tags for key in attrs} == {key for _, attrs in plain.tags for key in attrs}
    assert page.code == plain.code


def test_the_page_loads_nothing_and_runs_only_its_own_script(policy: Policy) -> None:
    page = Seen(journeys_page(of_deal(world(ATTENDED), policy)))
    rules = next(str(a["content"]) for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    for name in ("style", "script"):
        made = base64.b64encode(hashlib.sha256(page.code[name].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{made}'" in rules
    assert rules.startswith("default-src 'none';")
    assert not [a for _, a in page.tags if {"src", "srcset", "style", "action"} & set(a)]
    assert {str(a["href"])[0] for _, a in page.tags if "href" in a} <= {"#"}


def test_without_javascript_everything_is_read_from_the_page(policy: Policy) -> None:
    view = world(ATTENDED + COLLEAGUE + OWN_CALL)
    document = of_deal(view, policy)
    text = Seen(journeys_page(document)).text
    story = document.data["journeys"][0]
    assert story["classes"][0]["why"] in text
    assert all(entry["title"] in text for entry in story["entries"])
    assert all(test["text"] in text for entry in story["entries"] for of in entry["tried"] for test in of["tests"])
    assert all(gap["source"] in text for gap in story["unknown"])


def test_no_address_stands_on_the_page(policy: Policy) -> None:
    view = world(REGISTERED + ATTENDED, claimed_class="sourced", claimed_by="lena.vogt@fernway.example")
    document = of_deal(view, policy)
    forms: tuple[Form, ...] = ("md", "json")
    for form in forms:
        assert b"@" not in render(document.paper, form).replace(b"\\@", b"@")
    assert not re.search(r"[\w.]+@[\w.]+", Seen(journeys_page(document)).text)


def test_paper_and_markdown_say_the_same(policy: Policy) -> None:
    document = of_campaign(world(ATTENDED, **WON), policy)
    pdf = PdfReader(io.BytesIO(render(document.paper, "pdf")))
    words = re.sub(r"\s+", " ", "\n".join(page.extract_text() for page in pdf.pages))
    assert "Influenced by Fernway Systems: Amara Drozd attended an event on 3 October 2026" in words
    assert "Influenced by Fernway Systems: Amara Drozd attended an event" in render(document.paper, "md").decode()
    assert "influenced for Fernway Systems:" in render(document.paper, "md").decode()
    assert document.paper.as_of == date(2026, 11, 20)


def test_a_campaign_without_deals_makes_a_page(policy: Policy) -> None:
    assert "The deals" in Seen(journeys_page(of_campaign(case(ROADSHOW), policy))).text


def test_an_entry_costs_less_than_a_kilobyte_of_page(policy: Policy) -> None:
    days = "".join(
        f"p{n} | ev-1 | 11 | ATTENDED | 2026-0{7 + n % 4}-{1 + n % 28:02}T09:{n % 60:02}:00Z\n" for n in range(300)
    )
    view = world("hubspot.marketing_events\nid | event | contact | state | at\n" + days)
    alone = len(journeys_page(of_deal(world(), policy)))
    assert (len(journeys_page(of_deal(view, policy))) - alone) / 300 < 1000
