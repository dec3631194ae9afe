"""When the worlds of the tests begin: always on the same morning, whatever day it is here, so that no test depends on
the day on which it is run."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.server import WORLD_FILE
from mdfsync.sandbox.store import Store

MORNING = "2026-11-20T09:00:00.000Z"


def begin(folder: Path, *, frozen: bool = False) -> None:
    """Give the world that will begin in an empty folder its first moment; from there time runs, or stands still."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(Store(folder / WORLD_FILE)) as store:
        clock = Clock(store)
        clock.freeze(datetime.fromisoformat(MORNING))
        if not frozen:
            clock.freeze(None)
