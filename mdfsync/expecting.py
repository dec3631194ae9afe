"""Rows that the worker itself makes (evidence that programmes ask for, the look back on a campaign that is over), and
how planned rows look to those who judge them.

A plan holds stamps for what only the applying run knows; whoever judges the plan sees the present in their place. Rows
that are planned here stand in the view from the first run on, so that it says of them what the next one will. Part of
`plan`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mdfsync.derive.expected import RULE, expected_rows
from mdfsync.model import Change, Create, Observation, SourceRef
from mdfsync.overlaps.launch import Taken
from mdfsync.postmortem import asked_rows
from mdfsync.postmortem.rows import RULE as LOOKING_BACK
from mdfsync.publish import computed_ref
from mdfsync.values import STAMP_NOW, STAMP_RUN, instant_text
from mdfsync.view import Row, View


def expectations(view: View, as_of: datetime) -> list[Observation]:
    """The cells of rows that are to be made."""
    return [
        Observation(subject=row.subject, field=name, value=value, ref=computed_ref(rule, as_of, row.input))
        for rule, rows in ((RULE, expected_rows(view)), (LOOKING_BACK, asked_rows(view)))
        for row in rows
        for name, value in row.cells.items()
    ]


def frozen_cells(taken: Iterable[Taken], as_of: datetime) -> list[Observation]:
    """The columns of launch snapshots that are to be written. One as of this very run is a stamp, as all such times."""
    present = instant_text(as_of)
    refs: dict[tuple[str, ...], SourceRef] = {}
    cells = []
    for row in taken:
        if (ref := refs.get(row.sources)) is None:
            ref = refs[row.sources] = computed_ref("launch_snapshot", as_of, "; ".join(row.sources))
        for name, value in row.cells.items():
            told = STAMP_NOW if value == present else value
            cells.append(Observation(subject=row.subject, field=name, value=told, ref=ref))
    return cells


def with_expected(view: View, creates: Iterable[Create], as_of: datetime) -> View:
    """The view with these rows in it."""
    by_table: dict[str, list[Row]] = {}
    for create in creates:
        by_table.setdefault(create.subject.table, []).append(Row(create.subject, "", _present(create, as_of).fields))
    for table, rows in by_table.items():
        view = view.with_rows(table, rows)
    return view


def stamped(change: Change, as_of: datetime) -> Change:
    """The change as it will read once it is applied."""
    if isinstance(change, Create):
        return _present(change, as_of)
    return replace(change, value=_stamps(as_of)[change.value]) if change.value in _STAMPS else change


def _present(create: Create, as_of: datetime) -> Create:
    if _STAMPS.isdisjoint(create.fields.values()):
        return create
    stamps = _stamps(as_of)
    return replace(create, fields={name: stamps.get(value, value) for name, value in create.fields.items()})


_STAMPS = frozenset({STAMP_NOW, STAMP_RUN})


def _stamps(as_of: datetime) -> dict[str, str]:
    return {STAMP_NOW: instant_text(as_of), STAMP_RUN: "this run"}
