"""The one way on which anything is asked of HubSpot: a session, a path table, a reading of its refusals.

The generated client (`hubspot_client.py`) and our own calls (campaigns, submissions) both end here, in one
`requests.Session`. Paths are the v3/v4 ones and are rewritten through `PREFIXES` when a dated version is asked
for, because HubSpot's versions expire. It refuses to send anything that writes: GET, and POST to searches and
batch reads only. A 401 or a spent daily allowance closes it for the rest of the run. `http.py` retries; here the
policy names of HubSpot's 429 bodies are turned into waits, and a missing scope into `Refused` with its scopes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from mdfsync.edge.http import Caller, Garbled, ReadRejected, Service, redacted, require_token, session, spoken
from mdfsync.edge.pace import Calls, Pace
from mdfsync.edge.paged import Answer
from mdfsync.errors import AuthLost, QuotaSpent, Stopped, Unreachable, UsageError

PRODUCTION = "https://api.hubapi.com"
CREDENTIAL = "HUBSPOT_ACCESS_TOKEN"
UNDATED = "v3"
PREFIXES: tuple[tuple[str, str], ...] = (
    ("/crm/v3/objects/", "/crm/objects/{version}/"),
    ("/crm/v4/associations/", "/crm/associations/{version}/"),
    ("/crm/v3/owners/", "/crm/owners/{version}/"),
    ("/crm/v3/pipelines/", "/crm/pipelines/{version}/"),
    ("/crm/v3/properties/", "/crm/properties/{version}/"),
    ("/marketing/v3/campaigns", "/marketing/campaigns/{version}"),
    ("/marketing/v3/marketing-events", "/marketing/marketing-events/{version}"),
    ("/account-info/v3/", "/account-info/{version}/"),
)
"""v3/v4 prefix → dated prefix. Forms and their submissions have no dated successor in 2026-03."""

PER_SECOND = 8.0
SEARCHES_PER_SECOND = 4.0
WAITS: Mapping[str, float] = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""Seconds of silence per attempt after a 429, by `policyName`; `DAILY` is never waited for."""

Query = Sequence[tuple[str, Any]]


class Refused(ReadRejected):
    """HubSpot refused a read for certain. `kind` is its category, `scopes` what it says is missing."""

    def __init__(self, message: str, *, status: int, kind: str, scopes: tuple[str, ...], attempts: int) -> None:
        self.scopes = scopes
        self.attempts = attempts
        super().__init__(message, status=status, kind=kind)


