"""Where most flow tests begin: a world after its first run, made once per process and copied for each test.

The world's time stands still in it and moves only when a test says so, so that two copies that were given the same
things can be compared cell by cell.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from flow_lab import HEARTBEAT, Lab, open_lab

from mdfsync.policy import Policy, load_policy
from mdfsync.sandbox.hubspot.world import touch
from mdfsync.sandbox.server import Sandbox

ROOT = Path(__file__).parent.parent
Base = dict[str, dict[str, dict[str, Any]]]
_made: dict[str, Path] = {}


@contextmanager
def started(
    folder: Path, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, made: Path
) -> Iterator[Lab]:
    """A lab in `folder` whose first run is behind it; `made` is where the copy to copy from is kept."""
    if "home" not in _made:
        (made / "home").mkdir()
        with open_lab(made / "home", capture, monkeypatch, frozen=True) as first:
            first.run()
        _made["home"] = made / "home"
    home = folder / "home"
    shutil.copytree(_made["home"], home)
    monkeypatch.setenv("MDFSYNC_HOME", str(home))
    monkeypatch.chdir(home)
    world = Sandbox(home / "sandbox" / "world").start()
    try:
        yield Lab(home, world, capture)
    finally:
        world.stop()


def later(lab: Lab, minutes: int = 15) -> None:
    """Time passes, and nothing happens."""
    lab.world.admin("POST", "clock", {"days": minutes / 1440})


def set_deal(lab: Lab, number: str, **properties: Any) -> None:
    """Somebody edits a deal in HubSpot."""
    later(lab)
    life = lab.world.life
    assert life is not None
    with life.store.transaction():
        touch(life.store, life.clock, "deals", number, properties)
    later(lab)


# -- the base as a value

_OF_THE_RUN = {
    "captured_at",
    "run_id",
    "first_seen",
    "previous_hash",
    "hash",
    "cleared_at",
    "airtable_record_id",
    "due",
}
_OF_THE_PULLS = {"contact_joined_before", "contact_joined_after"}


@lru_cache
def policy() -> Policy:
    return load_policy(ROOT)


def content(lab: Lab) -> Base:
    """The base by table and stable id, without what only the run or the pull that wrote it knows."""
    out: Base = {}
    for table, spec in policy().dictionary.tables.items():
        rows = lab.rows(table) if table != HEARTBEAT else []
        for row in rows:
            cells = {k: v for k, v in row["fields"].items() if k not in _OF_THE_RUN | _OF_THE_PULLS and not _links(v)}
            if not (table == "Change History" and cells.get("field") in _OF_THE_PULLS):
                out.setdefault(table, {})[str(cells.get(spec.id_field, row["id"]))] = cells
    return out


def _links(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) or str(v).startswith("rec") for v in value)


def differences(one: Base, other: Base) -> list[tuple[str, str, str, Any, Any]]:
    """(table, id, field, here, there) of every cell that the two do not share."""
    out = []
    for table, key in sorted({(t, k) for base in (one, other) for t, rows in base.items() for k in rows}):
        here, there = one.get(table, {}).get(key, {}), other.get(table, {}).get(key, {})
        names = sorted({*here, *there})
        out += [(table, key, n, here.get(n), there.get(n)) for n in names if here.get(n) != there.get(n)]
    return out


def doubled(lab: Lab) -> list[tuple[str, str]]:
    """Stable ids that two rows carry."""
    out = []
    for table, spec in policy().dictionary.tables.items():
        ids = [row["fields"].get(spec.id_field) for row in lab.rows(table)]
        out += [(table, str(i)) for i in {*ids} if i and ids.count(i) > 1]
    return out


def open_exceptions(lab: Lab) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Cells of the exceptions that are not cleared, by type and record."""
    rows = [row["fields"] for row in lab.rows("Exceptions")]
    return {(r["exception_type"], r["record"]): r for r in rows if r.get("status") != "cleared"}
