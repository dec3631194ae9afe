"""Who did something, and when: form submissions and marketing-event participation.

Both kinds of answer are full of people's data that nobody asked for (form answers, names, e-mail addresses), so
pages are cut down to what is listed here before they are archived, and the archived object says so. Their times are
claims of the sender and can be backdated: submissions are read newest first, a month behind the newest one known,
and form by form (one cursor for all forms skips rows). A participation is a present state, not a log, and its listing
lags, so a missing one is never called gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_pull import HubspotSource
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Answer, Oddity, Page, Reading, milliseconds, moment
from mdfsync.model import RawRow, SourcePull
from mdfsync.ports import Archive
from mdfsync.values import short_id

FORM_VALUES = ("email", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
BACKDATED = timedelta(days=31)
"""Senders may set a submission's time up to a month back."""
FOLLOWED = timedelta(days=60)
"""How long after its end an event's participants are read in every pull; older ones only on `full`."""

_REDACTED = "names and answers outside the allow-list were dropped before archiving"
_FORM = ("id", "name", "formType", "createdAt", "updatedAt", "archived")
_EVENT = (
    "objectId", "eventName", "eventType", "startDateTime", "endDateTime", "eventStatus", "eventStatusV2",
    "eventCancelled", "externalEventId", "createdAt", "updatedAt", "registrants",
)  # fmt: skip
_EVENT_FACTS = ("objectId", "eventName", "eventType", "startDateTime", "endDateTime", "eventCancelled")
_PARTICIPATION = ("attendanceState", "occurredAt", "attendanceDurationSeconds", "attendancePercentage")


class SubmissionSource(HubspotSource):
    """One row per submission: `form_id`, `form_name`, `conversion_id`, `submitted_at` (epoch ms), `page_url` (its
    query cut down to `utm_*`), `values` (allowed names only: `FORM_VALUES` and the configured `names`)."""

    def __init__(self, api: HubspotApi, archive: Archive, *, names: Sequence[str] = ()) -> None:
        super().__init__("hubspot.form_submissions", api, archive)
        self._names = frozenset(n.lower() for n in (*FORM_VALUES, *names))

    def read(self, reading: Reading) -> SourcePull:
        before = {} if reading.full else dict((reading.cursor or {}).get("forms") or {})
        newest: dict[str, str] = {}
        rows: dict[str, RawRow] = {}
        for form in self._forms(reading):
            guid = str(form["id"])
            newest[guid] = str(before.get(guid) or "")
            try:
                for id, row in self._submissions(reading, form, str(before.get(guid) or "")):
                    rows[id] = row
                    newest[guid] = max(newest[guid], str(row.body["submitted_at"]), key=lambda t: int(t or 0))
            except Refused as refused:
                if refused.status not in {400, 404}:
                    raise
                reading.say(f"submissions of form {guid} cannot be read: {refused}")
        cursor = {"forms": {**before, **newest}}
        return reading.done(rows.values(), cursor=cursor, scope={"archived": _REDACTED})

    def _forms(self, reading: Reading) -> list[Mapping[str, Any]]:
        """Forms that can have submissions a reader may see (blog comments may not)."""

        def fetch(after: str | None) -> Answer:
            return self.api.forms(after=after)

        clean = cutter(lambda form: {n: form[n] for n in _FORM if n in form})
        found = {str(f["id"]): f for p in reading.pages("forms", fetch, clean) for f in p.results() if f.get("id")}
        return [form for _, form in sorted(found.items()) if form.get("formType") != "blog_comment"]

    def _submissions(self, reading: Reading, form: Mapping[str, Any], newest: str) -> list[tuple[str, RawRow]]:
        """Submissions of one form down to `BACKDATED` before the newest one known."""
        since = int(newest or 0) - round(BACKDATED.total_seconds() * 1000)
        rows = []
        fetch = partial(self._page, str(form["id"]))
        for page in reading.pages("submissions", fetch, cutter(self._cut)):
            for index, result in enumerate(page.results()):
                row = _submission(reading, page, f"/results/{index}", form, result)
                if row is not None:
                    rows.append((row.ref.external_id, row))
            if rows and newest and int(rows[-1][1].body["submitted_at"]) < since:
                break
        return rows

    def _page(self, form: str, after: str | None) -> Answer:
        return self.api.submissions(form, after=after)

    def _cut(self, result: Mapping[str, Any]) -> dict[str, Any]:
        values = [
            {"name": v["name"], "value": v.get("value")}
            for v in result.get("values") or ()
            if isinstance(v, dict) and str(v.get("name") or "").lower() in self._names
        ]
        cut = {n: result[n] for n in ("conversionId", "submittedAt") if n in result}
        return {**cut, "values": values, "pageUrl": _page_url(str(result.get("pageUrl") or ""))}


