"""Records of one object type during one pull: filtered, read by id, and accounted for when they are missing.

Every answer passes the allow-list before it is archived. Batch answers are balanced: each id asked for must come
back as a record, as an "absent" error, or under the id it was merged into; anything else makes the delivery
held (207 is a normal status of HubSpot's batch reads). An id that is missing is explained, if it can be, by a merge
that the survivor names or by the recycle bin; what neither explains is said to be gone without a trace, which for
personal data may mean erasure. Used by `hubspot/objects.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_kinds import Kind
from mdfsync.edge.paged import Answer, Oddity, Page, Reading, moment, some
from mdfsync.model import RawRow

BATCH = 100
_ENVELOPE = ("id", "properties", "createdAt", "updatedAt", "archived", "archivedAt")
_ALWAYS = frozenset({"createdate", "hs_createdate", "hs_object_id", "hs_lastmodifieddate", "lastmodifieddate"})
_ABSENT = frozenset({"OBJECT_NOT_FOUND"})
_NO_ASSOCIATIONS = "crm.associations.NO_ASSOCIATIONS_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Records read by id, and the ids that HubSpot says it does not have."""

    rows: tuple[RawRow, ...]
    absent: tuple[str, ...]


class Records:
    """What one pull reads of one object type; `asked` are the properties it may keep."""

    def __init__(self, kind: Kind, api: HubspotApi, reading: Reading, asked: Sequence[str]) -> None:
        self.kind = kind
        self.asked = tuple(asked)
        self._api = api
        self._reading = reading
        self._allowed = _ALWAYS | set(asked)

    def clean(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer without anything that was not asked for; the same object when there is no such thing."""
        results = body.get("results")
        if not isinstance(results, list):
            return body
        extra = {name for result in results for name in self._extra(result)}
        if not extra:
            return body
        self._reading.say(
            f"HubSpot sent what was not asked for ({some(sorted(extra))}); it was dropped before archiving"
        )
        kept = [self._kept(result) if isinstance(result, dict) else result for result in results]
        return {**body, "results": kept, "_redacted": sorted(extra)}

    def _extra(self, result: Any) -> set[str]:
        if not isinstance(result, dict):
            return set()
        properties = result.get("properties")
        names = set(properties) - self._allowed if isinstance(properties, dict) else set()
        return names | ({"propertiesWithHistory", "associations"} & set(result))

    def _kept(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The envelope, with allowed properties only."""
        body = {name: result[name] for name in _ENVELOPE if name in result}
        properties = body.get("properties")
        if isinstance(properties, dict):
            body["properties"] = {n: v for n, v in properties.items() if n in self._allowed}
        return body

    def ids(self, page: Page) -> list[str]:
        """Ids of a page."""
        return [str(result.get("id") or "") for result in page.results() if result.get("id")]

    def modified(self, result: Mapping[str, Any]) -> datetime | None:
        """The modified date by which searches filter; the envelope's time when a record lacks it."""
        properties = result.get("properties")
        named = properties.get(self.kind.modified) if isinstance(properties, dict) else None
        return moment(named) or moment(result.get("updatedAt"))

    def rows(self, page: Page) -> list[RawRow]:
        """The records of an archived page; unreadable ones are rejected."""
        rows = []
        for index, result in enumerate(page.results()):
            pointer, id = f"/results/{index}", str(result.get("id") or "")
            if not id.isdigit():
                self._reading.reject(page, pointer, "missing id", f"{self.kind.object_type} without a numeric id")
                continue
            if not isinstance(result.get("properties"), dict):
                self._reading.reject(page, pointer, "no properties", f"{self.kind.object_type} {id}")
                continue
            observed = moment(result.get("updatedAt")) or self.modified(result)
            ref = self._reading.ref(id, page, pointer, observed)
            rows.append(RawRow(ref=ref, body=self._kept(result)))
        return rows

    def by_id(self, ids: Sequence[str], *, archived: bool = False) -> Read:
        """The records themselves, a hundred at a time."""
        rows: list[RawRow] = []
        absent: list[str] = []
        kind = self.kind.object_type
        name = f"{kind}-{'archived' if archived else 'batch'}"
        for start in range(0, len(ids), BATCH):
            wanted = list(ids[start : start + BATCH])
            ask = partial(self._api.read_objects, kind, wanted, properties=self.asked, archived=archived)
            page = self._reading.page(name, ask, self.clean)
            found = self.rows(page)
            merged = self.merges(found)
            missing = set(wanted) - {row.ref.external_id for row in found}
            answered = absentees(page, missing | set(merged))
            unaccounted = missing - answered - set(merged)
            if unaccounted:
                raise Oddity(f"HubSpot's batch of {kind} says nothing about {some(sorted(unaccounted))}")
            rows += found
            absent += sorted(missing)
        return Read(rows=tuple(rows), absent=tuple(absent))

    def merges(self, rows: Iterable[RawRow]) -> dict[str, str]:
        """Swallowed id → surviving id, from the survivors' own properties."""
        merged = {}
        for row in rows:
            for name in self.kind.merged:
                for part in str(row.body["properties"].get(name) or "").split(";"):
                    old = part.split(":")[0].strip()
                    if old.isdigit() and old != row.ref.external_id:
                        merged[old] = row.ref.external_id
        return merged

    def explain(self, missing: Sequence[str], rows: Iterable[RawRow]) -> tuple[RawRow, ...]:
        """Remarks on missing ids; returns the archived ones as their last bodies with `archived: true`."""
        if not missing:
            return ()
        kind = self.kind.object_type
        every = self.merges(rows)
        merged = {id: every[id] for id in missing if id in every}
        rest = [id for id in missing if id not in merged]
        archived: tuple[RawRow, ...] = ()
        if rest and self.kind.recycled:
            found = self.by_id(rest, archived=True).rows
            archived = tuple(row for row in found if row.ref.external_id in set(rest))
        binned = {row.ref.external_id for row in archived}
        lost = [id for id in rest if id not in binned]
        if merged:
            self._reading.say(f"{kind} merged: {some([f'{a} into {b}' for a, b in sorted(merged.items())])}")
        if binned:
            self._reading.say(f"{kind} archived in HubSpot: {some(sorted(binned))}")
        if lost:
            self._reading.say(f"{kind} gone without a trace (deleted for good, or erased): {some(lost)}")
        return archived

    def check_custom(self, custom: Sequence[str], either: Sequence[str] = ()) -> None:
        """Remark on configured properties that HubSpot does not have: it ignores unknown names without a word. Of
        `either` it need have one."""
        kind = self.kind.object_type
        own = [name for name in (*custom, *either) if name not in self.kind.properties]
        unknown = set(undefined(self._reading, partial(self._api.property_definitions, kind), own))
        if lacking := sorted(unknown.difference(either)):
            self._reading.say(f"HubSpot {kind} have no property {', '.join(lacking)}: correct the configuration")
        if either and unknown.issuperset(either):
            self._reading.say(f"HubSpot {kind} have none of {', '.join(either)}: what these would say is not known")


def undefined(reading: Reading, ask: Callable[[], Answer], names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that the property definitions do not hold or hold as archived. Asks nothing for no names."""
    if not names:
        return ()
    page = reading.page("properties", ask)
    defined = {str(p.get("name")) for p in page.results() if not p.get("archived")}
    return tuple(sorted(set(names) - defined))


def absentees(page: Page, among: set[str]) -> set[str]:
    """Ids that a 207 calls absent. `Oddity` when it reports any other failure: nothing of the batch is then sure."""
    errors = page.body.get("errors") or []
    named: set[str] = set()
    silent = False
    for error in errors if isinstance(errors, list) else []:
        if error.get("category") not in _ABSENT and error.get("subCategory") != _NO_ASSOCIATIONS:
            raise Oddity(f"HubSpot's batch failed in part ({error.get('category') or 'no category'})")
        ids = {part for values in _lists(error.get("context")) for part in values} & among
        named |= ids
        silent = silent or not ids
    return among if silent else named


def _lists(context: Any) -> list[list[str]]:
    if not isinstance(context, dict):
        return []
    return [[str(v) for v in values] for values in context.values() if isinstance(values, list)]
