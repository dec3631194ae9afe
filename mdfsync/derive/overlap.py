"""What an overlap is worth: status on both sides, presence at launch, whether the account may be targeted, and what has
moved since launch.

Overlap is presence, never credit. It refuses to call an overlap "at launch" that nobody saw before launch, and to let a
rule overrule a person's decision on an account. A row that its source no longer shows is `no_longer_visible`, which
does not say that the partner lost it. What the cells rest on stands in `overlaps/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.overlaps.changes import moves
from mdfsync.overlaps.families import account_of, other_partners
from mdfsync.overlaps.launch import is_taken, snapshot_ids
from mdfsync.overlaps.standing import SOURCES, kind, open_deals
from mdfsync.overlaps.targets import Account, verdict
from mdfsync.view import Row, View

RULE = "overlap"
TABLE = "Shared Accounts"
_INPUTS = (*SOURCES, "hubspot.companies", "hubspot.deals")


def overlap(view: View) -> Iterator[Computed]:
    """Computed cells of Shared Accounts, and of the campaigns' launch snapshots."""
    for row in view.rows(TABLE):
        yield from cells(row.subject, _values(view, account_of(view, row)), rule=RULE, inputs=_INPUTS)
    for campaign in view.rows("Campaigns"):
        yield from cells(campaign.subject, _snapshot(view, campaign), rule=RULE, inputs=SOURCES)


def _values(view: View, account: Account) -> dict[str, str]:
    row, found = account.row, verdict(view, account)
    since = "\n".join(map(str, moves(row, account.ours, account.theirs)))
    return {
        "customer_status_ours": account.ours,
        "customer_status_partner": account.theirs,
        "account_overlap": kind(account.ours, account.theirs),
        "overlap_status": _presence(view, row) if account.visible else "no_longer_visible",
        "target_status": found.status,
        "exclusion_rule": found.by or NOTHING,
        "exclusion_reason": found.reason or NOTHING,
        "changes_since_launch": since or NOTHING,
        "open_opportunities": str(open_deals(view, row)),
        "other_partner_ids": ", ".join(other_partners(view, row)) or NOTHING,
    }


def _snapshot(view: View, campaign: Row) -> dict[str, str]:
    """The campaign's launch snapshots: as late as the latest of them, and at launch only if all are."""
    ids = snapshot_ids(view, campaign)
    if not ids:
        return {"overlap_snapshot_label": NOTHING}
    rows = [row for row in view.where(TABLE, "joint_campaign_id", campaign.id) if row.text("snapshot_id")]
    taken = max((row.text("snapshot_taken_at") for row in rows), default="") or campaign.text("overlap_snapshot_at")
    known = {row.text("snapshot_label") for row in rows} or {campaign.text("overlap_snapshot_label")}
    return {
        "overlap_snapshot_id": ", ".join(ids),
        "overlap_snapshot_at": taken,
        "overlap_snapshot_label": "at_launch" if known == {"at_launch"} else "late" if "late" in known else NOTHING,
    }


def _presence(view: View, row: Row) -> str:
    """Whether the overlap was there at launch: by the frozen snapshot; without one that stands for launch, as far as
    Crossbeam's own time or our first sight of it can tell."""
    label = row.text("snapshot_label")
    if label == "at_launch":
        return "at_launch"
    campaign = view.row("Campaigns", row.text("joint_campaign_id"))
    launch = campaign.instant("launch_at") if campaign else None
    if campaign is None or launch is None or launch > view.as_of:
        return "before_launch"
    if not label and is_taken(campaign, row.text("partner_id")):
        return "added_after_launch"
    since, captured = row.instant("overlap_since"), row.instant("captured_at")
    if since is not None:
        return "at_launch" if since <= launch else "added_after_launch"
    return "at_launch" if captured is not None and captured <= launch else "unknown"
