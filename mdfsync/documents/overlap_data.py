"""The overlap map for machines: the JSON of the verb `overlaps`, and the target list as a table.

Every row cites the sources behind it. Beside `overlaps`, which prints the same map for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdfsync.derive.computed import NOTHING
from mdfsync.overlaps.map import OverlapMap, PartnerMap
from mdfsync.overlaps.standing import SOURCES, UNREAD
from mdfsync.values import instant_text
from mdfsync.view import Row, View

BEHIND = (*SOURCES, "hubspot.companies", "hubspot.deals")
"""Sources that a map rests on."""
TARGET_COLUMNS: Mapping[str, str] = {
    "account_id": "Account id", "account_name": "Account", "account_domain": "Website", "account_country": "Country",
    "account_owner": "Our owner", "customer_status_ours": "To us", "partner_id": "Partner",
    "customer_status_partner": "To the partner", "partner_record_name": "Partner's record",
    "partner_owner_name": "Partner's owner", "partner_owner_email": "Partner's owner e-mail",
    "other_partner_ids": "Other partners", "snapshot_id": "Launch snapshot", "snapshot_label": "Snapshot stands for",
    "target_approval_id": "Approved by", "evidence_source_ids": "Sources",
}  # fmt: skip
"""Columns of the target list as CSV and XLSX."""
_CELLS = (
    "account_id", "account_name", "account_domain", "account_country", "account_owner", "parent_account_id",
    "our_population", "partner_population", "customer_status_ours", "customer_status_partner", "account_overlap",
    "overlap_status", "overlap_since", "match_confidence", "match_basis", "target_status", "exclusion_rule",
    "exclusion_reason", "target_approval_id", "snapshot_id", "snapshot_taken_at", "snapshot_label",
    "target_status_at_launch", "appeared_after", "changes_since_launch", "open_opportunities", "other_partner_ids",
    "evidence_source_ids", "source_ref",
)  # fmt: skip


def unread_overlaps(view: View, found: OverlapMap) -> str:
    """Why nothing is known of what is shared; `""` when a source can be read, or told of an account before it could
    not."""
    told = any(partner.visible or partner.withdrawn or partner.unmatched for partner in found.partners)
    return "" if told or any(view.health(source).known for source in SOURCES) else UNREAD


def target_list(found: OverlapMap) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """(columns, rows) of the target list, as it is worked."""
    rows = tuple(
        tuple("" if row.text(name) in {"", "none"} else row.text(name) for name in TARGET_COLUMNS)
        for row in found.targets
    )
    return tuple(TARGET_COLUMNS.values()), rows


def overlap_data(view: View, found: OverlapMap) -> dict[str, Any]:
    return {
        "joint_campaign_id": found.campaign.id,
        "as_of": instant_text(view.as_of),
        "launch_at": found.campaign.text("launch_at"),
        "target_list": {
            "state": found.gate.state,
            "version": found.version,
            "approvals": [
                {
                    "approval_id": approval.row.id, "for": str(part), "state": part.state, "by": approval.signer,
                    "at": approval.decided_at, "version": approval.digest, "reason": approval.reason,
                }
                for part, approval in found.approvals()
            ],
            "missing": list(found.gate.missing),
            "targets": [row.id for row in found.targets],
        },
        "accounts": found.accounts,
        "unknown": unread_overlaps(view, found) or None,
        "partners": [_partner_data(partner) for partner in found.partners],
        "applied_by_people": {"exclusions": list(found.groups), "markets": list(found.markets)},
        "sources": {source: view.health(source).status for source in BEHIND},
    }  # fmt: skip


def _said(row: Row, name: str) -> str:
    return "" if row.text(name) == NOTHING else row.text(name)


def _partner_data(partner: PartnerMap) -> dict[str, Any]:
    id, at, label = partner.snapshot
    return {
        "partner_id": partner.partner_id,
        "name": partner.name,
        "snapshot": {"snapshot_id": id, "taken_at": at, "label": label},
        "counts": {
            "visible": len(partner.visible), "withdrawn": len(partner.withdrawn), "appeared": len(partner.appeared),
            "target": len(partner.standing("target")),
            "excluded": len(set(partner.standing("excluded")) - set(partner.withdrawn)),
            "review": len(partner.standing("review")),
            "unmatched": len(partner.unmatched),
        },
        "matrix": [
            {"ours": mine, "partner": other, "accounts": n} for (mine, other), n in sorted(partner.matrix.items())
        ],
        "unmatched": [
            {"exception_id": row.id, "message": row.text("message"), "evidence": row.text("evidence")}
            for row in partner.unmatched
        ],
        "rows": [
            {"shared_account_id": row.id, **{name: row.text(name) for name in _CELLS if row.text(name)}}
            for row in partner.rows
        ],
    }  # fmt: skip
