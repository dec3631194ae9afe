"""The review as plain values for machines (`schema/review.schema.json`): every figure with what it counts, its nature
and its sources, or with why it cannot be told. Amounts are texts with their currency beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from mdfsync.documents.money import money_data
from mdfsync.money_at_risk import AtRisk
from mdfsync.performance.claims import Claim
from mdfsync.performance.deals import Deal
from mdfsync.performance.measure import Measure
from mdfsync.performance.returns import LEFT_OUT
from mdfsync.performance.review import Review
from mdfsync.performance.spend import Amounts, Request
from mdfsync.performance.unsettled import adds_by_class
from mdfsync.pipeline_totals import ClassTotal, Sum
from mdfsync.policy import Policy


def review_data(review: Review, risk: Sequence[AtRisk], policy: Policy) -> dict[str, Any]:
    """The whole review; those of its campaigns and of the quarter before carry their figures and classes only."""
    asked = review.asked
    return {
        "document": "review",
        "asked": {
            "joint_campaign_id": asked.campaign or None,
            "partner_id": asked.partner or None,
            "mdf_programme": asked.programme or None,
            "quarter": str(asked.quarter) if asked.quarter else None,
        },
        "as_of": review.as_of.isoformat(),
        "policy": {"version": policy.version, "digest": policy.digest},
        "money_at_risk": money_data(risk),
        "joint_campaign_ids": [row.id for row in review.campaigns],
        **_figures(review),
        "return_leaves_out": list(LEFT_OUT),
        "deliverables": [
            {
                "deliverable_id": d.deliverable_id, "title": d.title, "joint_campaign_id": d.campaign_id,
                "partner_id": d.partner_id or None, "owner_side": d.owner_side or None, "due": _day(d.due),
                "delivered": _day(d.delivered), "state": d.state or None, "acceptance": d.acceptance or None,
                "late_days": d.late_days, "planned_result": d.planned_result or None,
                "actual_result": d.actual_result or None, "reached_percent": _text(d.reached),
            }
            for d in review.deliveries.rows
        ],
        "leads": {
            "by_status": {key: list(ids) for key, ids in review.leads.statuses.items()},
            "no_leads": {key: list(ids) for key, ids in review.leads.kinds.items()},
            "on_hold": list(review.leads.held),
            "by_decision": {key or "undecided": list(ids) for key, ids in review.leads.decided.items()},
            "without_partner": list(review.leads.without_partner),
            "follow_up": dict(review.leads.speed),
        },
        "deals": [_deal(deal) for deal in review.pipeline.deals],
        "closed": [_deal(deal) for deal in review.pipeline.closed],
        "deals_not_tried": list(review.pipeline.untried),
        "beside_direct": {
            class_: [measure_data(m) for m in measures] for class_, measures in review.pipeline.compared().items()
        },
        "spend": {
            "requests": [_request(request) for request in review.spend.requests],
            "flows": [
                {"direction": direction or None, "currency": currency, **_amounts(flow)}
                for (direction, currency), flow in review.spend.flows.items()
            ],
        },
        "claims": {
            "filed": [
                {"direction": direction or None, "currency": currency, **{n: _text(a) for n, a in total.items()}}
                for (direction, currency), total in review.claims.totals.items()
            ],
            "claims": [_claim(claim) for claim in review.claims.rows],
            "not_filed": list(review.claims.unfiled),
        },
        "disputes": [
            {
                "decision_id": d.decision_id, "joint_campaign_id": d.campaign_id or None,
                "question": d.question or None,
                "sides": list(d.sides), "state": d.state or None, "raised_on": _day(d.raised), "due": d.due or None,
                "decision": d.decision or None,
            }
            for d in review.disputes
        ],
        "would_change": {
            "held_deals": [
                {
                    "attribution_id": h.deal.counted.attribution_id, "opportunity_id": h.deal.counted.opportunity_id,
                    "partner_id": h.deal.counted.partner_id, "may_become": h.may_become or None,
                    "claimed_class": h.claimed or None, "amount": _text(h.adds),
                    "currency": h.deal.counted.currency or None,
                    "reasons": list(h.reasons), "unread_sources": list(h.unread),
                }
                for h in review.held
            ],
            "at_most": [
                {"class": class_ or None, "currency": currency or None, "deals": number, "amount": f"{amount:f}"}
                for (class_, currency), (number, amount) in adds_by_class(review.held).items()
            ],
            "sources": [{"source_id": g.source_id, "status": g.status, "why": g.why} for g in review.gaps],
        },
        "data_quality": {
            "open": [{"kind": c.kind, "rule_id": c.rule_id, "records": list(c.rows)} for c in review.causes],
            "undated": sorted(
                {id for of in (review.spend, review.leads, review.deliveries, review.pipeline) for id in of.undated}
            ),
            "without_time_zone": list(review.zoneless),
        },
        "hubspot_totals": [
            {"joint_campaign_id": c.campaign_id, "status": c.status, "lines": list(c.lines)} for c in review.compared
        ],
        "by_campaign": [{"joint_campaign_id": of.asked.campaign, **_figures(of)} for of in review.by_campaign],
        "quarter_before": (
            {"quarter": str(review.before.asked.quarter), **_figures(review.before)} if review.before else None
        ),
    }  # fmt: skip


def measure_data(measure: Measure) -> dict[str, Any]:
    return {
        "id": measure.id,
        "title": measure.title,
        "counts": measure.counts,
        "value": _text(measure.value),
        "unit": measure.unit or None,
        "cannot_be_told": measure.why_not or None,
        "rests_on": {"records": measure.behind, "of": measure.of or None},
        "nature": measure.nature,
        "sources": list(measure.sources),
    }


def _figures(review: Review) -> dict[str, Any]:
    return {
        "figures": [measure_data(measure) for measure in review.measures()],
        "registrations": {
            "submitted": review.registrations.submitted, "by_status": dict(review.registrations.by_status),
        },
        "classes": [_class(total) for total in review.pipeline.totals.classes],
        "closed_classes": [_class(total) for total in review.pipeline.closed_totals.classes],
    }  # fmt: skip


def _class(total: ClassTotal) -> dict[str, Any]:
    return {
        "class": total.class_,
        "distinct": _sum(total.distinct),
        "over_the_partners": _sum(total.summed),
        "lines_may_be_added": total.additive,
        "by_outcome": {outcome: _sum(of) for outcome, of in total.by_outcome.items()},
    }


def _sum(total: Sum) -> dict[str, Any]:
    return {
        "deals": total.deals,
        "amounts": [{"currency": currency, "amount": f"{amount:f}"} for currency, amount in total.amounts.items()],
        "without_amount": total.without_amount,
        "at_fixed_rate": _text(total.at_fixed_rate),
    }


def _deal(deal: Deal) -> dict[str, Any]:
    of = deal.counted
    return {
        "opportunity_id": of.opportunity_id, "name": deal.name or None, "attribution_id": of.attribution_id,
        "joint_campaign_id": of.joint_campaign_id, "partner_id": of.partner_id, "class": of.class_,
        "outcome": of.outcome, "stage": deal.stage or None, "amount": _text(of.amount),
        "currency": of.currency or None, "created": _day(deal.created), "closed": _day(deal.closed),
        "deciding_event": deal.decided_by or None, "validated_by_a_person": deal.validated,
    }  # fmt: skip


def _request(request: Request) -> dict[str, Any]:
    return {
        "mdf_request_id": request.request_id or None, "title": request.title, "joint_campaign_id": request.campaign_id,
        "partner_id": request.partner_id or None, "direction": request.direction or None, "currency": request.currency,
        "planned_cost": _text(request.planned_cost), "approved_activity_cost": _text(request.approved_cost),
        "approved_mdf_amount": _text(request.approved_mdf), "total": _amounts(request.total),
        "ledger_differs": list(request.differs),
        "lines": [
            {
                "expense_id": line.expense_id, "title": line.title, "state": line.state or None,
                "eligibility": line.status or None, "amounts": _amounts(line.amounts),
                "own_amount": line.own or None, "unknown": line.unknown or None, "charged_to_request": line.charged,
            }
            for line in request.lines
        ],
    }  # fmt: skip


def _amounts(amounts: Amounts) -> dict[str, Any]:
    return {stage: _text(amount) for stage, amount in amounts.items()}


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "reimbursement_id": claim.claim_id, "joint_campaign_id": claim.campaign_id,
        "partner_id": claim.partner_id or None,
        "direction": claim.direction or None, "currency": claim.currency, "state": claim.state or None,
        "filed_on": _day(claim.filed), "decided_on": _day(claim.decided), "paid_on": _day(claim.paid),
        "amounts": _texts(claim.amounts), "drafted": f"{claim.drafted:f}",
        "drafted_not_eligible": f"{claim.drafted_held:f}",
        "days_to_decision": claim.days_to_decision, "days_to_pay": claim.days_to_pay, "why_less": claim.reason or None,
    }  # fmt: skip


def _texts(amounts: Mapping[str, Decimal | None]) -> dict[str, Any]:
    return {name: _text(amount) for name, amount in amounts.items()}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
