"""Attachments given by URL to the sandbox's Airtable: fetched from this machine only.

The real service downloads what a cell's `{url}` names, shortly after the write; the write's own answer still shows
the attachment without size and type. Here the download happens between commit and answer, so that the next read shows
it. Only loopback addresses are asked (a test's own file server): the sandbox calls nobody outside. Any other URL stays
an attachment whose bytes never arrive. What waits is kept with the world, so a killed process resumes it.
"""

from __future__ import annotations

import asyncio
import http.client
import mimetypes
import urllib.request
from email.message import Message
from ipaddress import ip_address
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit

from mdfsync.sandbox.airtable import attachments
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.store import Doc

PATIENCE_SECONDS = 5.0
LARGEST = 25 * 1024 * 1024
_TOO_FAST = "attachments_too_fast"


def details(world: World) -> Doc:
    """What a write's answer says about files that did not come."""
    reason = "attachmentUploadRateIsTooHigh" if world.knob(_TOO_FAST) else "attachmentsFailedUploading"
    return {"message": "partialSuccess", "reasons": [reason]}


async def settle(world: World) -> set[str]:
    """Fetch what waits and nobody fetches yet; returns the `att…` ids that failed and are not tried again."""
    under_way: set[str] = world.store.companions.setdefault("airtable.fetching", set())
    waiting = {k: doc["url"] for k, doc in world.store.all(attachments.WAITING).items() if k not in under_way}
    failed: set[str] = set()
    under_way |= waiting.keys()
    try:
        for attachment_id, url in waiting.items():
            found = None if world.knob(_TOO_FAST) else await asyncio.to_thread(_download, url)
            if found is None:
                failed.add(attachment_id)
            with world.store.transaction():
                world.store.remove(attachments.WAITING, attachment_id)
                if found is not None:
                    attachments.fill(world, attachment_id, *found)
    finally:
        under_way -= waiting.keys()
    return failed


def is_local(url: str) -> bool:
    """Whether a URL names this machine by its loopback address or as `localhost`."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows redirects as the service does, up to three, and only to this machine."""

    max_redirections = 3

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not is_local(newurl):
            raise HTTPError(newurl, code, "the sandbox fetches from this machine only", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _download(url: str) -> tuple[str, bytes] | None:
    """(media type, bytes), or None when it is not local, does not answer, or is too large."""
    if not is_local(url) or urlsplit(url).scheme not in {"http", "https"}:
        return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _StayHere)
    try:
        with opener.open(url, timeout=PATIENCE_SECONDS) as answer:
            data: bytes = answer.read(LARGEST + 1)
            media_type = str(answer.headers.get_content_type()) if "content-type" in answer.headers else ""
    except (OSError, ValueError, http.client.HTTPException):
        return None
    if len(data) > LARGEST:
        return None
    guessed = mimetypes.guess_type(urlsplit(url).path)[0]
    return media_type or guessed or "application/octet-stream", data
