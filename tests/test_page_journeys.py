"""The journey page in Chromium, opened as a file: it asks nobody for anything, is used by mouse, keyboard and screen
reader, is read without JavaScript and on paper, and stays usable with 500 events."""

from __future__ import annotations

import io
import re
import time
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser_lab import LAPTOP, PHONE, Watch, new_page, shoot
from casebook import ROOT
from journey_lab import ATTENDED, COLLEAGUE, OVERLAP, OWN_CALL, REGISTERED, WON, told, world
from page_lab import expect
from pypdf import PdfReader

from mdfsync.documents.journeys import journeys_document, journeys_page
from mdfsync.documents.paper import Pairs, Paper, Section
from mdfsync.documents.render import render
from mdfsync.journeys import deals_of
from mdfsync.journeys.funnel import funnel
from mdfsync.policy import load_policy
from mdfsync.view import View

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
Open = Callable[..., "Page"]
RICH = REGISTERED + ATTENDED + OWN_CALL + OVERLAP
MANY = "hubspot.marketing_events\nid | event | contact | state | at\n" + "".join(
    f"p{n} | ev-1 | {11 + n % 3} | ATTENDED | 2026-{7 + n % 5:02}-{1 + n % 19:02}T{n % 24:02}:{n % 60:02}:00Z\n"
    for n in range(500)
)
EVIL = "<img src=http://evil.example/x onerror=alert(1)><script>alert(2)</script>"
SECOND = """
Opportunities
opportunity_id | deal_id | deal_name     | joint_campaign_id | account_name | is_won
hs-deal-2      | 2       | Second – deal | JC-1              | Bellwether   | false

Attributions
attribution_id | opportunity_id | partner_id
attr-2-fernway | hs-deal-2      | fernway
"""


@pytest.fixture
def opened(page: Page, watch: Watch, tmp_path: Path) -> Open:
    """Opens the page of a deal, or of its campaign, from a file. The file itself is the one thing that is asked for."""

    def open_page(view: View, *, campaign: bool = False, on: Page | None = None) -> Page:
        path = tmp_path / "journeys.html"
        path.write_bytes(made(view, campaign=campaign))
        watch.allow(f"^request to elsewhere: {re.escape(path.as_uri())}(#.*)?$")
        shown = on or page
        shown.goto(path.as_uri())
        return shown

    return open_page


def made(view: View, *, campaign: bool = False) -> bytes:
    row = view.row("Campaigns", "JC-1")
    assert row is not None
    stories = [told(view, deal.id) for deal in deals_of(view, row)]
    whole = funnel(view, row, stories) if campaign else None
    named = stories if campaign else stories[:1]
    return journeys_page(
        journeys_document(named, load_policy(ROOT), as_of=view.as_of, funnel=whole, heading="Roadshow" * campaign)
    )


def rows(page: Page) -> int:
    return page.locator(".story tbody tr:visible").count()


def markers(page: Page) -> int:
    return page.locator(".board .event").count()


def complaints(page: Page) -> list[str]:
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['help']}: {node['html'][:160]}" for v in found for node in v["nodes"][:3]]


# ----------------------------------------------------------------------------------------------------- opening


def test_it_opens_from_a_file_and_answers_at_the_top(opened: Open) -> None:
    page = opened(world(RICH))
    expect(page.locator(".why")).to_contain_text("Influenced by Fernway Systems: Amara Drozd attended an event")
    expect(page.locator(".board .event.decides")).to_have_count(1)
    box = page.locator(".why").bounding_box()
    assert box is not None and box["y"] + box["height"] < LAPTOP[1] / 2
    shoot(page, "journey")


def test_nothing_is_asked_of_anybody_even_by_hostile_names(opened: Open, page: Page) -> None:
    view = world(RICH)
    for row in view.mirror["hubspot.contacts"]:
        row.body["properties"]["firstname"] = EVIL
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    opened(view)
    page.locator(".board .event.decides").click()
    expect(page.locator(".detail .named")).to_contain_text("<script>alert(2)</script>")
    page.locator(".board .event.decides").hover()
    assert [url for url in asked if not url.startswith("file:")] == []
    assert page.locator("img").count() == 0


