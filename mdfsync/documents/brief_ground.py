"""The ground that a campaign runs on: whether its tracking is ready, the overlap it launched with and what has moved
since, and which accounts are excluded and why.

Read from `mapping.readiness` and `overlaps.map`; nothing is worked out anew. A partner is told whether tracking is
ready and what the charter excludes; accounts and their status stay here. Part of the control brief.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mdfsync.documents.audience import OURS, Audience
from mdfsync.documents.paper import Block, Grid, Pairs, Section, Words
from mdfsync.documents.wording import BLANK, day_text
from mdfsync.mapping.readiness import Readiness
from mdfsync.overlaps.map import OverlapMap
from mdfsync.overlaps.standing import SOURCES
from mdfsync.overlaps.targets import BY
from mdfsync.values import to_instant
from mdfsync.view import Row

NAMED = 8
_READY = {"ready": "ready", "incomplete": "not ready", "unknown": "cannot be told"}
_LABEL = {"at_launch": "at launch", "late": "late: proves nothing about launch", "": "none"}
_TRACKED = {"utm_source": "utm_source", "utm_medium": "utm_medium", "utm_campaign": "utm_campaign"}


def tracking_section(found: Readiness, terms: Row, audience: Audience = OURS) -> Section:
    """Whether links, forms, consent and a test lead are seen working."""
    rows = [("Tracking", _READY[found.status])]
    rows += [(label, terms.text(name) or BLANK) for name, label in _TRACKED.items()]
    rows.append(("Consent text", terms.text("consent_text_version") or BLANK))
    if audience.internal:
        rows.insert(1, ("HubSpot campaign", terms.text("hubspot_campaign_id") or BLANK))
        rows.append(("Forms", ", ".join(terms.listed("hubspot_form_ids")) or BLANK))
        rows.append(("Events", ", ".join(terms.listed("hubspot_marketing_event_ids")) or BLANK))
    sources = (terms.id, "hubspot.campaigns", "hubspot.setup", "hubspot.form_submissions") if audience.internal else ()
    blocks: list[Block] = [Pairs(rows=tuple(rows), nature="calculation", sources=sources)]
    if audience.internal and found.missing:
        lines = tuple((one.what, one.who) for one in found.missing)
        blocks.append(Grid(title="Missing", columns=("What", "Who"), rows=lines, widths=(70, 30), nature="calculation"))
    if audience.internal and found.unknown:
        blocks.append(Words(text="Cannot be told: " + "; ".join(found.unknown) + ".", tone="warning", nature="fact"))
    return Section(title="Tracking", blocks=tuple(blocks))


def tracking_data(found: Readiness, terms: Row, audience: Audience = OURS) -> dict[str, Any]:
    return {
        "status": found.status, "nature": "calculation",
        "missing": [{"what": one.what, "who": one.who} for one in found.missing] if audience.internal else [],
        "unknown": list(found.unknown) if audience.internal else [],
        "utm": {name: terms.text(name) or None for name in _TRACKED}, "source_ids": [terms.id],
    }  # fmt: skip


def overlap_section(found: OverlapMap) -> Section:
    """The launch snapshot of each partner, the accounts now, and what has changed since; for our own people."""
    blocks: list[Block] = []
    rows = []
    for partner in found.partners:
        id, at, label = partner.snapshot
        rows.append((
            partner.name, f"{id or 'none'}\n{_moment(at)}{_LABEL[label]}", str(len(partner.visible)),
            str(len(partner.standing("target"))), str(len(partner.standing("review"))),
            str(len(partner.standing("excluded"))),
        ))  # fmt: skip
    columns = ("Partner", "Launch snapshot", "Shown now", "Targets", "For review", "Excluded")
    blocks.append(
        Grid(
            columns=columns, rows=tuple(rows), widths=(20, 36, 11, 11, 11, 11), right=(2, 3, 4, 5), nature="fact",
            sources=SOURCES,
        )
    )  # fmt: skip
    changes = tuple(_changes(found))
    if changes:
        blocks.append(
            Grid(
                title="Since launch", columns=("Account", "Partner", "What changed"),
                rows=tuple((account, partner, what) for account, partner, what, _ in changes), widths=(30, 20, 50),
                nature="fact", sources=SOURCES,
            )
        )  # fmt: skip
    elif any(partner.snapshot[0] for partner in found.partners):
        blocks.append(Words(text="Nothing has changed since the launch snapshot.", nature="fact"))
    else:
        blocks.append(Words(text="There is no launch snapshot yet to compare with.", nature="fact"))
    return Section(title="Overlap snapshot and its changes", blocks=tuple(blocks))


def _moment(text: str) -> str:
    at = to_instant(text) if text else None
    return f"{day_text(at.date())}, {at:%H:%M} UTC; " if at else ""


def _changes(found: OverlapMap) -> Iterator[tuple[str, str, str, str]]:
    """(account, partner, what changed, row id)."""
    for partner in found.partners:
        for row in partner.appeared:
            yield _account(row), partner.name, f"appeared after {row.text('appeared_after')}", row.id
        for row in partner.withdrawn:
            yield _account(row), partner.name, "no longer shown in Crossbeam; why is unknown", row.id
        for row in partner.moved:
            yield _account(row), partner.name, row.text("changes_since_launch"), row.id


def _account(row: Row) -> str:
    return row.text("account_name") or row.id


def overlap_data(found: OverlapMap) -> list[dict[str, Any]]:
    changed: dict[str, list[dict[str, str]]] = {}
    for account, name, what, row_id in _changes(found):
        changed.setdefault(name, []).append({"account": account, "change": what, "shared_account_id": row_id})
    out = []
    for partner in found.partners:
        id, at, label = partner.snapshot
        counts = {status: len(partner.standing(status)) for status in ("target", "review", "excluded")}
        out.append({
            "partner_id": partner.partner_id, "snapshot_id": id or None, "taken_at": at or None, "label": label or None,
            "shown_now": len(partner.visible), **counts, "changes": changed.get(partner.name, []), "nature": "fact",
            "source_ids": list(SOURCES),
        })  # fmt: skip
    return out


# ---------------------------------------------------------------- exclusions


def exclusions_section(found: OverlapMap, audience: Audience = OURS) -> Section:
    """Excluded accounts by reason; for a partner the charter's own lines."""
    stated = tuple(line for line in found.campaign.text("exclusions").splitlines() if line.strip())
    blocks: list[Block] = []
    groups = _excluded(found) if audience.internal else {}
    if groups:
        rows = tuple((_rule(by), str(len(rows)), _names(rows)) for by, rows in groups.items())
        blocks.append(
            Grid(
                columns=("Reason", "Accounts", "Which"), rows=rows, widths=(32, 13, 55), right=(1,),
                nature="calculation", sources=("Shared Accounts", found.campaign.id),
            )
        )  # fmt: skip
    if stated:
        lines = tuple((audience.words(line),) for line in stated)
        title = "As the charter states them" if audience.internal else ""
        blocks.append(Grid(title=title, columns=("Excluded",), rows=lines, nature="fact", sources=(found.campaign.id,)))
    if audience.internal and (by_hand := (*found.groups, *found.markets)):
        text = f"People apply these lines, no rule does: {'; '.join(by_hand)}."
        blocks.append(Words(text=text, tone="warning", nature="fact", sources=(found.campaign.id,)))
    return Section(title="Exclusions", blocks=tuple(blocks) or (Words(text="Nothing is excluded.", nature="fact"),))


def _excluded(found: OverlapMap) -> dict[str, list[Row]]:
    rows = [row for partner in found.partners for row in partner.standing("excluded")]
    counts = Counter(row.text("exclusion_rule") for row in rows)
    order = sorted(counts, key=lambda by: (-counts[by], by))
    return {by: [row for row in rows if row.text("exclusion_rule") == by] for by in order}


def _rule(by: str) -> str:
    return BY.get(by, by or BLANK)


def _names(rows: list[Row]) -> str:
    names = sorted({_account(row) for row in rows}, key=str.casefold)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def exclusions_data(found: OverlapMap, audience: Audience = OURS) -> dict[str, Any]:
    groups = _excluded(found) if audience.internal else {}
    return {
        "nature": "calculation", "source_ids": [found.campaign.id],
        "by_reason": [
            {"reason": by or None, "words": _rule(by), "shared_account_ids": sorted(row.id for row in rows)}
            for by, rows in groups.items()
        ],
        "stated": [audience.words(line) for line in found.campaign.text("exclusions").splitlines() if line.strip()],
        "by_hand": [*found.groups, *found.markets] if audience.internal else [],
    }  # fmt: skip
