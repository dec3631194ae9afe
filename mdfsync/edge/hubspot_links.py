"""Which contacts, deals and companies hang on which deals, contacts and activities.

Associations carry no time anywhere and do not move a record's modified date, so the ones that decide something
(of deals and contacts) are read again in every pull, a thousand records per request; those of activities are read
once per activity and again on `full`, so that an idle pull asks nothing about them. A record without links looks like
an error in HubSpot's answer (207, NO_ASSOCIATIONS_FOUND) and is the row "linked to nothing"; any other error in a batch
holds the delivery. A kind that the token may not read is remarked upon and left unknown, never taken as empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_pull import HubspotSource, lacking
from mdfsync.edge.hubspot_records import absentees
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Oddity, Page, Reading, some
from mdfsync.errors import Unreachable
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive

BATCH = 1_000
_OF_SALES = ("contacts", "deals", "companies")
ACTIVITIES: Mapping[str, tuple[str, ...]] = {
    "meetings": _OF_SALES,
    "calls": _OF_SALES,
    "emails": _OF_SALES,
    "notes": ("contacts",),
}
"""Which links of an activity are read. What sales did is often logged on the deal or the company alone; a note is
nobody's sales activity, so only its people matter."""
Ids = Callable[[], Sequence[str]]


class AssociationSource(HubspotSource):
    """One row per record and kind of other: external id `deals:123:contacts`, body `from_type`, `from`, `to_type` (not
    of activities), `to` = sorted list of `{id, labels}`. Besides, one row per link of a deal to a contact:
    `deals:123:contacts:456`, body with `to_id` and `labels`; that it is new, and since which pull, is the only way to
    date the link.

    `deal_ids` and `contact_ids` name the records to read (contacts found on those deals are added); `activity_ids`
    gives ids by `meetings`, `calls`, `emails`, `notes`; `campaign_numbers` are campaigns by their CRM number, whose
    deals HubSpot tells although no guide says so: where it does not, that is remarked upon and nothing is missing."""

    def __init__(
        self,
        api: HubspotApi,
        archive: Archive,
        *,
        deal_ids: Ids,
        contact_ids: Ids | None = None,
        activity_ids: Callable[[], Mapping[str, Sequence[str]]] | None = None,
        campaign_numbers: Ids | None = None,
    ) -> None:
        super().__init__("hubspot.associations", api, archive)
        self._deals = deal_ids
        self._contacts = contact_ids
        self._activities = activity_ids
        self._campaigns = campaign_numbers

    def read(self, reading: Reading) -> SourcePull:
        pull = _Links(self.api, reading)
        deals = sorted(set(self._deals()))
        on_deals = pull.read("deals", "contacts", deals, singly=True)
        pull.read("deals", "companies", deals)
        contacts = {to["id"] for row in on_deals for to in row.body.get("to", ())}
        pull.read("contacts", "companies", {*contacts, *(self._contacts() if self._contacts else ())})
        given = self._activities() if self._activities else {}
        for kind, others in ACTIVITIES.items():
            for other in others:
                ids = given.get(kind, ())
                if not reading.full:
                    ids = [id for id in ids if f"{kind}:{id}:{other}" not in reading.known]
                pull.read(kind, other, ids)
        if pull.refused and not pull.answered:
            raise pull.refused[0]
        pull.probe("campaigns", "deals", self._campaigns() if self._campaigns else ())
        pull.tell()
        complete = reading.full and not pull.refused
        gone = [id for id in reading.known if id not in pull.rows and pull.denies(id)]
        return reading.done(pull.rows.values(), gone=gone, complete=complete, cursor={})


