"""Crossbeam's CSV exports: one row per overlap, whatever the list looked like.

There is no fixed layout: a list with one partner has that partner's columns, an ecosystem list has partner
names in its three "Is a … of / for" columns instead, a warehouse export has one line per pair of populations.
All end as one overlap per (our record, partner, partner record) under one set of keys. Files of one list
differ by the time in their names: the newest stands for the list. It matches no account and excludes none:
the partner itself, subdomains and differing domains stay for the rules to decide. Edge of the flow, wired to
`observe` through the state's mirror.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from mdfsync.edge.crossbeam_layout import Layout, layout_of
from mdfsync.edge.deliveries import Delivered, Reading
from mdfsync.edge.drop_folder import DropFolder
from mdfsync.edge.files import Fault, cut_off, notices, row_id_of, shape
from mdfsync.edge.mapped_cells import read_cell
from mdfsync.edge.name_lists import names_in, printed_items
from mdfsync.edge.tabular import Line
from mdfsync.model import RawRow, Reject
from mdfsync.policy.mappings import MappingSpec, header_key
from mdfsync.ports import Archive
from mdfsync.values import canonical

STANDARD = ("Customers", "Open Opportunities", "Prospects")
ROLES = {"customer_of": "Customers", "opportunity_for": "Open Opportunities", "prospect_of": "Prospects"}
"""What a partner's name in one of these columns says of the account on the partner's side."""
KEYS = {
    "record_name": "account_name",
    "record_website": "domain",
    "record_id": "our_record_id",
    "populations": "our_populations",
    "partner_name": "partner_name",
    "partner_populations": "partner_populations",
    "partner_record_name": "partner_record_name",
    "partner_record_website": "partner_domain",
    "partner_owner_name": "partner_owner_name",
    "partner_owner_email": "partner_owner_email",
    "overlap_time": "overlap_time",
}
"""Mapping target → key of the row's body. Every other target stands under `fields`."""
SETS = ("populations", "partner_populations")
UPKEEP = ("created_at", "updated_at")
"""The warehouse's own housekeeping: it moves at every load and says nothing of the overlap."""
_STAMP = re.compile(r"[ _-]*(\d{4}-\d{2}-\d{2})(?:[ _T-](\d{4})(AM|PM)?)?(?:_\d+)?$", re.IGNORECASE)
_COPY = re.compile(r" ?\(\d+\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Overlap:
    """One overlap as one line tells it, text by mapping target; `id` blank = it has none, and `fault` says
    why."""

    place: str
    id: str
    texts: Mapping[str, str]
    sets: Mapping[str, frozenset[str]]
    fault: Fault | None = None


class CrossbeamExports(DropFolder):
    """The drop folder of Crossbeam exports. `mappings` of layout `overlaps`; `partners` and `populations` are
    the names we know, which keep a name with a comma in one piece. Rows: `external_id` by the mapping's id
    template, `body` = the keys of `KEYS` (text, `""` when not given; populations sorted, comma and space
    between) and `fields`."""

    def __init__(
        self,
        source_id: str,
        folder: Path,
        pattern: str,
        mappings: Sequence[MappingSpec],
        archive: Archive,
        partners: Sequence[str] = (),
        populations: Sequence[str] = (),
    ) -> None:
        super().__init__(source_id, folder, pattern, archive)
        self._mappings = tuple(mappings)
        self._partners = tuple({header_key(name): name for name in partners if name.strip()}.values())
        self._populations = (*STANDARD, *populations)

    def rules(self) -> Any:
        """The mappings and the known names."""
        return [[asdict(spec) for spec in self._mappings], self._partners, self._populations]

    def slot(self, name: str) -> str:
        """The list a file is an export of: its name without time, counter and copy mark."""
        path = PurePosixPath(name)
        return str(path.with_name((_STAMP.sub("", _COPY.sub("", path.stem)) or path.stem) + path.suffix.lower()))

    def age(self, name: str, at: datetime) -> datetime:
        """The time in the file's name (zone unknown, taken as UTC), so that an old export downloaded again
        does not pass for new; without one the modification time."""
        stamp = _STAMP.search(_COPY.sub("", PurePosixPath(name).stem))
        if not stamp:
            return at
        form, text = "%Y-%m-%d", stamp[1]
        if stamp[2]:
            form, text = f"{form} {'%I%M%p' if stamp[3] else '%H%M'}", f"{text} {stamp[2]}{stamp[3] or ''}"
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            return at

    def read(self, file: Delivered) -> Reading:
        """Overlaps of one file; `Unreadable` when no mapping fits it."""
        layout = layout_of(self._mappings, file.data, self._partners)
        overlaps = [o for line in layout.table.lines for o in self._overlaps(layout, line)]
        rows, rejects = _folded(file, overlaps)
        said = list(notices(layout.table, layout.used))
        if layout.guessed:
            said.append(f"partner taken from the column prefix: {', '.join(layout.partners)}")
        unread = [o.place for o in overlaps if "overlap_time_as_written" in o.texts]
        if unread:
            said.append(f"overlap time cannot be read: {', '.join(unread[:5])} ({len(unread)} in all)")
        return Reading(
            rows=rows,
            rejects=rejects,
            barred=frozenset(o.id for o in overlaps if o.id),
            nameless=sum(not o.id and o.fault != _PARTNERLESS for o in overlaps),
            lines=len(layout.table.lines),
            cut_off=cut_off(layout.spec, layout.table),
            shape=shape(layout.spec, layout.table),
            notices=tuple(said),
        )

    def _overlaps(self, layout: Layout, line: Line) -> Iterator[_Overlap]:
        """The overlaps of one line, at least one: a line that gives none is one with a fault."""
        if line.problem:
            yield _Overlap(place=line.place, id="", texts={}, sets={}, fault=("unreadable row", line.problem))
            return
        ours = _texts(layout.spec, line, layout.ours)
        roles = {target: self._names(ours.get(target, ""), self._partners) for target in ROLES}
        yielded = False
        for texts, standing in self._pairs(layout, line, ours, roles):
            yielded = True
            sets = {target: self._names(texts.get(target, ""), self._populations) for target in SETS}
            if not sets["partner_populations"]:
                sets["partner_populations"] = standing
            row_id, fault = row_id_of(layout.spec, texts)
            yield _Overlap(place=line.place, id=row_id, texts=texts, sets=sets, fault=fault)
        if not yielded:
            yield _Overlap(place=line.place, id="", texts=ours, sets={}, fault=_PARTNERLESS)

    def _pairs(
        self, layout: Layout, line: Line, ours: Mapping[str, str], roles: Mapping[str, frozenset[str]]
    ) -> Iterator[tuple[dict[str, str], frozenset[str]]]:
        """One line's texts per partner, with the partner's status for the account as the role columns tell
        it."""
        by_partner: dict[str, set[str]] = {}
        for target, names in roles.items():
            for name in sorted(names):
                by_partner.setdefault(name, set()).add(ROLES[target])
        by_key = {header_key(name): frozenset(standing) for name, standing in by_partner.items()}
        if layout.partners:
            for name, columns in layout.partners.items():
                theirs = _texts(layout.spec, line, columns)
                if len(layout.partners) == 1 or theirs.get("partner_record_name"):
                    standing = by_key.get(header_key(name), frozenset())
                    yield {**ours, **theirs, "partner_name": ours.get("partner_name") or name}, standing
        elif "partner_name" in layout.ours:
            yield dict(ours), by_key.get(header_key(ours.get("partner_name", "")), frozenset())
        else:
            rest = {target: text for target, text in ours.items() if target not in ROLES}
            for name in sorted(by_partner):
                yield {**rest, "partner_name": name}, frozenset(by_partner[name])

    def _names(self, text: str, known: Sequence[str]) -> frozenset[str]:
        return frozenset(names_in(text, known))


_PARTNERLESS: Fault = ("no partner named", "none of the partner columns names a partner")


def _texts(spec: MappingSpec, line: Line, columns: Mapping[str, int]) -> dict[str, str]:
    """Non-blank cells of the targets, as text; a time that cannot be read is kept as written and never stops
    a row."""
    texts: dict[str, str] = {}
    for target, position in columns.items():
        cell = line.cells[position].strip()
        if cell in spec.blanks:
            continue
        items = printed_items(cell)
        if target == "overlap_time":
            texts |= _times(spec, cell if items is None else None, items or ())
        elif target in SETS or target in ROLES:
            texts[target] = cell
        elif text := canonical(
            "email" if target.endswith("_email") else "text", cell if items is None else ", ".join(items)
        ):
            texts[target] = text
    return texts


def _times(spec: MappingSpec, cell: str | None, items: Sequence[str]) -> dict[str, str]:
    """The earliest of the times a cell gives."""
    written = items if cell is None else (cell,)
    try:
        times = [str(read_cell(spec, "overlap_time", "instant", item)) for item in written]
    except ValueError:
        return {"overlap_time_as_written": " ".join(written)}
    return {"overlap_time": min(times)} if times else {}


def _folded(file: Delivered, overlaps: Sequence[_Overlap]) -> tuple[tuple[RawRow, ...], tuple[Reject, ...]]:
    """One row per id: populations united, the earliest time kept. Lines that disagree about who it is are all
    rejected."""
    rejects = [file.reject(o.id, o.place, *o.fault) for o in overlaps if o.fault]
    by_id: dict[str, list[_Overlap]] = {}
    for overlap in overlaps:
        if not overlap.fault:
            by_id.setdefault(overlap.id, []).append(overlap)
    rows: list[RawRow] = []
    for row_id, group in by_id.items():
        place = ", ".join(dict.fromkeys(o.place for o in group))
        given = {target: sorted({o.texts[target] for o in group if target in o.texts}) for target in _targets(group)}
        torn = [t for t, texts in given.items() if len(texts) > 1 and t in KEYS and t != "overlap_time"]
        if torn:
            detail = f"{row_id} stands in {place} with different {', '.join(torn)}: none of them is used"
            rejects += [file.reject(row_id, o.place, "duplicate id", detail) for o in group]
            continue
        body: dict[str, Any] = {key: (given.get(target) or [""])[0] for target, key in KEYS.items()}
        for target in SETS:
            body[KEYS[target]] = ", ".join(sorted({name for o in group for name in o.sets[target]}))
        body["fields"] = {t: "; ".join(texts) for t, texts in given.items() if t not in (*KEYS, *UPKEEP)}
        rows.append(RawRow(ref=file.ref(row_id, place), body=body))
    return tuple(rows), tuple(rejects)


def _targets(group: Sequence[_Overlap]) -> list[str]:
    return sorted({target for overlap in group for target in overlap.texts if target not in SETS})
