"""Leads, opportunities and registrations that more than one side claims.

What it protects: the same deal paid to two partners, the partner's lead called by our sales, our own deal registered
by a partner after the fact. Ownership is settled by the charter's rule or by a recorded ruling, not by who wrote
last.

When it fires, one hold per row and cause:
- `lead`: the partner claims a lead whose account our sales already worked on an open deal when it was handed over;
  or two partners hand over the same person for one campaign and each claims it.
- `registrations`: two partners hold registrations of one opportunity (or account) that were submitted within the
  rulebook's days of each other, or that are both approved while the first still ran; or a registration was decided
  to be in conflict. Of two further apart, the first wins and there is no dispute.
- `direct pipeline`: a registration nobody has decided names an account on which our own open deal is older.
- `sourced`: two partners claim to have sourced one opportunity.

What clears it: the owner is decided on the row itself (a lead's `ownership`, a registration's decision, a validated
class that leaves one sourcing partner), or a Decisions row of type dispute, lead_ownership or attribution rules on
it.

Params: `first_wins_after_days` = days between two submissions after which the first wins without a dispute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import ruled, shown, sources_of, speak
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.classes import claim_of
from mdfsync.view.deals import OwnDeal, own_deals

ID = "disputed_ownership"
TABLES = ("Leads", "Opportunities", "Deal Registrations", "Attributions")
_NOT_OURS_ALONE = frozenset({"", "shared", "none", "open", "unknown"})
_OURS = frozenset({"owned-us", "owned-vendor", "vendor"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    deals = own_deals(view)
    yield from _leads_on_own_deals(view, setting, deals)
    yield from _leads_of_two_partners(view, setting)
    yield from _registrations(view, setting)
    yield from _direct_pipeline(view, setting, deals)
    yield from _two_sources(view, setting)


def claims_for_partner(words: str) -> bool:
    """Whether a partner's own words on ownership claim the lead for the partner."""
    word = "-".join(words.casefold().replace("_", "-").split())
    return word not in _NOT_OURS_ALONE and word not in _OURS


def _leads_on_own_deals(view: View, setting: RuleSetting, deals: dict[str, list[OwnDeal]]) -> Iterator[Finding]:
    for lead in view.rows("Leads"):
        claim, day = lead.text("partner_claimed_ownership"), lead.day("partner_submitted_on")
        if (
            lead.text("ownership")
            or not claims_for_partner(claim)
            or ruled(view, lead.place, "dispute", "lead_ownership")
        ):
            continue
        older = [
            deal
            for deal in deals.get(lead.text("account_id"), ())
            if day is None or (deal.created and deal.created.date() < day)
        ]
        if not older:
            continue
        yield speak(
            setting,
            lead.place,
            "The partner claims this lead, and our sales had an open deal on its account before it was handed over.",
            evidence={
                **shown(lead, "partner_claimed_ownership", "partner_submitted_on", "account_id"),
                "own open deals": ", ".join(f"{d.id} of {d.shown}" for d in older),
            },
            sources={*sources_of(view, "Leads", "partner_claimed_ownership"), "hubspot.deals"},
            key="lead",
        )


def _leads_of_two_partners(view: View, setting: RuleSetting) -> Iterator[Finding]:
    claims: dict[tuple[str, str], set[str]] = {}
    for row in view.mirror.get("partner.leads", ()):
        email, joint, partner = (
            str(row.body.get(n) or "").strip() for n in ("email", "joint_campaign_id", "partner_id")
        )
        if email and joint and partner and claims_for_partner(str(row.body.get("partner_claimed_ownership") or "")):
            claims.setdefault((email.lower(), joint), set()).add(partner)
    for (email, joint), partners in sorted(claims.items()):
        if len(partners) < 2:
            continue
        for lead in view.where("Leads", "email", email):
            settled = lead.text("ownership") or ruled(view, lead.place, "dispute", "lead_ownership")
            if view.ref(lead, "joint_campaign_id") == joint and not settled:
                yield speak(
                    setting,
                    lead.place,
                    "More than one partner claims this lead for the same campaign.",
                    evidence={"partners": ", ".join(sorted(partners)), "joint_campaign_id": joint},
                    sources=("partner.leads",),
                    key="lead",
                )


