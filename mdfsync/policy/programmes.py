"""The MDF programmes of a policy: every version of each, by the name under which rows of the base call it.

`schema/programmes/*.toml` are read by `mdfsync.programme`; here they are gathered and checked against each other. It
refuses two versions of one programme that are in force on the same day: no verdict may depend on which is met first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path

from mdfsync.programme import Programme, ProgrammeError, load_programme

FOLDER = "schema/programmes"
Programmes = Mapping[str, tuple[Programme, ...]]


def load_programmes(root: Path, reasons: list[str]) -> Programmes:
    """Versions of each programme by id, oldest first; faults go to `reasons`."""
    found: dict[str, list[Programme]] = {}
    for path in sorted((root / FOLDER).glob("*.toml")):
        try:
            programme = load_programme(path)
        except ProgrammeError as error:
            reasons += [f"{FOLDER}/{problem}" for problem in error.problems]
            continue
        found.setdefault(programme.head.id, []).append(programme)
    versions = {name: tuple(sorted(of, key=lambda p: p.head.valid_from)) for name, of in sorted(found.items())}
    reasons += [f"{FOLDER}: {problem}" for of in versions.values() for problem in _overlaps(of)]
    return versions


def programme_name(text: str) -> str:
    """The name of a programme as rows of the base say it: its id, or the name of its file."""
    return text.strip().removesuffix(".toml")


def version_on(versions: Iterable[Programme], day: date) -> Programme | None:
    """The version that is in force on a day."""
    heads = ((version, version.head) for version in versions)
    return next((version for version, h in heads if h.valid_from <= day <= (h.valid_until or date.max)), None)


def _overlaps(versions: tuple[Programme, ...]) -> Iterator[str]:
    for earlier, later in pairwise(versions):
        if (earlier.head.valid_until or date.max) >= later.head.valid_from:
            yield (
                f"{earlier.head.id}: version {earlier.head.version} is still in force when version "
                f"{later.head.version} begins, end it the day before with valid_until"
            )
