"""Finance files onto their tables: the mapping gave each row its id and its fields, so each row is its own subject.

Part of `observe`. Partner lead lists and overlaps are not here: they need linking first.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.model import RawRow, Subject
from mdfsync.observe.saying import Sayings
from mdfsync.policy import Policy


def observe_records(say: Sayings, mirror: Mapping[str, tuple[RawRow, ...]], policy: Policy) -> None:
    """One subject per row of every `records` mapping whose source needs no linking."""
    tables = {
        spec.source_id: spec.table
        for spec in policy.mappings.values()
        if spec.layout == "records" and spec.source_id.startswith("finance.")
    }
    for source_id, table in sorted(tables.items()):
        for row in mirror.get(source_id, ()):
            if not row.ref.external_id:
                say.reject(row.ref, "missing id", f"no id for a row of {table}")
                continue
            say.row(Subject(table=table, id=row.ref.external_id), row)
