"""Leads that more than one side claims: what the rule on disputed ownership speaks, and what keeps a lead off lists.

A dispute is between what partners claim and the charter's rule, or between two sides whom the rule gives the lead. It
ends when a person decides `ownership`; until then the lead is nobody's to send. It rules on nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.leads.classes import counts
from mdfsync.leads.lists import lists_of
from mdfsync.leads.ownership import DISPUTED, SHARED, ownership
from mdfsync.observe.landing import said
from mdfsync.view import Row, View

_NOT_THEIRS_ALONE = frozenset({"", "shared", "none", "open", "unknown"})
_OURS = frozenset({"owned-us", "owned-vendor", "vendor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """What is disputed, in the words of the hold, with the facts."""

    message: str
    evidence: Mapping[str, str]


def dispute_of(view: View, lead: Row) -> Dispute | None:
    """The dispute about a lead, `None` when there is none or a person has decided who owns it."""
    if lead.text("ownership") or not counts(view, lead):
        return None
    lines = lists_of(view).lines.get(lead.place, ())
    claims = [said(x, "partner_id") for x in lines if claims_for_partner(said(x, "partner_claimed_ownership"))]
    if len(set(claims)) > 1:
        partners = ", ".join(sorted(set(claims)))
        return Dispute(
            message="More than one partner claims this lead for the same campaign.",
            evidence={"partners": partners, "joint_campaign_id": view.ref(lead, "joint_campaign_id")},
        )
    owned, claimed = ownership(view, lead), claims_for_partner(lead.text("partner_claimed_ownership"))
    if owned.by_rule == DISPUTED:
        message = "By the charter's rule this lead belongs to both sides."
    elif claimed and owned.own == "yes":
        message = (
            "The partner claims this lead, and our sales had an open deal on its account before it was handed over."
        )
    elif claimed and owned.by_rule == SHARED:
        message = "The partner claims this lead for itself, and by the charter's rule it is shared."
    else:
        return None
    shown = {name: lead.text(name) for name in ("partner_claimed_ownership", "partner_submitted_on", "account_id")}
    return Dispute(message=message, evidence={**shown, "by the rule": "; ".join((owned.by_rule, *owned.reasons))})


def claims_for_partner(words: str) -> bool:
    """Whether a partner's own words on ownership claim the lead for the partner."""
    word = "-".join(words.casefold().replace("_", "-").split())
    return word not in _NOT_THEIRS_ALONE and word not in _OURS
