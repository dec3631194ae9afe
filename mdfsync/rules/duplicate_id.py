"""Two rows that carry the same stable id.

What it protects: an approval, an invoice or a proof linked to one of two twins would silently count for the
other. mdfsync writes to neither row of such a pair and merges nothing.

When it fires: two or more rows of a table have the same id (copied rows, an import run twice).

What clears it: a person decides which row stays and gives the other its own id or removes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import sources_of, speak
from mdfsync.view import View

ID = "duplicate_id"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for table, spec in view.dictionary.tables.items():
        twins: dict[str, list[str]] = {}
        for row in view.rows(table):
            if row.id:
                twins.setdefault(row.id, []).append(row.record_id)
        for id, record_ids in twins.items():
            if len(record_ids) < 2:
                continue
            records = ", ".join(sorted(record_ids))
            first = view.row(table, id)
            assert first is not None  # noqa: S101 - the id was just read from this table
            yield speak(
                setting,
                first.subject,
                f"{len(record_ids)} rows of {table} carry {spec.id_field} {id}.",
                evidence={spec.id_field: id, "records": records},
                sources=sources_of(view, table, spec.id_field),
                key=records,
            )
