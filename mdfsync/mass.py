"""The guard against a source that changes everything at once: a unit switched, a column shifted, a currency mixed up.

Fields of which a source would move an implausible share of cells in one run become findings bound to exactly those
cells and values; `gate` keeps their changes back until a person waives that finding. A pure function, called by `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mdfsync.findings import raise_finding
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Change, Create, Finding, Replace, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.policy.dictionary import COMPUTED
from mdfsync.values import digest

Moves = dict[tuple[str, str], list[tuple[str, str, str]]]


def concerned(change: Create) -> tuple[str, str]:
    """The (table, field) that a Change History row speaks of; two blanks for any other row."""
    if change.subject.table != HISTORY:
        return ("", "")
    return (change.fields.get("table", ""), change.fields.get("field", ""))


def mass_findings(
    changes: Iterable[Change], snapshot: Snapshot, policy: Policy, own_tables: frozenset[str]
) -> tuple[Finding, ...]:
    """One finding per field that moves as a mass. The worker's own records are no source's doing."""
    setting = policy.rules["mass_change"]
    out: list[Finding] = []
    for (table, name), cells in sorted(_moves(changes).items()):
        filled = sum(1 for row in snapshot.tables.get(table, ()) if row.get(name))
        few = len(cells) < int(setting.params["min_cells"])
        if table in own_tables or few or len(cells) <= filled * setting.params["max_share"]:
            continue
        out += raise_finding(
            policy,
            "mass_change",
            Subject(table="Sources", id=policy.dictionary.field(table, name).sources[0]),
            f"{len(cells)} of {filled} cells of {table}.{name} would change in one run",
            evidence={"table": table, "field": name, "changed": str(len(cells)), "filled": str(filled)},
            sources=policy.dictionary.field(table, name).sources,
            key=f"{table}.{name}:{digest(sorted(list(c) for c in cells))[:16]}",
        )
    return tuple(out)


def _moves(changes: Iterable[Change]) -> Moves:
    out: Moves = {}
    for change in changes:
        if isinstance(change, Replace) and any(ref.source_id != COMPUTED for ref in change.refs):
            cell = (change.subject.id, change.prior, change.value)
            out.setdefault((change.subject.table, change.field), []).append(cell)
        elif isinstance(change, Create) and change.fields.get("kind") == "proposal":
            cell = (
                change.fields.get("record", ""),
                change.fields.get("prior_value", ""),
                change.fields.get("proposed_value", ""),
            )
            out.setdefault(concerned(change), []).append(cell)
    return out
