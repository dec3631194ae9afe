"""The deal itself as entries: creation, stages, close, and when each contact joined it.

HubSpot tells when the present stage was entered and nothing of those before; Change History tells what we saw move, as
lying between two pulls. It refuses to say that a contact joined at the moment we looked: that is an interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from mdfsync.journeys.ground import Ground, of_base
from mdfsync.journeys.story import Entry, Origin, When, noted
from mdfsync.model import RawRow
from mdfsync.view import Row, View
from mdfsync.view.facts import Interval
from mdfsync.view.moments import TOLERANCE, Moment
from mdfsync.view.touches import LINKS, instant_of, property_of

_ENTERED = re.compile(r"hs_(?:v2_)?date_entered_(?P<stage>.+)")
_STAGE = "stage"


def deal_entries(
    view: View, opportunity: Row, created: Moment, closed: Moment | None, ground: Ground
) -> Iterator[Entry]:
    deal_id = opportunity.text("deal_id")
    deal = ground.rows.get(("hubspot.deals", deal_id))
    origin = ground.origin("hubspot.deals", deal_id)
    if created.known:
        disputed = created.stated and created.recorded and abs(created.stated - created.recorded) > TOLERANCE
        yield Entry(
            id=f"created {opportunity.id}", lane="deal", kind="created", title="Deal created",
            stated=When(at=created.stated or created.recorded), recorded=noted(created.recorded),
            origin=of_base("Opportunities", opportunity.id, "create_date" if created.stated else "created_at_hubspot"),
            why="The stated creation differs from HubSpot's own clock." if disputed else "",
        )  # fmt: skip
    yield from _stages(opportunity, deal, origin, ground)
    yield from _moves(view, opportunity, ground)
    if closed is not None and closed.known:
        won = opportunity.text("is_won") == "true"
        yield Entry(
            id=f"closed {opportunity.id}", lane="deal", kind="won" if won else "lost",
            title=f"Deal closed, {'won' if won else 'lost'}", stated=When(at=closed.stated or closed.recorded),
            recorded=noted(closed.recorded), origin=origin,
            why="What comes after the close counts for nothing on this deal.",
        )  # fmt: skip
    elif at := opportunity.instant("close_date"):
        yield Entry(
            id=f"expected {opportunity.id}", lane="deal", kind="expected_close",
            title="Close expected, as HubSpot says", stated=When(at=at),
            origin=of_base("Opportunities", opportunity.id, "close_date"),
        )  # fmt: skip


def joined_entries(deal_id: str, on_deal: dict[str, Interval], ground: Ground) -> Iterator[Entry]:
    """When each contact came onto the deal, as far as two of our pulls can tell."""
    for contact, interval in sorted(on_deal.items()):
        first = interval.after is None
        words = "was on the deal when we first looked" if first else "joined the deal between two of our pulls"
        yield Entry(
            id=f"joined {contact}", lane="deal", kind="contact_joined", title=f"{ground.person(contact)} {words}",
            stated=joined(interval), origin=ground.origin(LINKS, f"deals:{deal_id}:contacts"), people=(contact,),
            why="HubSpot keeps no time for this." + (" It may have been long before." if first else ""),
        )  # fmt: skip


def joined(interval: Interval) -> When:
    return When(at=interval.by, interval=True, after=interval.after)


def _stages(opportunity: Row, deal: RawRow | None, origin: Origin, ground: Ground) -> Iterator[Entry]:
    """Stages with a time of HubSpot's own."""
    if deal is None:
        return
    pipeline, now = property_of(deal, "pipeline"), property_of(deal, "dealstage")
    entered: dict[str, datetime] = {}
    for name in deal.body.get("properties") or {}:
        found = _ENTERED.fullmatch(name)
        at = instant_of(property_of(deal, name)) if found else None
        if found and at:
            entered[now if found["stage"] == "current_stage" else found["stage"]] = at
    for stage, at in entered.items():
        label = ground.stages.get((pipeline, stage)) or (opportunity.text("stage_label") if stage == now else stage)
        yield Entry(
            id=f"stage {opportunity.id} {stage}", lane="deal", kind="stage", title=f"Entered stage “{label or stage}”",
            stated=When(at=at), origin=origin,
        )  # fmt: skip


def _moves(view: View, opportunity: Row, ground: Ground) -> Iterator[Entry]:
    """Stage moves that Change History saw."""
    pipeline = opportunity.text("pipeline")
    for row in view.where("Change History", "record", opportunity.id):
        at = row.instant("captured_at")
        if row.text("table") != "Opportunities" or row.text("field") != _STAGE or at is None:
            continue
        before, after = (row.text(name) for name in ("prior_value", "proposed_value"))
        if before:
            labels = [ground.stages.get((pipeline, stage)) or stage for stage in (before, after)]
            yield Entry(
                id=f"move {row.id}", lane="deal", kind="stage_move",
                title=f"Stage “{labels[0]}” became “{labels[1]}”, as we saw", stated=When(at=at, interval=True),
                origin=of_base("Change History", row.id, "proposed_value"), why="It moved at the latest then.",
            )  # fmt: skip
