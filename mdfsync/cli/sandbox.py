"""The verb `sandbox`: serve the embedded world, begin it anew, move it one day on."""

from __future__ import annotations

import json
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from mdfsync.cli.console import ERR, OUT, print_json
from mdfsync.settings import load_settings


def _folder() -> Path:
    folder = load_settings().home_of("sandbox") / "world"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _served() -> Iterator[Any]:
    from mdfsync.sandbox.server import running
    from mdfsync.wiring import start_sandbox

    joined = running(_folder())
    serving = joined or start_sandbox(_folder())
    try:
        yield serving
    finally:
        if joined is None:
            serving.stop()


@click.group()
def sandbox() -> None:
    """The embedded Airtable, HubSpot and Crossbeam: a believable world to try everything on."""


@sandbox.command()
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the web browser.")
@click.option("--json", "as_json", is_flag=True, help="First line: one JSON object with addresses and tokens.")
def serve(port: int, open_page: bool, as_json: bool) -> None:
    """Serve until interrupted. `run` of the same home joins it.

    `web_url` is a page in which you are the operator: look at every table, type, decide, run, go on to the next day.
    It is for this machine alone and knows no password.
    """
    from mdfsync.wiring import start_sandbox

    serving = start_sandbox(_folder(), port)
    if as_json:
        sys.stdout.write(json.dumps(serving.announcement()) + "\n")
        sys.stdout.flush()
    else:
        told = serving.announcement()
        for name in sorted(told, key=lambda name: name != "web_url"):
            OUT.print(f"{name:>16}  {told[name]}", soft_wrap=True)
        for person in serving.people:
            OUT.print(f"{person['role']:>24}  {person['email']}  {person['token']}", soft_wrap=True)
    if open_page and not webbrowser.open(serving.web_url):
        ERR.print(f"no web browser was found; open {serving.web_url}")
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    stopped.wait()
    serving.stop()


@sandbox.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def reset(as_json: bool) -> None:
    """Begin the world anew, with an empty base, and forget what the worker knew of the old one; its archive stays."""
    with _served() as serving:
        answer = serving.admin("POST", "reset", {})
    for path in _folder().parent.glob("state.db*"):
        path.unlink()
    print_json(answer) if as_json else OUT.print(f"a new world, base {answer['base_id']}, {answer['now']}")


@sandbox.command()
@click.option("--days", default=1, type=click.IntRange(1), show_default=True, help="How many days.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def advance(days: int, as_json: bool) -> None:
    """The next day: deals move, an overlap disappears, somebody types over a cell, a partner withdraws."""
    with _served() as serving:
        answer = serving.admin("POST", "advance", {"days": days})
    print_json(answer) if as_json else OUT.print(f"the world is at {answer['now']}; now run `mdfsync run`")
