"""The page of the sandbox opens in a browser and shows the base, and the bench notices when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser_lab import Watch, shoot

from mdfsync.sandbox.server import Running

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_the_page_opens_without_a_word_on_the_console(page: Page, world: Running) -> None:
    page.goto(world.web_url)
    page.get_by_text("Joint campaigns").first.wait_for()
    assert page.title()
    shoot(page, "smoke")


def test_the_bench_notices_errors_exceptions_and_requests_that_leave_the_machine(
    page: Page, empty_world: Running, watch: Watch
) -> None:
    page.goto(f"{empty_world.web_url}_web/api/session")
    page.evaluate("console.error('said aloud')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.evaluate("new Image().src = 'http://elsewhere.example/x.png'")
    page.wait_for_timeout(500)
    assert {p.split(":")[0] for p in watch.unexpected} == {"console", "exception", "request to elsewhere"}
    watch.allow(".")
