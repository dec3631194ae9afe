"""Files that the web page loads: its own, what is in attachment cells, documents of the home.

Only the page's own files may run scripts. Whatever people or runs made is answered so that it can do nothing: with a
media type of a short list, else as a download, and under a policy of its own.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from mdfsync.sandbox.airtable import attachments
from mdfsync.sandbox.airtable.errors import Refusal
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.web.rows import ATTACHMENTS

PAGE = Path(__file__).parent / "page"
_OWN = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
}  # fmt: skip
_SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "application/pdf", "application/json",
     "text/html"}
)  # fmt: skip
_INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_PDF = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Chromium's PDF viewer does not start in a sandboxed document; a PDF has no scripts of our origin."""


def static(world: World, path: str) -> Response:
    """What stands under a path of the page: `/`, `/_web/<file>`, `/_web/attachments/<att…>/<name>`."""
    if path.startswith(ATTACHMENTS + "/"):
        return _attachment(world, path.removeprefix(ATTACHMENTS + "/").split("/")[0])
    file = within(PAGE, "index.html" if path == "/" else path.removeprefix("/_web/"))
    media_type = _OWN.get(file.suffix, "text/plain; charset=utf-8")
    return Response(file.read_bytes(), media_type=media_type, headers={"cache-control": "no-cache"})


def within(folder: Path, path: str) -> Path:
    """A file below a folder; refused when there is none or the path leads out of the folder."""
    try:
        file = (folder / path).resolve()
        if file.is_relative_to(folder.resolve()) and file.is_file():
            return file
    except (OSError, ValueError):
        pass
    raise Refusal(404, "NOT_FOUND", "There is no such file.")


def _attachment(world: World, attachment_id: str) -> Response:
    found = attachments.content(world, attachment_id)
    if found is None:
        raise Refusal(404, "NOT_FOUND", "There are no bytes behind this attachment.")
    return inert(*found)


def inert(filename: str, media_type: str, data: bytes) -> Response:
    """A file from elsewhere that can do nothing here; what browsers do not show anyway is a download."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain.startswith("text/") and plain != "text/html":
        plain = "text/plain"
    shown = plain in _SHOWN or plain == "text/plain"
    headers = {
        "content-security-policy": _PDF if plain == "application/pdf" else _INERT,
        "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(filename, safe='')}",
    }
    if plain.startswith("text/"):
        plain += "; charset=utf-8"
    return Response(data, media_type=plain if shown else "application/octet-stream", headers=headers)
