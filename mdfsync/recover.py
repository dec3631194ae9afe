"""Finishes what a dead run began, before anything new is planned.

Each intent of the journal without an outcome is compared with the base as it stands now: a row that arrived is bound,
a history row that did not is sent again as sealed, a cell that still shows its prior is written, one that shows the
value is settled, and one that shows anything else belongs to a person: nothing is written, the history row is
reported as overtaken. Effectful, over the same ports as `apply`; runs right after the snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdfsync.apply_cells import apply_cells
from mdfsync.apply_rows import apply_rows
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import (
    Authority,
    CellBase,
    Create,
    Decision,
    FillBlank,
    Record,
    Replace,
    Snapshot,
    Standing,
    Subject,
)
from mdfsync.values import same, to_instant
from mdfsync.writing import Writing

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How many intents were finished, dropped for a new plan, or found overtaken (their change ids)."""

    finished: int = 0
    dropped: int = 0
    overtaken: tuple[str, ...] = ()

    @property
    def wrote(self) -> bool:
        """Whether the base may have changed, so that the snapshot must be read again."""
        return self.finished > 0


def recover(pending: Sequence[Entry], snapshot: Snapshot, writing: Writing) -> Recovered:
    """Finish or drop every pending intent. Rows first, since cells may rest on history rows that never arrived."""
    if not pending:
        return Recovered()
    rows = {t: snapshot.by_id(t) for t in snapshot.tables}
    creates, cells, dropped = [], [], 0
    for entry in pending:
        record = rows.get(entry["table"], {}).get(entry["id"])
        if entry["kind"] == "create":
            again = _create(entry, record, writing)
            creates += again
            dropped += not again
        else:
            cells.append((entry, record))
    apply_rows(creates, writing)
    ready, overtaken = [], []
    for entry, record in cells:
        change, lost = _cell(entry, record, writing)
        ready += change
        overtaken += lost
    apply_cells(ready, writing)
    overtaken += [
        r.change.change_id for r in writing.receipts if isinstance(r.change, Replace) and r.outcome == "raced"
    ]
    return Recovered(finished=len(creates) + len(ready), dropped=dropped, overtaken=tuple(overtaken))


def _subject(entry: Entry) -> Subject:
    return Subject(table=entry["table"], id=entry["id"])


def _create(entry: Entry, record: Record | None, writing: Writing) -> list[Create]:
    """A row that stands is bound and settled; a missing history row is sent again; any other is left to the plan."""
    subject = _subject(entry)
    fields: dict[str, str] = dict(entry["fields"])
    if record is not None:
        settled = {
            name: CellBase(source=value, cell=value)
            for name, value in fields.items()
            if same(writing.dictionary.field(subject.table, name).kind, record.get(name), value)
        }
        writing.record_ids[subject] = record.record_id
        writing.memory.journal_done(
            writing.base.base_id,
            [entry["entry_id"]],
            "found",
            settled={subject: settled},
            bindings={subject: record.record_id},
        )
        return []
    if subject.table == HISTORY:
        return [Create(subject=subject, fields=fields)]
    writing.memory.journal_done(writing.base.base_id, [entry["entry_id"]], "dropped")
    return []


def _cell(entry: Entry, record: Record | None, writing: Writing) -> tuple[list[FillBlank | Replace], list[str]]:
    """The change to finish, or the change id that was overtaken."""
    subject = _subject(entry)
    common = {"subject": subject, "record_id": entry["record_id"], "field": entry["field"], "value": entry["value"]}
    if entry["kind"] == "fill":
        return [FillBlank(**common, settles=entry["settles"], needs=tuple(entry["needs"]))], []
    if record is None:
        change_id = entry["change_id"]
        writing.memory.journal_done(writing.base.base_id, [entry["entry_id"]], "overtaken", overtaken=[change_id])
        return [], [entry["change_id"]]
    replace = Replace(
        **common,
        prior=entry["prior"],
        authority=_authority(entry["authority"]),
        change_id=entry["change_id"],
        settles=entry["settles"],
        needs=tuple(entry["needs"]),
    )
    return [replace], []


def _authority(kept: Mapping[str, Any]) -> Authority:
    if "version" in kept:
        return Standing(field=kept["field"], version=kept["version"])
    return Decision(
        change_id=kept["change_id"],
        reviewer=kept["reviewer"],
        at=to_instant(kept["at"]),
        disposition=kept["disposition"],
    )
