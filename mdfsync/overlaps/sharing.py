"""A partner that changed what it shares as a whole: all its accounts gone, or a field gone on every one of them.

A partnership that was ended, a lower sharing level, an edited field preset or an export cap looks like hundreds of
edits. It is one event, and nobody may act on the edits before somebody knows why. Part of `overlaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.model import Subject
from mdfsync.overlaps.families import gone
from mdfsync.overlaps.standing import SOURCES
from mdfsync.view import View
from mdfsync.view.facts import Withdrawal

TABLE = "Shared Accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingChange:
    """What a partner no longer shows: `everything`, or these `fields`; `rows` = the accounts concerned."""

    partner_id: str
    everything: bool
    fields: tuple[str, ...]
    rows: tuple[Subject, ...]


def sharing_changes(view: View, min_accounts: int) -> Mapping[str, SharingChange]:
    """Changes of sharing by partner; of fewer accounts than `min_accounts` nothing general is concluded."""
    key = (TABLE, "sharing changes", str(min_accounts))
    found: dict[str, SharingChange] | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _find(view, min_accounts)
    return found


def is_part_of_one(view: View, withdrawal: Withdrawal, min_accounts: int) -> bool:
    """Whether an emptied cell is told as part of a partner's change of sharing."""
    row = view.row(TABLE, withdrawal.subject.id) if withdrawal.subject.table == TABLE else None
    change = sharing_changes(view, min_accounts).get(row.text("partner_id")) if row is not None else None
    return change is not None and withdrawal.source_id in SOURCES and withdrawal.field in change.fields


def _find(view: View, min_accounts: int) -> dict[str, SharingChange]:
    hidden = gone(view)
    emptied: dict[str, set[Subject]] = {}
    for withdrawal in view.facts.withdrawals:
        if withdrawal.subject.table == TABLE and withdrawal.source_id in SOURCES:
            emptied.setdefault(withdrawal.field, set()).add(withdrawal.subject)
    if not hidden and not emptied:
        return {}
    of_partner: dict[str, list[Subject]] = {}
    for row in view.rows(TABLE):
        of_partner.setdefault(row.text("partner_id"), []).append(row.subject)
    found = {}
    for partner, subjects in sorted(of_partner.items()):
        accounts = {subject.id.partition("-hs-co-")[2] for subject in subjects}
        if len(accounts) < min_accounts:
            continue
        shown = [subject for subject in subjects if subject not in hidden]
        fields = sorted(n for n, cells in emptied.items() if _all_emptied(view, n, cells, shown, min_accounts))
        if not shown or fields:
            rows = tuple(sorted(shown or subjects))
            found[partner] = SharingChange(
                partner_id=partner, everything=not shown, fields=tuple(fields if shown else ()), rows=rows
            )
    return found


def _all_emptied(view: View, field: str, cells: set[Subject], shown: list[Subject], min_accounts: int) -> bool:
    """Whether every account that had something there no longer gets it."""
    filled = [s for s in shown if (row := view.row(TABLE, s.id)) is not None and row.text(field)]
    return len(filled) >= min_accounts and all(subject in cells for subject in filled)