def _registrations(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for rows in _registered_together(view).values():
        live = [row for row in rows if row.text("registration_decision") != "rejected"]
        disputed: dict[Subject, Row] = {}
        for first, second in combinations(live, 2):
            if view.ref(first, "partner_id") != view.ref(second, "partner_id") and _collide(setting, first, second):
                disputed |= {first.place: first, second.place: second}
        disputed |= {row.place: row for row in live if row.text("registration_decision") == "conflict"}
        if not disputed:
            continue
        opportunity = next((view.ref(row, "opportunity_id") for row in disputed.values()), "")
        places = sorted(disputed)
        subject = Subject(table="Opportunities", id=opportunity) if opportunity else places[0]
        if any(ruled(view, place, "dispute", "attribution") for place in (subject, *places)):
            continue
        attributions = view.where("Attributions", "opportunity_id", opportunity)
        partners = {view.ref(row, "partner_id") for row in disputed.values()}
        yield speak(
            setting,
            subject,
            "Registrations of different partners compete, and no ruling says whose it is.",
            evidence={row.id: _in_short(view, row) for row in disputed.values()},
            sources=sources_of(view, "Deal Registrations", "submitted_at"),
            key="registrations",
            blocks=[*places, *(a.place for a in attributions if view.ref(a, "partner_id") in partners)],
        )


def _registered_together(view: View) -> dict[str, list[Row]]:
    """Registrations of one opportunity, or of one account where they name no opportunity, by submission."""
    groups: dict[str, list[Row]] = {}
    for row in view.rows("Deal Registrations"):
        key = view.ref(row, "opportunity_id") or row.text("account_id")
        if key:
            groups.setdefault(key, []).append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: (row.text("submitted_at"), row.id))
    return groups


def _collide(setting: RuleSetting, first: Row, second: Row) -> bool:
    decisions = {first.text("registration_decision"), second.text("registration_decision")}
    if decisions == {"approved"}:
        last = first.day("extended_until") or first.day("expires_on")
        submitted = second.instant("submitted_at")
        return last is None or submitted is None or submitted.date() <= last
    if "approved" in decisions:
        return False
    left, right = first.instant("submitted_at"), second.instant("submitted_at")
    if left is None or right is None:
        return True
    return abs(right - left) <= timedelta(days=setting.params["first_wins_after_days"])


def _in_short(view: View, row: Row) -> str:
    at = row.instant("submitted_at")
    decision = row.text("registration_decision") or "not decided"
    return f"{view.ref(row, 'partner_id')}, submitted {instant_text(at) if at else 'at an unknown time'}, {decision}"


def _direct_pipeline(view: View, setting: RuleSetting, deals: dict[str, list[OwnDeal]]) -> Iterator[Finding]:
    for row in view.rows("Deal Registrations"):
        submitted = row.instant("submitted_at")
        if row.text("registration_decision") or submitted is None or ruled(view, row.place, "dispute", "attribution"):
            continue
        older = [d for d in deals.get(row.text("account_id"), ()) if d.created and d.created < submitted]
        if older:
            yield speak(
                setting,
                row.place,
                "The registered account already had an open deal of ours, and the registration is not decided.",
                evidence={
                    **shown(row, "account_id", "submitted_at"),
                    "own open deals": ", ".join(f"{d.id} of {d.shown}" for d in older),
                },
                sources={*sources_of(view, "Deal Registrations", "submitted_at"), "hubspot.deals"},
                key="direct pipeline",
            )


def _two_sources(view: View, setting: RuleSetting) -> Iterator[Finding]:
    claims: dict[str, list[Row]] = {}
    for row in view.rows("Attributions"):
        if (row.text("validated_class") or claim_of(row)) == "sourced":
            claims.setdefault(view.ref(row, "opportunity_id"), []).append(row)
    for opportunity, rows in sorted(claims.items()):
        subject = Subject(table="Opportunities", id=opportunity)
        partners = sorted({view.ref(row, "partner_id") for row in rows})
        if len(partners) < 2 or ruled(view, subject, "dispute", "attribution"):
            continue
        yield speak(
            setting,
            subject,
            "More than one partner claims to have sourced this opportunity.",
            evidence={"partners": ", ".join(partners)},
            sources=sources_of(view, "Attributions", "claimed_class"),
            key="sourced",
            blocks=[row.place for row in rows],
        )
