"""The web page of the sandbox in a real browser: Playwright on the Chromium of this machine.

`page` is fresh, in a browser that is started once per file, and fails its test on console errors, on exceptions of
the page and on any request that leaves this machine. `world` is a sandbox that was refreshed once and can run its
worker, `empty_world` one whose base has no tables yet. Without Playwright or Chromium these tests are skipped and say
why. The browser does not outlive its file: Playwright's event loop stays on this thread, and other tests have theirs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from world_time import begin

from mdfsync.sandbox.server import Running
from mdfsync.wiring import start_sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

ROOT = Path(__file__).parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
SCREENSHOTS = os.environ.get("MDFSYNC_SCREENSHOTS", "")
LAPTOP = (1366, 768)
PHONE = (390, 844)
WORLDS = {"world", "empty_world", "lab"}
PATIENCE_MS = 15_000
STAY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@dataclass
class Watch:
    """What went wrong in the page that the test did not ask for: `allow` names what it provokes on purpose."""

    problems: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Problems in which this regular expression is found are expected."""
        self.allowed.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        return [p for p in self.problems if not any(re.search(pattern, p) for pattern in self.allowed)]

    def console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location or {}
            self.problems.append(f"console: {message.text} ({place.get('url', '')}:{place.get('lineNumber', '')})")

    def request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in {"data", "blob"} and url.hostname not in {"127.0.0.1", "localhost"}:
            self.problems.append(f"request to elsewhere: {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once per test file."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (requirements-browser.lock)")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(CHROMIUM)} is installed")
    with api.sync_playwright() as playwright:
        # Chromium refuses to isolate itself when it runs as root, as in containers.
        alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=program, args=[STAY_HERE, *alone])
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture
def watch() -> Watch:
    """The problems of this test's page."""
    return Watch()


@pytest.fixture
def page(browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page without history, cookies or storage, as wide as a laptop; closed before its server stops."""
    for server in WORLDS & set(request.fixturenames):
        request.getfixturevalue(server)
    with new_page(browser, watch) as opened:
        yield opened
    assert not watch.unexpected, "\n".join(watch.unexpected)


@contextmanager
def new_page(browser: Browser, watch: Watch, size: tuple[int, int] = LAPTOP) -> Iterator[Page]:
    """A page of another size or of a second person; its problems go to `watch`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-GB", timezone_id="Europe/Berlin",
        reduced_motion="reduce",
    )  # fmt: skip
    from playwright.sync_api import expect

    try:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)  # what is waited for comes late on a busy machine
        opened = context.new_page()
        opened.on("console", watch.console)
        opened.on("pageerror", lambda error: watch.problems.append(f"exception: {error}"))
        context.on("request", watch.request)
        yield opened
    finally:
        context.close()


def shoot(page: Page, name: str) -> None:
    """A screenshot for people to look at, into the folder named by MDFSYNC_SCREENSHOTS; nothing without it."""
    if SCREENSHOTS:
        folder = Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the embedded base was built, filled in by its people and refreshed once."""
    home = tmp_path_factory.mktemp("furnished")
    begin(home / "sandbox" / "world")
    command_line(home, "run")
    return home


def command_line(home: Path, *verb: str) -> None:
    """The command line in a process of its own, on the sandbox of a home."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MDFSYNC_", "AIRTABLE_", "HUBSPOT_"))}
    own = {**clean, "MDFSYNC_HOME": str(home), "MDFSYNC_MODE": "sandbox", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mdfsync", *verb]
    done = subprocess.run(command, cwd=home, env=own, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture
def world(furnished: Path, tmp_path: Path) -> Iterator[Running]:
    """A served sandbox of one's own that was refreshed once; its page can run the worker."""
    shutil.copytree(furnished, tmp_path / "home")
    with served_home(tmp_path / "home") as running:
        yield running


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[Running]:
    """A served sandbox whose base has no tables yet."""
    with served_home(tmp_path / "home") as running:
        yield running


@contextmanager
def served_home(home: Path) -> Iterator[Running]:
    """The sandbox of a home as `mdfsync sandbox serve` starts it."""
    folder = home / "sandbox" / "world"
    if not folder.exists():
        begin(folder)
    running = start_sandbox(folder)
    try:
        yield running
    finally:
        running.stop()