class Wire:
    """One account of HubSpot. `url` is its root (https, or http on this machine); `version` is `v3` or a dated one
    such as `2026-03`; `pace`, `search_pace` (searches have a limit of their own) and `calls` are shared with whatever
    else speaks to the same account."""

    def __init__(
        self,
        *,
        token: str,
        url: str = PRODUCTION,
        version: str = UNDATED,
        pace: Pace | None = None,
        search_pace: Pace | None = None,
        calls: Calls | None = None,
    ) -> None:
        if version != UNDATED and not re.fullmatch(r"20\d\d-(03|09)", version):
            raise UsageError(f"HubSpot API version {version!r}: v3, or a dated one such as 2026-03")
        self.url = url.rstrip("/")
        self.version = version
        self._pace = pace or Pace(PER_SECOND)
        self._search_pace = search_pace or Pace(SEARCHES_PER_SECOND, sleep=self._pace.sleep)
        self._session = session(service="hubspot", pace=self._pace, calls=calls)
        self._session.headers["Authorization"] = f"Bearer {require_token(token, CREDENTIAL)}"
        service = Service(name="HubSpot", credential=CREDENTIAL, spent=frozenset({"DAILY"}), pause=1.0)
        self._caller = Caller(service, self._pace)
        self._searcher = Caller(service, self._search_pace)
        self._over: Stopped | None = None
        self._clock: tuple[datetime, float] | None = None

    def server_now(self) -> datetime | None:
        """HubSpot's present by the last `Date` header plus the time since; None before the first answer."""
        if self._clock is None:
            return None
        date, seen = self._clock
        return date + timedelta(seconds=time.monotonic() - seen)

    def get(self, path: str, query: Query = ()) -> Answer:
        """GET a v3/v4 path."""
        return self.send("GET", path, query, None)

    def send(self, method: str, path: str, query: Query, body: Any) -> Answer:
        """One read. `Refused` for 4xx, `AuthLost` for 401, `QuotaSpent` for the daily limit, `Unreachable`."""
        if self._over is not None:
            raise type(self._over)(str(self._over))
        if method != "GET" and not (method == "POST" and path.endswith(("/search", "/batch/read"))):
            raise RuntimeError(f"mdfsync only reads HubSpot: {method} {path}")
        search = path.endswith("/search")
        place = self.url + rewritten(path, self.version)
        attempts = 0

        def perform() -> Answer:
            nonlocal attempts
            attempts += 1
            response = self._session.request(method, place, params=[_parameter(p) for p in query], json=body)
            return self._answer(path, response, attempts, search=search)

        def paced() -> Answer:
            with self._search_pace.turn():
                return perform()

        caller, call = (self._searcher, paced) if search else (self._caller, perform)
        try:
            return caller.read(f"{method} {path}", call)
        except (AuthLost, QuotaSpent) as over:
            self._over = over
            raise

    def _answer(self, path: str, response: requests.Response, attempts: int, *, search: bool) -> Answer:
        date = _date(response)
        if date is not None:
            self._clock = (date, time.monotonic())
        status = response.status_code
        if status == 429:
            self._quieten(response, attempts, search=search)
        elif status == 423:
            self._pace.hold(2.0)
            raise Garbled("locked")
        elif status == 477:
            raise Unreachable(f"HubSpot is moving this account (477 at {path}): run again later")
        elif 400 <= status < 500 and status not in {401, 408}:
            raise _refusal(path, response, attempts)
        response.raise_for_status()
        body = response.json()
        if status not in {200, 207} or not isinstance(body, dict):
            raise Garbled("not a JSON object")
        return Answer(data=response.content, body=body, at=date, attempts=attempts)

    def _quieten(self, response: requests.Response, attempts: int, *, search: bool) -> None:
        """Close the latch as long as the policy that was hit asks, longer with every attempt."""
        policy = str(_json_object(response).get("policyName") or "")
        seconds = WAITS.get(policy, WAITS["TEN_SECONDLY_ROLLING"]) * attempts
        if search:
            self._search_pace.hold(seconds)
        if not search or policy != "SECONDLY":
            self._pace.hold(seconds)


def rewritten(path: str, version: str) -> str:
    """The path under a version: unchanged for v3, else through `PREFIXES` and without a trailing slash."""
    if version == UNDATED:
        return path
    for old, dated in PREFIXES:
        if path.startswith(old):
            return (dated.format(version=version) + path.removeprefix(old)).rstrip("/")
    return path


def _parameter(pair: tuple[str, Any]) -> tuple[str, str]:
    name, value = pair
    return name, str(value).lower() if isinstance(value, bool) else str(value)


def _date(response: requests.Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _json_object(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refusal(path: str, response: requests.Response, attempts: int) -> Refused:
    body = _json_object(response)
    kind = str(body.get("category") or body.get("errorType") or "")
    said = spoken(response, f"{response.status_code} {kind}: {body.get('message') or ''}").rstrip(": ")
    # Without HubSpot's correlation id: it differs with every answer, and the words about a source stand in the base.
    message = f"HubSpot refused {path} ({said})"
    return Refused(message, status=response.status_code, kind=kind, scopes=_scopes(body), attempts=attempts)


def _scopes(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Scopes named in an error body's contexts, under whichever of HubSpot's keys."""
    errors = body.get("errors")
    contexts = [body.get("context"), *(e.get("context") for e in errors or () if isinstance(e, dict))]
    found: list[str] = []
    for context in contexts:
        for key, values in (context or {}).items() if isinstance(context, dict) else ():
            if "scope" in key.lower() and isinstance(values, list):
                found += [redacted(str(v)) for v in values]
    return tuple(dict.fromkeys(found))
