"""Account overlaps from Crossbeam's REST API: everything once, then what changed since the bookmark.

One overlap is one of our records paired with one partner record; only the pair of their Crossbeam ids is unique. A full
read ends where `has_more` is false, and the link on that last page is the bookmark: called later it gives new, changed
and deleted pairs. A bookmark belongs to the parameters it was made with, so other parameters mean a full read. Deleted
means "no longer visible to us" (unshared, removed, moved), which is for people to judge: the id is reported gone, and
nothing follows from it here. Rows carry no time, no score and no sharing level, and none is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from mdfsync.edge.crossbeam_wire import CrossbeamWire
from mdfsync.edge.http import Forbidden, ReadRejected
from mdfsync.edge.paged import MOST_PAGES, Oddity, Page, Reading, some
from mdfsync.errors import UsageError
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive

SOURCE_ID = "crossbeam.api"
_LIMIT = "1000"
_OVERLAPS = "/v1/overlaps/accounts"
_SCOPES = "needs scope read:reports, read:populations and read:partnerships, and the organisation's header"


class CrossbeamApi:
    """The source `crossbeam.api`. One row per pair, external id `crossbeam_record_id:partner_crossbeam_record_id`;
    the body is Crossbeam's row plus the keys that every overlap source shares (`_shared_keys`).
    `population_ids` (ours) and `partner_id` (uuid) narrow what is read."""

    source_id = SOURCE_ID

    def __init__(
        self,
        wire: CrossbeamWire,
        archive: Archive,
        *,
        population_ids: Sequence[str] = (),
        partner_id: str = "",
    ) -> None:
        self._wire = wire
        self._archive = archive
        self._query = [("limit", _LIMIT), *(("population-ids[]", p) for p in sorted(population_ids))]
        if partner_id:
            self._query.append(("partner-id", partner_id))

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        """See `ports.Source`. Raises `AuthLost` (the refresh token is worthless) and `Unreachable`."""
        reading = Reading(SOURCE_ID, self._archive, cursor=cursor, full=full, known=known, now=now)
        try:
            self._speak_for(reading)
            bookmark = self._bookmark(cursor)
            if reading.full or not bookmark:
                return self._everything(reading, bookmark)
            return self._since(reading, bookmark)
        except Forbidden as refused:
            return reading.unusable(absent=f"{_SCOPES}: {refused}")
        except (ReadRejected, Oddity) as odd:
            return reading.unusable(held=str(odd))

    def capability(self) -> str:
        """`""` when overlaps can be read, else why not."""
        try:
            if not self._wire.organization:
                self._wire.as_organization(_only(organizations(self._wire.get("/v1/users/me").body)))
            self._wire.get(_OVERLAPS, [("limit", "1")])
        except Forbidden as refused:
            return f"{_SCOPES}: {refused}"
        except ReadRejected as refused:
            return str(refused)
        return ""

    def _speak_for(self, reading: Reading) -> None:
        """Learn our organisation when it is not configured; an earlier pull may have learnt it already."""
        if self._wire.organization:
            return
        learnt = str((reading.cursor or {}).get("organization") or "")
        if not learnt:
            me = reading.page("users-me", partial(self._wire.get, "/v1/users/me"))
            learnt = _only(organizations(me.body))
        self._wire.as_organization(learnt)

    def _parameters(self) -> str:
        pairs = [("url", self._wire.url), ("organization", self._wire.organization), *self._query]
        return "&".join(f"{name}={value}" for name, value in pairs)

    def _bookmark(self, cursor: Mapping[str, Any] | None) -> str:
        """Where the last pull ended, if it asked for the same as this one."""
        if cursor is None or cursor.get("parameters") != self._parameters():
            return ""
        return str(cursor.get("bookmark") or "")

    def _everything(self, reading: Reading, bookmark: str) -> SourcePull:
        pages, ahead = self._pages(reading, partial(self._wire.get, _OVERLAPS, self._query))
        rows, gone = self._rows(reading, pages)
        self._remark_on_partners(reading, rows.values())
        complete = not reading.rejects
        told = gone & set(reading.known)
        missing = set(reading.known) - set(rows) if complete else told
        if bookmark and missing - told:
            told |= self._told(reading, bookmark) & missing
        return self._delivery(reading, rows.values(), missing, told, ahead, complete=complete)

    def _told(self, reading: Reading, bookmark: str) -> set[str]:
        """Pairs that Crossbeam reports as removed since the bookmark, as a reading of what changed would be told; a
        bookmark that it does not take any more tells of none."""
        try:
            pages, _ = self._pages(reading, partial(self._wire.follow, bookmark))
        except (ReadRejected, Oddity):
            return set()
        return self._rows(reading, pages)[1]

    def _since(self, reading: Reading, bookmark: str) -> SourcePull:
        pages, ahead = self._pages(reading, partial(self._wire.follow, bookmark))
        rows, gone = self._rows(reading, pages)
        told = gone & set(reading.known)
        return self._delivery(reading, rows.values(), told, told, ahead, complete=False)

    def _delivery(
        self,
        reading: Reading,
        rows: Iterable[RawRow],
        gone: Iterable[str],
        told: Iterable[str],
        bookmark: str,
        *,
        complete: bool,
    ) -> SourcePull:
        cursor = {
            "bookmark": bookmark,
            "parameters": self._parameters(),
            "organization": self._wire.organization,
        }
        return reading.done(rows, gone=gone, told=told, complete=complete, cursor=cursor)

    def _pages(self, reading: Reading, ask: Any) -> tuple[list[Page], str]:
        """Pages while `has_more`, and the link that the last one leaves for next time."""
        pages: list[Page] = []
        seen: set[str] = set()
        while True:
            page = reading.page("overlaps", ask)
            pages.append(page)
            paging = page.body.get("pagination") or {}
            href = str(paging.get("next_href") or "")
            if not paging.get("has_more"):
                return pages, href
            if not href or href in seen or len(pages) >= MOST_PAGES:
                raise Oddity("Crossbeam promised more overlaps and gave no new link to them")
            seen.add(href)
            ask = partial(self._wire.follow, href)

    def _rows(self, reading: Reading, pages: Sequence[Page]) -> tuple[dict[str, RawRow], set[str]]:
        """Visible pairs, the later page winning, and the pairs that are no longer visible."""
        rows: dict[str, RawRow] = {}
        deleted: set[str] = set()
        types: tuple[Mapping[str, str], Mapping[str, str]] | None = None
        for page in pages:
            name = envelope(page)
            for index, row in enumerate(page.results(name)):
                pointer = f"/{name}/{index}"
                ours, theirs = row.get("crossbeam_record_id"), row.get("partner_crossbeam_record_id")
                if not ours or not theirs:
                    reading.reject(page, pointer, "missing id", "an overlap without its pair of ids")
                    continue
                id = f"{ours}:{theirs}"
                if row.get("is_deleted") is True:
                    deleted.add(id)
                    continue
                types = types or (self._types(reading, "populations"), self._types(reading, "partner-populations"))
                body = {**row, **_shared_keys(row, *types)}
                rows[id] = RawRow(ref=reading.ref(id, page, pointer, None), body=body)
        return rows, deleted - set(rows)

    def _types(self, reading: Reading, name: str) -> dict[str, str]:
        """Population id → its standard type, `custom` for one without."""
        page = reading.page(name, partial(self._wire.get, f"/v1/{name}"))
        return {str(p.get("id")): str(p.get("standard_type") or "custom") for p in page.results(envelope(page))}

    def _remark_on_partners(self, reading: Reading, rows: Iterable[RawRow]) -> None:
        """Partners that are listed but show no row at all: counts only, or sharing withdrawn."""
        heard = {str(row.body.get("partner_id")) for row in rows}
        ask: Any = partial(self._wire.get, "/v1/partners")
        silent: list[str] = []
        seen: set[str] = set()
        while True:
            page = reading.page("partners", ask)
            listed = page.results(envelope(page))
            silent += [str(p.get("name")) for p in listed if str(p.get("uuid")) not in heard]
            href = str((page.body.get("pagination") or {}).get("next_href") or "")
            if not listed or not href or href in seen:
                break
            seen.add(href)
            ask = partial(self._wire.follow, href)
        if silent and not any(name == "partner-id" for name, _ in self._query):
            reading.say(f"partners in Crossbeam without a visible overlap: {some(sorted(silent))}")


def envelope(page: Page) -> str:
    """`data`, or `items` as Crossbeam's prose and older versions have it."""
    return "data" if "data" in page.body else "items"


