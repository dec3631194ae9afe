"""Attachments of the sandbox's Airtable: kept bytes, expiring links.

An attachment cell keeps `att…` ids. Bytes come in through the upload endpoint or from a link to an attachment of
this sandbox; any other URL waits for `airtable/fetch`, which asks this machine's own servers and nobody else, so
downloading what lies elsewhere answers 404. Links handed out are on the sandbox's own origin, signed, and die after two
hours of the world's time. Pictures show their size, and thumbnails (the picture itself, under three sizes).
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from mdfsync.sandbox import ids
from mdfsync.sandbox.airtable import images
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.store import Doc

LIFETIME = timedelta(hours=2)
LARGEST_UPLOAD = 5 * 1024 * 1024
PATH = "/_attachments"
WAITING = "fetches"
"""Collection of the attachments given by URL whose bytes are still to be fetched: `{url}` by `att…` id."""


def accept(world: World, field_name: str, item: Any) -> str:
    """The `att…` id for one element of a written attachment cell: `{id}` keeps, `{url[, filename]}` adds."""
    if isinstance(item, dict):
        has_id, url = isinstance(item.get("id"), str), item.get("url")
        if has_id and url is None and world.store.get("attachments", item["id"]):
            return str(item["id"])
        if not has_id and isinstance(url, str) and urlsplit(url).scheme in {"http", "https"}:
            return _from_url(world, url, item.get("filename"))
    shown = json.dumps(item, indent=2)
    raise Refusal(422, "INVALID_ATTACHMENT_OBJECT", f"Invalid attachment object for field {field_name}: {shown}")


def _from_url(world: World, url: str, filename: Any) -> str:
    path = unquote(urlsplit(url).path)
    parts = path.split("/")
    known = world.store.get("attachments", parts[2]) if path.startswith(PATH + "/") and len(parts) == 6 else None
    name = filename if isinstance(filename, str) and filename else parts[-1] or "attachment"
    if known is not None and known["blob"]:
        return _keep(world, {**known, "filename": name})
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    attachment_id = _keep(world, {"filename": name, "type": media_type, "blob": "", "size": 0})
    world.store.put(WAITING, attachment_id, {"url": url})
    return attachment_id


def _keep(world: World, facts: Doc) -> str:
    attachment_id = ids.new(world.store, "att")
    world.store.put("attachments", attachment_id, {**facts, "id": attachment_id})
    return attachment_id


def add(world: World, filename: str, media_type: str, data: bytes) -> str:
    """Keep bytes as a new attachment and return its `att…` id."""
    return _keep(world, {"filename": filename, "type": media_type, **_bytes(world, data)})


def fill(world: World, attachment_id: str, media_type: str, data: bytes) -> None:
    """Give an attachment that came as a URL its bytes; nothing when the world forgot it meanwhile."""
    doc = world.store.get("attachments", attachment_id)
    if doc is not None:
        world.store.put("attachments", attachment_id, {**doc, "type": media_type, **_bytes(world, data)})


def _bytes(world: World, data: bytes) -> Doc:
    """Keep bytes and say what is known of them: `{blob, size, width?, height?}`."""
    sha = hashlib.sha256(data).hexdigest()
    if world.store.get("blobs", sha) is None:
        world.store.put("blobs", sha, {"base64": base64.b64encode(data).decode("ascii")})
    facts: Doc = {"blob": sha, "size": len(data)}
    if sides := images.size(data):
        facts |= {"width": sides[0], "height": sides[1]}
    return facts


def show(world: World, attachment_id: str) -> Doc:
    """The attachment object that a read returns, with a link good for two hours."""
    doc = world.store.get("attachments", attachment_id) or {"filename": "", "type": "", "blob": "", "size": 0}
    until = str(int((world.clock.now() + LIFETIME).timestamp() // 60 * 60))
    signed = f"{attachment_id}/{until}/{_signature(attachment_id, until)}"
    url = f"{world.root_url}{PATH}/{signed}/{quote(doc['filename'], safe='')}"
    shown: Doc = {"id": attachment_id, "url": url, "filename": doc["filename"]}
    if doc["blob"]:
        shown |= {"size": doc["size"], "type": doc["type"]}
    if "width" in doc:
        width, height = doc["width"], doc["height"]
        shown |= {"width": width, "height": height, "thumbnails": {}}
        for name, longest in images.SIDES.items():
            wide, high = images.fitted(width, height, longest)
            shown["thumbnails"][name] = {"url": url, "width": wide, "height": high}
    return shown


def _signature(attachment_id: str, until: str) -> str:
    """Whoever changes the end of a link's life breaks it. No secret: everybody on this machine may read everything."""
    return hashlib.sha256(f"sandbox/{attachment_id}/{until}".encode()).hexdigest()[:32]


def content(world: World, attachment_id: str) -> tuple[str, str, bytes] | None:
    """(filename, media type, bytes) of an attachment, None when there are no bytes behind it."""
    doc = world.store.get("attachments", attachment_id)
    blob = world.store.get("blobs", doc["blob"]) if doc else None
    return None if doc is None or blob is None else (doc["filename"], doc["type"], base64.b64decode(blob["base64"]))


def download(world: World, attachment_id: str, until: str, signature: str) -> tuple[int, str, bytes]:
    """(status, media type, bytes) of a link: 410 when it expired, 404 when it is forged or has no bytes behind it."""
    found = content(world, attachment_id)
    if found is None or signature != _signature(attachment_id, until):
        return 404, "text/plain", b"not found"
    if datetime.fromtimestamp(int(until), tz=UTC) < world.clock.now():
        return 410, "text/plain", b"expired"
    return 200, *found[1:]
