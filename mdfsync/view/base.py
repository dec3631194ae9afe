"""The base as it would be: the snapshot with every change of a plan applied, and quick ways to look things
up in it.

Rules, derivations and documents judge this one projection, so a value that the plan is about to fill counts
as filled and a hold caused by a change that is itself held clears on the next run. It refuses to write, to
ask a service or to know the present: `as_of` is handed in. Fourth layer of the flow, after `plan`, before
`derive` and `rules`. Building it is one pass; each index is built in one pass when first asked for, and
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mdfsync.model import Change, Create, RawRow, Snapshot, Subject
from mdfsync.policy.approvals import NOBODY, ApprovalMatrix
from mdfsync.policy.charter import CharterTerms
from mdfsync.policy.dictionary import Dictionary
from mdfsync.policy.programmes import Programmes, programme_name
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.policy.tracking import Tracking
from mdfsync.programme import Programme
from mdfsync.view.facts import Facts, SourceHealth
from mdfsync.view.row import Row

Indexes = dict[tuple[str, ...], Any]
ApprovalFault = Callable[["View", Row], str]
COMING = "coming"
"""First part of a memo's key, where it rests on computed cells of this run."""


def _not_judged(_view: View, row: Row) -> str:
    return f"nobody judged {row.id}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """`tables` = rows by table in the base's order, new rows last; `mirror` = last-seen rows of each source by source
    id; `sources` = health by source id; `facts` = what other stages found; `programmes` = the versions of each MDF
    programme by name; `rules` = the rulebook's settings; `charter_terms` = what a charter settles; `tracking` = what
    has to stand in HubSpot; `matrix` = who may decide and approve what; `approval_fault` = why an Approvals row counts
    for nothing, `""` when it counts (judged above this layer, so handed in); `coming` = computed cells that this run
    is about to move, `None` while that is not known yet. `memo` only keeps indexes and what was worked out once."""

    as_of: datetime
    dictionary: Dictionary
    tables: Mapping[str, tuple[Row, ...]]
    mirror: Mapping[str, tuple[RawRow, ...]] = field(default_factory=dict)
    sources: Mapping[str, SourceHealth] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    programmes: Programmes = field(default_factory=dict)
    rules: Mapping[str, RuleSetting] = field(default_factory=dict)
    charter_terms: CharterTerms = field(default_factory=CharterTerms)
    tracking: Tracking = field(default_factory=Tracking)
    matrix: ApprovalMatrix = NOBODY
    approval_fault: ApprovalFault = _not_judged
    coming: Mapping[Subject, Mapping[str, str]] | None = None
    missing_fields: frozenset[tuple[str, str]] = frozenset()
    lacking_choices: frozenset[tuple[str, str]] = frozenset()
    memo: Indexes = field(default_factory=dict, repr=False)

    def rows(self, table: str) -> tuple[Row, ...]:
        return self.tables.get(table, ())

    def row(self, table: str, id: str) -> Row | None:
        """The first row with that stable id."""
        index: dict[str, Row] | None = self.memo.get((table,))
        if index is None:
            index = {}
            for row in self.rows(table):
                if row.id:
                    index.setdefault(row.id, row)
            self.memo[table,] = index
        return index.get(id) if id else None

    def where(self, table: str, name: str, value: str) -> tuple[Row, ...]:
        """Rows of a table that hold `value` in field `name`; a list cell holds each of its items. For a text
        id field that a link mirrors, the link counts where the text is blank."""
        index: dict[str, tuple[Row, ...]] | None = self.memo.get((table, name))
        if index is None:
            found: dict[str, list[Row]] = {}
            for row in self.rows(table):
                for item in self.refs(row, name):
                    found.setdefault(item, []).append(row)
            index = self.memo[table, name] = {item: tuple(rows) for item, rows in found.items()}
        return index.get(value, ())

    def refs(self, row: Row, name: str) -> tuple[str, ...]:
        """The ids or values that a cell names: of a text id field every id in it, or the rows of the
        link that mirrors it where the text is blank; of any other field its items."""
        text = row.fields.get(name, "")
        link = self._link_of(row.subject.table, name)
        if not link:
            return row.items(name) if text else ()
        if text:
            return row.listed(name)
        if not row.fields.get(link):
            return ()
        table = self.dictionary.field(row.subject.table, link).link_table
        return tuple(self.id_of(table, item) for item in row.items(link))

    def ref(self, row: Row, name: str) -> str:
        """The one id that a cell names; `""` when it names none or several."""
        names = self.refs(row, name)
        return names[0] if len(names) == 1 else ""

    def target(self, row: Row, name: str) -> Row | None:
        """The row that a text id cell or its link leads to."""
        link = self._link_of(row.subject.table, name)
        if not link:
            return None
        return self.row(self.dictionary.field(row.subject.table, link).link_table, self.ref(row, name))

    def id_of(self, table: str, item: str) -> str:
        """The stable id behind an item of a link, which is a record id when the linked row had no id
        when read."""
        if self.row(table, item) is not None:
            return item
        index: dict[str, str] | None = self.memo.get((table, "", "records"))
        if index is None:
            index = {row.record_id: row.id for row in self.rows(table) if row.record_id and row.id}
            self.memo[table, "", "records"] = index
        return index.get(item, item)

    def will_be(self, row: Row, name: str) -> str:
        """A cell as it will read when this run is done, computed ones included."""
        moved = self.coming.get(row.subject) if self.coming else None
        return row.text(name) if moved is None else moved.get(name, row.text(name))

    def with_coming(self, cells: Mapping[Subject, Mapping[str, str]]) -> View:
        """This view, with what the run computes so far; what was worked out from other such cells is forgotten."""
        if cells == (self.coming or {}):
            return replace(self, coming=cells)
        kept = {key: value for key, value in self.memo.items() if key[0] != COMING}
        return replace(self, coming=cells, memo=kept)

    def links(self, table: str) -> Iterator[tuple[str, str, str]]:
        """(text id field, link field, target table) of every relation of a table."""
        spec = self.dictionary.tables.get(table)
        for found in spec.fields.values() if spec else ():
            if found.kind == "link":
                yield found.link_id_field, found.name, found.link_table

    def with_rows(self, table: str, rows: Iterable[Row]) -> View:
        """The view with more rows of one table. What was worked out before stays, so the rows must be of a kind that
        changes none of it; the lookups of their table are made anew."""
        tables = {**self.tables, table: (*self.rows(table), *rows)}
        return replace(self, tables=tables, memo={k: v for k, v in self.memo.items() if k[0] != table})

    def versions(self, programme: str) -> tuple[Programme, ...]:
        """The versions of the MDF programme that a row names, oldest first."""
        return self.programmes.get(programme_name(programme), ())

    def health(self, source_id: str) -> SourceHealth:
        """A source's health; one that nothing is known about never delivered."""
        return self.sources.get(source_id) or SourceHealth()

    def _link_of(self, table: str, name: str) -> str:
        pairs: dict[str, str] | None = self.memo.get((table, "", "links"))
        if pairs is None:
            pairs = {id_field: link for id_field, link, _ in self.links(table)}
            self.memo[table, "", "links"] = pairs
        return pairs.get(name, "")


