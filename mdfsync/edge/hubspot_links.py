"""Which contacts and companies hang on which deals, contacts and activities.

Associations carry no time anywhere and do not move a record's modified date, so the ones that decide something
(of deals and contacts) are read again in every pull, a thousand records per request; those of activities are read
once per activity and again on `full`. A record without links looks like an error in HubSpot's answer (207,
NO_ASSOCIATIONS_FOUND) and is the row "linked to nothing"; any other error in a batch holds the delivery. A kind that
the token may not read is remarked upon and left unknown, never taken as empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_pull import HubspotSource, lacking
from mdfsync.edge.hubspot_records import absentees
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Oddity, Page, Reading, some
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive

BATCH = 1_000
ACTIVITIES = ("meetings", "calls", "emails", "notes")
Ids = Callable[[], Sequence[str]]


class AssociationSource(HubspotSource):
    """One row per record and kind of other: external id `deals:123:contacts`, body `from_type`, `from`, `to_type`,
    `to` = sorted list of `{id, labels}`. `deal_ids` and `contact_ids` name the records to read (contacts found on
    those deals are added); `activity_ids` gives ids by `meetings`, `calls`, `emails`, `notes`."""

    def __init__(
        self,
        api: HubspotApi,
        archive: Archive,
        *,
        deal_ids: Ids,
        contact_ids: Ids | None = None,
        activity_ids: Callable[[], Mapping[str, Sequence[str]]] | None = None,
    ) -> None:
        super().__init__("hubspot.associations", api, archive)
        self._deals = deal_ids
        self._contacts = contact_ids
        self._activities = activity_ids

    def read(self, reading: Reading) -> SourcePull:
        pull = _Links(self.api, reading)
        deals = sorted(set(self._deals()))
        on_deals = pull.read("deals", "contacts", deals)
        pull.read("deals", "companies", deals)
        contacts = {to["id"] for row in on_deals for to in row.body["to"]}
        pull.read("contacts", "companies", {*contacts, *(self._contacts() if self._contacts else ())})
        given = self._activities() if self._activities else {}
        for kind in ACTIVITIES:
            ids = given.get(kind, ())
            if not reading.full:
                ids = [id for id in ids if f"{kind}:{id}:contacts" not in reading.known]
            pull.read(kind, "contacts", ids)
        if pull.refused and not pull.answered:
            raise pull.refused[0]
        complete = reading.full and not pull.refused
        asked = {id for id in reading.known if _ends(id) in pull.answered}
        gone = asked - set(pull.rows) if reading.full else ()
        return reading.done(pull.rows.values(), gone=gone, complete=complete, cursor={})


class _Links:
    """The rows of one pull. `answered` = pairs of object types of which something was asked and answered to the
    end; `refused` = why others were not."""

    def __init__(self, api: HubspotApi, reading: Reading) -> None:
        self._api = api
        self._reading = reading
        self.rows: dict[str, RawRow] = {}
        self.answered: set[tuple[str, str]] = set()
        self.refused: list[Refused] = []

    def read(self, kind: str, other: str, ids: Iterable[str]) -> list[RawRow]:
        """Rows of these records; none when the pair is refused for want of a scope."""
        wanted = sorted(set(ids))
        rows: list[RawRow] = []
        try:
            for start in range(0, len(wanted), BATCH):
                rows += self._batch(kind, other, wanted[start : start + BATCH])
        except Refused as refused:
            if refused.status != 403:
                raise
            self.refused.append(refused)
            self._reading.say(f"links {kind} to {other} are unknown: {lacking(refused)}")
            return []
        if wanted:
            self.answered.add((kind, other))
        self.rows |= {row.ref.external_id: row for row in rows}
        return rows

    def _batch(self, kind: str, other: str, ids: Sequence[str]) -> list[RawRow]:
        """Up to a thousand records; those with many links are asked again from where their page ended."""
        places: dict[str, tuple[Page, str]] = {}
        labels: dict[str, dict[str, set[str]]] = {}
        inputs = [{"id": id} for id in ids]
        asked: set[tuple[str, str]] = set()
        while inputs:
            ask = partial(self._api.associations, kind, other, inputs)
            page = self._reading.page(f"links-{kind}-{other}", ask)
            _take(page, {i["id"] for i in inputs}, places, labels)
            inputs = _rests(page)
            turned = {(i["id"], i["after"]) for i in inputs}
            if turned & asked:
                raise Oddity(f"HubSpot repeated a cursor of links {kind} to {other}")
            asked |= turned
        return [self._row(kind, other, id, *places[id], labels[id]) for id in ids]

    def _row(self, kind: str, other: str, id: str, page: Page, pointer: str, labels: Mapping[str, set[str]]) -> RawRow:
        to = [{"id": o, "labels": sorted(labels[o])} for o in sorted(labels, key=lambda o: (len(o), o))]
        ref = self._reading.ref(f"{kind}:{id}:{other}", page, pointer, None)
        return RawRow(ref=ref, body={"from_type": kind, "from": id, "to_type": other, "to": to})


def _take(
    page: Page,
    wanted: set[str],
    places: dict[str, tuple[Page, str]],
    labels: dict[str, dict[str, set[str]]],
) -> None:
    """Read a page into `places` (where each record's row begins) and `labels`; every input must be answered."""
    answered = set()
    for index, result in enumerate(page.results()):
        id = str((result.get("from") or {}).get("id") or "")
        if id not in wanted:
            raise Oddity(f"HubSpot answered with links of {id or 'no record'}, which were not asked for")
        answered.add(id)
        places.setdefault(id, (page, f"/results/{index}"))
        found = labels.setdefault(id, {})
        for to in result.get("to") or ():
            target = str(to.get("toObjectId") or "")
            if not target:
                raise Oddity(f"HubSpot linked {id} to a record without an id")
            names = {str(t["label"]) for t in to.get("associationTypes") or () if t.get("label")}
            found.setdefault(target, set()).update(names)
    none = absentees(page, wanted - answered)
    for id in none:
        places.setdefault(id, (page, "/errors"))
        labels.setdefault(id, {})
    if unsaid := sorted(wanted - answered - none):
        raise Oddity(f"HubSpot's batch of links says nothing about {some(unsaid)}")


def _rests(page: Page) -> list[dict[str, str]]:
    rests = []
    for result in page.results():
        after = ((result.get("paging") or {}).get("next") or {}).get("after")
        if after:
            rests.append({"id": str(result["from"]["id"]), "after": str(after)})
    return rests


def _ends(external_id: str) -> tuple[str, str]:
    kind, _, other = external_id.partition(":")
    return kind, other.rpartition(":")[2]
