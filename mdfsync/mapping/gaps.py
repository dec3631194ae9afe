"""Records of joint campaigns that HubSpot's own lists do not explain: deals whose stage, owner, company or contacts
are not there, and contacts of a campaign that were merged or deleted.

One gap is a set: all records of one campaign with the same defect, so that somebody can put them right in one sitting.
A closed deal needs no owner any more. What was not read (owners, links) is unknown and makes no gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mdfsync.mapping.portal import OVER, guids_of, some
from mdfsync.model import RawRow
from mdfsync.view import Row, View
from mdfsync.view.touches import property_of

DEALS, OWNERS, COMPANIES = "hubspot.deals", "hubspot.owners", "hubspot.companies"
CONTACTS, REPORTS = "hubspot.contacts", "hubspot.campaign_contacts"
PIPELINES, LINKS = "hubspot.pipelines", "hubspot.associations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """`kind` is stage | owner | company | contacts (of deals) or people (contacts of the campaign); `records` = ids of
    deals or contacts by what is wrong with them."""

    joint_campaign_id: str
    kind: str
    records: Mapping[str, tuple[str, ...]]
    source_ids: tuple[str, ...]

    @property
    def count(self) -> int:
        return len({id for ids in self.records.values() for id in ids})

    @property
    def lines(self) -> str:
        """What is wrong, with the records, one line each."""
        noun = "contacts" if self.kind == "people" else "deals"
        return "\n".join(f"{what}: {noun} {some(ids)}" for what, ids in sorted(self.records.items()))


def gaps(view: View) -> Iterator[Gap]:
    """Every gap, by campaign and kind."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for joint, kind, what, id in (*_of_deals(view), *_of_people(view)):
        campaign = view.row("Campaigns", joint)
        if campaign is not None and campaign.text("campaign_status") not in OVER:
            found.setdefault((joint, kind), {}).setdefault(what, []).append(id)
    for (joint, kind), said in sorted(found.items()):
        yield Gap(
            joint_campaign_id=joint,
            kind=kind,
            records={what: tuple(sorted(ids)) for what, ids in said.items()},
            source_ids=_BEHIND[kind],
        )


_BEHIND = {
    "stage": (DEALS, PIPELINES),
    "owner": (DEALS, OWNERS),
    "company": (DEALS, COMPANIES, LINKS),
    "contacts": (DEALS, LINKS),
    "people": (REPORTS, CONTACTS),
}

Fault = tuple[str, str, str, str]
"""Joint campaign, kind of gap, what is wrong, id of the record."""


def _of_deals(view: View) -> Iterator[Fault]:
    deals = {row.ref.external_id: row for row in view.mirror.get(DEALS, ()) if not row.body.get("archived")}
    lists = _Lists(view)
    for opportunity in view.rows("Opportunities"):
        joint, deal = view.ref(opportunity, "joint_campaign_id"), deals.get(opportunity.text("deal_id"))
        for kind, what in lists.faults(deal, opportunity) if deal is not None else ():
            yield joint, kind, what, opportunity.text("deal_id")


def _of_people(view: View) -> Iterator[Fault]:
    """Contacts whom HubSpot's report names for a campaign, and who are nobody's record any more."""
    contacts = _by_id(view, CONTACTS)
    if contacts is None or not view.health(REPORTS).known:
        return
    living = {id for id, row in contacts.items() if not row.body.get("archived")}
    merged = {
        old: id
        for id in living
        for name in ("hs_calculated_merged_vids", "hs_all_contact_vids")
        for part in property_of(contacts[id], name).split(";")
        if (old := part.split(":")[0].strip()) and old not in living
    }
    joints = {
        guid: joint
        for joint, guids in ((row.id, guids_of(view, row.id)) for row in view.rows("Campaigns"))
        for guid in guids
    }
    named = {
        (joints[guid], str(row.body.get("contact_id", "")))
        for row in view.mirror.get(REPORTS, ())
        if (guid := str(row.body.get("campaign_guid", "")).lower()) in joints
    }
    for joint, contact in sorted(named):
        if contact in merged:
            yield joint, "people", f"merged into {merged[contact]}", contact
        elif contact not in living:
            yield joint, "people", "archived or deleted in HubSpot", contact


class _Lists:
    """HubSpot's lists of pipelines, owners, companies and links; `None` where a list was not read."""

    def __init__(self, view: View) -> None:
        self.pipelines = _by_id(view, PIPELINES)
        self.owners = _by_id(view, OWNERS)
        self.companies = _by_id(view, COMPANIES)
        self.links = _by_id(view, LINKS)
        self.merged = {
            old.strip(): id
            for id, row in (self.companies or {}).items()
            for old in property_of(row, "hs_merged_object_ids").split(";")
            if old.strip() and old.strip() != id
        }

    def faults(self, deal: RawRow, opportunity: Row) -> Iterator[tuple[str, str]]:
        """(kind, what is wrong) of one deal."""
        if self.pipelines is not None and (what := self._stage(deal, self.pipelines)):
            yield "stage", what
        closed = opportunity.text("is_closed") == "true"
        if self.owners is not None and not closed and (what := _owner(deal, self.owners)):
            yield "owner", what
        if self.companies is not None and (what := self._company(deal, self.companies)):
            yield "company", what
        contacts = (self.links or {}).get(f"deals:{deal.ref.external_id}:contacts")
        if contacts is not None and not contacts.body.get("to"):
            yield "contacts", "no contact"

    def _stage(self, deal: RawRow, pipelines: Mapping[str, RawRow]) -> str:
        name, id = property_of(deal, "pipeline"), property_of(deal, "dealstage")
        pipeline = pipelines.get(name)
        if pipeline is None:
            return f"pipeline {name or '(none)'} is not in HubSpot's list (archived or deleted)"
        label = pipeline.body.get("label") or name
        if pipeline.body.get("archived"):
            return f"pipeline {label} is archived"
        stage = next((s for s in pipeline.body.get("stages", ()) if str(s.get("id")) == id), None)
        if stage is None:
            return f"stage {id or '(none)'} is not in pipeline {label} (archived or deleted)"
        return f"stage {stage.get('label') or id} of pipeline {label} is archived" if stage.get("archived") else ""

    def _company(self, deal: RawRow, companies: Mapping[str, RawRow]) -> str:
        company = property_of(deal, "hs_primary_associated_company")
        linked = (self.links or {}).get(f"deals:{deal.ref.external_id}:companies")
        if not company:
            if linked is None:
                return ""
            several = len(linked.body.get("to", ()))
            return "" if several == 1 else "no company" if not several else "several companies, none of them primary"
        if company in companies and not companies[company].body.get("archived"):
            return ""
        if company in self.merged:
            return f"company {company} was merged into {self.merged[company]}"
        return f"company {company} is archived or deleted in HubSpot"


def _owner(deal: RawRow, owners: Mapping[str, RawRow]) -> str:
    id = property_of(deal, "hubspot_owner_id")
    if not id:
        return "no owner"
    owner = owners.get(id)
    if owner is None:
        return f"owner {id} is not in HubSpot's list"
    return f"owner {owner.body.get('email') or id} has left" if owner.body.get("archived") else ""


def _by_id(view: View, source_id: str) -> dict[str, RawRow] | None:
    if not view.health(source_id).known:
        return None
    return {row.ref.external_id: row for row in view.mirror.get(source_id, ())}
