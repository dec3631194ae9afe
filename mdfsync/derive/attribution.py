"""Fills the computed side of Attributions: the class by the charter's rules, with the instants that decided
it.

One class per opportunity and partner (`view/classes.py` judges; this only writes it down). What people
claim and validate stands in their own fields and is never touched: `attribution_class` is the validated
class where there is one with its reason, else the computed one, and a claim that a rule holds counts for nothing
until then. Opportunities get a summary per partner and where their creation lies against the campaign. It makes
no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from mdfsync.derive.amounts import amount_cells, amount_of, notes_text
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.case import Case, deals_of
from mdfsync.view.charter import Cover, cover, zone_of
from mdfsync.view.classes import RANK, Verdict, claim_of, classify
from mdfsync.view.moments import Moment
from mdfsync.view.notes import overlap_of
from mdfsync.view.standing import campaign_in_force
from mdfsync.view.trials import own_activity

RULE = "attribution"
_CHECK: Mapping[Cover, str] = {"inside": "inside", "outside": "outside", "none": "outside"}


def attribution(view: View, defaults: Mapping[str, Any]) -> Iterator[Computed]:
    """Computed cells of Attributions and of the attribution columns of Opportunities. `defaults` = the
    rulebook's windows, used where a charter states none."""
    classes: dict[str, list[str]] = {}
    for row in view.rows("Attributions"):
        verdict = classify(view, row, defaults)
        values = attribution_cells(view, row, verdict)
        yield from cells(row.subject, values, rule=RULE, inputs=_inputs(verdict))
        said = f"{view.ref(row, 'partner_id')}: {values['attribution_class']}"
        classes.setdefault(view.ref(row, "opportunity_id"), []).append(said)
    for opportunity in view.rows("Opportunities"):
        summary = "\n".join(sorted(classes.get(opportunity.id, ()))) or NOTHING
        about = {"attribution_summary": summary, "opportunity_timing": _timing(view, opportunity)}
        yield from cells(opportunity.subject, about, rule=RULE, inputs=("Attributions", "created_at_hubspot"))


def attribution_cells(view: View, row: Row, verdict: Verdict) -> dict[str, str]:
    """The computed cells of an Attributions row by its verdict; journeys show the same."""
    claim = claim_of(view, row)
    values = {
        "computed_class": verdict.class_,
        "computed_reason": "\n".join(verdict.reasons),
        "attribution_class": _reported(row, verdict),
        "claim_comparison": _compared(claim, verdict),
        "class_notes": NOTHING,
        "deciding_event": _last_event(row, verdict),
        "deciding_sources": ", ".join(_inputs(verdict)),
    }
    if verdict.case is not None:
        values |= _case_cells(verdict.case, verdict)
        values |= _event_cells(view, verdict.case, verdict)
    return values


def _reported(row: Row, verdict: Verdict) -> str:
    """The class that reports use: the validated one. One without a reason may take away, and adds nothing."""
    validated = row.text("validated_class")
    if not validated or row.text("validation_reason"):
        return validated or verdict.class_
    return validated if RANK[validated] <= RANK.get(verdict.class_, 0) else verdict.class_


def _last_event(row: Row, verdict: Verdict) -> str:
    """Of a class that is held without an event of its own, the one that decided before: as long as it cannot be found,
    it is what the hold is about. A trial's own event replaces it."""
    return row.text("deciding_event") or NOTHING if verdict.class_ == "hold" else NOTHING


def _compared(claim: str, verdict: Verdict) -> str:
    """How the claim stands against the rules; an undecided class carries no claim yet."""
    if not claim:
        return "no_claim"
    computed = RANK.get(verdict.class_, 0)
    if RANK[claim] == computed and verdict.class_ != "hold":
        return "agrees"
    return "claims_more" if RANK[claim] > computed else "claims_less"


def _case_cells(case: Case, verdict: Verdict) -> dict[str, str]:
    created = case.created
    seen = created.recorded or created.stated
    lock = seen + timedelta(days=case.charter.lock_after_create_days) if seen else None
    shared = overlap_of(case)
    amount = amount_of(case, deals_of(case.view).get(case.deal_id))
    return {
        "opportunity_created_at": instant_text(seen) if seen else "",
        "opportunity_closed_at": _instant(case.closed),
        "locked_from": instant_text(lock) if lock else "",
        "rule_version": case.charter.named,
        "other_joint_campaign_ids": ", ".join(case.campaigns[1:]) or NOTHING,
        "shared_account_id": shared.id if shared else "",
        "overlap_at_launch": _overlap_at_launch(shared),
        "class_notes": notes_text(verdict.notes, amount),
        **amount_cells(amount),
    }


def _event_cells(view: View, case: Case, verdict: Verdict) -> dict[str, str]:
    trial = verdict.trial
    if trial is None:
        return {"agreement_check": "unknown"}
    event = trial.event
    day = event.moment.on(case.zone)
    joined = case.on_deal.get(event.contact)
    first = own_activity(case, event.moment)
    return {
        "deciding_event": event.name,
        "deciding_event_at": _instant(event.moment),
        "deciding_contact_id": event.contact or NOTHING,
        "contact_joined_after": instant_text(joined.after) if joined and joined.after else "",
        "contact_joined_before": instant_text(joined.by) if joined else "",
        "first_own_activity_at": _instant(first.moment) if first else "",
        "registration_id": event.registration.id if event.registration else "",
        "agreement_check": _CHECK[cover(view, case.partner_id, (day,))] if day else "unknown",
    }


def _instant(moment: Moment | None) -> str:
    """A moment as an instant; a bare day is none."""
    at = (moment.stated or moment.recorded) if moment else None
    return instant_text(at) if at else ""


def _inputs(verdict: Verdict) -> tuple[str, ...]:
    found = {"hubspot.deals", "hubspot.associations", *verdict.unread}
    if verdict.trial is not None:
        found.add(verdict.trial.event.source_id)
    return tuple(sorted(found))


def _overlap_at_launch(shared: Row | None) -> str:
    """Presence at launch by the frozen snapshot alone; a late snapshot proves nothing about launch."""
    if shared is None:
        return "unknown"
    return "yes" if shared.text("snapshot_label") == "at_launch" else "unknown"


def _timing(view: View, opportunity: Row) -> str:
    campaign = campaign_in_force(view, view.ref(opportunity, "joint_campaign_id"))
    created = opportunity.instant("created_at_hubspot") or opportunity.instant("create_date")
    zone = zone_of(campaign.text("charter_time_zone")) if campaign else None
    if campaign is None or created is None or zone is None:
        return "unknown"
    day, start, end = created.astimezone(zone).date(), campaign.day("start_date"), campaign.day("end_date")
    if start is None or end is None:
        return "unknown"
    return "before_campaign" if day < start else "after_campaign" if day > end else "during_campaign"
