"""How mdfsync speaks to Crossbeam: an access token by refresh, the organisation header, GET and nothing else.

Access tokens live a day, so one is fetched by the first call of a run; should the API refuse it, it is fetched once
more. A refresh may answer with a new refresh token, and the old one may be worthless from then on: it is handed to
`rotated` before anything else happens. It refuses to follow a link to another host, so that no token can leave
for one. Crossbeam publishes no error bodies and no limits; `http.py` retries what may be retried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from mdfsync.edge.http import Caller, Garbled, Service, complaint, require_token, session, spoken
from mdfsync.edge.pace import Calls, Pace
from mdfsync.edge.paged import Answer, Oddity
from mdfsync.errors import AuthLost

PRODUCTION = "https://api.crossbeam.com"
PRODUCTION_TOKENS = "https://auth.crossbeam.com/oauth/token"
CREDENTIAL = "CROSSBEAM_REFRESH_TOKEN"
PER_SECOND = 4.0

Query = Sequence[tuple[str, str]]


class _Expired(Exception):
    """401 for an access token that an earlier call of this run fetched."""


class CrossbeamWire:
    """One organisation of Crossbeam. `rotated` receives a new refresh token and must keep it; `token_url` empty =
    Crossbeam's own for the production API, `<url>/oauth/token` for any other; `organization` (uuid) may be
    empty until `as_organization` is called. `UsageError` for settings that cannot be sent."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        rotated: Callable[[str], None],
        url: str = PRODUCTION,
        token_url: str = "",
        organization: str = "",
        pace: Pace | None = None,
        calls: Calls | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.organization = organization
        own = PRODUCTION_TOKENS if self.url == PRODUCTION else f"{self.url}/oauth/token"
        self._token_url = token_url or own
        self._client = {
            "client_id": require_token(client_id, "CROSSBEAM_CLIENT_ID"),
            "client_secret": require_token(client_secret, "CROSSBEAM_CLIENT_SECRET"),
        }
        self._refresh_token = require_token(refresh_token, CREDENTIAL)
        self._rotated = rotated
        self._access = ""
        self._over: AuthLost | None = None
        pace = pace or Pace(PER_SECOND)
        self._session = session(service="crossbeam", pace=pace, calls=calls)
        self._caller = Caller(Service(name="Crossbeam", credential=CREDENTIAL), pace)

    def as_organization(self, uuid: str) -> None:
        """Speak for this organisation from now on."""
        self.organization = require_token(uuid, "CROSSBEAM_ORGANIZATION")

    def get(self, path: str, query: Query = ()) -> Answer:
        """GET a path of the API. `AuthLost` (403 as `http.Forbidden`), `ReadRejected`, `Unreachable`."""
        return self._get(path, self.url + path, query)

    def follow(self, href: str) -> Answer:
        """GET a link exactly as Crossbeam gave it. `Oddity` when it leads to another host."""
        link, own = urlsplit(href), urlsplit(self.url)
        below = link.path.startswith(own.path.rstrip("/") + "/")
        if (link.scheme, link.netloc) != (own.scheme, own.netloc) or not below:
            raise Oddity("Crossbeam's next page lies on another host")
        return self._get(link.path.removeprefix(own.path), href, ())

    def _get(self, what: str, place: str, query: Query) -> Answer:
        if self._over is not None:
            raise AuthLost(str(self._over))
        spent = 0 if self._access else self._refresh()
        attempts = 0

        def perform() -> Answer:
            nonlocal attempts
            attempts += 1
            headers = {"Authorization": f"Bearer {self._access}"}
            if self.organization:
                headers["Xbeam-Organization"] = self.organization
            response = self._session.get(place, params=list(query), headers=headers)
            if response.status_code == 401 and not spent:
                raise _Expired
            response.raise_for_status()
            body = response.json()
            if not isinstance(body, dict):
                raise Garbled("not a JSON object")
            return Answer(data=response.content, body=body, at=None, attempts=attempts + spent)

        try:
            return self._caller.read(f"GET {what}", perform)
        except _Expired:
            spent = self._refresh()
        return self._caller.read(f"GET {what}", perform)

    def _refresh(self) -> int:
        """A new access token; the number of requests it took."""
        attempts = 0

        def perform() -> dict[str, Any] | AuthLost:
            nonlocal attempts
            attempts += 1
            form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token, **self._client}
            response = self._session.post(self._token_url, data=form)
            if response.status_code in {400, 401, 403}:
                return _lost(response)
            response.raise_for_status()
            body = response.json()
            if not isinstance(body, dict) or not body.get("access_token"):
                raise Garbled("no access token")
            return body

        body = self._caller.read("refreshing the access token", perform)
        if isinstance(body, AuthLost):
            self._over = body
            raise body
        renewed = str(body.get("refresh_token") or "")
        if renewed and renewed != self._refresh_token:
            self._refresh_token = renewed
            self._rotated(renewed)
        self._access = require_token(str(body["access_token"]), "Crossbeam's access token")
        return attempts


def _lost(response: requests.Response) -> AuthLost:
    try:
        kind, message = complaint(response.json())
    except ValueError:
        kind, message = "", ""
    said = spoken(response, f"{response.status_code} {kind}: {message}").rstrip(": ")
    return AuthLost(f"Crossbeam refused {CREDENTIAL} ({said}): authorise the integration again")
