"""Several names in one cell, as Crossbeam prints them: partners, populations, timestamps.

The separator is documented nowhere and names contain commas themselves, so a cell is cut along the names we
know, longest first; what is left is cut at commas and semicolons outside quotes, and a legal form that a
comma tore off (`Inc.`) goes back to its name. Pure; used by `crossbeam_files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PRINTED = re.compile(r'\(\s*(?:"(?:[^"\\]|\\.)*"\s*)*\)', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SEPARATORS = ",;"
_LEGAL_FORMS = frozenset(
    {"inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "plc", "corp", "corporation", "co", "company"}
    | {"gmbh", "ag", "kg", "se", "sa", "sas", "sarl", "sl", "srl", "spa", "bv", "nv", "ab", "as", "asa", "oy", "aps"}
    | {"pty", "pte", "kk"}
)


def printed_items(text: str) -> tuple[str, ...] | None:
    """Items of a printed list, `("a" "b")` or `()`; None when the text is not one."""
    text = text.strip()
    if not _PRINTED.fullmatch(text):
        return None
    return tuple(item.replace('\\"', '"').strip() for item in _QUOTED.findall(text))


def names_in(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Distinct names of a cell in order of appearance, spelled as in the cell."""
    items = printed_items(text)
    if items is None:
        items = tuple(_cut(text, sorted(known, key=len, reverse=True)))
    return tuple(dict.fromkeys(item for item in items if item))


def _cut(text: str, known: Sequence[str]) -> list[str]:
    names: list[str] = []
    rest = text.strip()
    while rest:
        name, rest = _next(rest, known)
        rest = rest.lstrip().removeprefix(",").removeprefix(";").lstrip()
        bare = re.sub(r"[^a-z]", "", name.lower())
        if names and bare in _LEGAL_FORMS:
            names[-1] = f"{names[-1]}, {name}"
        elif name:
            names.append(name)
    return names


def _next(rest: str, known: Sequence[str]) -> tuple[str, str]:
    """The first name and what follows it."""
    quoted = re.match(r'"((?:[^"]|"")*)"(?=\s*(?:[,;]|$))', rest)
    if quoted:
        return quoted[1].replace('""', '"').strip(), rest[quoted.end() :]
    for name in known:
        after = rest[len(name) :].lstrip()
        if name and rest[: len(name)].casefold() == name.casefold() and (not after or after[0] in _SEPARATORS):
            return rest[: len(name)], after
    name = re.split(f"[{_SEPARATORS}]", rest, maxsplit=1)[0]
    return name.strip(), rest[len(name) :]
