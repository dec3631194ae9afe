"""The postmortem for machines: the same content as its paper, as `schema/postmortem.schema.json` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdfsync.documents.concluded import Concluded
from mdfsync.documents.money import money_data
from mdfsync.documents.postmortem_draft import Drafted
from mdfsync.postmortem import RuleChange, last_day

PEOPLE = (
    "held_on", "participants", "what_happened", "deviations", "refused_lines", "attribution_disputes", "keep", "stop",
    "start", "rule_changes_proposed", "open_items",
)  # fmt: skip
DECISION = ("outcome", "outcome_reason", "decided_by", "decided_on")


def postmortem_data(c: Concluded, drafted: Drafted) -> Mapping[str, Any]:
    """Plain values; blanks are `None`, amounts texts in the currency beside them."""
    campaign, found, row = drafted.campaign, drafted.found, drafted.row
    last = last_day(c.view, campaign)
    return {
        "document": "postmortem",
        "joint_campaign_id": campaign.id,
        "campaign_name": campaign.text("campaign_name") or None,
        "as_of": c.view.as_of.date().isoformat(),
        "policy": {"version": c.policy.version, "digest": c.policy.digest},
        "over": drafted.over,
        "last_day": last.isoformat() if last else None,
        "money_at_risk": money_data(c.money(campaign=campaign.id)),
        "against_charter": [
            {"what": o.what, "agreed": o.agreed, "came": o.came, "nature": o.nature, "rows": list(o.ids)}
            for o in found.against
        ],
        "deviations": [
            {"kind": d.kind, "what": d.what, "agreed": d.agreed, "came": d.came, "cause": d.cause, "owner": d.owner,
             "days_late": d.days, "row": d.row}
            for d in found.deviations
        ],
        "lost": [
            {"kind": o.kind, "what": o.what, "amount": str(o.amount) if o.amount is not None else None,
             "currency": o.currency, "why": o.why, "rules": list(o.rules), "owner": o.owner, "row": o.row}
            for o in found.lost
        ],
        "disputes": [
            {"question": d.question, "sides": d.sides or None, "ruling": d.ruling or None,
             "rationale": d.rationale or None, "ruled_by": d.ruled_by or None, "ruled_on": d.ruled_on or None,
             "about": list(d.about), "row": d.row}
            for d in found.disputes
        ],
        "open_items": [
            {"what": i.what, "owner": i.owner or None, "due": i.due or None, "row": i.row} for i in drafted.items
        ],
        "questions": [{"ask": q.ask, "because": q.because, "rows": list(q.rows)} for q in drafted.asked],
        "people_wrote": {name: (row.text(name) or None) if row else None for name in PEOPLE},
        "decision": {name: (row.text(name) or None) if row else None for name in DECISION},
        "rule_changes": {
            "changes": [_change(one, drafted) for one in drafted.learnt.changes],
            "silent_rules": list(drafted.learnt.silent),
            "remarks": list(drafted.learnt.remarks),
            "diff": drafted.diff.text or None,
        },
        "retention": retention_data(drafted),
    }  # fmt: skip


def retention_data(drafted: Drafted) -> dict[str, str | None]:
    """Until when the evidence is kept, and who says so."""
    kept = drafted.kept
    personal = kept.personal_data_until
    return {
        "until": kept.until.isoformat() if kept.until else None,
        "by": kept.by,
        "personal_data_until": personal.isoformat() if personal else None,
    }


def _change(change: RuleChange, drafted: Drafted) -> dict[str, Any]:
    left_out = next((why for one, why in drafted.diff.left_out if one is change), None)
    return {
        "file": change.file,
        "path": list(change.path),
        "prior": list(change.prior) if isinstance(change.prior, tuple) else change.prior,
        "proposed": list(change.proposed) if isinstance(change.proposed, tuple) else change.proposed,
        "why": change.why,
        "cases": [{"row": case.row, "words": case.words, "campaign": case.campaign or None} for case in change.cases],
        "not_in_diff": left_out,
    }
