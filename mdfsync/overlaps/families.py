"""Accounts that stand for the same: several partners on one account, several accounts of ours on one partner record.

One account that several partners share stays one row per partner; each names the others. Several companies of ours that
meet one record of the partner are real divisions more often than duplicates, so none is merged: one goes first and the
others are for review. Part of `overlaps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.overlaps.standing import SOURCES, open_deals, ours, theirs
from mdfsync.overlaps.targets import Account
from mdfsync.view import Row, View

TABLE = "Shared Accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Families:
    """What stands for the same more than once: partners by (campaign, account), and accounts of ours by (campaign,
    partner, record of the partner)."""

    partners: Mapping[tuple[str, str], set[str]]
    records: Mapping[tuple[str, str, str, str], tuple[Row, ...]]


def account_of(view: View, row: Row) -> Account:
    """What the verdict on an account rests on."""
    return Account(
        row=row,
        ours=ours(view, row),
        theirs=theirs(row),
        visible=row.subject not in gone(view),
        rival=_rival(view, row),
    )


def other_partners(view: View, row: Row) -> tuple[str, ...]:
    """Other partners that share the same account in this campaign."""
    partners = _families(view).partners
    same = partners.get((row.text("joint_campaign_id"), row.text("account_id")), ()) if partners else ()
    return tuple(sorted({*same} - {row.text("partner_id")}))


def gone(view: View) -> frozenset[object]:
    """Accounts that Crossbeam no longer shows."""
    key = (TABLE, "gone")
    found: frozenset[object] | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = frozenset(v.subject for v in view.facts.vanished if v.source_id in SOURCES)
    return found


def _rival(view: View, row: Row) -> str:
    """Another account of ours that stands for the same record of the partner and goes first: the one with an owner in
    HubSpot, with more open deals, with the lower id."""
    records = _families(view).records
    same = records.get(_record(row), ()) if records else ()
    if not same:
        return ""
    first = min(same, key=lambda r: (not r.text("account_owner"), -open_deals(view, r), r.text("account_id")))
    return "" if first is row else first.text("account_id")


def _families(view: View) -> _Families:
    key = (TABLE, "families")
    found: _Families | None = view.memo.get(key)
    if found is None:
        partners: dict[tuple[str, str], set[str]] = {}
        records: dict[tuple[str, str, str, str], list[Row]] = {}
        for row in view.rows(TABLE):
            place = row.text("joint_campaign_id"), row.text("account_id")
            partners.setdefault(place, set()).add(row.text("partner_id"))
            if row.text("partner_record_name") and row.text("partner_domain"):
                records.setdefault(_record(row), []).append(row)
        found = view.memo[key] = _Families(
            partners={place: ids for place, ids in partners.items() if len(ids) > 1},
            records={record: tuple(rows) for record, rows in records.items() if len(rows) > 1},
        )
    return found


def _record(row: Row) -> tuple[str, str, str, str]:
    names = ("joint_campaign_id", "partner_id", "partner_record_name", "partner_domain")
    joint, partner, name, domain = (row.text(field) for field in names)
    return joint, partner, name, domain
