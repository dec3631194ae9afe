"""Dates of the sandbox's story: written relative to the day of the reset, so that the world is always
current.

`D-40` is the date forty days before day zero, `D-40T14:30:00` an instant in UTC on that day, `{D-40}` the
date inside a longer text. Ids and amounts are fixed; only these move. Seed files are JSON and CSV beside
this package.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.store import Store

SEED = Path(__file__).parents[1] / "seed"
_DAY_ZERO = "story.day_zero"
_WHOLE = re.compile(r"D([+-]\d+)?(T\d\d:\d\d:\d\d)?")
_INSIDE = re.compile(r"\{D([+-]\d+)?\}")


def day_zero(store: Store) -> date:
    """The day the world was reset."""
    return date.fromisoformat(str(store.setting(_DAY_ZERO)))


def begin(store: Store, clock: Clock) -> date:
    """Fix day zero at the clock's present day."""
    zero = clock.now().date()
    store.set(_DAY_ZERO, zero.isoformat())
    return zero


def resolve(text: str, zero: date) -> str:
    """A text with its relative dates made real; other texts come back as they are."""
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        day = (zero + timedelta(days=int(whole.group(1) or 0))).isoformat()
        return f"{day}{whole.group(2)}.000Z" if whole.group(2) else day
    return _INSIDE.sub(lambda m: (zero + timedelta(days=int(m.group(1) or 0))).isoformat(), text)


def resolved(value: Any, zero: date) -> Any:
    """The same for everything inside a JSON value."""
    if isinstance(value, str):
        return resolve(value, zero)
    if isinstance(value, list):
        return [resolved(item, zero) for item in value]
    if isinstance(value, Mapping):
        return {key: resolved(item, zero) for key, item in value.items()}
    return value


def seed_json(name: str, zero: date) -> Any:
    """A JSON seed file with real dates."""
    return resolved(json.loads((SEED / name).read_text(encoding="utf-8")), zero)


def seed_rows(name: str, zero: date) -> list[dict[str, str]]:
    """A CSV seed file with real dates, one dict per row."""
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        return [{key: resolve(value, zero) for key, value in row.items()} for row in csv.DictReader(file)]