# --------------------------------------------------------------------------------------------------- using it


def test_an_event_shows_its_tests_passed_and_failed(opened: Open) -> None:
    page = opened(world(RICH))
    page.locator(".board .event[aria-label*='registered the deal']").click()
    detail = page.locator(".detail")
    expect(detail).to_contain_text("Sourced for Fernway Systems: not carried")
    expect(detail.locator("li.no").first).to_be_visible()
    expect(detail).to_contain_text("airtable.base")
    expect(page.locator(".story tr.picked")).to_have_count(1)
    shoot(page, "journey-event")


def test_the_deciding_event_is_one_click_away_whatever_is_filtered(opened: Open) -> None:
    page = opened(world(RICH))
    page.locator("input[data-lane=touches]").uncheck()
    expect(page.locator(".board .event.decides")).to_have_count(0)
    page.get_by_role("button", name="Show the deciding event").click()
    expect(page.locator(".detail .named")).to_have_text("Amara Drozd attended an event")
    expect(page.locator(".board .event.decides")).to_have_count(1)


def test_filters_by_kind_and_person_narrow_timeline_and_story_alike(opened: Open) -> None:
    page = opened(world(RICH))
    all_rows = rows(page)
    page.locator("input[data-lane=own_sales]").uncheck()
    assert rows(page) == all_rows - 1
    page.locator("select[data-choice=person]").select_option("Amara Drozd")
    assert rows(page) == markers_and_beyond(page)
    expect(page.get_by_role("status").first).to_contain_text(f"{rows(page)} of {all_rows} entries")
    page.get_by_role("button", name="Only what was tested").click()
    assert set(page.locator(".story tbody tr:visible").evaluate_all("all => all.map(row => row.className)")) <= {
        "decides", "counts", "does_not_count", "unknown", "against"
    }  # fmt: skip


def markers_and_beyond(page: Page) -> int:
    beyond = page.locator(".board .off").all_text_contents()
    return markers(page) + sum(int(number) for text in beyond for number in re.findall(r"\d+", text))


def test_the_keyboard_goes_from_event_to_event_opens_and_closes(opened: Open, page: Page) -> None:
    opened(world(RICH))
    page.locator(".board .event[tabindex='0']").focus()
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "decides the class" in first
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert second != first
    expect(page.locator(".tip")).to_be_visible()
    page.keyboard.press("+")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == second
    page.keyboard.press("Enter")
    expect(page.locator(".detail")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".detail")).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == second
    page.keyboard.press("End")
    assert "Amara" not in page.evaluate("document.activeElement.getAttribute('aria-label')")


def test_zoom_and_pan_move_the_timeline_and_back(opened: Open, page: Page) -> None:
    opened(world(RICH))
    decides = page.locator(".board .event.decides")
    before = decides.get_attribute("transform")
    page.get_by_role("button", name="Zoom in").click()
    zoomed = decides.get_attribute("transform")
    assert zoomed != before
    box = page.locator(".board svg").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + 30
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 120, middle[1], steps=4)
    page.mouse.up()
    assert page.locator(".board .event.decides").get_attribute("transform") != zoomed
    page.get_by_role("button", name="Whole story").click()
    assert decides.get_attribute("transform") == before


def test_a_campaign_leads_to_one_deal_and_back(opened: Open, page: Page) -> None:
    opened(world(RICH + SECOND), campaign=True)
    expect(page.locator("article:visible")).to_have_count(0)
    expect(page.locator(".funnel tbody tr")).to_have_count(5)
    page.locator("#only-class").select_option("influenced")
    expect(page.locator(".deals tbody tr:visible")).to_have_count(1)
    page.locator(".deals tbody tr:visible a").click()
    expect(page.locator("article:visible")).to_have_count(1)
    expect(page.locator("article:visible h2")).to_have_text("Alder – telemetry")
    expect(page.locator("article:visible .board .event.decides")).to_have_count(1)
    page.go_back()
    expect(page.locator("#index")).to_be_visible()
    shoot(page, "journeys-campaign")


