"""Disputes about credit and ownership in a campaign, each with its ruling or the word that there is none.

A dispute is a Decisions row on one, or a hold that says two sides claim the same thing and on which nobody has ruled.
Part of `record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mdfsync.model import Finding, Subject
from mdfsync.view import Row, View

TYPES = frozenset({"dispute", "attribution", "lead_ownership"})
RULES = frozenset({"disputed_ownership", "unsupported_influence"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """`ruling` is `""` while nobody has ruled. `about` are the rows in dispute, `row` the decision or the row that is
    held."""

    question: str
    sides: str
    ruling: str
    rationale: str
    ruled_by: str
    ruled_on: str
    about: tuple[str, ...]
    row: str


def disputes(view: View, campaign: Row, findings: Iterable[Finding]) -> Iterator[Dispute]:
    """Rulings first, then what is still without one."""
    ruled: set[Subject] = set()
    rows = [row for row in view.where("Decisions", "joint_campaign_id", campaign.id) if _is_dispute(row)]
    for row in sorted(rows, key=lambda row: (row.text("decision_state") != "decided", row.text("raised_on"), row.id)):
        ruled |= {Subject(table=row.text("subject_table"), id=id) for id in row.listed("subject_ids")}
        decided = row.text("decision_state") == "decided"
        yield Dispute(
            question=row.text("question") or "no question is recorded", sides=row.text("sides"),
            ruling=row.text("decision") if decided else "", rationale=row.text("rationale") if decided else "",
            ruled_by=row.text("decided_by") if decided else "", ruled_on=row.text("decided_on") if decided else "",
            about=row.listed("subject_ids"), row=str(row.place),
        )  # fmt: skip
    for finding in findings:
        if finding.rule_id in RULES and finding.subject not in ruled and _is_of(view, finding.subject, campaign):
            yield Dispute(
                question=finding.message, sides="", ruling="", rationale="", ruled_by="", ruled_on="",
                about=(finding.subject.id,), row=str(finding.subject),
            )  # fmt: skip


def _is_dispute(row: Row) -> bool:
    return row.text("decision_type") in TYPES and row.text("decision_state") != "superseded"


def _is_of(view: View, place: Subject, campaign: Row) -> bool:
    row = view.row(place.table, place.id)
    return row is not None and view.ref(row, "joint_campaign_id") == campaign.id
