"""A seeded sandbox portal behind a socket, our HubSpot sources on it, and a clock that only sleeping moves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from mdfsync.edge.archive import FolderArchive
from mdfsync.edge.hubspot import hubspot_sources, open_hubspot
from mdfsync.edge.pace import Calls, Pace
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Source
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.hubspot import SCOPES, TOKEN, routes
from mdfsync.sandbox.store import Store
from mdfsync.sandbox.story.dates import begin
from mdfsync.sandbox.story.hubspot import seed_hubspot
from mdfsync.values import digest

LAG = timedelta(minutes=5)


class Time:
    """Monotonic seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def unhurried(moving: Time) -> Pace:
    """Waits for nothing but 429s."""
    return Pace(1000, burst=100, clock=moving.clock, sleep=moving.sleep)


@contextmanager
def served() -> Iterator[tuple[Starlette, str]]:
    """An empty application on loopback and its URL."""
    app = Starlette()
    running = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", date_header=False))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield app, f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join(5)


class Portal:
    """The sandbox's HubSpot with our sources; pulls go into a small mirror as the state keeps one."""

    def __init__(self, app: Starlette, url: str, folder: Path) -> None:
        self.store = Store(None)
        self.clock = Clock(self.store)
        with self.store.transaction():
            seed_hubspot(self.store, self.clock, begin(self.store, self.clock))
        app.router.routes[:] = [Mount("/hubspot", routes=routes(self.store, self.clock))]
        self.url = f"{url}/hubspot"
        self.folder = folder
        self.archive = FolderArchive(folder)
        self.calls = Calls()
        self.time = Time()
        self.mirror: dict[str, dict[str, RawRow]] = {}
        self.cursors: dict[str, Mapping[str, Any]] = {}
        self.token = TOKEN

    def without(self, scope: str) -> None:
        """From now on with a token that lacks a scope."""
        self.token = "pat-na1-narrow"
        self.store.put("hubspot.tokens", self.token, {"scopes": [s for s in SCOPES if s != scope]})

    def sources(self, version: str = "v3", **options: Any) -> dict[str, Source]:
        api = open_hubspot(
            token=self.token,
            url=self.url,
            version=version,
            pace=unhurried(self.time),
            search_pace=unhurried(self.time),
            calls=self.calls,
        )
        given: dict[str, Any] = {
            "campaign_guids": lambda: self.ids("hubspot.campaigns"),
            "deal_ids": lambda: self.ids("hubspot.deals"),
            "activity_ids": lambda: {"meetings": self.ids("hubspot.meetings")},
        }
        return hubspot_sources(api, self.archive, **given | options)

    def ids(self, source_id: str) -> Sequence[str]:
        return sorted(self.mirror.get(source_id, {}))

    def pull(self, source_id: str, *, full: bool = False, now: datetime | None = None, **options: Any) -> SourcePull:
        """One pull by a fresh client, accepted into the mirror."""
        source = self.sources(**options)[source_id]
        held = self.mirror.setdefault(source_id, {})
        known = {id: digest(row.body) for id, row in held.items()}
        pull = source.pull(self.cursors.get(source_id), full=full, known=known, now=now or self.clock.now())
        if not pull.held and not pull.absent:
            held |= {row.ref.external_id: row for row in pull.rows}
            for id in pull.gone:
                held.pop(id, None)
            if pull.cursor is not None:
                self.cursors[source_id] = pull.cursor
        return pull

    def later(self, **span: float) -> None:
        """Let the world's time pass."""
        self.clock.freeze(self.clock.now() + timedelta(**span))

    def archived_bytes(self) -> bytes:
        """Everything in the archive, one after the other."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())


@pytest.fixture(scope="module")
def portal_server() -> Iterator[tuple[Starlette, str]]:
    """Started once for a file; each test makes its own portal on it."""
    with served() as running:
        yield running


@pytest.fixture
def portal(portal_server: tuple[Starlette, str], tmp_path: Path) -> Portal:
    """A seeded portal whose time stands still."""
    made = Portal(*portal_server, tmp_path)
    made.clock.freeze(made.clock.now())
    return made


def by_id(pull: SourcePull) -> dict[str, Mapping[str, Any]]:
    """Bodies by external id."""
    return {row.ref.external_id: row.body for row in pull.rows}


def said(pull: SourcePull) -> str:
    """Its remarks as one text."""
    return " | ".join(pull.notices)
