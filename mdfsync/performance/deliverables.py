"""Deliverables against their plan: delivered when, accepted or not, and the result beside the one that was planned.

Two results are compared only where both are a number of the same thing in the same words (`40 attendees`, `34
attendees`); everything else stands side by side as it was typed. A deliverable belongs to the quarter in which it is
due.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mdfsync.performance.asked import Ground
from mdfsync.performance.measure import Measure, share
from mdfsync.view import Row, View

SOURCES = ("Deliverables",)
_RESULT = re.compile(r"\s*(\d{1,3}(?:,\d{3})+|\d+)\s+(\S.*?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`late_days` are from the due day to the hand-over, or to now while there is none; `reached` is the share of the
    planned result in per cent, `None` where the two cannot be compared."""

    deliverable_id: str
    title: str
    campaign_id: str
    partner_id: str
    owner_side: str
    due: date | None
    delivered: date | None
    state: str
    acceptance: str
    late_days: int
    planned_result: str
    actual_result: str
    reached: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    rows: tuple[Delivery, ...]
    undated: tuple[str, ...]

    def measures(self) -> tuple[Measure, ...]:
        due = [d for d in self.rows if d.state != "cancelled"]
        accepted = [d for d in due if d.acceptance == "accepted"]
        on_time = [d for d in due if d.delivered and d.due and d.delivered <= d.due]
        delivered = [d for d in due if d.delivered]
        made = Measure(
            id="deliverables_accepted", title="Deliverables accepted", unit="deliverables", sources=SOURCES,
            counts="deliverables that their reviewer accepted, of those planned and not cancelled",
            behind=len(due), of="deliverables", nature="decision",
        )  # fmt: skip
        time = Measure(
            id="delivered_on_time", title="Delivered on time", unit="deliverables", sources=SOURCES,
            counts="deliverables handed over on their due day or before, of those handed over",
            behind=len(delivered), of="deliverables", nature="fact",
        )  # fmt: skip
        return (
            made.told(len(accepted)) if due else made.untold("no deliverable is planned here"),
            time.told(len(on_time)) if delivered else time.untold("nothing is delivered yet"),
        )


def deliveries_of(ground: Ground) -> Deliveries:
    """In order of due day."""
    rows, undated = [], []
    for row in ground.rows("Deliverables"):
        due = row.day("due_date")
        if ground.within(due):
            rows.append(_delivery(ground.view, ground, row))
        elif ground.undated(due):
            undated.append(row.id)
    rows.sort(key=lambda d: (d.due or date.max, d.deliverable_id))
    return Deliveries(rows=tuple(rows), undated=tuple(undated))


def _delivery(view: View, ground: Ground, row: Row) -> Delivery:
    due, delivered, state = row.day("due_date"), row.day("delivered_on"), row.text("deliverable_state")
    campaign = ground.campaign_of(row)
    until = delivered or ground.day(campaign, view.as_of) or view.as_of.date()
    open_ = state not in {"delivered", "cancelled"}
    planned, actual = row.text("planned_result"), row.text("actual_result")
    return Delivery(
        deliverable_id=row.id, title=row.text("deliverable_title"), campaign_id=campaign,
        partner_id=view.ref(row, "partner_id"), owner_side=row.text("owner_side"), due=due, delivered=delivered,
        state=state, acceptance=row.text("acceptance_decision"),
        late_days=max((until - due).days, 0) if due and (delivered or open_) else 0,
        planned_result=planned, actual_result=actual, reached=reached(planned, actual),
    )  # fmt: skip


def reached(planned: str, actual: str) -> Decimal | None:
    """The actual result as a share of the planned one, in per cent; `None` unless both count the same thing."""
    wanted, found = _RESULT.fullmatch(planned), _RESULT.fullmatch(actual)
    if wanted is None or found is None or wanted[2].casefold() != found[2].casefold():
        return None
    plan, result = (Decimal(of[1].replace(",", "")) for of in (wanted, found))
    return share(result, plan) if plan else None
