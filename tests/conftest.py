"""Fixtures of the flow tests; our own environment variables never leak into a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_lab import browser as browser
from browser_lab import empty_world as empty_world
from browser_lab import furnished as furnished
from browser_lab import page as page
from browser_lab import watch as watch
from browser_lab import world as world
from flow_lab import Lab, open_lab
from flow_start import started
from hypothesis import settings

# Continuous integration repeats itself; everybody else's runs look in new places.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(autouse=True)
def _own_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("MDFSYNC_", "AIRTABLE_", "HUBSPOT_", "CROSSBEAM_")):
            monkeypatch.delenv(name)


@pytest.fixture
def lab(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A fresh sandbox served over HTTP."""
    with open_lab(tmp_path, capsys, monkeypatch) as opened:
        yield opened


@pytest.fixture
def fresh(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:  # fmt: skip
    """A world just after its first run, whose time stands still."""
    with started(tmp_path, capsys, monkeypatch, tmp_path_factory.mktemp("made")) as opened:
        yield opened
