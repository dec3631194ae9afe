"""Documents as files: where they go, under which names, whole or not at all.

Names come from the base and may hold anything, so none becomes a path as it is. A file that is there is replaced only
by its successor of the same name. Nothing but this writes documents; nothing here reads the base.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from mdfsync.errors import UsageError
from mdfsync.values import digest

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def file_name(text: str) -> str:
    """A name that is safe on every system: the text itself where it is plain, else what is plain of it and a hash."""
    if _SAFE.fullmatch(text) and not text.endswith("."):
        return text
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40]
    return f"{plain or 'document'}-{digest(text)[:8]}"


def keep(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write the files of one document into a folder, each whole or not at all. `UsageError` when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_put(folder / name, data) for name, data in files.items())
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror or error}") from None


def _put(path: Path, data: bytes) -> Path:
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
    Path(file.name).chmod(0o644)
    os.replace(file.name, path)  # noqa: PTH105 - atomic on every system
    return path