def project(
    snapshot: Snapshot,
    changes: Iterable[Change],
    *,
    as_of: datetime,
    dictionary: Dictionary,
    mirror: Mapping[str, tuple[RawRow, ...]] | None = None,
    sources: Mapping[str, SourceHealth] | None = None,
    facts: Facts | None = None,
    programmes: Programmes | None = None,
    rules: Mapping[str, RuleSetting] | None = None,
    charter_terms: CharterTerms | None = None,
    tracking: Tracking | None = None,
    matrix: ApprovalMatrix = NOBODY,
    approval_fault: ApprovalFault = _not_judged,
) -> View:
    """The snapshot with `changes` applied. A cell change finds its row by record id; a `Create` of a
    stable id that the base already has adds nothing (the plan settles that case)."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    renamed: dict[tuple[str, str], Subject] = {}
    creates: dict[str, list[Create]] = {}
    for change in changes:
        if isinstance(change, Create):
            creates.setdefault(change.subject.table, []).append(change)
            continue
        key = change.subject.table, change.record_id
        cells.setdefault(key, {})[change.field] = change.value
        renamed[key] = change.subject
    tables: dict[str, tuple[Row, ...]] = {}
    for table in {**dict.fromkeys(snapshot.tables), **dict.fromkeys(creates)}:
        rows: list[Row] = []
        for record in snapshot.tables.get(table, ()):
            key = table, record.record_id
            fields, subject = record.fields, record.subject
            if key in cells:
                fields = {**fields, **cells[key]}
                subject = subject if subject.id else renamed[key]
            rows.append(Row(subject, record.record_id, fields))
        taken = {row.id for row in rows} if table in creates else set()
        rows += [Row(new.subject, "", new.fields) for new in creates.get(table, ()) if new.subject.id not in taken]
        tables[table] = tuple(rows)
    return View(
        as_of=as_of,
        dictionary=dictionary,
        tables=tables,
        mirror=mirror or {},
        sources=sources or {},
        facts=facts or Facts(),
        programmes=programmes or {},
        rules=rules or {},
        charter_terms=charter_terms or CharterTerms(),
        tracking=tracking or Tracking(),
        matrix=matrix,
        approval_fault=approval_fault,
        missing_fields=snapshot.missing_fields,
        lacking_choices=snapshot.lacking_choices,
    )
