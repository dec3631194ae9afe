"""One link of an append-only chain: how the archive's manifest and the change history are hashed.

`hash = sha256(previous hash ‖ sha256(canonical JSON of the row) ‖ position)`. The inner hash lets an erasure
blank the row and leave its link verifiable. A chain alone shows alteration, removal and reordering; that it
was cut short shows only beside a head that is kept apart, that it was rewritten whole only beside a
checkpoint kept elsewhere. Pure; used by `archive` and `state_chain`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mdfsync.values import digest

GENESIS = "0" * 64
OWN = ("previous_hash", "hash")


def row_sha(row: Mapping[str, Any]) -> str:
    """Digest of a row's canonical JSON without its two hash fields."""
    return digest({name: value for name, value in row.items() if name not in OWN})


def link_hash(previous_hash: str, sha: str, position: int) -> str:
    """Hash of the row at `position` (from 1), whose own digest is `sha`."""
    return hashlib.sha256(f"{previous_hash}{sha}{position}".encode()).hexdigest()
