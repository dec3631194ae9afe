"""What people changed in governed fields that only people write: recorded, never judged, never undone.

A field flagged `governed` (money, dates, owners, decisions, consent) gets a Change History row with its prior value and
the actor if the change feed knows him. What is seen for the first time is the starting point, not an edit; only
decisions that count are recorded from the start, so that their author is known when the feed has forgotten. All other
cells that no source speaks of are only remembered, for the day on which their column is gone. A pure function, beside
`compare` in the flow.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.compare import Conflict
from mdfsync.counted import is_counted
from mdfsync.decide import Edits
from mdfsync.model import Bases, CellBase, Snapshot, SourceRef, Subject
from mdfsync.policy import Policy
from mdfsync.policy.dictionary import OPERATOR

_NEVER = CellBase()


def operator_edits(
    snapshot: Snapshot, bases: Bases, edits: Edits, policy: Policy, ref: SourceRef
) -> tuple[list[tuple[Conflict, str]], dict[Subject, dict[str, CellBase]]]:
    """(edits with their actor, what is now seen). Rows claimed twice are left alone."""
    found: list[tuple[Conflict, str]] = []
    seen: dict[Subject, dict[str, CellBase]] = {}
    doubled = snapshot.duplicates()
    for table, spec in policy.dictionary.tables.items():
        watched = [
            f
            for f in spec.fields.values()
            if f.write in {OPERATOR, "propose", "track"} and (table, f.name) not in snapshot.missing_fields
        ]
        for record in snapshot.tables.get(table, ()) if watched else ():
            if record.subject in doubled:
                continue
            known: Mapping[str, CellBase] = bases.get(record.subject, {})
            for field in watched:
                base = known.get(field.name, _NEVER)
                cell, before = record.fields.get(field.name, ""), base.cell
                if before == cell or not (field.governed or before or cell):
                    continue  # most cells of most runs
                if field.worker and base.source is not None:
                    continue  # what a source speaks of is compared
                if (table, record.record_id, field.name) in snapshot.unreadable:
                    continue
                seen.setdefault(record.subject, {})[field.name] = CellBase(source=None, cell=cell)
                if not field.governed:
                    continue
                edit = edits.get((table, record.record_id, field.name))
                actor = edit.actor if edit and edit.value == cell else ""
                decision = bool(cell and actor) and is_counted(policy, table, field.name)
                if before is None and not decision:
                    continue
                conflict = Conflict(
                    subject=record.subject, record_id=record.record_id, field=field.name, kind="drift",
                    prior=before or "",
                    proposed=cell, reason="a person edited a governed field", refs=(ref,), source="",
                )  # fmt: skip
                found.append((conflict, actor))
    return found, seen