class _Links:
    """The rows of one pull. `answered` = records of each pair of object types that were read to the end; `refused` =
    why other pairs were not."""

    def __init__(self, api: HubspotApi, reading: Reading) -> None:
        self._api = api
        self._reading = reading
        self.rows: dict[str, RawRow] = {}
        self.answered: dict[tuple[str, str], set[str]] = {}
        self.refused: list[Refused] = []
        self._unknown: dict[str, list[str]] = {}

    def read(self, kind: str, other: str, ids: Iterable[str], *, singly: bool = False) -> list[RawRow]:
        """Rows of these records; none when the pair is refused for want of a scope. `singly`: one row more for each
        link."""
        wanted = sorted(set(ids))
        rows: list[RawRow] = []
        try:
            for start in range(0, len(wanted), BATCH):
                rows += self._batch(kind, other, wanted[start : start + BATCH], singly)
        except Refused as refused:
            if refused.status != 403:
                raise
            self.refused.append(refused)
            self._unknown.setdefault(lacking(refused), []).append(f"{kind} to {other}")
            return []
        if wanted:
            self.answered[kind, other] = set(wanted)
        self.rows |= {row.ref.external_id: row for row in rows}
        return rows

    def tell(self) -> None:
        """What was refused, once for each cause."""
        for why, pairs in self._unknown.items():
            self._reading.say(f"links {', '.join(pairs)} are unknown: {why}")

    def probe(self, kind: str, other: str, ids: Iterable[str]) -> None:
        """Rows of a pair that no guide of HubSpot's promises: whatever it answers, nothing else suffers."""
        refused = len(self.refused)
        try:
            self.read(kind, other, ids)
        except (Refused, Oddity, Unreachable) as away:
            self._reading.say(f"links {kind} to {other} are not to be had: {away}")
        del self.refused[refused:]

    def denies(self, external_id: str) -> bool:
        """Whether this pull read far enough to say that a row which it did not bring is no more: a link, once its
        record was read. A record that was not asked for (it is gone itself) says nothing of its links: they stand as
        last seen."""
        kind, id, other, *_ = external_id.split(":")
        return id in self.answered.get((kind, other), set())

    def _batch(self, kind: str, other: str, ids: Sequence[str], singly: bool) -> list[RawRow]:
        """Up to a thousand records; those with many links are asked again from where their page ended."""
        found = {id: _Found() for id in ids}
        inputs = [{"id": id} for id in ids]
        asked: set[tuple[str, str]] = set()
        while inputs:
            ask = partial(self._api.associations, kind, other, inputs)
            page = self._reading.page(f"links-{kind}-{other}", ask)
            _take(page, {i["id"] for i in inputs}, found)
            inputs = _rests(page)
            turned = {(i["id"], i["after"]) for i in inputs}
            if turned & asked:
                raise Oddity(f"HubSpot repeated a cursor of links {kind} to {other}")
            asked |= turned
        return [row for id in ids for row in self._rows(kind, id, other, found[id], singly)]

    def _rows(self, kind: str, id: str, other: str, found: _Found, singly: bool) -> Iterator[RawRow]:
        # An activity's links are many and its id says which ones they are: those that are alike are one body when read.
        ends = {} if kind in ACTIVITIES else {"from_type": kind, "from": id, "to_type": other}
        targets = sorted(found.labels, key=lambda target: (len(target), target))
        links = [{"id": target, "labels": sorted(found.labels[target])} for target in targets]
        if found.place is None:  # `_take` raises before that
            raise Oddity(f"HubSpot's batch of links says nothing about {id}")
        yield RawRow(ref=self._reading.ref(f"{kind}:{id}:{other}", *found.place, None), body={**ends, "to": links})
        for link in links if singly else ():
            target = str(link["id"])
            ref = self._reading.ref(f"{kind}:{id}:{other}:{target}", *found.places[target], None)
            yield RawRow(ref=ref, body={**ends, "to_id": target, "labels": link["labels"]})


@dataclass(slots=True)
class _Found:
    """What the pages said of one record: where its row begins, where each link stands, and the links' labels."""

    place: tuple[Page, str] | None = None
    places: dict[str, tuple[Page, str]] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)


def _take(page: Page, wanted: set[str], found: Mapping[str, _Found]) -> None:
    """Read a page into `found`; every input must be answered."""
    answered = set()
    for index, result in enumerate(page.results()):
        id, pointer = str((result.get("from") or {}).get("id") or ""), f"/results/{index}"
        if id not in wanted:
            raise Oddity(f"HubSpot answered with links of {id or 'no record'}, which were not asked for")
        answered.add(id)
        record = found[id]
        record.place = record.place or (page, pointer)
        for number, to in enumerate(result.get("to") or ()):
            target = str(to.get("toObjectId") or "")
            if not target:
                raise Oddity(f"HubSpot linked {id} to a record without an id")
            record.places.setdefault(target, (page, f"{pointer}/to/{number}"))
            names = {str(t["label"]) for t in to.get("associationTypes") or () if t.get("label")}
            record.labels.setdefault(target, set()).update(names)
    none = absentees(page, wanted - answered)
    for id in none:
        found[id].place = found[id].place or (page, "/errors")
    if unsaid := sorted(wanted - answered - none):
        raise Oddity(f"HubSpot's batch of links says nothing about {some(unsaid)}")


def _rests(page: Page) -> list[dict[str, str]]:
    rests = []
    for result in page.results():
        after = ((result.get("paging") or {}).get("next") or {}).get("after")
        if after:
            rests.append({"id": str(result["from"]["id"]), "after": str(after)})
    return rests
