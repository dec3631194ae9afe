"""The sandbox's Crossbeam: partners, populations, our records and account overlaps over its REST API.

`routes(store, clock)` gives Starlette routes to mount under `/crossbeam`; the token endpoint is
`/oauth/token` there, on a host of its own in reality. It refuses what Crossbeam refuses: no or expired
token (401), missing organisation header or scope (403 without a body), unknown ids (404 without a body).

Collections: `crossbeam.partners`, `crossbeam.populations`, `crossbeam.partner_populations`,
`crossbeam.records`, `crossbeam.overlaps` (pair key → `{"row", "seq", "deleted"}`), `crossbeam.tokens`.
Knobs (settings of the store):

    crossbeam.envelope             `data` (default) or `items`
    crossbeam.users_me             `organizations` (default) or `authorizations`
    crossbeam.token_seconds        life of an access token, default a day
    crossbeam.rotate_refresh       whether a refresh answers with a new refresh token (default no)
    crossbeam.repeat_last_row      the last row of a page comes again on the next one (default no)
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam_overlaps import Refused, limit_of, no_leads, overlap_search, overlaps, records
from mdfsync.sandbox.store import Doc, Store

CLIENT_ID = "sandbox-crossbeam-client"
CLIENT_SECRET = "sandbox-crossbeam-secret"  # noqa: S105 - the sandbox's own, valid nowhere else
REFRESH_TOKEN = "sandbox-crossbeam-refresh"  # noqa: S105 - the same
ACCESS_TOKEN = "sandbox-crossbeam-access"  # noqa: S105 - the same; never expires
ORGANIZATION = "d530e82c-8380-56ce-9553-64ed6fd52270"
SCOPES = ("openid", "offline_access", "read:partnerships", "read:populations", "read:reports")

Json = dict[str, Any]


Handler = Callable[[Store, Clock, Request], Json]


def routes(store: Store, clock: Clock) -> list[Route]:
    """All routes of the Crossbeam emulator; every data call is a GET."""
    partnerships, populations, reports = "read:partnerships", "read:populations", "read:reports"
    table: list[tuple[str, str, Handler]] = [
        ("/v1/partners", partnerships, _partners),
        ("/v1/partners/{id}", partnerships, _partner),
        ("/v1/partner-tags", partnerships, _partner_tags),
        ("/v1/populations", populations, _populations),
        ("/v1/partner-populations", partnerships, _partner_populations),
        ("/v1/records/accounts", reports, records),
        ("/v1/overlaps/accounts", reports, overlaps),
        ("/v1/overlaps/accounts/search", reports, overlap_search),
        ("/v1/overlaps/leads", reports, no_leads),
    ]
    found = [Route(path, _guarded(store, clock, scope, handler)) for path, scope, handler in table]
    me = Route("/v1/users/me", _guarded(store, clock, "openid", _users_me, organization=False))
    return [*found, me, Route("/oauth/token", _token_endpoint(store, clock), methods=["POST"])]


# -- tokens


def _token_endpoint(store: Store, clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    async def token(request: Request) -> Response:
        raw = (await request.body()).decode()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        given = json.loads(raw or "{}") if is_json else {k: v[-1] for k, v in parse_qs(raw).items()}
        if given.get("client_id") != CLIENT_ID or given.get("client_secret") != CLIENT_SECRET:
            return _oauth_error(401, "access_denied", "Unauthorized")
        if given.get("grant_type") != "refresh_token":
            return _oauth_error(403, "unauthorized_client", "Grant type not allowed for the client.")
        with store.lock, store.transaction():
            if given.get("refresh_token") != store.setting("crossbeam.refresh_token", REFRESH_TOKEN):
                return _oauth_error(403, "invalid_grant", "Unknown or invalid refresh token.")
            return JSONResponse(_issue(store, clock))

    return token


def _issue(store: Store, clock: Clock) -> Json:
    life = int(store.setting("crossbeam.token_seconds", 86_400))
    access = f"sandbox-{uuid.uuid4().hex}"
    expires = (clock.now() + timedelta(seconds=life)).isoformat()
    store.put("crossbeam.tokens", access, {"expires": expires, "scopes": list(SCOPES)})
    answer: Json = {
        "access_token": access, "expires_in": life, "token_type": "Bearer", "scope": " ".join(SCOPES),
    }  # fmt: skip
    if store.setting("crossbeam.rotate_refresh", False):
        answer["refresh_token"] = f"sandbox-refresh-{uuid.uuid4().hex}"
        store.set("crossbeam.refresh_token", answer["refresh_token"])
    return answer


def _oauth_error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)


def _guarded(
    store: Store, clock: Clock, scope: str, handler: Handler, *, organization: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            with store.lock:
                _authorise(store, clock, request, scope, organization)
                payload = handler(store, clock, request)
        except Refused as refused:
            return Response(status_code=refused.status)
        if store.setting("crossbeam.envelope", "data") == "items":
            payload = {("items" if key == "data" else key): value for key, value in payload.items()}
        return JSONResponse(payload)

    return answer


def _authorise(store: Store, clock: Clock, request: Request, scope: str, organization: bool) -> None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    known = store.get("crossbeam.tokens", token) if kind.lower() == "bearer" else None
    if known is None and kind.lower() == "bearer" and token == ACCESS_TOKEN:
        known = {"expires": None, "scopes": list(SCOPES)}
    if known is None or (known["expires"] and datetime.fromisoformat(known["expires"]) <= clock.now()):
        raise Refused(401)
    if scope not in known["scopes"]:
        raise Refused(403)
    if organization and request.headers.get("xbeam-organization") != ORGANIZATION:
        raise Refused(403)


# -- reading


def _users_me(store: Store, _clock: Clock, _request: Request) -> Json:
    organization = {
        "uuid": ORGANIZATION, "name": "Northlight Analytics", "domain": "northlight.example",
        "logo_url": None,
    }  # fmt: skip
    role = {
        "name": "Admin",
        "description": "Manage all aspects of the organization.",
        "uuid": _uuid("role/admin"),
    }
    user: Json = {
        "id": 70211,
        "active": True,
        "email": "ops@northlight.example",
        "first_name": "Ops",
        "last_name": "Worker",
    }
    if store.setting("crossbeam.users_me", "organizations") == "authorizations":
        return {
            "data": [{**user, "authorizations": [{"organization": organization, "role": role}]}],
            "warnings": [],
        }
    edge = {**organization, "role": role, "sales_edge_role": "partner-manager"}
    return {"data": [{**user, "organizations": [edge]}], "warnings": []}


def _visible_partners(store: Store) -> list[Doc]:
    partners = store.all("crossbeam.partners").values()
    return [{key: p[key] for key in ("uuid", "name", "domain", "tags")} for p in partners if p["sharing"] != "hidden"]


def _partners(store: Store, _clock: Clock, request: Request) -> Json:
    limit = limit_of(request)
    page = int(request.query_params.get("page", "1"))
    every = _visible_partners(store)
    more = page * limit < len(every)
    href = str(request.url.include_query_params(page=page + 1)) if more else None
    return {
        "data": every[(page - 1) * limit : page * limit],
        "pagination": {"limit": limit, "page": page, "next_href": href},
        "warnings": [],
    }


def _partner(store: Store, _clock: Clock, request: Request) -> Json:
    for partner in _visible_partners(store):
        if partner["uuid"] == request.path_params["id"]:
            return {"data": [partner], "warnings": []}
    raise Refused(404)


def _partner_tags(store: Store, _clock: Clock, _request: Request) -> Json:
    tags = {tag["id"]: tag for partner in _visible_partners(store) for tag in partner["tags"]}
    return {"data": list(tags.values()), "warnings": []}


def _populations(store: Store, _clock: Clock, _request: Request) -> Json:
    return {"data": list(store.all("crossbeam.populations").values()), "warnings": []}


def _partner_populations(store: Store, _clock: Clock, _request: Request) -> Json:
    return {"data": list(store.all("crossbeam.partner_populations").values()), "warnings": []}


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://northlight.example/{name}"))
