"""Airtable-shaped ids for the sandbox: a prefix and fourteen letters or digits, from a counter kept in the store.

The same requests on a fresh world give the same ids, so golden files can name them; a reset begins a new
generation, so a state that remembers the old world never meets its ids again. Ids sort in no useful order,
as on the real service. HubSpot's numeric ids come from the story, not from here.
"""

from __future__ import annotations

import hashlib
import re

from mdfsync.sandbox.store import Store

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[a-z]{3}[0-9A-Za-z]{14}")
GENERATION = "ids.generation"


def new(store: Store, prefix: str) -> str:
    """The next id with this three-letter prefix (`rec`, `tbl`, `fld`, `app`, `usr`, …)."""
    count = int(store.setting("ids.count", 0)) + 1
    store.set("ids.count", count)
    seed = f"{store.setting(GENERATION, 1)}/{prefix}/{count}"
    return prefix + _letters(seed)


def fixed(prefix: str, name: str) -> str:
    """An id that is a pure function of a name: the same person has the same `usr…` in every world."""
    return prefix + _letters(f"fixed/{prefix}/{name}")


def is_id(text: str, prefix: str) -> bool:
    """Whether a text has the shape of such an id."""
    return text.startswith(prefix) and _SHAPE.fullmatch(text) is not None


def _letters(seed: str) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16])
    letters = []
    for _ in range(14):
        number, rest = divmod(number, 62)
        letters.append(_ALPHABET[rest])
    return "".join(letters)
