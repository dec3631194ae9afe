"""A plan as plain JSON: what its digest covers, and what is archived before it is applied.

The digest covers what would be written, where, in place of what; provenance and clocks are not part of it. Pure
functions; used by `plan`, `pipeline` and `explain`'s reader.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mdfsync.model import Change, Create, GatedPlan, Replace, SourceRef
from mdfsync.values import digest


def plan_digest(changes: Iterable[Change]) -> str:
    """SHA-256 over what would be written, where, in place of what; provenance times are not part of it."""
    return digest([change_document(change) for change in changes])


def change_document(change: Change) -> dict[str, object]:
    """A change as plain JSON."""
    base: dict[str, object] = {"table": change.subject.table, "id": change.subject.id}
    if isinstance(change, Create):
        return {**base, "create": dict(sorted(change.fields.items()))}
    cell: dict[str, object] = {**base, "field": change.field, "value": change.value}
    if isinstance(change, Replace):
        cell |= {"prior": change.prior, "change_id": change.change_id}
    return cell


def plan_bytes(run_id: str, dictionary_version: str, gated: GatedPlan) -> bytes:
    """The admitted plan with the provenance of every change, as archived."""
    document: dict[str, Any] = {
        "run_id": run_id,
        "digest": gated.digest,
        "dictionary": dictionary_version,
        "changes": [{**change_document(change), "refs": _provenance(change)} for change in gated.admitted],
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def _provenance(change: Change) -> dict[str, list[dict[str, str]]]:
    """By field, the source rows behind its value."""
    if isinstance(change, Create):
        return {name: [_place(ref)] for name, ref in change.refs.items()}
    return {change.field: [_place(ref) for ref in change.refs]}


def _place(ref: SourceRef) -> dict[str, str]:
    return {"source_id": ref.source_id, "external_id": ref.external_id, "blob": ref.blob, "row": ref.row}
