"""The launch snapshot: what was shared with each partner when a campaign launched, frozen once and never changed.

At the first run at or after `launch_at`, as soon as the sources behind a partner's accounts have delivered and are
neither held, stale nor cut off, every visible account of that campaign and partner gets its snapshot columns. The label
tells what they prove: `at_launch` when the state is the one that was known at launch (learnt before it, or within the
rulebook's hours after it), else `late`, which proves nothing about launch. An account that turns up once the target
list was approved or the snapshot was taken is marked as such when its row is made, and has no snapshot. The id of a
snapshot is made of what it holds. Part of `overlaps`; `plan` writes what comes out before anything is judged.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from mdfsync.model import Subject
from mdfsync.observe.overlaps import CLOSED, name_key, partners_by_name
from mdfsync.overlaps.families import account_of, gone
from mdfsync.overlaps.standing import SOURCES
from mdfsync.overlaps.targets import RULE, verdict
from mdfsync.values import digest, instant_text
from mdfsync.view import Row, View

TABLE = "Shared Accounts"
NOT_LAUNCHED = frozenset({"draft", *CLOSED})
FROZEN = {
    "our_population_at_launch": "our_population",
    "partner_population_at_launch": "partner_population",
    "account_owner_at_launch": "account_owner",
    "account_name_at_launch": "account_name",
    "account_domain_at_launch": "account_domain",
    "partner_record_name_at_launch": "partner_record_name",
    "partner_domain_at_launch": "partner_domain",
    "partner_owner_at_launch": "partner_owner_name",
}
"""Snapshot column → the column that it is taken from."""
_COUNTS = frozenset({"approved", "lapsed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Snapshot columns of one account, to be written once; `sources` are behind them."""

    subject: Subject
    cells: Mapping[str, str]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A snapshot that can be taken now: of which campaign, partner and rows, as of when, and what it proves."""

    campaign: Row
    partner_id: str
    rows: tuple[Row, ...]
    at: datetime
    label: str
    sources: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{_prefix(self.campaign.id, self.partner_id)}{digest([_content(row) for row in self.rows])[:12]}"


def snapshot_cells(view: View) -> Iterator[Taken]:
    """Every snapshot column that is to be written by this run."""
    due = snapshots_due(view)
    taken_now = {(snapshot.campaign.id, snapshot.partner_id) for snapshot in due}
    for snapshot in due:
        id, at = snapshot.id, instant_text(snapshot.at)
        for row in snapshot.rows:
            account = account_of(view, row)
            cells = {
                "snapshot_id": id,
                "snapshot_taken_at": at,
                "snapshot_label": snapshot.label,
                "customer_status_at_launch": status_words(account.ours, account.theirs),
                "target_status_at_launch": verdict(view, account).status,
                **{column: row.text(name) for column, name in FROZEN.items()},
            }
            kept = {name: text for name, text in cells.items() if text}
            yield Taken(subject=row.subject, cells=kept, sources=snapshot.sources)
    for row in view.rows(TABLE):
        if not row.record_id and (after := _list_before(view, row, taken_now)):
            yield Taken(subject=row.subject, cells={"appeared_after": after}, sources=SOURCES)


def snapshots_due(view: View) -> tuple[Due, ...]:
    """The snapshots that this run takes; worked out once per view."""
    key = (TABLE, "snapshots due")
    found: tuple[Due, ...] | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = tuple(
            due
            for campaign in view.rows("Campaigns")
            for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id)
            if (partner := view.ref(part, "partner_id")) and (due := _due(view, campaign, partner)) is not None
        )
    return found


def snapshot_ids(view: View, campaign: Row) -> tuple[str, ...]:
    """Ids of the snapshots of a campaign: those it names, those its accounts carry, and one of a partner that shared
    nothing at launch."""
    of_rows = {row.text("snapshot_id") for row in view.where(TABLE, "joint_campaign_id", campaign.id)}
    empty = {due.id for due in snapshots_due(view) if due.campaign.id == campaign.id and not due.rows}
    return tuple(sorted({*campaign.listed("overlap_snapshot_id"), *of_rows, *empty} - {"", "none"}))


def is_taken(campaign: Row, partner_id: str) -> bool:
    """Whether the accounts of this partner were frozen for the campaign: its cell names them when all are written."""
    prefix = _prefix(campaign.id, partner_id)
    ids = campaign.listed("overlap_snapshot_id")
    return any(id.startswith(prefix) and "-" not in id.removeprefix(prefix) for id in ids)


@lru_cache(maxsize=256)
def status_words(ours: str, theirs: str) -> str:
    """`customer_status_at_launch`: both sides in one cell."""
    return f"ours: {ours}; partner: {theirs}"


def statuses_in(words: str) -> tuple[str, str]:
    """The same back; blanks when it says something else."""
    mine, _, other = words.partition("; ")
    if mine.startswith("ours: ") and other.startswith("partner: "):
        return mine.removeprefix("ours: "), other.removeprefix("partner: ")
    return "", ""


def _prefix(joint: str, partner_id: str) -> str:
    return f"os-{joint}-{partner_id}-"


def _content(row: Row) -> list[str]:
    """What a snapshot holds of one account; its id is made of it, and of nothing that the clock says."""
    names = ("account_id", "our_population_types", "partner_population_types", *FROZEN.values())
    return [row.text(name) for name in names]


def _due(view: View, campaign: Row, partner_id: str) -> Due | None:
    launch = campaign.instant("launch_at")
    if launch is None or launch > view.as_of or campaign.text("campaign_status") in NOT_LAUNCHED:
        return None
    if is_taken(campaign, partner_id):
        return None
    visible = visible_rows(view, campaign.id, partner_id)
    rows = tuple(row for row in visible if not row.text("snapshot_id"))
    if visible and not rows:  # all are frozen already; only the campaign has not said so yet
        return None
    sources = _sources_of(view, visible)
    delivered = [_delivered(view, source, partner_id) for source in sources]
    if not delivered or not all(delivered):
        return None
    at = max(moment for moment in delivered if moment)
    hours = int(view.rules[RULE].params["tolerance_hours"])
    label = "at_launch" if at <= launch + timedelta(hours=hours) else "late"
    return Due(campaign=campaign, partner_id=partner_id, rows=rows, at=at, label=label, sources=sources)


def visible_rows(view: View, joint: str, partner_id: str) -> tuple[Row, ...]:
    """Accounts of a campaign and partner that Crossbeam shows now, by their id."""
    rows, lost = view.where(TABLE, "joint_campaign_id", joint), gone(view)
    shown = [row for row in rows if row.text("partner_id") == partner_id and row.subject not in lost]
    return tuple(sorted(shown, key=lambda row: row.id))


def _sources_of(view: View, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """The Crossbeam sources behind the rows; of none, those that have delivered anything."""
    behind = view.facts.behind or {}
    found = {source for row in rows for source in behind.get(row.subject, ()) if source in SOURCES}
    return tuple(sorted(found or {source for source in SOURCES if view.health(source).known}))


def _delivered(view: View, source: str, partner_id: str) -> datetime | None:
    """When the partner's accounts, as they are, were learnt from the source; None while it cannot be relied on."""
    health = view.health(source)
    if health.status != "fresh" or not health.known:
        return None
    if source == "crossbeam.api":
        return health.last_accepted_at
    fetched, blobs = _files_of(view).get(partner_id, (None, frozenset()))
    if blobs & {file.blob for file in health.cut_off}:
        return None
    return fetched or health.last_accepted_at


