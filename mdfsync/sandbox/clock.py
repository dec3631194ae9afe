"""The sandbox's virtual clock: real time plus an offset that is kept with the world.

At reset the world's time is the present; `advance` moves it on, `freeze` stops it at one instant (for tests and
golden documents), `resume` goes back to a snapshot's. Nothing in the sandbox reads the time from anywhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mdfsync.sandbox.store import Store

_OFFSET = "clock.offset_seconds"
_FROZEN = "clock.frozen_at"


class Clock:
    """Virtual time of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def now(self) -> datetime:
        """Aware UTC time of the world, to the millisecond."""
        frozen = self.store.setting(_FROZEN)
        if frozen is not None:
            return datetime.fromisoformat(str(frozen))
        moment = datetime.now(UTC) + timedelta(seconds=float(self.store.setting(_OFFSET, 0)))
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def text(self) -> str:
        """`now()` as `2026-11-20T05:00:00.000Z`."""
        return instant_text(self.now())

    def advance(self, days: float = 1.0) -> datetime:
        """Move the world on by `days` (a frozen clock moves and stays frozen); returns the new time."""
        if days < 0:
            raise ValueError("the sandbox's clock does not run backwards")
        frozen = self.store.setting(_FROZEN)
        if frozen is not None:
            self.freeze(datetime.fromisoformat(str(frozen)) + timedelta(days=days))
        else:
            self.store.set(_OFFSET, float(self.store.setting(_OFFSET, 0)) + days * 86_400)
        return self.now()

    def freeze(self, at: datetime | None) -> None:
        """Stop at `at` (aware); None lets time run again from the instant it stopped."""
        if at is not None:
            self.store.set(_FROZEN, at.astimezone(UTC).isoformat())
            return
        stopped = self.now()
        self.store.set(_FROZEN, None)
        self.store.set(_OFFSET, (stopped - datetime.now(UTC)).total_seconds())

    def resume(self, at: datetime) -> None:
        """Make `at` (aware) the world's time again; unlike all else this may turn it back. A frozen clock stays where
        it is."""
        if self.store.setting(_FROZEN) is None:
            self.store.set(_OFFSET, (at - datetime.now(UTC)).total_seconds())


def instant_text(moment: datetime) -> str:
    """UTC with milliseconds and `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
