"""HTTP of the sandbox's Airtable: paths, tokens, one store transaction per request, and the record handlers.

Paths are split before percent-decoding, so that a table name may hold a slash. Checks come in the service's order:
malformed ids (404 even without a token), token (401), request shape (422), base and table (403), then the record.
A request is committed before its answer is sent; a refused one is rolled back.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mdfsync.sandbox.airtable import attachments, comments, fetch, listing, meta, params, people, quota, records
from mdfsync.sandbox.airtable.ask import Answer, Ask, Handler
from mdfsync.sandbox.airtable.errors import (
    Refusal,
    invalid_body,
    invalid_request,
    model_not_found,
    not_found,
    too_large,
    unauthenticated,
)
from mdfsync.sandbox.airtable.world import World, world
from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.ids import is_id
from mdfsync.sandbox.store import Doc, Store

SOURCE_HEADER = "x-sandbox-source"
_LONGEST_URL = 16_000


def routes(store: Store, clock: Clock) -> list[Route]:
    """`/v0/…` and the attachment downloads."""
    here = world(store, clock)

    async def api(request: Request) -> Response:
        raw = await request.body()
        known = set(store.all(attachments.WAITING))
        try:
            with store.transaction():
                answer = _answer(here, request, raw)
                quota.count(here, None)
        except Refusal as refusal:
            quota.count(here, refusal)
            return _json(refusal.body, refusal.status)
        if store.all(attachments.WAITING) and await fetch.settle(here) - known and answer is not None:
            answer["details"] = fetch.details(here)
        return Response() if answer is None else _json(answer)

    async def download(request: Request) -> Response:
        link = request.path_params
        status, media_type, data = attachments.download(here, link["attachment"], link["until"], link["signature"])
        return Response(data, status, {"content-security-policy": "sandbox"}, media_type)

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return [
        Route("/v0/{rest:path}", api, methods=methods),
        Route(attachments.PATH + "/{attachment}/{until}/{signature}/{filename}", download, methods=["GET"]),
    ]


def _json(document: Doc, status: int = 200) -> Response:
    """Half a surrogate pair that a request brought comes back as a question mark: no UTF-8 can carry it."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(text.encode("utf-8", "replace"), status, media_type="application/json")


def _answer(here: World, request: Request, raw: bytes) -> Answer:
    raw_path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    segments = raw_path.decode("ascii").split("/v0/", 1)[1].rstrip("/").split("/")
    path = tuple(unquote(segment) for segment in segments)
    handler = _handler(request.method, path)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    person = people.by_token(here.store, token.strip()) if kind.lower() == "bearer" else None
    if person is None:
        raise unauthenticated()
    query: bytes = request.scope["query_string"]
    if len(raw_path) + len(query) > _LONGEST_URL:
        raise Refusal(414, "URI_TOO_LONG")
    if 0 < here.knob("largest_body") < len(raw):
        raise too_large()
    quota.admit(here, path)
    ask = Ask(
        world=here,
        person=person,
        method=request.method,
        path=path,
        query=parse_qsl(query.decode("ascii"), keep_blank_values=True),
        body=_body(here, request.method, raw),
        source=request.headers.get(SOURCE_HEADER, ""),
    )
    return handler(ask)


def _body(here: World, method: str, raw: bytes) -> Any:
    if method in {"GET", "DELETE"} or not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise invalid_body(here.knob("broken_json_status")) from None


def _list(ask: Ask) -> Doc:
    posted = ask.method == "POST"
    if posted and not isinstance(ask.body, dict):
        raise invalid_body()
    options = params.of_list(ask.query, ask.body if posted else {})
    ask.person.require("read", "data.records:read")
    return listing.list_records(ask.world, ask.world.table(ask.base(ask.path[0]), ask.path[1]), options)


def _get(ask: Ask) -> Doc:
    options = params.of_get(ask.query)
    ask.person.require("read", "data.records:read")
    table = ask.world.table(ask.base(ask.path[0]), ask.path[1])
    home = records.home_of(ask.world, table, ask.path[2])
    return listing.presenter(ask.world, home, options)(ask.world.records(home.id)[ask.path[2]])


def _create(ask: Ask) -> Doc:
    return records.create(ask.writing(ask.path[0], ask.path[1], "create records"), ask.body)


