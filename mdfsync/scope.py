"""Narrows a plan to one joint campaign (`run --campaign ID`): other rows are planned for, shown nowhere, not written.

Sources are read and judged as ever; only the changes are filtered, so a narrowed run never writes what a whole run
would not. A pure function, between `plan` and `gate`.
"""

from __future__ import annotations

from dataclasses import replace

from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Change, Create, FillBlank, Replace
from mdfsync.plan import Planned
from mdfsync.plan_document import plan_digest


def within(planned: Planned, joint_campaign_id: str) -> Planned:
    """The plan with only the changes of rows that belong to the campaign."""
    kept = [c for c in planned.plan.changes if _belongs(c, planned, joint_campaign_id)]
    ids = {c.change_id for c in kept if isinstance(c, Replace)}
    rows = [
        c for c in planned.plan.changes
        if isinstance(c, Create) and c.subject.table == HISTORY and c.subject.id in ids and c not in kept
    ]  # fmt: skip
    changes = tuple(c for c in planned.plan.changes if c in kept or c in rows)
    settled = {
        s: b for s, b in planned.plan.settled.items() if _campaign_of(planned, s.table, s.id) == joint_campaign_id
    }
    findings = tuple(
        f for f in planned.plan.findings
        if _campaign_of(planned, f.subject.table, f.subject.id) == joint_campaign_id
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
