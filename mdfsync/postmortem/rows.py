"""Rows in which people look back: one of Postmortems for a campaign that is over, and one of Decisions that asks what
becomes of it.

Each is made once, with an id that follows from the campaign's, and holds what identifies it and the question, nothing
that people are to say: `decision_state` stays blank until somebody sets it. A postmortem that is there already, under
whatever id, stands for it; a campaign that people archived is not asked about any more, nor is one that was called off
before it began or was over when the base was taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.model import Subject
from mdfsync.postmortem.over import is_over, last_day
from mdfsync.values import STAMP_NOW
from mdfsync.view import Row, View

RULE = "postmortem_due"
QUESTION = "What becomes of {name}: repeat, change, pause or stop?"
OPTIONS = (
    "The postmortem's draft (`mdfsync archive {id}`) lists what the record says, what to ask and which rules to change."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A row to be made, with what went into it."""

    subject: Subject
    cells: Mapping[str, str]
    input: str


def asked_rows(view: View) -> Iterator[Asked]:
    """The rows that are wanting, campaign by campaign."""
    for campaign in view.rows("Campaigns"):
        if not campaign.id or not _to_look_back_on(view, campaign):
            continue
        there = postmortem_of(view, campaign)
        place = there.place if there else Subject(table="Postmortems", id=f"pm-{campaign.id}")
        source = f"campaign {campaign.id}"
        if there is None:
            cells = {"joint_campaign_id": campaign.id, "source_ref": source, "captured_at": STAMP_NOW}
            yield Asked(subject=place, cells=cells, input=campaign.id)
        if (there is None or not there.text("outcome")) and not _is_asked(view, place):
            subject = Subject(table="Decisions", id=f"dc-outcome-{campaign.id}")
            yield Asked(subject=subject, cells=_question(campaign, place, source), input=campaign.id)


def postmortem_of(view: View, campaign: Row) -> Row | None:
    """The row of Postmortems on a campaign; of several the one that was held last."""
    found = view.where("Postmortems", "joint_campaign_id", campaign.id) if campaign.id else ()
    return max(found, key=lambda row: (row.text("held_on"), row.id), default=None)


def _to_look_back_on(view: View, campaign: Row) -> bool:
    status, start = campaign.text("campaign_status"), campaign.day("start_date")
    if status == "archived" or not is_over(view, campaign) or _was_over_before_us(view, campaign):
        return False
    return status != "cancelled" or (start is not None and start <= view.as_of.date())


def _was_over_before_us(view: View, campaign: Row) -> bool:
    """Whether it had ended when the base was taken over: nobody waits for that many looks back."""
    if campaign.text("backfilled") != "yes":
        return False
    last, taken = last_day(view, campaign), campaign.instant("captured_at")
    return last is None or taken is None or last < taken.date()


def _is_asked(view: View, place: Subject) -> bool:
    return any(
        row.text("subject_table") == place.table and place.id in row.listed("subject_ids")
        for row in view.rows("Decisions")
    )


def _question(campaign: Row, place: Subject, source: str) -> dict[str, str]:
    return {
        "decision_type": "other",
        "joint_campaign_id": campaign.id,
        "subject_table": place.table,
        "subject_ids": place.id,
        "question": QUESTION.format(name=campaign.text("campaign_name") or campaign.id),
        "options_weighed": OPTIONS.format(id=campaign.id),
        "source_ref": source,
        "captured_at": STAMP_NOW,
    }
