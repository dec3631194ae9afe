"""HubSpot deals of joint campaigns onto Opportunities, and one Attributions row per deal and partner of its campaign.

A deal of no joint campaign does not enter the base. A deal that several joint campaigns claim on equally good
grounds keeps the first by id and is reported. Part of `observe`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdfsync.model import RawRow, Snapshot, Subject
from mdfsync.observe.claims import observe_claims
from mdfsync.observe.linking import DIRECT, ORDER, Links
from mdfsync.observe.saying import Sayings
from mdfsync.view.people import property_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A pipeline stage in words. `closed`/`won` come from the stage's own metadata, never from its label."""

    pipeline: str
    label: str
    row: RawRow


def observe_deals(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], snapshot: Snapshot, links: Links) -> None:
    """One Opportunities subject per linked deal, and the Attributions subjects on which its class is judged."""
    partners = _partners_of_campaigns(snapshot)
    stages = _stages(mirror.get("hubspot.pipelines", ()))
    claimed: dict[str, tuple[RawRow, dict[str, Subject]]] = {}
    owner_rows = {row.ref.external_id: row for row in mirror.get("hubspot.owners", ())}
    for row in mirror.get("hubspot.deals", ()):
        found = links.deals.get(row.ref.external_id)
        _unknown_campaign(say, row, found or {})
        if not found:
            continue
        subject = Subject(table="Opportunities", id=f"hs-deal-{row.ref.external_id}")
        say.row(subject, row)
        _campaign(say, subject, row, found)
        claimed[row.ref.external_id] = row, _attributions(say, subject, row, found, partners)
        contacts = links.associations.get(f"deals:{row.ref.external_id}:contacts")
        if contacts:
            ids = sorted(links.deal_contacts.get(row.ref.external_id, ()))
            say.value(subject, "contact_ids", ", ".join(ids), contacts.ref)
        stage = stages.get((property_of(row, "pipeline"), property_of(row, "dealstage")))
        if stage:
            say.value(subject, "stage_label", stage.label, stage.row.ref)
            say.value(subject, "pipeline_label", stage.pipeline, stage.row.ref)
        owner = owner_rows.get(property_of(row, "hubspot_owner_id"))
        if owner and owner.body.get("email"):
            say.value(subject, "opportunity_owner", owner.body["email"], owner.ref)
            say.value(subject, "owner", owner.body["email"], owner.ref)
        company = _company(row, links)
        if company:
            say.value(subject, "account_id", f"hs-co-{company}", row.ref)
            account = links.companies.get(company)
            if account:
                say.value(subject, "account_name", property_of(account, "name"), account.ref)
    observe_claims(say, claimed, snapshot)


def _unknown_campaign(say: Sayings, row: RawRow, found: Mapping[str, str]) -> None:
    """A deal that names a joint campaign which nobody knows must not drop out of the pipeline unseen."""
    named = property_of(row, "joint_campaign_id")
    if named and named not in found:
        say.finding(
            "unknown_value",
            Subject(table="Opportunities", id=f"hs-deal-{row.ref.external_id}"),
            f"HubSpot deal “{property_of(row, 'dealname')}” names a joint campaign that is not in the base",
            ref=row.ref,
            evidence={"joint_campaign_id": named, "hubspot_deal_id": row.ref.external_id},
            key="joint_campaign_id",
        )


def _partners_of_campaigns(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    out: dict[str, set[str]] = {}
    for row in snapshot.tables.get("Campaign Partners", ()):
        if row.get("partner_id"):
            out.setdefault(row.get("joint_campaign_id"), set()).add(row.get("partner_id"))
    return {joint: tuple(sorted(ids)) for joint, ids in out.items()}


def _attributions(
    say: Sayings,
    deal: Subject,
    row: RawRow,
    found: Mapping[str, str],
    partners: Mapping[str, tuple[str, ...]],
) -> dict[str, Subject]:
    """One row per deal and partner, whichever of the partner's campaigns the deal belongs to; the class is derived."""
    rows: dict[str, Subject] = {}
    first = _ranked(found)[0]
    for joint in _ranked(found):
        for partner in partners.get(joint, ()):
            subject = rows[partner] = Subject(table="Attributions", id=f"attr-{row.ref.external_id}-{partner}")
            if joint == first or partner not in partners.get(first, ()):
                say.value(subject, "joint_campaign_id", joint, row.ref)
                say.value(subject, "opportunity_id", deal.id, row.ref)
                say.value(subject, "partner_id", partner, row.ref)
    return rows


def _ranked(found: Mapping[str, str]) -> list[str]:
    """The deal's joint campaigns, best known first."""
    return sorted(found, key=lambda joint: (ORDER.index(found[joint]), joint))


def _campaign(say: Sayings, subject: Subject, row: RawRow, found: Mapping[str, str]) -> None:
    ranked = _ranked(found)
    first = ranked[0]
    say.value(subject, "joint_campaign_id", first, row.ref)
    say.value(subject, "link_basis", found[first], row.ref)
    say.value(subject, "link_kind", _kind(found[first]), row.ref)
    bases = [f"{joint}: {found[joint]} ({_kind(found[joint])})" for joint in ranked]
    say.value(subject, "link_bases", "\n".join(bases), row.ref)
    say.value(subject, "other_joint_campaign_ids", ", ".join(ranked[1:]), row.ref)
    if len(ranked) > 1 and found[ranked[1]] == found[first]:
        say.finding(
            "source_conflict",
            subject,
            f"the deal belongs to {len(ranked)} joint campaigns on the same ground ({found[first]})",
            ref=row.ref,
            evidence={joint: found[joint] for joint in ranked},
            key="joint_campaign_id",
        )


def _kind(basis: str) -> str:
    """A link that the deal itself states, or one that follows from its contacts or its UTM value."""
    return "direct" if basis in DIRECT else "derived"


def _stages(pipelines: tuple[RawRow, ...]) -> dict[tuple[str, str], Stage]:
    out = {}
    for row in pipelines:
        for stage in row.body.get("stages", ()):
            key = (row.ref.external_id, str(stage.get("id", "")))
            out[key] = Stage(pipeline=str(row.body.get("label", "")), label=str(stage.get("label", "")), row=row)
    return out


def _company(row: RawRow, links: Links) -> str:
    """The deal's primary company, else its only one; several without a primary one name none. A company that was merged
    lives on in another one."""
    companies = links.deal_companies.get(row.ref.external_id, frozenset())
    company = property_of(row, "hs_primary_associated_company") or (
        next(iter(companies)) if len(companies) == 1 else ""
    )
    return links.merged_companies.get(company, company)
