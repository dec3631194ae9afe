"""The sandbox's Crossbeam: which paths of its REST API answer what.

`routes(store, clock)` gives Starlette routes to mount under `/crossbeam`; every data call is a GET. What Crossbeam has
on private or retired paths only (rows of a list, overlap counts, sharing rules) is not here. Refusals have no body, as
observed. Collections: `crossbeam.partners`, `crossbeam.populations`, `crossbeam.partner_populations`,
`crossbeam.records`, `crossbeam.overlaps` (pair key → `{"row", "seq", "deleted"}`), `crossbeam.signals`,
`crossbeam.tokens`. What can be switched is in `crossbeam/knobs`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mdfsync.sandbox import knobs as switches
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam import tables
from mdfsync.sandbox.crossbeam.overlaps import no_leads, nobody, overlap_search, overlaps, record_search, records
from mdfsync.sandbox.crossbeam.signals import signals
from mdfsync.sandbox.crossbeam.tokens import (
    ACCESS_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    ORGANIZATION,
    REFRESH_TOKEN,
    authorise,
    token_endpoint,
)
from mdfsync.sandbox.crossbeam.wire import Json, Refused
from mdfsync.sandbox.store import Store

__all__ = ["ACCESS_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "ORGANIZATION", "REFRESH_TOKEN", "routes"]

Handler = Callable[[Store, Clock, Request], Json]


def routes(store: Store, clock: Clock) -> list[Route]:
    """All routes of the Crossbeam emulator."""
    partnerships, populations, reports = "read:partnerships", "read:populations", "read:reports"
    table: list[tuple[str, str, Handler]] = [
        ("/v1/users/organization/{uuid}", "openid", tables.users),
        ("/v1/partners", partnerships, tables.partners),
        ("/v1/partners/{id}", partnerships, tables.partner),
        ("/v1/partner-tags", partnerships, tables.partner_tags),
        ("/v1/populations", populations, tables.populations),
        ("/v1/populations/{id}", populations, tables.population),
        ("/v1/partner-populations", partnerships, tables.partner_populations),
        ("/v1/partner-populations/{id}", partnerships, tables.partner_population),
        ("/v1/reports", reports, tables.reports),
        ("/v1/audit-logs", reports, tables.audit_logs),
        ("/v1/records/accounts", reports, records),
        ("/v1/records/accounts/search", reports, record_search),
        ("/v1/records/leads", reports, no_leads),
        ("/v1/records/leads/search", reports, nobody),
        ("/v1/overlaps/accounts", reports, overlaps),
        ("/v1/overlaps/accounts/search", reports, overlap_search),
        ("/v1/overlaps/leads", reports, no_leads),
        ("/v1/overlaps/leads/search", reports, nobody),
        ("/v1/signals/{family:str}", reports, signals),
    ]
    found = [Route(path, _guarded(store, clock, scope, handler)) for path, scope, handler in table]
    me = Route("/v1/users/me", _guarded(store, clock, "openid", tables.users_me, organization=False))
    return [me, *found, Route("/oauth/token", token_endpoint(store, clock), methods=["POST"])]


def _guarded(
    store: Store, clock: Clock, scope: str, handler: Handler, *, organization: bool = True
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            with store.lock:
                authorise(store, clock, request, scope, organization=organization)
                payload = handler(store, clock, request)
        except Refused as refused:
            return Response(status_code=refused.status)
        if switches.value(store, "crossbeam.envelope") == "items":
            payload = {("items" if key == "data" else key): value for key, value in payload.items()}
        return JSONResponse(payload)

    return answer