def _update_many(ask: Ask) -> Doc:
    writing = ask.writing(ask.path[0], ask.path[1], "write cell values")
    return records.update_many(writing, ask.body, clear=ask.method == "PUT")


def _update_one(ask: Ask) -> Doc:
    writing = ask.writing(ask.path[0], ask.path[1], "write cell values")
    return records.update_one(writing, ask.path[2], ask.body, clear=ask.method == "PUT")


def _delete_many(ask: Ask) -> Doc:
    chosen = [value for key, value in ask.query if key in {"records[]", "records"}]
    return records.delete(ask.writing(ask.path[0], ask.path[1], "delete records"), chosen, single=False)


def _delete_one(ask: Ask) -> Doc:
    return records.delete(ask.writing(ask.path[0], ask.path[1], "delete records"), [ask.path[2]], single=True)


def _upload(ask: Ask) -> Doc:
    base_id, record_id, field, _ = ask.path
    home = ask.world.where(ask.base(base_id), record_id)
    if home is None:
        raise model_not_found()
    writing = ask.writing(base_id, home, "write cell values")
    try:
        name, media_type = str(ask.body["filename"]), str(ask.body["contentType"])
        # Clients wrap the text after 76 characters, as MIME does.
        data = base64.b64decode("".join(ask.body["file"].split()), validate=True)
    except (TypeError, KeyError, AttributeError, ValueError, binascii.Error):
        raise invalid_request() from None
    return records.upload(writing, record_id, field, name, media_type, data)


_PATHS: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "meta/whoami", meta.whoami),
    ("GET", "meta/bases", meta.bases),
    ("POST", "meta/bases", meta.create_base),
    ("GET", "meta/bases/{app}", meta.base_info),
    ("GET", "meta/bases/{app}/tables", meta.tables),
    ("POST", "meta/bases/{app}/tables", meta.create_table),
    ("PATCH", "meta/bases/{app}/tables/{}", meta.patch_table),
    ("POST", "meta/bases/{app}/tables/{}/fields", meta.create_field),
    ("PATCH", "meta/bases/{app}/tables/{}/fields/{fld}", meta.patch_field),
    ("GET", "bases/{app}/webhooks", meta.hooks),
    ("POST", "bases/{app}/webhooks", meta.create_hook),
    ("DELETE", "bases/{app}/webhooks/{ach}", meta.delete_hook),
    ("POST", "bases/{app}/webhooks/{ach}/refresh", meta.refresh_hook),
    ("POST", "bases/{app}/webhooks/{ach}/enableNotifications", meta.enable_hook),
    ("GET", "bases/{app}/webhooks/{ach}/payloads", meta.payloads),
    ("POST", "{app}/{rec}/{}/uploadAttachment", _upload),
    ("POST", "{app}/{}/listRecords", _list),
    ("GET", "{app}/{}", _list),
    ("POST", "{app}/{}", _create),
    ("PATCH", "{app}/{}", _update_many),
    ("PUT", "{app}/{}", _update_many),
    ("DELETE", "{app}/{}", _delete_many),
    ("GET", "{app}/{}/{rec}", _get),
    ("PATCH", "{app}/{}/{rec}", _update_one),
    ("PUT", "{app}/{}/{rec}", _update_one),
    ("DELETE", "{app}/{}/{rec}", _delete_one),
    ("GET", "{app}/{}/{rec}/comments", comments.read),
    ("POST", "{app}/{}/{rec}/comments", comments.create),
    ("PATCH", "{app}/{}/{rec}/comments/{com}", comments.edit),
    ("DELETE", "{app}/{}/{rec}/comments/{com}", comments.delete),
)
_ROUTES = tuple((method, tuple(pattern.split("/")), handler) for method, pattern, handler in _PATHS)


def _handler(method: str, path: tuple[str, ...]) -> Handler:
    """The handler of a path; refuses unknown routes and malformed ids."""
    for wanted, pattern, handler in _ROUTES:
        if wanted == method and len(pattern) == len(path) and all(map(_fits, pattern, path)):
            return handler
    raise not_found()


def _fits(pattern: str, segment: str) -> bool:
    """`{}` takes anything but nothing, `{app}` an id with that prefix, other patterns only themselves."""
    if pattern == "{}":
        return segment != ""
    return is_id(segment, pattern[1:-1]) if pattern.startswith("{") else segment == pattern
