"""Tokens of the sandbox's Crossbeam: the refresh flow, and what a token may read.

The token endpoint lies on a host of its own in reality. A refresh token buys an access token for a day; whether it is
replaced then is a knob. No or an expired access token is 401, a missing scope or organisation header a bare 403. The
authorization-code step belongs to a person in a browser and is not played.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.wire import Json, Refused
from mdfsync.sandbox.store import Store

CLIENT_ID = "sandbox-crossbeam-client"
CLIENT_SECRET = "sandbox-crossbeam-secret"  # noqa: S105 - the sandbox's own, valid nowhere else
REFRESH_TOKEN = "sandbox-crossbeam-refresh"  # noqa: S105 - the same
ACCESS_TOKEN = "sandbox-crossbeam-access"  # noqa: S105 - the same; never expires
ORGANIZATION = "d530e82c-8380-56ce-9553-64ed6fd52270"
SCOPES = ("openid", "offline_access", "read:partnerships", "read:populations", "read:reports")


def token_endpoint(store: Store, clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    """`POST /oauth/token`, as a form or as JSON."""

    async def token(request: Request) -> Response:
        raw = (await request.body()).decode()
        is_json = request.headers.get("content-type", "").startswith("application/json")
        try:
            asked = json.loads(raw or "{}") if is_json else {k: v[-1] for k, v in parse_qs(raw).items()}
        except ValueError:
            return _oauth_error(400, "invalid_request", "The body is not JSON.")
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
            return _oauth_error(401, "access_denied", "Unauthorized")
        if asked.get("grant_type") != "refresh_token":
            return _oauth_error(403, "unauthorized_client", "Grant type not allowed for the client.")
        with store.lock, store.transaction():
            if asked.get("refresh_token") != store.setting("crossbeam.refresh_token", REFRESH_TOKEN):
                return _oauth_error(403, "invalid_grant", "Unknown or invalid refresh token.")
            return JSONResponse(_issue(store, clock))

    return token


def _issue(store: Store, clock: Clock) -> Json:
    life = int(knobs.value(store, "crossbeam.token_seconds"))
    access = f"sandbox-{uuid.uuid4().hex}"
    expires = (clock.now() + timedelta(seconds=life)).isoformat()
    store.put("crossbeam.tokens", access, {"expires": expires, "scopes": list(SCOPES)})
    answer: Json = {
        "access_token": access, "expires_in": life, "token_type": "Bearer", "scope": " ".join(SCOPES),
    }  # fmt: skip
    if knobs.value(store, "crossbeam.rotate_refresh"):
        answer["refresh_token"] = f"sandbox-refresh-{uuid.uuid4().hex}"
        store.set("crossbeam.refresh_token", answer["refresh_token"])
    return answer


def _oauth_error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status_code=status)


def authorise(store: Store, clock: Clock, request: Request, scope: str, *, organization: bool) -> None:
    """`Refused` unless the request may read what `scope` covers."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    known = store.get("crossbeam.tokens", token) if kind.lower() == "bearer" else None
    if known is None and kind.lower() == "bearer" and token == ACCESS_TOKEN:
        known = {"expires": None, "scopes": list(SCOPES)}
    if known is None or (known["expires"] and datetime.fromisoformat(known["expires"]) <= clock.now()):
        raise Refused(401)
    if scope not in known["scopes"]:
        raise Refused(403)
    if organization and request.headers.get("xbeam-organization") != ORGANIZATION:
        raise Refused(int(knobs.value(store, "crossbeam.missing_organization_status")))
