"""HubSpot's marketing campaigns and the contacts each one touched.

Campaigns are few and their API knows no "changed since", so all are listed in every pull, in the order of their
creation; one that is missing from a complete listing is gone (deleted campaigns leave no other trace). HubSpot refuses
the whole listing when one property is not defined, so a configured custom property that this portal lacks is left
out with a remark. The contact reports give ids by kind of touch and nothing else: no time, no weight, no deal. A
report is read only for the campaigns that the caller names, and so are HubSpot's totals, which serve to reconcile and
for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_kinds import CAMPAIGNS
from mdfsync.edge.hubspot_pull import HubspotSource
from mdfsync.edge.hubspot_records import undefined
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Answer, Oddity, Page, Reading, moment
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive

CONTACT_TYPES = ("contactFirstTouch", "contactLastTouch", "influencedContacts")
TOTALS = ("contactsNumber", "dealsNumber", "dealAmount", "revenueAmount", "currencyCode")


class CampaignSource(HubspotSource):
    """One row per campaign: `id` (GUID), `properties` (empty ones are left out by HubSpot), times; with `budgets`
    also `budget`, the totals HubSpot gives (one request per campaign)."""

    def __init__(self, api: HubspotApi, archive: Archive, *, custom: Sequence[str] = (), budgets: bool = False) -> None:
        super().__init__("hubspot.campaigns", api, archive)
        self._custom = tuple(custom)
        self._budgets = budgets

    def read(self, reading: Reading) -> SourcePull:
        try:
            rows, total = self._listing(reading, self._custom)
        except Refused as refused:
            if refused.status != 400:
                raise
            rows, total = self._listing(reading, self._defined(reading, refused))
        if len(rows) + len(reading.rejects) < total:
            raise Oddity(f"HubSpot announced {total} campaigns and listed {len(rows)}")
        if self._budgets:
            rows = {guid: self._with_budget(reading, row) for guid, row in rows.items()}
        complete = not reading.rejects
        gone = set(reading.known) - set(rows) if complete else ()
        return reading.done(rows.values(), gone=gone, complete=complete, cursor={})

    def _listing(self, reading: Reading, custom: Sequence[str]) -> tuple[dict[str, RawRow], int]:
        properties = tuple(dict.fromkeys((*CAMPAIGNS, *custom)))
        rows: dict[str, RawRow] = {}
        total = 0

        def fetch(after: str | None) -> Answer:
            return self.api.campaigns(properties=properties, after=after)

        for page in reading.pages("campaigns", fetch):
            total = _count(page)
            for index, result in enumerate(page.results()):
                guid, pointer = str(result.get("id") or ""), f"/results/{index}"
                if not guid or not isinstance(result.get("properties"), dict):
                    reading.reject(page, pointer, "missing id", "a campaign without an id or properties")
                    continue
                ref = reading.ref(guid, page, pointer, moment(result.get("updatedAt")))
                rows[guid] = RawRow(ref=ref, body=result)
        return rows, total

    def _defined(self, reading: Reading, refused: Refused) -> tuple[str, ...]:
        """The custom properties that exist; the refusal again when they are not its cause."""
        unknown = undefined(reading, partial(self.api.property_definitions, "campaigns"), self._custom)
        if not unknown:
            raise refused
        reading.say(f"HubSpot campaigns have no property {', '.join(unknown)}: no campaign can carry it")
        return tuple(name for name in self._custom if name not in unknown)

    def _with_budget(self, reading: Reading, row: RawRow) -> RawRow:
        guid = row.ref.external_id
        try:
            page = reading.page("campaign-budget", partial(self.api.campaign_budget, guid))
        except Refused as refused:
            if refused.status not in {403, 404}:
                raise
            reading.say(f"no budget of campaign {guid}: {refused}")
            return row
        return RawRow(ref=row.ref, body={**row.body, "budget": page.body})


class CampaignContactSource(HubspotSource):
    """One row per campaign, kind of touch and contact: `campaign_guid`, `contact_type`, `contact_id`; external id
    `guid:type:contact`. `campaign_guids` names the campaigns to read. An id is gone when its campaign's report,
    read to the end, no longer has it."""

    def __init__(self, api: HubspotApi, archive: Archive, *, campaign_guids: Callable[[], Sequence[str]]) -> None:
        super().__init__("hubspot.campaign_contacts", api, archive)
        self._guids = campaign_guids

    def read(self, reading: Reading) -> SourcePull:
        rows: dict[str, RawRow] = {}
        whole: set[str] = set()
        guids = sorted(set(self._guids()))
        for guid in guids:
            for contact_type in CONTACT_TYPES:
                try:
                    rows |= self._report(reading, guid, contact_type)
                except Refused as refused:
                    if refused.status != 404:
                        raise
                    reading.say(f"HubSpot has no campaign {guid} any more: its contacts stay as last seen")
                    break
            else:
                whole.add(guid)
        asked = {id for id in reading.known if id.split(":", 1)[0] in whole}
        complete = whole == set(guids) and bool(guids) and not reading.rejects
        gone = () if reading.rejects else asked - set(rows)
        return reading.done(rows.values(), gone=gone, complete=complete, cursor={})

    def _report(self, reading: Reading, guid: str, contact_type: str) -> dict[str, RawRow]:
        rows = {}

        def fetch(after: str | None) -> Answer:
            return self.api.campaign_contacts(guid, contact_type, after=after)

        for page in reading.pages(f"campaign-contacts-{contact_type}", fetch):
            for index, result in enumerate(page.results()):
                contact = str(result.get("id") or "")
                if not contact:
                    reading.reject(page, f"/results/{index}", "missing id", f"a contact of campaign {guid}")
                    continue
                id = f"{guid}:{contact_type}:{contact}"
                body = {"campaign_guid": guid, "contact_type": contact_type, "contact_id": contact}
                rows[id] = RawRow(ref=reading.ref(id, page, f"/results/{index}", None), body=body)
        return rows


class CampaignTotalsSource(HubspotSource):
    """One row per campaign: `campaign_guid` and HubSpot's own totals (`contactsNumber`, `dealsNumber`, `dealAmount`,
    `revenueAmount`, `currencyCode`), by its default attribution model. One request per campaign. Without the scope, or
    on an account that has no such report, the source is absent, and no other source suffers."""

    def __init__(self, api: HubspotApi, archive: Archive, *, campaign_guids: Callable[[], Sequence[str]]) -> None:
        super().__init__("hubspot.campaign_totals", api, archive)
        self._guids = campaign_guids

    def read(self, reading: Reading) -> SourcePull:
        rows, gone = [], []
        for guid in sorted(set(self._guids())):
            try:
                page = reading.page("campaign-totals", partial(self.api.campaign_revenue, guid))
            except Refused as refused:
                if refused.status != 404:
                    raise
                reading.say(f"HubSpot has no campaign {guid} any more: its totals are unknown")
                gone += [guid] if guid in reading.known else []
                continue
            totals = {name: page.body[name] for name in TOTALS if name in page.body}
            rows.append(RawRow(ref=reading.ref(guid, page, "", None), body={"campaign_guid": guid, **totals}))
        return reading.done(rows, gone=gone, cursor={})


def _count(page: Page) -> int:
    total = page.body.get("total")
    return total if isinstance(total, int) else 0
