"""The overlap map of a campaign as data: every account of every partner with both sides' status, its verdict, what was
frozen at launch, what has moved since, and who approved the target list.

It reads the cells as the last run left them and concludes nothing of its own. Documents and JSON are made from it. Part
of `overlaps`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mdfsync.approval import Approval, InForce, Part, in_force
from mdfsync.exclusion_lists import entries
from mdfsync.model import Subject
from mdfsync.overlaps.markets import markets_of
from mdfsync.overlaps.standing import CLOSEST, UNKNOWN
from mdfsync.overlaps.targets import RULE
from mdfsync.values import digest
from mdfsync.view import Row, View
from mdfsync.view.standing import campaign_in_force

TABLE = "Shared Accounts"
STATUSES = (*CLOSEST, UNKNOWN)
GATE = "targeting"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerMap:
    """The accounts shared with one partner, by account name. `unmatched` = open exceptions of overlaps that met no
    company of ours."""

    partner_id: str
    name: str
    rows: tuple[Row, ...]
    unmatched: tuple[Row, ...]

    @property
    def visible(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.text("overlap_status") != "no_longer_visible")

    @property
    def withdrawn(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.text("overlap_status") == "no_longer_visible")

    @property
    def appeared(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.text("appeared_after"))

    @property
    def moved(self) -> tuple[Row, ...]:
        return tuple(row for row in self.visible if row.text("changes_since_launch") not in {"", "none"})

    def standing(self, status: str) -> tuple[Row, ...]:
        """Accounts that are target, excluded or review."""
        return tuple(row for row in self.rows if row.text("target_status") == status)

    @property
    def matrix(self) -> Mapping[tuple[str, str], int]:
        """Visible accounts by (our status, the partner's status)."""
        names = ("customer_status_ours", "customer_status_partner")
        found: Counter[tuple[str, str]] = Counter()
        for row in self.visible:
            mine, other = (row.text(name) or UNKNOWN for name in names)
            found[mine, other] += 1
        return found

    @property
    def snapshot(self) -> tuple[str, str, str]:
        """(id, taken at, label) of the launch snapshot; blanks while there is none."""
        frozen = [row for row in self.rows if row.text("snapshot_id")]
        ids = sorted({row.text("snapshot_id") for row in frozen})
        labels = {row.text("snapshot_label") for row in frozen}
        label = "late" if "late" in labels else next(iter(labels), "")
        return ", ".join(ids), max((row.text("snapshot_taken_at") for row in frozen), default=""), label


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapMap:
    """`campaign` as the charter in force has it; `groups` = exclusion lines that name no account, `markets` = market
    lines that are no country: people apply those."""

    campaign: Row
    partners: tuple[PartnerMap, ...]
    gate: InForce
    groups: tuple[str, ...]
    markets: tuple[str, ...]

    @property
    def accounts(self) -> int:
        """Distinct visible accounts: one that several partners share counts once."""
        return len({row.text("account_id") for partner in self.partners for row in partner.visible})

    @property
    def targets(self) -> tuple[Row, ...]:
        """The target list, by account and partner."""
        rows = [row for partner in self.partners for row in partner.standing("target")]
        return tuple(sorted(rows, key=lambda row: (row.text("account_name").casefold(), row.id)))

    @property
    def version(self) -> str:
        """The target list as it stands, as a hash: its accounts with what the gate's approvers look at."""
        names = ("customer_status_ours", "customer_status_partner", "target_decision")
        return digest(
            [[row.id, *(row.text(name) for name in names)] for row in sorted(self.targets, key=lambda r: r.id)]
        )

    def approvals(self) -> Iterator[tuple[Part, Approval]]:
        """Approvals that carry the gate's parts, lapsed ones too."""
        for part in self.gate.parts:
            for approval in part.carried_by:
                yield part, approval


def overlap_map(view: View, campaign: Row, partner: str = "") -> OverlapMap:
    """The map of a campaign, or of one partner's part in it."""
    terms = campaign_in_force(view, campaign.id) or campaign
    parts = view.where("Campaign Partners", "joint_campaign_id", campaign.id)
    ids = dict.fromkeys(id for part in parts if (id := view.ref(part, "partner_id")) and partner in {"", id})
    regions = view.rules[RULE].params.get("regions", ()) if RULE in view.rules else ()
    rows = view.where(TABLE, "joint_campaign_id", campaign.id)
    return OverlapMap(
        campaign=terms,
        partners=tuple(_partner_map(view, id, rows) for id in ids),
        gate=in_force(view, GATE, Subject(table="Campaigns", id=campaign.id)),
        groups=_groups(terms.text("exclusions"), rows),
        markets=markets_of(terms.text("markets"), regions).unread,
    )


def _partner_map(view: View, partner: str, rows: Iterable[Row]) -> PartnerMap:
    row = view.row("Partners", partner)
    mine = sorted((r for r in rows if r.text("partner_id") == partner), key=lambda r: r.text("account_name").casefold())
    unmatched = [
        found
        for found in view.where("Exceptions", "exception_type", "overlap_unmatched")
        if found.text("record") == partner and found.text("status") in {"open", "upheld"}
    ]
    return PartnerMap(
        partner_id=partner,
        name=(row.text("partner_name") if row else "") or partner,
        rows=tuple(mine),
        unmatched=tuple(sorted(unmatched, key=lambda found: found.text("message"))),
    )


def _groups(exclusions: str, rows: Iterable[Row]) -> tuple[str, ...]:
    """Lines of the charter's exclusions that name none of the shared accounts."""
    named = {row.text("exclusion_reason") for row in rows}
    return tuple(entry.line for entry in entries(exclusions) if not any(entry.line in reason for reason in named))
