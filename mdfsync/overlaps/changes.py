"""What has changed since the launch snapshot, account by account.

Moves of a population, a status, a name, a website or an owner, each before and after. An account without a snapshot
appeared later; one that Crossbeam no longer shows is withdrawn, and why is unknown. Only what moved an account's status
concerns the target list; the rest is for the map. Part of `overlaps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.overlaps.launch import statuses_in
from mdfsync.view import Row

KINDS: Mapping[str, str] = {
    "our_population": "our population",
    "partner_population": "the partner's population",
    "account_name": "renamed",
    "partner_record_name": "renamed by the partner",
    "account_domain": "website changed",
    "partner_domain": "website changed on the partner's side",
    "account_owner": "our owner changed",
    "partner_owner_name": "the partner's owner changed",
}
"""Columns that are compared, and what a move of each is called."""
_AT_LAUNCH = {name: f"{name}_at_launch" for name in KINDS} | {"partner_owner_name": "partner_owner_at_launch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Something that is not as it was frozen. `field` is the column, or `status` for what an account is to a side."""

    field: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before or 'nothing'} → {self.after or 'nothing'}"


def moves(row: Row, ours: str, theirs: str) -> tuple[Move, ...]:
    """What moved on a frozen account; nothing on one without a snapshot. `ours`, `theirs` = its status now."""
    return tuple(_moves(row, ours, theirs)) if row.text("snapshot_id") else ()


def _moves(row: Row, ours: str, theirs: str) -> Iterator[Move]:
    cells = row.fields
    was_ours, was_theirs = statuses_in(row.text("customer_status_at_launch"))
    for whose, before, after in (("our status", was_ours, ours), ("the partner's status", was_theirs, theirs)):
        if before and before != after:
            yield Move(field="status", what=whose, before=_plain(before), after=_plain(after))
    for field, what in KINDS.items():
        before, after = cells.get(_AT_LAUNCH[field], ""), cells.get(field, "")
        if before != after and _parts(before) != _parts(after):
            yield Move(field=field, what=what, before=before, after=after)


def _parts(text: str) -> frozenset[str]:
    """Populations are a set: their order says nothing."""
    return frozenset(part.strip() for part in text.split(","))


def _plain(status: str) -> str:
    return status.replace("_", " ")