def test_five_hundred_events_stay_usable(opened: Open, page: Page) -> None:
    begun = time.monotonic()
    opened(world(MANY))
    expect(page.locator(".board .event.decides")).to_have_count(1)
    assert rows(page) > 500
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
    page.locator("select[data-choice=person]").select_option("Hiro Okpara")
    assert time.monotonic() - begun < 20
    taken = page.evaluate(
        "() => { const at = performance.now(); document.querySelector('[aria-label=\"Zoom out\"]').click();"
        " return performance.now() - at; }"
    )
    assert taken < 500, f"a redraw took {taken} ms"


# ---------------------------------------------------------------------------------------------- everybody else


@pytest.mark.parametrize("evidence, cells", [(RICH, {}), (COLLEAGUE + OVERLAP, WON), ("", {})])
def test_axe_finds_no_violation(opened: Open, page: Page, evidence: str, cells: dict[str, str]) -> None:
    opened(world(evidence, **cells))
    assert not complaints(page), "\n".join(complaints(page))
    if page.locator(".board .event.decides").count():
        page.locator(".board .event.decides").click()
        assert not complaints(page), "\n".join(complaints(page))


def test_axe_finds_no_violation_on_a_campaigns_index(opened: Open, page: Page) -> None:
    opened(world(RICH + SECOND), campaign=True)
    assert not complaints(page), "\n".join(complaints(page))


def test_a_phone_shows_everything_and_nothing_sticks_out(browser: Browser, opened: Open, watch: Watch) -> None:
    for campaign in (False, True):
        with new_page(browser, watch, PHONE) as phone:
            opened(world(RICH + SECOND), campaign=campaign, on=phone)
            assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
            narrow = "all => all.filter(c => c.offsetWidth && c.offsetWidth < 50).map(c => c.textContent)"
            assert [text for text in phone.locator("th").evaluate_all(narrow) if len(text) > 6] == []
            shoot(phone, f"journey-phone-{campaign}")
    assert not watch.unexpected


def test_a_name_of_one_long_word_sticks_out_nowhere(browser: Browser, opened: Open, watch: Watch) -> None:
    view = world(RICH)
    for row in view.mirror["hubspot.contacts"]:
        row.body["properties"]["firstname"] = "W" * 140
    with new_page(browser, watch, PHONE) as phone:
        opened(view, on=phone)
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_label_of_one_long_word_breaks_on_every_other_document(page: Page, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "paper.html"
    word = "W" * 140
    about = Paper(title=word, subtitle=word, running=word, about=((f"Launch snapshot, {word}", word),), notices=(),
                  sections=(Section(title=word, blocks=(Pairs(rows=((word, word),)),)),),
                  as_of=date(2026, 11, 20), data={})  # fmt: skip
    path.write_bytes(render(about, "html"))
    watch.allow(f"^request to elsewhere: {re.escape(path.as_uri())}$")
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= LAPTOP[0]


def test_without_javascript_the_story_is_a_table(browser: Browser, opened: Open) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = opened(world(RICH + SECOND), campaign=True, on=context.new_page())
        expect(page.locator(".why").first).to_contain_text("Influenced by Fernway Systems")
        expect(page.locator("article:visible")).to_have_count(2)
        expect(page.locator(".story tr.decides")).to_contain_text("Amara Drozd attended an event")
        assert page.locator(".timeline:visible, .tools:visible, .show:visible").count() == 0
    finally:
        context.close()


def test_it_prints_on_a4_with_every_test_open(opened: Open, page: Page) -> None:
    opened(world(RICH))
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    read = unicodedata.normalize("NFKC", " ".join(sheet.extract_text() for sheet in printed.pages))
    words = re.sub(r"\s+", " ", read)
    assert "Influenced by Fernway Systems" in words and "Our own sales" in words
    assert "our own call with Oona Ashdown" in words, "tests are folded on the screen and open on paper"
    assert "Only what was tested" not in words
    assert len(printed.pages) <= 4
    width = float(printed.pages[0].mediabox.width)
    assert 590 < width < 600
