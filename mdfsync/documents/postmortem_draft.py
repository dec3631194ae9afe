"""What a postmortem says, gathered before it is worded: the record, what is open, what to ask, which rules to change.

`postmortem` makes a paper of it and `postmortem_data` plain values. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.documents.concluded import Concluded
from mdfsync.documents.policy_diff import PolicyDiff, policy_diff
from mdfsync.postmortem import (
    Lessons,
    Record,
    Retention,
    is_over,
    lessons,
    postmortem_of,
    questions,
    record,
    retention,
)
from mdfsync.postmortem.questions import Question
from mdfsync.view import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something still open: who has to act (`""` = nobody is named), and until when."""

    what: str
    owner: str
    due: str
    row: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """Everything a postmortem says, before it is a paper. `row` = the campaign's row in Postmortems."""

    campaign: Row
    row: Row | None
    found: Record
    items: tuple[Item, ...]
    asked: tuple[Question, ...]
    learnt: Lessons
    diff: PolicyDiff
    kept: Retention
    over: bool


def draft(c: Concluded, campaign: Row, files: Mapping[str, bytes]) -> Drafted:
    """Everything for a campaign; `files` = bytes of the policy files by their path."""
    view = c.view
    found, learnt = record(view, campaign, c.findings()), lessons(view, campaign)
    return Drafted(
        campaign=campaign,
        row=postmortem_of(view, campaign),
        found=found,
        items=tuple(_items(c, campaign)),
        asked=questions(found),
        learnt=learnt,
        diff=policy_diff(files, learnt.changes),
        kept=retention(view, campaign, view.where("Evidence", "joint_campaign_id", campaign.id)),
        over=is_over(view, campaign),
    )


def _items(c: Concluded, campaign: Row) -> Iterator[Item]:
    for one in c.about(campaign=campaign.id):
        if one.status == "open":
            f = one.finding
            yield Item(what=f"{f.message} {f.required_action}", owner=one.owner, due=one.due, row=str(f.subject))
    for row in c.view.where("Decisions", "joint_campaign_id", campaign.id):
        if row.text("decision_state") in {"", "open"}:
            due = c.cell(row, "decision_due")
            owner = row.text("resolver") or c.cell(row, "owner")
            yield Item(what=row.text("question") or "a decision", owner=owner, due=due, row=str(row.place))
    for row in c.view.where("Reimbursements", "joint_campaign_id", campaign.id):
        state = row.text("reimbursement_state") or "no state"
        if state not in {"paid", "rejected", "withdrawn"}:
            owner, due = c.cell(row, "deadline_owner") or c.cell(row, "owner"), c.cell(row, "claim_deadline")
            words = f"Claim {row.id} is not settled: {state.replace('_', ' ')}."
            yield Item(what=words, owner=owner, due="" if row.text("submitted_at") else due, row=str(row.place))
    waiting = [
        row
        for row in c.view.where("Change History", "joint_campaign_id", campaign.id)
        if row.text("state") == "pending" and not row.text("disposition")
    ]
    if waiting:
        yield Item(
            what=f"{len(waiting)} proposed changes wait for a decision.", owner="", due="",
            row=f"Change History/{waiting[0].id}",
        )  # fmt: skip
