"""Which Crossbeam layout a file has, and whose its columns are.

Our columns are bare; a partner's stand behind `<Partner>: `, and that name is free text. Partners we know are
looked for first; without them the name is read off the prefix itself, never off the file name. Among the
mappings that fit, the one that reads most columns is used. A list with one partner that does not say which is
refused: its "Is a … of" cells name other partners too, and read as a list over all of them it would look as if
these shared nothing else. Pure; used by `crossbeam_files`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mdfsync.edge.mapped_cells import columns_of
from mdfsync.edge.tabular import Table, Unreadable, read_table
from mdfsync.policy.mappings import MappingSpec, header_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A mapping laid over a header: positions of our columns, and of each partner's by the partner's name.
    `guessed` = the names were read off the prefixes."""

    spec: MappingSpec
    table: Table
    ours: Mapping[str, int]
    partners: Mapping[str, Mapping[str, int]]
    guessed: bool = False

    @property
    def used(self) -> set[int]:
        """Positions that are read."""
        return {*self.ours.values(), *(p for columns in self.partners.values() for p in columns.values())}


def layout_of(mappings: Sequence[MappingSpec], data: bytes, partners: Iterable[str]) -> Layout:
    """The layout of a file; `Unreadable` with the nearest miss when no mapping fits."""
    fits: list[Layout] = []
    misses: list[tuple[int, str]] = []
    for spec in mappings:
        try:
            table = read_table(data, fallback=spec.encoding, delimiter=spec.delimiter, sheet=spec.sheet)
            layout = _laid(spec, table, partners)
        except Unreadable as error:
            misses.append((0, str(error)))
            continue
        theirs = {target for columns in layout.partners.values() for target in columns}
        missing = [t for t in spec.required_columns if t not in layout.ours and t not in theirs]
        if missing:
            misses.append((len(missing), f"lacks the columns for {', '.join(missing)} of {spec.name}"))
        else:
            fits.append(layout)
    best = max(fits, key=lambda layout: len(layout.used), default=None)
    if best is not None and _nameless(best, mappings):
        raise Unreadable(
            "is a list with one partner and does not say with which: add a column of the partner to the list in "
            "Crossbeam, such as its account name (“<Partner>: Account Name”)"
        )
    if best is None and not misses:
        raise Unreadable("has no column mapping: name one in the source register")
    if best is None:
        raise Unreadable(min(misses)[1])
    return best


def _laid(spec: MappingSpec, table: Table, known: Iterable[str]) -> Layout:
    ours = columns_of(table.header, spec.columns, needed=spec.required_columns)
    if not spec.partner_columns:
        return Layout(spec=spec, table=table, ours=ours, partners={})
    partners = _behind(spec, table, known)
    if partners:
        return Layout(spec=spec, table=table, ours=ours, partners=partners)
    guesses = _behind(spec, table, _prefixes(spec, table.header))
    return Layout(spec=spec, table=table, ours=ours, partners=guesses, guessed=bool(guesses))


def _nameless(layout: Layout, mappings: Sequence[MappingSpec]) -> bool:
    """No column names the partner, and one holds the populations of a partner: only a list with one has it."""
    if layout.partners or "partner_name" in layout.ours:
        return False
    theirs = {header_key(name) for spec in mappings for name in spec.columns.get("partner_populations", ())}
    return any(header_key(name) in theirs for name in layout.table.header)


def _behind(spec: MappingSpec, table: Table, names: Iterable[str]) -> dict[str, dict[str, int]]:
    """Columns of each named partner that has all the columns required of a partner."""
    needed = [target for target in spec.required_columns if target in spec.partner_columns]
    found: dict[str, dict[str, int]] = {}
    for name in dict.fromkeys(names):
        prefix = spec.partner_prefix.replace("{partner}", name)
        columns = columns_of(table.header, spec.partner_columns, prefix, needed)
        if columns and all(target in columns for target in needed):
            found[name] = columns
    return found


def _prefixes(spec: MappingSpec, header: Sequence[str]) -> list[str]:
    """Names that stand before the columns a partner may have."""
    before, after = spec.partner_prefix.split("{partner}", maxsplit=1)
    fields = "|".join(
        sorted((re.escape(name) for names in spec.partner_columns.values() for name in names), key=len, reverse=True)
    )
    pattern = re.compile(rf"{re.escape(before)}(.+?){re.escape(after)}(?:{fields})", re.IGNORECASE)
    by_key: dict[str, str] = {}
    for name in header:
        match = pattern.fullmatch(" ".join(name.split()))
        if match:
            by_key.setdefault(header_key(match[1]), match[1])
    return list(by_key.values())
