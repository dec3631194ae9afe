"""Papers for the tests of evidence: PDFs, tables of rows that differ in their columns, files as they were read."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfWriter

from mdfsync.model import FileRead


def pdf(user: str | None = None, algorithm: str = "AES-256", pages: int = 1) -> bytes:
    """A PDF; with `user`, one that asks for this password (`""`: protected, open to everybody)."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if user is not None:
        writer.encrypt(user, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def rows(table: str, *given: dict[str, str]) -> str:
    """A table in which each row has what it has."""
    names = list(dict.fromkeys(name for row in given for name in row))
    lines = [" | ".join(row.get(name, "") for name in names) for row in given]
    return f"{table}\n{' | '.join(names)}\n" + "\n".join(lines)


def read(**what: Any) -> FileRead:
    """A sound PDF in an attachment cell, with these facts changed."""
    return FileRead(**{"id": "att1", "size": 9, "sha256": "ab" * 32, "kind": "pdf", "format": "pdf", **what})
