"""Narrows a plan to one joint campaign (`run --campaign ID`): other rows are planned for, shown nowhere, not written.

Sources are read and judged as ever; only the changes are filtered, so a narrowed run never writes what a whole run
would not. A pure function, between `plan` and `gate`.
"""

from __future__ import annotations

from dataclasses import replace

from mdfsync.errors import UsageError
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Change, Create, FillBlank, Replace
from mdfsync.plan_document import plan_digest
from mdfsync.situation import Planned


def within(planned: Planned, joint_campaign_id: str) -> Planned:
    """The plan with only the changes of rows that belong to the campaign."""
    if planned.view.row("Campaigns", joint_campaign_id) is None:
        raise UsageError(f"no joint campaign {joint_campaign_id!r} in the base or its sources")
    kept = {c.key for c in planned.plan.changes if _belongs(c, planned, joint_campaign_id)}
    kept |= {f"{HISTORY}/{c.change_id}" for c in planned.plan.changes if c.key in kept and isinstance(c, Replace)}
    changes = tuple(c for c in planned.plan.changes if c.key in kept)
    settled = {
        s: b for s, b in planned.plan.settled.items() if _campaign_of(planned, s.table, s.id) == joint_campaign_id
    }
    findings = tuple(
        f for f in planned.plan.findings
        if f.subject.table == "Sources"  # guards on sources and masses hold for every campaign
        or _campaign_of(planned, f.subject.table, f.subject.id) == joint_campaign_id
    )  # fmt: skip
    plan = replace(planned.plan, changes=changes, settled=settled, findings=findings, digest=plan_digest(changes))
    return replace(planned, plan=plan)


def _belongs(change: Change, planned: Planned, joint_campaign_id: str) -> bool:
    if isinstance(change, Create):
        named = change.fields.get("joint_campaign_id", "")
        if named or change.subject.table == HISTORY:
            return named == joint_campaign_id
    if isinstance(change, FillBlank | Replace) or change.subject.table != HISTORY:
        return _campaign_of(planned, change.subject.table, change.subject.id) == joint_campaign_id
    return False


def _campaign_of(planned: Planned, table: str, key: str) -> str:
    if table == "Campaigns":
        return key
    row = planned.view.row(table, key)
    return row.text("joint_campaign_id") if row else ""
