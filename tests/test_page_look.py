"""How the sandbox's page holds up: accessibility by axe, phone width, light and dark, its addresses, an empty base, the
drawers, and a sandbox that stops answering."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from browser_lab import PHONE, Watch, new_page, shoot
from page_lab import expect, visit
from page_lab import furnished as furnished

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

PLACES = {
    "holds": "#/queues/holds", "proposals": "#/queues/proposals", "exceptions": "#/queues/exceptions",
    "actions": "#/queues/actions", "grid": "#/t/Expenses", "row": "#/t/Expenses/EXP-1003",
}  # fmt: skip
SERIOUS = {"serious", "critical"}


def complaints(page: Page) -> list[str]:
    """What axe finds serious, with the place."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {v['help']}: {node['html'][:160]}"
        for v in found if v["impact"] in SERIOUS for node in v["nodes"][:3]
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_anywhere(page: Page, world: Running, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for name, place in PLACES.items():
        page.goto("about:blank")
        visit(page, world, place)
        if name == "row":
            expect(page.locator("dialog .line").first).to_be_visible()
        page.wait_for_timeout(600)
        shoot(page, f"{name}-{scheme}")
        assert not complaints(page), f"{name}: " + "\n".join(complaints(page))


@pytest.mark.parametrize("opener", ["#documents", "#faults", "#run-status", "#keys"])
def test_drawers_are_sound_trap_the_focus_and_close_with_escape(page: Page, world: Running, opener: str) -> None:
    visit(page, world, "#/queues/holds")
    page.locator(opener).click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(600)
    shoot(page, f"drawer-{opener[1:]}")
    assert not complaints(page), "\n".join(complaints(page))
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(opener)).to_be_focused()


def test_a_phone_shows_cards_and_nothing_sticks_out(browser: Browser, world: Running, watch: Watch) -> None:
    with new_page(browser, watch, PHONE) as page:
        for name, place in PLACES.items():
            page.goto("about:blank")
            visit(page, world, place)
            page.wait_for_timeout(400)
            shoot(page, f"{name}-phone")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE[0], f"{name} is {wide} px wide"
    assert not watch.unexpected


def test_the_switch_of_colours_is_remembered(page: Page, world: Running) -> None:
    page.emulate_media(color_scheme="light")
    visit(page, world, "#/queues/holds")
    light = background(page)
    page.locator("#theme").click()
    page.locator("#theme").click()
    assert background(page) != light
    page.reload()
    expect(page.locator(".card").first).to_be_visible()
    assert background(page) != light


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_addresses_lead_to_rows_and_back(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    page.locator(".card a.subject").first.click()
    expect(page.locator("dialog h2")).to_be_visible()
    deep = page.url
    page.go_back()
    expect(page.locator("h1")).to_have_text("Open holds")
    expect(page.locator("dialog")).to_have_count(0)
    page.go_forward()
    expect(page.locator("dialog h2")).to_be_visible()
    page.goto("about:blank")
    page.goto(deep)
    expect(page.locator("dialog h2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"#/t/[^/]+$"))
    page.goto(f"{world.web_url}#/t/Expenses")
    page.locator('.tabulator-cell[tabulator-field="expense_title"]').first.click()
    page.keyboard.press("Space")
    expect(page.locator("dialog h2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.goto(f"{world.web_url}#/t/Expenses/no-such-row")
    expect(page.get_by_role("alert").filter(has_text="has no row no-such-row")).to_be_visible()


def test_every_table_opens(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    seen = 0
    for group in range(1, page.locator("#groups a").count()):
        page.locator("#groups a").nth(group).click()
        expect(page.locator("#groups a").nth(group)).to_have_attribute("aria-current", "page")
        for index in range(page.locator("#tabs a").count()):
            tab = page.locator("#tabs a").nth(index)
            tab.click()
            name = str(tab.text_content()).rstrip("0123456789,")
            expect(page.locator("h1")).to_have_text(name)
            expect(page.locator(".tabulator-row, .tabulator-placeholder").first).to_be_visible()
            seen += 1
    assert seen == 26


def test_the_search_offers_rows_of_other_tables(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    page.wait_for_timeout(1500)
    page.keyboard.press("/")
    page.keyboard.type("MDF-5101")
    expect(page.locator(".finds a").first).to_contain_text("MDF-5101")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("dialog h2")).to_contain_text("MDF-5101")


def test_the_search_finds_what_a_row_shows(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/proposals")
    page.wait_for_timeout(1500)
    page.locator("#search").fill("lena farrow")
    found = page.locator(".finds a", has_text="EXP-2007")
    expect(found).to_contain_text("Vendor name: Lena Farrow Photography")


def test_messages_stay_readable_when_a_drawer_opens(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    tell = "async (words) => (await import('/_web/toast.js')).say(words, {kind: 'refused'})"
    for words in ("No such thing", "No such thing", "Something else"):
        page.evaluate(tell, words)
    expect(page.locator(".toast")).to_have_count(2)
    page.locator(".card a.subject").first.click()
    expect(page.locator("dialog .toast")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#toasts .toast")).to_have_count(2)


@pytest.mark.parametrize("place", ["row", "holds"])
def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, world: Running, watch: Watch, place: str) -> None:
    with new_page(browser, watch, PHONE) as page:
        visit(page, world, PLACES[place])
        host = page.locator("dialog .body" if place == "row" else "#view")
        expect(host).to_be_visible()
        assert host.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_faults_are_switched_and_reports_opened(page: Page, world: Running) -> None:
    visit(page, world, "#/queues/holds")
    page.locator("#faults").click()
    page.get_by_role("switch", name="HubSpot: down").check()
    expect(page.locator("#faults")).to_have_text("Faults: 1 on")
    page.get_by_role("button", name="All off").click()
    expect(page.locator("#faults")).to_have_text("Faults")
    page.keyboard.press("Escape")
    page.locator("#documents").click()
    report = page.locator("dialog .folder a").first
    answer = page.request.get(world.web_url.rstrip("/") + str(report.get_attribute("href")))
    assert answer.ok


def test_an_empty_base_says_what_to_do(page: Page, empty_world: Running) -> None:
    page.goto(empty_world.web_url)
    expect(page.locator("h1")).to_have_text("The base is empty")
    shoot(page, "empty")
    assert not complaints(page)


def test_a_sandbox_that_stops_is_told(page: Page, world: Running, watch: Watch) -> None:
    watch.allow("Failed to load resource|ERR_")
    visit(page, world, "#/queues/holds")
    page.route("**/_web/api/**", lambda route: route.abort())
    expect(page.locator("#lost")).to_be_visible()
    page.unroute("**/_web/api/**")
    expect(page.locator("#lost")).to_be_hidden(timeout=15_000)
