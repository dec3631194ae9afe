"""The operators' queue: pending decisions as Actions rows, one per owner and set of like decisions.

A disposition on a set decides all its rows; a row decided by itself wins. It opens, supersedes and closes sets, and
decides nothing itself. A pure function, between `changes` and `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from mdfsync.model import Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.policy.approvals import Clock
from mdfsync.publish import OPEN, Published, computed_ref
from mdfsync.values import list_items, list_text, number_text, short_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One pending Change History row, as the queue of decisions needs it."""

    change_id: str
    kind: str
    table: str
    record: str
    field: str
    prior: str
    proposed: str
    joint_campaign_id: str
    owner: str
    money: str
    roles: tuple[str, ...]


def publish_actions(
    waiting: Iterable[Waiting],
    snapshot: Snapshot,
    policy: Policy,
    as_of: datetime,
    feedback: Mapping[str, str],
    closed: Collection[str] = (),
) -> Published:
    """One Actions row per owner and set of like decisions. A set never changes its members: when they change, the old
    row is superseded and a new one opened, so that nobody's decision covers what he had not seen."""
    out = Published()
    sets: dict[tuple[str, str, str, str], list[Waiting]] = {}
    for item in waiting:
        sets.setdefault((item.owner, item.joint_campaign_id, item.kind, item.table), []).append(item)
    current: dict[Subject, dict[str, str]] = {}
    clocks: dict[Subject, Clock | None] = {}
    for (owner, joint, kind, table), items in sorted(sets.items()):
        items.sort(key=lambda i: i.change_id)
        members = list_text(i.change_id for i in items)
        subject = Subject(table="Actions", id=short_id("act", owner, joint, kind, table, members))
        clocks[subject] = policy.approvals.clock_for(table, items[0].field, kind)
        current[subject] = {
            "kind": f"{kind}: {table}",
            "owner": owner,
            "owner_role": items[0].roles[0] if items[0].roles else "",
            "joint_campaign_id": joint,
            "title": _title(kind, table, len(items)),
            "change_ids": members,
            "count": str(len(items)),
            "what": "\n".join(_line(i) for i in items[:50]),
            "money_at_stake": _money(items),
            "state": OPEN,
        }
    standing = snapshot.by_id("Actions")
    for subject, body in current.items():
        if row := standing.get(subject.id):
            again = row.get("state") != OPEN and not row.get("disposition")
            cells = (
                {"state": OPEN, "feedback": "waiting again"} if again else {"feedback": feedback.get(subject.id, "")}
            )
            out.cells(subject, cells, computed_ref("actions", as_of))
        else:
            clock = clocks[subject]
            due = (as_of.date() + timedelta(days=clock.due_days)).isoformat() if clock else ""
            out.cells(subject, {**body, "due": due}, computed_ref("actions", as_of))
    for row in standing.values():
        if row.subject not in current and row.get("state") == OPEN:
            state, said = ("superseded", "its rows changed or were decided one by one")
            if row.get("disposition"):
                left = [member for member in list_items(row.get("change_ids")) if member not in closed]
                state, said = ("applied", "every row of the set was dealt with")
                if left:
                    state, said = ("refused", f"not done for {len(left)} of its rows: {', '.join(left)}")
            out.cells(row.subject, {"state": state, "feedback": said}, computed_ref("actions", as_of))
    return out


def _title(kind: str, table: str, count: int) -> str:
    words = {
        "proposal": "Decide proposed changes",
        "drift": "Confirm or undo cells that people changed",
        "withdrawn": "Look at values a source no longer gives",
        "restored": "Decide on values that were written over",
    }
    return f"{words.get(kind, kind)}: {table} ({count})"


def _line(item: Waiting) -> str:
    return f"{item.record} · {item.field}: {item.prior or '(blank)'} → {item.proposed or '(blank)'}"


def _money(items: list[Waiting]) -> str:
    total = sum((Decimal(i.money) for i in items if i.money), Decimal(0))
    return number_text(total) if total else ""
