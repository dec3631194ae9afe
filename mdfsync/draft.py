"""A plan while it grows, and how its stages look up whose a row is.

It keeps what the stages found; what to make of it is theirs. Part of `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdfsync.changes import Recorded
from mdfsync.compare import Compared, Conflict
from mdfsync.decide import Decided
from mdfsync.model import Change, Snapshot, Subject


@dataclass(slots=True, kw_only=True)
class Draft:
    """Grows through the stages; `changes()` is what stands so far. `offered` are values to be given back to people: the
    worker leaves their cells alone meanwhile."""

    compared: Compared = field(default_factory=Compared)
    recorded: Recorded = field(default_factory=Recorded)
    decided: Decided = field(default_factory=Decided)
    offered: list[Conflict] = field(default_factory=list)

    def changes(self) -> list[Change]:
        return [
            *self.compared.creates,
            *self.recorded.rows,
            *self.decided.fills,
            *self.compared.fills,
            *self.decided.replaces,
            *self.recorded.replaces,
        ]


class CellsOf:
    """Cells of a row with those of its campaign and partner behind them: whose it is, who holds which role. What the
    draft creates and fills counts, so that a row says the same now and in the next run."""

    def __init__(self, snapshot: Snapshot, draft: Draft) -> None:
        self._rows: dict[str, dict[str, Mapping[str, str]]] = {
            t: {r.subject.id: r.fields for r in rows if r.subject.id} for t, rows in snapshot.tables.items()
        }
        self._draft = draft
        self._counted = (0, 0)

    def _row(self, table: str, key: str) -> Mapping[str, str]:
        creates, fills = self._draft.compared.creates, self._draft.compared.fills
        if self._counted != (len(creates), len(fills)):
            self._counted = (len(creates), len(fills))
            for create in creates:
                self._rows.setdefault(create.subject.table, {}).setdefault(create.subject.id, create.fields)
            for fill in fills:
                rows = self._rows.setdefault(fill.subject.table, {})
                rows[fill.subject.id] = {fill.field: fill.value, **rows.get(fill.subject.id, {})}
        return self._rows.get(table, {}).get(key, {})

    def __call__(self, subject: Subject) -> Mapping[str, str]:
        row = self._row(subject.table, subject.id)
        joint = subject.id if subject.table == "Campaigns" else row.get("joint_campaign_id", "")
        partner = subject.id if subject.table == "Partners" else row.get("partner_id", "")
        about = {**self._row("Partners", partner), **self._row("Campaigns", joint), **row}
        return {**about, "joint_campaign_id": joint, "partner_id": partner}
