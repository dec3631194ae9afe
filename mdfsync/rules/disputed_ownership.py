"""Leads, opportunities and registrations that more than one side claims.

What it protects: the same deal paid to two partners, the partner's lead called by our sales, our own deal registered
by a partner after the fact. Ownership is settled by the charter's rule or by a recorded ruling, not by who wrote
last.

When it fires, one hold per row and cause:
- `lead`: the partner claims a lead for itself, and by the charter's rule it is ours or shared; or both sides had an
  open opportunity on its account before; or two partners hand over the same person for one campaign and each claims
  it. A lead of which the rule cannot tell (`ownership_by_rule` UNKNOWN) is no dispute; it is kept off outgoing lists.
- `registrations`: two partners hold registrations of one opportunity (or account) that were submitted within the
  rulebook's days of each other, or of which the later one is approved while the first still stands; a registration was
  decided to be in conflict; or the customer asks for another partner than the one that registered. Of two further
  apart, the first wins and there is no dispute. A registration that ran out, by its days or by the partner's silence,
  stands in nobody's way.
- `direct pipeline`: a registration nobody has decided names an account on which our own open deal is older; or we have
  an open deal with an account that was registered first, or with which our sales was in touch before.
- `sourced`: two partners claim to have sourced one opportunity.

On registrations the hold proposes what the conflict table says, with the facts that lead there; people rule.

What clears it: the owner is decided on the row itself (a lead's `ownership`, a registration's decision, a validated
class that leaves one sourcing partner), or a Decisions row of type dispute, lead_ownership or attribution rules on
it.

Params: `first_wins_after_days` = days between two submissions after which the first wins without a dispute;
`outcomes` = the conflict table, what follows by scenario.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.leads.disputes import dispute_of
from mdfsync.model import Finding, Subject
from mdfsync.overlaps.standing import SOURCES
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.registrations import in_short
from mdfsync.rules.rule import ruled, shown, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.view.classes import claim_of
from mdfsync.view.contests import OPEN, against_us, contests
from mdfsync.view.deals import OwnDeal, own_deals

ID = "disputed_ownership"
TABLES = ("Leads", "Opportunities", "Deal Registrations", "Attributions")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    deals = own_deals(view)
    yield from _leads(view, setting)
    yield from _registrations(view, setting)
    yield from _direct_pipeline(view, setting, deals)
    yield from _two_sources(view, setting)


def _leads(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for lead in view.rows("Leads"):
        dispute = dispute_of(view, lead)
        if dispute is None or ruled(view, lead.place, "dispute", "lead_ownership"):
            continue
        sources = {*sources_of(view, "Leads", "partner_claimed_ownership"), "hubspot.deals", *SOURCES}
        yield speak(setting, lead.place, dispute.message, evidence=dispute.evidence, sources=sources, key="lead")


def _registrations(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for contest in contests(view):
        rows = [standing.row for standing in contest.standings]
        places = sorted(row.place for row in rows)
        subject = Subject(table="Opportunities", id=contest.opportunity) if contest.opportunity else places[0]
        if any(ruled(view, place, "dispute", "attribution") for place in (subject, *places)):
            continue
        attributions = view.where("Attributions", "opportunity_id", contest.opportunity)
        partners = {view.ref(row, "partner_id") for row in rows}
        compete = len(partners) > 1 or contest.case != "customer_preference"
        yield speak(
            setting,
            subject,
            "Registrations of different partners compete, and no ruling says whose it is."
            if compete
            else "The customer asks for another partner than the one that registered, and no ruling says whose it is.",
            evidence={
                **{row.id: in_short(view, row) for row in rows},
                "conflict table": _said(setting, contest.case),
                "because": contest.because,
            },
            sources=sources_of(view, "Deal Registrations", "submitted_at"),
            key="registrations",
            blocks=[*places, *(a.place for a in attributions if view.ref(a, "partner_id") in partners)],
            required_action=_proposed(setting, contest.case, contest.because),
        )


def _said(setting: RuleSetting, case: str) -> str:
    """What the conflict table says of a case."""
    return str(setting.params["outcomes"].get(case, "The conflict table leaves it open."))


def _proposed(setting: RuleSetting, case: str, because: str) -> str:
    """What the conflict table says, and what people do with it."""
    if case == OPEN:
        return f"{_said(setting, case)} {setting.required_action}"
    return (
        f"{_said(setting, case)} Here: {because}. Decide the registrations so, or record another ruling as a decision."
    )


_AGAINST_US = {
    "direct_pipeline": "The registered account already had an open deal of ours",
    "prior_relationship": "Our sales was in touch with the registered account before",
    "registered_first": "We have an open deal with an account that was registered first",
    OPEN: "We have an open deal with the registered account",
}


def _direct_pipeline(view: View, setting: RuleSetting, deals: dict[str, list[OwnDeal]]) -> Iterator[Finding]:
    for row in view.rows("Deal Registrations"):
        found = against_us(view, row)
        if found is None or ruled(view, row.place, "dispute", "attribution"):
            continue
        case, because = found
        own = deals.get(row.text("account_id"), ())
        yield speak(
            setting,
            row.place,
            f"{_AGAINST_US[case]}, and the registration is not decided.",
            evidence={
                **shown(row, "account_id", "submitted_at"),
                "own open deals": ", ".join(f"{d.id} of {d.shown}" for d in own),
                "conflict table": _said(setting, case),
                "because": because,
            },
            sources={*sources_of(view, "Deal Registrations", "submitted_at"), "hubspot.deals"},
            key="direct pipeline",
            required_action=_proposed(setting, case, because),
        )


def _two_sources(view: View, setting: RuleSetting) -> Iterator[Finding]:
    claims: dict[str, list[Row]] = {}
    for row in view.rows("Attributions"):
        if (row.text("validated_class") or claim_of(view, row)) == "sourced":
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
