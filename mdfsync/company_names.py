"""Company names as they are compared: without legal forms, accents, punctuation and the order of words.

`plain_name` is what two spellings of one name share; `alike` ranks what is left. A name alone never merges anything:
whoever calls this decides what a likeness is worth. Ground; used wherever accounts are matched or named in a list.
(Suppliers on invoices are compared by `evidence.keys`, within one set of papers.)
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from cleanco import basename
from rapidfuzz import fuzz


def alike(left: str, right: str) -> float:
    """How far two company names agree, 0 to 100."""
    ours, theirs = plain_name(left), plain_name(right)
    return fuzz.token_sort_ratio(ours, theirs) if ours and theirs else 0.0


@lru_cache(maxsize=100_000)
def plain_name(name: str) -> str:
    """A company name as it is compared: `Grupo Peñalara, S.L.` → `grupo penalara`."""
    bare = str(basename(" ".join(name.split())) or name)
    letters = unicodedata.normalize("NFKD", bare.casefold().replace("&", " and "))
    return " ".join("".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c)).split())
