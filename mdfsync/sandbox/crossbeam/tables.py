"""The small tables of the sandbox's Crossbeam: who we are, partners, populations, reports, the audit log.

A partner at level `hidden` is not listed, one at `counts` is, without rows. Population endpoints know no pages,
partners have the older `page` style. Reports are definitions only: no v1 endpoint gives a list's rows. Changes of
sharing show up in the audit log and nowhere else.
"""

from __future__ import annotations

import uuid

from starlette.requests import Request

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.tokens import ORGANIZATION
from mdfsync.sandbox.crossbeam.wire import MOST, Json, Refused, limit_of
from mdfsync.sandbox.store import Doc, Store

AUDIT = "crossbeam.audit"
_OURS = {"uuid": ORGANIZATION, "name": "Northlight Analytics", "domain": "northlight.example", "logo_url": None}


def users_me(store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/users/me`, in the sample's shape or in that of the prose."""
    role = {
        "name": "Admin",
        "description": "Manage all aspects of the organization.",
        "uuid": _uuid("role/admin"),
    }
    if knobs.value(store, "crossbeam.users_me") == "authorizations":
        return _plain([{**_worker(), "authorizations": [{"organization": _OURS, "role": role}]}])
    edge = {**_OURS, "role": role, "sales_edge_role": "partner-manager"}
    return _plain([{**_worker(), "organizations": [edge]}])


def users(_store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/users/organization/{uuid}`."""
    if request.path_params["uuid"] != ORGANIZATION:
        raise Refused(404)
    return _plain([{**_worker(), "organizations": [_OURS]}])


def _worker() -> Json:
    name = {"first_name": "Ops", "last_name": "Worker"}
    return {"id": 70211, "active": True, "email": "ops@northlight.example", **name}


def partners(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/partners`."""
    limit = limit_of(request, store)
    page = int(request.query_params.get("page", "1"))
    every = _listed(store)
    more = page * limit < len(every)
    following = str(request.url.include_query_params(page=page + 1)) if more else None
    pagination = {"limit": limit, "page": page, "next_href": following}
    return {**_plain(every[(page - 1) * limit : page * limit]), "pagination": pagination}


def partner(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/partners/{uuid}`."""
    return _one(_listed(store), "uuid", request)


def partner_tags(store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/partner-tags`."""
    return _plain(list({tag["id"]: tag for found in _listed(store) for tag in found["tags"]}.values()))


def _listed(store: Store) -> list[Doc]:
    every = store.all("crossbeam.partners").values()
    return [{key: p[key] for key in ("uuid", "name", "domain", "tags")} for p in every if p["sharing"] != "hidden"]


def populations(store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/populations`."""
    return _plain(list(store.all("crossbeam.populations").values()))


def population(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/populations/{id}`."""
    return _one(list(store.all("crossbeam.populations").values()), "id", request)


def partner_populations(store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/partner-populations`: no row says whose population it is."""
    return _plain(list(store.all("crossbeam.partner_populations").values()))


def partner_population(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/partner-populations/{id}`."""
    return _one(list(store.all("crossbeam.partner_populations").values()), "id", request)


def reports(store: Store, _clock: Clock, _request: Request) -> Json:
    """`GET /v1/reports`: the account mapping list of each partner."""
    ours = [p["id"] for p in store.all("crossbeam.populations").values()]
    found = [
        {
            "id": _uuid(f"report/{partner['uuid']}"),
            "name": f"Account mapping with {partner['name']}",
            "organization_id": 4412,
            "folder_uuid": None,
            "report_type": "standard",
            "population_ids": ours,
            "partner_population_ids": [],
            "partner_standard_populations": ["customers", "open_opportunities", "prospects"],
            "tag_id": None,
            "partner_impact_scores": None,
        }
        for partner in _listed(store)
    ]
    return _plain(found)


def audit_logs(store: Store, _clock: Clock, request: Request) -> Json:
    """`GET /v1/audit-logs`, newest first."""
    limit = limit_of(request, store, default=MOST)
    newest = [{key: value for key, value in row.items() if key != "seq"} for row in reversed(store.log(AUDIT))]
    return _plain(newest[:limit])


def note_sharing(store: Store, partner: Doc, before: str, after: str, at: str) -> None:
    """A change of what a partner shares, in the audit log."""
    entry = {
        "timestamp": at.replace("Z", "+00:00"),
        "user": None,
        "email": None,
        "ip_address": None,
        "type": "sharing",
        "action": "updated",
        "metadata": {"level": after},
        "previous_state": {"level": before},
        "users_impacted": [],
        "partners_impacted": [{"uuid": partner["uuid"], "name": partner["name"]}],
    }
    store.append(AUDIT, entry)


def _one(rows: list[Doc], key: str, request: Request) -> Json:
    for row in rows:
        if str(row[key]) == request.path_params["id"]:
            return _plain([row])
    raise Refused(404)


def _plain(rows: list[Doc]) -> Json:
    return {"data": rows, "warnings": []}


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://northlight.example/{name}"))
