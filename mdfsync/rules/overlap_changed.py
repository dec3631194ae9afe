"""Accounts that changed after the target list was approved or the campaign launched.

What it protects: a list that both owners approved is worked for weeks while partners share new accounts, withdraw
others, and prospects become somebody's customers. Nobody may be contacted because an account merely turned up, and
nobody should go on being contacted after the reason to do so is gone.

When it fires, one exception per campaign and partner, with everything that waits for a decision:
- an account appeared after the list was approved or the launch snapshot was taken, and is in doubt about nothing else;
- an account that might be worked is no longer visible in Crossbeam: why is unknown, so it is asked, not concluded;
- a target that was frozen at launch is no longer what it was to either side (customer, open opportunity, prospect).
Moves of names, websites, owners and of populations that change no status stand in the map and on the row alone, and
so does whatever became of an account that the charter bars anyway.

What clears it: a person decides on the accounts (`target_decision`; that an account shall be a target says nothing of
its withdrawal, which a person takes out or lets pass), the move goes back, or the target list is approved
again with the new status on it; an approval that lapsed over it says so itself. A person who looked at the set lets it
pass; another change makes another set. Archived and cancelled campaigns are left in peace, and so is a partner that
shows nothing any more (`sharing_changed`).

Params: `tolerance_hours`, `regions`, `test_words` and `do_not_contact_properties` are those of the launch snapshot and
of the target list, which this rule watches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mdfsync.approval import CLOSED, covered_by, in_force, judged
from mdfsync.model import Finding, Subject
from mdfsync.overlaps.changes import moves
from mdfsync.overlaps.families import account_of
from mdfsync.overlaps.sharing import sharing_changes
from mdfsync.overlaps.standing import SOURCES
from mdfsync.overlaps.targets import verdict
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.values import digest
from mdfsync.view import Row, View

ID = "overlap_changed"
TABLES = ("Shared Accounts",)
LATE = True
_SETTLED = frozenset({"exclude", "pause"})
NAMED = 25
"""Accounts that the evidence names of each kind; the rest are counted and stand in the map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One account of a set: which kind of change, and what it says of the account."""

    kind: str
    row: Row
    words: str

    def __str__(self) -> str:
        name = f"{self.row.text('account_name')} ({self.row.text('account_id')})"
        return f"{name}: {self.words}" if self.words else name


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    fewest = int(view.rules["sharing_changed"].params["min_accounts"]) if "sharing_changed" in view.rules else 0
    silent = {p for p, change in sharing_changes(view, fewest).items() if change.everything} if fewest else set()
    approved, lapsed = _approved(view)
    sets: dict[tuple[str, str], list[_Item]] = {}
    for row in view.rows("Shared Accounts"):
        joint, partner = row.text("joint_campaign_id"), row.text("partner_id")
        campaign = view.row("Campaigns", joint)
        if (
            row.text("target_decision") in {"exclude", "pause"}
            or campaign is None
            or campaign.text("campaign_status") in CLOSED
        ):
            continue
        if partner not in silent and (item := _item(view, row, approved, lapsed)) is not None:
            sets.setdefault((joint, partner), []).append(item)
    for (joint, partner), items in sorted(sets.items()):
        yield _said(view, setting, joint, partner, items)


def _item(view: View, row: Row, approved: set[Subject], lapsed: set[str]) -> _Item | None:
    """What waits for a decision about an account; None when nothing does."""
    status = view.will_be(row, "target_status")
    if view.will_be(row, "overlap_status") == "no_longer_visible":
        barred = verdict(view, replace(account_of(view, row), visible=True)).status == "excluded"
        return None if barred else _Item(kind="no longer visible", row=row, words="")
    if row.text("target_decision"):
        return None
    if row.text("appeared_after") and status == "review" and view.will_be(row, "exclusion_rule") == "appeared":
        return _Item(kind="appeared", row=row, words=view.will_be(row, "exclusion_reason"))
    if row.text("target_status_at_launch") != "target" and status != "target":
        return None
    ours, theirs = (view.will_be(row, f"customer_status_{side}") for side in ("ours", "partner"))
    moved = [str(move) for move in moves(row, ours, theirs) if move.field == "status"]
    if not moved or row.place in approved or str(row.place) in lapsed:
        return None
    return _Item(kind="status moved", row=row, words="; ".join(moved))


def _approved(view: View) -> tuple[set[Subject], set[str]]:
    """Accounts whose present status an approval of the target list saw, and rows over which one lapsed."""
    listed = covered_by(view, "targeting")
    approved = {place for place in listed if in_force(view, "targeting", place).satisfied}
    lapsed = [a for a in judged(view).values() if a.gate == "targeting" and a.status == "lapsed"]
    return approved, {move.row for approval in lapsed for move in approval.moved}


def _said(view: View, setting: RuleSetting, joint: str, partner: str, items: list[_Item]) -> Finding:
    kinds = {kind: [item for item in items if item.kind == kind] for kind in sorted({item.kind for item in items})}
    parts = view.where("Campaign Partners", "joint_campaign_id", joint)
    part = next((found.place for found in parts if view.ref(found, "partner_id") == partner), None)
    row = view.row("Partners", partner)
    counted = ", ".join(f"{len(found)} {kind}" for kind, found in kinds.items())
    return speak(
        setting,
        part or items[0].row.place,
        f"Accounts shared with {(row.text('partner_name') if row else '') or partner} changed: {counted}.",
        evidence={kind: _listed(found) for kind, found in kinds.items()},
        sources=SOURCES,
        key=digest([[item.kind, item.row.id, item.words] for item in sorted(items, key=lambda i: i.row.id)])[:16],
    )


def _listed(items: Iterable[_Item]) -> str:
    words = [str(item) for item in items]
    more = [f"… and {len(words) - NAMED} more"] if len(words) > NAMED else []
    return "; ".join([*words[:NAMED], *more])
