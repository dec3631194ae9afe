"""A campaign's funnel: accounts targeted, accounts touched, leads, opportunities, won; and its deals by class.

Classes are never added together, and a deal with two partners is one deal: beside every sum over partners stands the
number of distinct deals. Amounts stand by currency and are not converted. A deal counts under the class that reports
use (validated, else computed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mdfsync.journeys.story import Journey
from mdfsync.view import Row, View
from mdfsync.view.touches import journeys

CLASSES = ("sourced", "assisted", "influenced", "direct", "hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Deals of one class: `deals` of all partners added up, `distinct` each once; the same for those won; amounts by
    currency, each deal once; `without_amount` = deals whose amount or currency is blank."""

    deals: int
    distinct: int
    won: int
    distinct_won: int
    amounts: Mapping[str, Decimal]
    won_amounts: Mapping[str, Decimal]
    without_amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the funnel: of each partner, and of all together with everything counted once."""

    name: str
    counted: str
    by_partner: Mapping[str, int]
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """`by_class` gives the total of all partners, `by_partner` of one: class → partner → total."""

    campaign_id: str
    steps: tuple[Step, ...]
    by_class: Mapping[str, Total]
    by_partner: Mapping[str, Mapping[str, Total]]
    partners: Mapping[str, str]


def funnel(view: View, campaign: Row, stories: Sequence[Journey]) -> Funnel:
    """The funnel of a campaign, from the journeys of its deals."""
    parts = [view.ref(row, "partner_id") for row in view.where("Campaign Partners", "joint_campaign_id", campaign.id)]
    tried = [judged.partner_id for story in stories for judged in story.judgements]
    ids = tuple(dict.fromkeys(filter(None, (*parts, *tried))))
    by_partner = {class_: {partner: totals(stories, class_, partner) for partner in ids} for class_ in CLASSES}
    return Funnel(
        campaign_id=campaign.id,
        steps=(*_accounts_and_leads(view, campaign.id, ids), *_deals(stories, ids)),
        by_class={class_: totals(stories, class_) for class_ in CLASSES},
        by_partner=by_partner,
        partners={id: (row.text("partner_name") if (row := view.row("Partners", id)) else "") or id for id in ids},
    )


def totals(stories: Sequence[Journey], class_: str, partner: str = "") -> Total:
    """The deals of one class, of all partners or of one."""
    found = [
        story
        for story in stories
        for judged in story.judgements
        if judged.class_ == class_ and partner in {"", judged.partner_id}
    ]
    once = {story.opportunity_id: story for story in found}
    won = {id: story for id, story in once.items() if story.won}
    return Total(
        deals=len(found),
        distinct=len(once),
        won=sum(story.won for story in found),
        distinct_won=len(won),
        amounts=_by_currency(list(once.values())),
        won_amounts=_by_currency(list(won.values())),
        without_amount=sum(story.value is None or not story.value.currency for story in once.values()),
    )


def _by_currency(stories: Sequence[Journey]) -> dict[str, Decimal]:
    out: dict[str, Decimal] = {}
    for story in stories:
        if story.value is not None and story.value.currency:
            currency = story.value.currency
            out[currency] = out.get(currency, Decimal(0)) + Decimal(story.value.amount)
    return dict(sorted(out.items()))


def _accounts_and_leads(view: View, joint: str, partners: Sequence[str]) -> tuple[Step, ...]:
    facts = journeys(view)
    targeted: dict[str, set[str]] = {}
    touched: dict[str, set[str]] = {}
    for row in view.where("Shared Accounts", "joint_campaign_id", joint):
        partner, account = view.ref(row, "partner_id"), row.text("account_id")
        if row.text("target_status") != "target" or not account:
            continue
        targeted.setdefault(partner, set()).add(account)
        contacts = facts.of_company.get(account.removeprefix("hs-co-"), frozenset())
        if any(joint in touch.campaigns for contact in contacts for touch in facts.touches.get(contact, ())):
            touched.setdefault(partner, set()).add(account)
    leads: dict[str, set[str]] = {}
    for row in view.where("Leads", "joint_campaign_id", joint):
        if row.text("lead_class") in {"", "genuine"}:
            leads.setdefault(view.ref(row, "partner_id"), set()).add(row.text("contact_id") or row.id)
    return (
        _step("Accounts targeted", "accounts", targeted, partners),
        _step("Targeted accounts touched", "accounts", touched, partners),
        _step("Leads", "people", leads, partners),
    )


def _deals(stories: Sequence[Journey], partners: Sequence[str]) -> tuple[Step, ...]:
    """Deals on which a partner is tried, whatever its class: a count of deals, no credit."""
    deals: dict[str, set[str]] = {"": {story.opportunity_id for story in stories}}
    won: dict[str, set[str]] = {"": {story.opportunity_id for story in stories if story.won}}
    for story in stories:
        for judged in story.judgements:
            deals.setdefault(judged.partner_id, set()).add(story.opportunity_id)
            if story.won:
                won.setdefault(judged.partner_id, set()).add(story.opportunity_id)
    return (_step("Opportunities", "deals", deals, partners), _step("Won", "deals", won, partners))


def _step(name: str, counted: str, found: Mapping[str, set[str]], partners: Sequence[str]) -> Step:
    return Step(
        name=name,
        counted=counted,
        by_partner={partner: len(found.get(partner, ())) for partner in partners},
        distinct=len(set().union(*found.values())),
    )
