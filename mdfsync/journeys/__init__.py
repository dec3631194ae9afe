"""Journeys: why a deal has its class, as a story in order of time; and what a campaign's deals add up to.

    View ─journey─> Journey, …      View + Journeys ─funnel─> Funnel      ─plain─> values for JSON

Pure functions of a view; they judge nothing (`view.classes` does) and write nothing. `documents.journeys` gives them
their form.
"""

from __future__ import annotations

from mdfsync.journeys.funnel import Funnel
from mdfsync.journeys.story import Entry, Journey, Judgement
from mdfsync.view import Row, View

__all__ = ["Entry", "Funnel", "Journey", "Judgement", "deals_of"]


def deals_of(view: View, campaign: Row) -> tuple[Row, ...]:
    """The opportunities of a joint campaign, those that have it beside another one included."""
    own = view.where("Opportunities", "joint_campaign_id", campaign.id)
    beside = [row for row in view.rows("Opportunities") if campaign.id in row.listed("other_joint_campaign_ids")]
    return tuple({row.id: row for row in (*own, *beside)}.values())
