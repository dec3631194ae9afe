"""One writer per base: the lease that a run holds while it may write, and the name by which this process holds it.

A lease of another process is respected until it runs out; one whose process is dead on this machine is taken over at
once. It writes nothing to the base. Effectful over the state, around whatever writes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from mdfsync.errors import BaseBusy


class Leases(Protocol):
    """The part of local state that knows who holds a base."""

    def lease_holder(self, base_id: str, now: datetime) -> str | None: ...
    def lease_acquire(self, base_id: str, holder: str, ttl_seconds: int, now: datetime) -> bool: ...
    def lease_renew(self, base_id: str, holder: str, ttl_seconds: int, now: datetime) -> bool: ...
    def lease_release(self, base_id: str, holder: str) -> None: ...


@contextmanager
def sole_writer(state: Leases, base_id: str, *, seconds: int = 180) -> Iterator[Callable[[], None]]:
    """The lease of the base for as long as a run may write; yields what renews it, to be called between requests.

    `BaseBusy` when another run holds it. A lease whose process on this machine is dead is taken over."""
    holder = this_process()
    host = holder.rpartition(":")[0]
    held_by = state.lease_holder(base_id, datetime.now(UTC))
    if held_by and held_by.startswith(f"{host}:") and not _alive(int(held_by.rpartition(":")[2])):
        state.lease_release(base_id, held_by)
    if not state.lease_acquire(base_id, holder, seconds, datetime.now(UTC)):
        raise BaseBusy(
            f"another run holds base {base_id} ({state.lease_holder(base_id, datetime.now(UTC))}); wait for it"
        )
    renewed = time.monotonic()

    def renew() -> None:
        nonlocal renewed
        if time.monotonic() - renewed < seconds / 6:
            return
        if not state.lease_renew(base_id, holder, seconds, datetime.now(UTC)):
            raise BaseBusy(f"the lease of base {base_id} was lost; nothing more is written")
        renewed = time.monotonic()

    try:
        yield renew
    finally:
        state.lease_release(base_id, holder)


def this_process() -> str:
    """`host:pid`, by which leases and run rows name their runner."""
    return f"{os.uname().nodename}:{os.getpid()}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
