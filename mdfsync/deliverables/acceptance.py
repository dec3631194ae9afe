"""Whether an acceptance counts: a deliverable is accepted by the other side, never by the side that owes it.

What we owe is accepted by the partner's reviewer, what the partner owes by ours. Who typed the decision is judged
before (`counted`): our reviewer himself, or for one outside the base somebody who may record it. What the base records
of an outside reviewer needs the paper that shows it: an accepted document of type `approval` that names the
deliverable. A piece that was returned or rejected is so whoever said it: what is sent back is never taken for done.
Handed over again on a later day, it waits for its reviewer anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mdfsync.addresses import domain_of
from mdfsync.evidence.documents import decision_on
from mdfsync.view import Row, View
from mdfsync.view.outsiders import is_ours, partner_of

Side = Literal["us", "partner", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """`decision` as it stands in the base, `""` for none; `fault` = why an acceptance counts for nothing."""

    decision: str = ""
    fault: str = ""

    @property
    def accepted(self) -> bool:
        return self.decision == "accepted" and not self.fault

    @property
    def sent_back(self) -> bool:
        return self.decision in {"returned", "rejected"}


def acceptance_of(view: View, row: Row) -> Acceptance:
    """What was decided about a row of Deliverables, as the charter in force gives it."""
    decision = row.text("acceptance_decision")
    if decision != "accepted":
        author = view.facts.authors.get((row.subject, "acceptance_decision"))
        anew = author is not None and "" < author.day < row.text("delivered_on")
        return Acceptance(decision="" if anew else decision)
    return Acceptance(decision=decision, fault=one_sided(view, row) or _unproven(view, row))


def side_of(view: View, email: str, partner_id: str, joint_campaign_id: str) -> Side:
    """On which side of a deliverable a person stands: ours by our own domains, the partner's by its domains or because
    it names that person for the campaign; `""` when neither can be told."""
    address = email.lower()
    if not address:
        return ""
    parts = view.where("Campaign Partners", "joint_campaign_id", joint_campaign_id) if joint_campaign_id else ()
    named = {
        part.text("partner_campaign_owner").lower() for part in parts if view.ref(part, "partner_id") == partner_id
    }
    if address in named or (partner_id and partner_of(view, address) == partner_id):
        return "partner"
    return "us" if is_ours(view, domain_of(address)) else ""


def one_sided(view: View, row: Row) -> str:
    """Why the reviewer cannot accept for the other side, in words; `""` when that is in order, or when nobody says who
    reviews or who owes: then that is what is missing."""
    reviewer, owes = row.text("reviewer"), row.text("owner_side")
    if not reviewer or not owes:
        return ""
    side = side_of(view, reviewer, view.ref(row, "partner_id"), view.ref(row, "joint_campaign_id"))
    if not side:
        return f"{reviewer} is neither one of ours nor known to be the partner's"
    if side != owes:
        return ""
    whose = "our side" if side == "us" else "the partner's side"
    return f"{reviewer} stands on {whose}, which owes it"


def _unproven(view: View, row: Row) -> str:
    """What is missing behind an acceptance by somebody outside the base."""
    if row.text("owner_side") != "us":
        return ""
    papers = [paper for paper in view.where("Evidence", "deliverable_ids", row.id) if _is_approval(paper)]
    if any(decision_on(view, paper) == "accepted" for paper in papers):
        return ""
    if papers:
        return f"the document that shows it ({', '.join(sorted(p.id for p in papers))}) is not accepted"
    return f"no document shows that {row.text('reviewer') or 'the partner'} accepted it"


def _is_approval(paper: Row) -> bool:
    return paper.text("evidence_type") == "approval"


def acts_for(view: View, row: Row, name: str) -> str:
    """The person in a cell of a deliverable where it is one of ours, who can act in the base; `""` for anybody else."""
    person = row.text(name)
    side = side_of(view, person, view.ref(row, "partner_id"), view.ref(row, "joint_campaign_id"))
    return person if side == "us" else ""
