"""Which archives of campaigns were made of a base: where each lies, and the digest that names it.

Kept in local state when the verb `archive` has made and checked one; the next run shows it on the campaign's row in
Postmortems. An archive that is made anew takes the place of the earlier one, here and as a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol


class Remembers(Protocol):
    """The part of local state that this needs."""

    def get(self, key: str) -> str | None: ...

    def put(self, key: str, value: str) -> None: ...


def archives_of(state: Remembers, base_id: str) -> dict[str, tuple[str, str]]:
    """(location, digest) of each archive, by campaign."""
    return {campaign: (one["location"], one["digest"]) for campaign, one in _kept(state, base_id).items()}


def remember_archive(state: Remembers, base_id: str, campaign: str, location: str, digest: str) -> None:
    """Keep where a campaign's archive lies."""
    kept = {**_kept(state, base_id), campaign: {"location": location, "digest": digest}}
    state.put(_key(base_id), json.dumps(kept, sort_keys=True))


def _kept(state: Remembers, base_id: str) -> Mapping[str, Mapping[str, str]]:
    kept: Mapping[str, Mapping[str, str]] = json.loads(state.get(_key(base_id)) or "{}")
    return kept


def _key(base_id: str) -> str:
    return f"archives:{base_id}"