def _files_of(view: View) -> Mapping[str, tuple[datetime, frozenset[str]]]:
    """Partner → when the newest of its exported rows was learnt, and the files behind them."""
    key = ("crossbeam.exports", "by partner")
    found: dict[str, tuple[datetime, frozenset[str]]] | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = {}
        names = partners_by_name((row.id, row.fields) for row in view.rows("Partners"))
        for row in view.mirror.get("crossbeam.exports", ()):
            partner = names.get(name_key(row.body.get("partner_name")), "")
            at, blobs = found.get(partner, (row.ref.fetched_at, frozenset()))
            if at < row.ref.fetched_at or row.ref.blob not in blobs:
                found[partner] = max(at, row.ref.fetched_at), blobs | {row.ref.blob}
    return found


def _list_before(view: View, row: Row, taken_now: Container[tuple[str, str]]) -> str:
    """What a new row comes too late for: the launch snapshot, or an approval of the target list; `""` for neither."""
    joint, partner = row.text("joint_campaign_id"), row.text("partner_id")
    campaign = view.row("Campaigns", joint)
    if campaign is None or (joint, partner) in taken_now:
        return ""
    if is_taken(campaign, partner):
        return "the launch snapshot was taken"
    for approval in view.where("Approvals", "joint_campaign_id", joint):
        named = view.ref(approval, "partner_id")
        seen = approval.text("values_seen") not in {"", "none"} and approval.text("approval_status") in _COUNTS
        if approval.text("gate") == "targeting" and seen and named in {"", partner}:
            return f"the target list was approved ({approval.id})"
    return ""
