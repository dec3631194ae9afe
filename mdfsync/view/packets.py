"""Which reimbursement packets were made of each claim: version, digest, when, and with which lines.

    state `packets:<base id>` ─packets_of─> View.facts.packets

The verb that makes a packet leaves one entry for each version in the local state; here they are read. It refuses to
guess: an entry without version, digest or time is no packet, and one without lines says nothing about them. Part of
`view`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One version of a claim's packet. `lines` = what it claims, by line id; `None` where the entry does not say."""

    version: int
    digest: str
    prepared_at: datetime
    lines: Mapping[str, Decimal] | None = None


Packets = Mapping[str, tuple[Packet, ...]]
"""Versions by claim id, oldest first."""


def packets_key(base_id: str) -> str:
    """Under which the local state keeps the packets of a base."""
    return f"packets:{base_id}"


def packets_of(kept: str | None) -> Packets:
    """The state's entry, read."""
    said: Mapping[str, list[Mapping[str, Any]]] = json.loads(kept or "{}")
    read = {claim: [made for entry in entries if (made := _packet(entry))] for claim, entries in said.items()}
    return {claim: tuple(sorted(made, key=lambda p: p.version)) for claim, made in read.items() if made}


def filed_with(made: tuple[Packet, ...], filed_at: datetime) -> Packet | None:
    """The version with which a claim was filed: the last that was made by then."""
    return next((packet for packet in reversed(made) if packet.prepared_at <= filed_at), None)


def _packet(entry: Mapping[str, Any]) -> Packet | None:
    version, digest, at, lines = (entry.get(name) for name in ("version", "digest", "prepared_at", "lines"))
    if not version or not digest or not at:
        return None
    claimed = {id: Decimal(str(amount)) for id, amount in lines.items()} if isinstance(lines, dict) else None
    return Packet(
        version=int(version), digest=str(digest), prepared_at=datetime.fromisoformat(str(at)), lines=claimed
    )  # fmt: skip