def _submission(
    reading: Reading, page: Page, pointer: str, form: Mapping[str, Any], result: Mapping[str, Any]
) -> RawRow | None:
    at = moment(result.get("submittedAt"))
    if at is None:
        reading.reject(page, pointer, "no time", f"a submission of form {form['id']}")
        return None
    values: dict[str, str] = {}
    for value in result["values"]:
        name = str(value["name"]).lower()
        said = str(value["value"] or "")
        values[name] = f"{values[name]};{said}" if name in values else said
    conversion = str(result.get("conversionId") or "")
    body = {
        "form_id": str(form["id"]),
        "form_name": str(form.get("name") or ""),
        "conversion_id": conversion,
        "submitted_at": milliseconds(at),
        "page_url": result["pageUrl"],
        "values": values,
    }
    told = json.dumps(values, sort_keys=True)
    id = conversion or short_id("submission", str(form["id"]), str(milliseconds(at)), result["pageUrl"], told)
    return RawRow(ref=reading.ref(id, page, pointer, at), body=body)


class ParticipationSource(HubspotSource):
    """One row per event and person: external id `event:contact`, body `id`, `createdAt`, `properties`
    (`attendanceState`, `occurredAt`, …), `contact_id`, `event` (its facts); no names, no addresses."""

    def __init__(self, api: HubspotApi, archive: Archive) -> None:
        super().__init__("hubspot.marketing_events", api, archive)

    def read(self, reading: Reading) -> SourcePull:
        def fetch(after: str | None) -> Answer:
            return self.api.events(after=after)

        clean = cutter(lambda event: {n: event[n] for n in _EVENT if n in event})
        pages = reading.pages("events", fetch, clean)
        events = {str(e["objectId"]): e for p in pages for e in p.results() if e.get("objectId")}
        now = self.api.wire.server_now() or reading.now
        rows: dict[str, RawRow] = {}
        for id, event in sorted(events.items()):
            if reading.full or _followed(event, now):
                rows |= self._participations(reading, id, event)
        return reading.done(rows.values(), cursor={}, scope={"archived": _REDACTED})

    def _participations(self, reading: Reading, id: str, event: Mapping[str, Any]) -> dict[str, RawRow]:
        rows: dict[str, RawRow] = {}
        facts = {n: event[n] for n in _EVENT_FACTS if n in event}

        def fetch(after: str | None) -> Answer:
            return self.api.participations(id, after=after)

        for page in reading.pages("participations", fetch, cutter(_participation)):
            for index, result in enumerate(page.results()):
                key = result["contactId"] or str(result.get("id") or "")
                if not key:
                    reading.reject(page, f"/results/{index}", "missing id", f"a participation in event {id}")
                    continue
                properties = result["properties"]
                at = moment(properties.get("occurredAt")) or moment(result.get("createdAt"))
                body = {
                    "id": str(result.get("id") or ""),
                    "createdAt": result.get("createdAt"),
                    "properties": properties,
                    "contact_id": result["contactId"],
                    "event": facts,
                }
                ref = reading.ref(f"{id}:{key}", page, f"/results/{index}", at)
                rows[ref.external_id] = RawRow(ref=ref, body=body)
        registrants = event.get("registrants")
        if not rows and isinstance(registrants, int) and registrants > 0:
            reading.say(f"event {id} counts {registrants} registrants and lists none: HubSpot lags, read again later")
        return rows


def _participation(result: Mapping[str, Any]) -> dict[str, Any]:
    """Id, times, state and the contact's id."""
    properties = result.get("properties")
    associations = result.get("associations")
    contact = associations.get("contact") if isinstance(associations, dict) else None
    return {
        "id": result.get("id"),
        "createdAt": result.get("createdAt"),
        "properties": {n: v for n, v in (properties or {}).items() if n in _PARTICIPATION},
        "contactId": str(contact.get("contactId") or "") if isinstance(contact, dict) else "",
    }


def _followed(event: Mapping[str, Any], now: datetime) -> bool:
    end = moment(event.get("endDateTime")) or moment(event.get("startDateTime"))
    return end is None or end > now - FOLLOWED


def cutter(cut: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A `Clean` that cuts each result down and marks the page as redacted."""

    def clean(body: dict[str, Any]) -> dict[str, Any]:
        results = body.get("results")
        if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
            raise Oddity("HubSpot answered without a list of results")
        kept: dict[str, Any] = {n: body[n] for n in ("total", "paging") if n in body}
        return {**kept, "results": [cut(r) for r in results], "_redacted": _REDACTED}

    return clean


def _page_url(url: str) -> str:
    """The page without what its query may tell of a person: only `utm_*` stays, the fragment goes."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    query = [(n, v) for n, v in parse_qsl(parts.query) if n.lower().startswith("utm_")]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(query), ""))
