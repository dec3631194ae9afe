"""A campaign's funnel: accounts targeted, accounts touched, leads, opportunities, won; and its deals by class.

Classes are never added together, and a deal with two partners is one deal: beside every sum over partners stands the
number of distinct deals. What a class adds up to is counted in one place (`pipeline_totals`), here from the classes and
amounts that the stories show. So a deal that is in several campaigns is told in each of them and counted in the one
whose charter decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdfsync.journeys.story import Journey
from mdfsync.model import Subject
from mdfsync.pipeline_totals import Totals, pipeline_totals
from mdfsync.view import Row, View
from mdfsync.view.people import CONTACTS
from mdfsync.view.touches import LINKS, SOURCE_OF, journeys, unknown_sources

REPORTS = "hubspot.campaign_contacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the funnel: of each partner, and of all together with everything counted once."""

    name: str
    counted: str
    by_partner: Mapping[str, int]
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """`totals` are of the deals whose class this campaign's charter decided; `partners` = names by id; `unread` =
    sources without which accounts may have been touched, and leads be there, that the first steps do not count."""

    campaign_id: str
    steps: tuple[Step, ...]
    totals: Totals
    partners: Mapping[str, str]
    unread: tuple[str, ...]


def funnel(view: View, campaign: Row, stories: Sequence[Journey]) -> Funnel:
    """The funnel of a campaign, from the journeys of its deals."""
    parts = [view.ref(row, "partner_id") for row in view.where("Campaign Partners", "joint_campaign_id", campaign.id)]
    tried = [judged.partner_id for story in stories for judged in story.judgements]
    ids = tuple(dict.fromkeys(filter(None, (*parts, *tried))))
    shown = {
        Subject(table="Attributions", id=judged.attribution_id): judged.cells
        for story in stories
        for judged in story.judgements
    }
    return Funnel(
        campaign_id=campaign.id,
        steps=(*_accounts_and_leads(view, campaign.id, ids), *_deals(stories, ids)),
        totals=pipeline_totals(view.with_coming(shown), campaign=campaign.id),
        partners={id: (row.text("partner_name") if (row := view.row("Partners", id)) else "") or id for id in ids},
        unread=unknown_sources(view, CONTACTS, REPORTS, LINKS, *SOURCE_OF.values()),
    )


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
