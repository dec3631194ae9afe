"""What every part of applying shares: the base, the memory, the record ids made so far, the receipts.

It holds no decision of its own. Used by `apply`, `apply_rows`, `apply_cells` and `recover`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mdfsync.model import CellBase, FillBlank, Receipt, Replace, Subject
from mdfsync.policy.dictionary import Dictionary
from mdfsync.ports import Base, Memory
from mdfsync.values import STAMP_NOW, STAMP_RUN, instant_text, list_items, list_text

BATCH = 10
RATE_LIMITED = 429


@dataclass(slots=True, kw_only=True)
class Writing:
    """What every part of applying shares. `record_ids` grows as rows are made; `before_batch` renews the lease and
    raises when the run was asked to stop; `progress` is told of each finished change."""

    base: Base
    memory: Memory
    dictionary: Dictionary
    record_ids: dict[Subject, str]
    run_id: str
    now: datetime
    before_batch: Callable[[], None] = lambda: None
    progress: Callable[[int], None] = lambda _n: None
    receipts: list[Receipt] = field(default_factory=list)
    resting: dict[str, list[FillBlank | Replace]] = field(default_factory=dict)

    def stamped(self, value: str) -> str:
        """The value with this run's stamps filled in."""
        return {STAMP_NOW: instant_text(self.now), STAMP_RUN: self.run_id}.get(value, value)

    def resolved(self, table: str, name: str, value: str) -> str | None:
        """A link's stable ids as record ids; None while a target does not exist yet. Other kinds as they are."""
        spec = self.dictionary.field(table, name)
        if spec.kind != "link":
            return value
        targets = [self.record_ids.get(Subject(table=spec.link_table, id=item)) for item in list_items(value)]
        if any(t is None for t in targets):
            return None
        return list_text(t for t in targets if t)

    def done(
        self,
        receipts: Sequence[Receipt],
        outcome: str,
        settled: Mapping[Subject, Mapping[str, CellBase]] | None = None,
        bindings: Mapping[Subject, str] | None = None,
    ) -> None:
        """Close the intents of these changes and keep their receipts."""
        self.record_ids.update(bindings or {})
        keys = [r.change.key for r in receipts]
        lost = [r.change for r in receipts if r.outcome in {"raced", "rejected", "unready"}]
        unwritten = {r.change.key for r in self.receipts if r.outcome == "rejected"}
        overtaken = [
            c.change_id for c in lost if isinstance(c, Replace) and f"Change History/{c.change_id}" not in unwritten
        ]
        self.memory.journal_done(
            self.base.base_id, keys, outcome, settled=settled, bindings=bindings, overtaken=overtaken
        )
        self.receipts += receipts
        self.progress(len(receipts))


def settles(change: FillBlank | Replace) -> dict[Subject, dict[str, CellBase]]:
    """The bases a cell has once this change stands in it."""
    base = CellBase(source=change.value if change.settles is None else change.settles, cell=change.value)
    return {change.subject: {change.field: base}}