def organizations(me: Mapping[str, Any]) -> dict[str, str]:
    """uuid → name of the organisations of `users/me`, in either of its shapes."""
    users = me.get("data") or me.get("items") or [me]
    found: dict[str, str] = {}
    for user in users if isinstance(users, list) else [users]:
        granted = [a.get("organization") or {} for a in user.get("authorizations") or ()]
        for organization in [*(user.get("organizations") or ()), *granted]:
            if organization.get("uuid"):
                found[str(organization["uuid"])] = str(organization.get("name") or "")
    return found


def _only(found: Mapping[str, str]) -> str:
    if len(found) == 1:
        return next(iter(found))
    names = "; ".join(f"{uuid} {name}" for uuid, name in sorted(found.items())) or "none"
    raise UsageError(f"CROSSBEAM_ORGANIZATION: set it to the organisation this token acts for (found: {names})")


def _shared_keys(
    row: Mapping[str, Any], our_types: Mapping[str, str], partner_types: Mapping[str, str]
) -> dict[str, Any]:
    """The row under the names that CSV exports are mapped to as well. Lists are text, `, ` between names; a type
    is `unknown` when its population is not listed. `overlap_time` stays blank: the API has no date at all."""
    owner = row.get("partner_owner") or {}
    ours, theirs = row.get("populations") or [], row.get("partner_populations") or []
    return {
        "account_name": row.get("record_name") or "",
        "domain": row.get("record_website") or "",
        "our_record_id": str(row.get("record_id") or ""),
        "our_populations": _names(ours),
        "our_population_types": _kinds(ours, our_types),
        "partner_name": row.get("partner_name") or "",
        "partner_populations": _names(theirs),
        "partner_population_types": _kinds(theirs, partner_types),
        "partner_record_name": row.get("partner_record_name") or "",
        "partner_domain": row.get("partner_record_website") or "",
        "partner_owner_name": owner.get("owner_name") or "",
        "partner_owner_email": owner.get("owner_email") or "",
        "overlap_time": "",
    }


def _names(populations: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(sorted({str(p.get("name") or "") for p in populations} - {""}))


def _kinds(populations: Iterable[Mapping[str, Any]], types: Mapping[str, str]) -> str:
    return ", ".join(sorted({types.get(str(p.get("id")), "unknown") for p in populations}))
