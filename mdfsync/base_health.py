"""What the reading ends themselves notice about the base: missing columns, blind time, overtaken writes, tampering.

Pure functions from what was read to findings; `pipeline` hands them to `plan` beside the rules' own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from mdfsync.apply import LIFECYCLE
from mdfsync.drift import Drift
from mdfsync.findings import raise_finding
from mdfsync.history import SUPERSEDED
from mdfsync.history import TABLE as HISTORY
from mdfsync.model import Bases, Edit, Finding, Snapshot, Subject
from mdfsync.policy import Policy
from mdfsync.ports import Memory

_PEOPLE = frozenset({"disposition", "edited_value", "review_note"})


class Ledgered(Memory, Protocol):
    """The part of local state that a whole run needs."""

    def get(self, key: str) -> str | None: ...
    def put(self, key: str, value: str) -> None: ...
    def bases(self, base_id: str) -> Bases: ...
    def bindings(self, base_id: str) -> Mapping[Subject, str]: ...
    def feed_cursor(self, base_id: str) -> Mapping[str, Any] | None: ...
    def save_edits(self, base_id: str, edits: Sequence[Edit], cursor: Mapping[str, Any]) -> None: ...
    def last_edits(self, base_id: str) -> dict[tuple[str, str, str], Edit]: ...
    def chain(self, base_id: str) -> tuple[Mapping[str, str], ...]: ...
    def next_run_number(self, base_id: str) -> int: ...
    def run_start(self, run_id: str, base_id: str, job: str, at: datetime, mode: str) -> None: ...
    def run_stopped(self, run_id: str, why: str, at: datetime) -> None: ...


def drift_findings(drift: Drift, policy: Policy) -> tuple[Finding, ...]:
    """One finding per dictionary field that the base lacks or has otherwise; only that field waits."""
    out: list[Finding] = []
    for table, name in sorted(drift.blocked):
        out += raise_finding(
            policy, "schema_drift", Subject(table="Sources", id="airtable.base"),
            f"{table}.{name} is missing in the base or has another type; it is neither read nor written",
            evidence={"table": table, "field": name}, sources=("airtable.base",), key=f"{table}.{name}",
        )  # fmt: skip
    for (table, name), choices in sorted(drift.missing_choices.items()):
        out += raise_finding(
            policy, "schema_drift", Subject(table="Sources", id="airtable.base"),
            f"{table}.{name} lacks choices; values that need them wait",
            evidence={
                "table": table, "field": name, "choices": ", ".join(sorted(choices)),
                "choices there instead": ", ".join(sorted(drift.other_choices.get((table, name), ()))),
            },
            sources=("airtable.base",), key=f"choices {table}.{name}",
        )  # fmt: skip
    return tuple(out)


def unreadable_findings(snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Cells whose form could not be taken: left as they are, neither compared nor written. Where the column lacks
    choices, its `schema_drift` tells it for all of them."""
    subjects = {(r.subject.table, r.record_id): r.subject for rows in snapshot.tables.values() for r in rows}
    out: list[Finding] = []
    for (table, record_id, name), reason in sorted(snapshot.unreadable.items()):
        if (table, name) in snapshot.lacking_choices:
            continue
        out += raise_finding(
            policy, "unknown_value", subjects.get((table, record_id), Subject(table=table, id=record_id)),
            f"{name} holds a value of a form that is not understood; it is left as it is",
            evidence={"field": name, "reason": reason}, sources=("airtable.base",), key=f"unreadable {name}",
        )  # fmt: skip
    return tuple(out)


def feed_findings(notice: str, policy: Policy) -> tuple[Finding, ...]:
    """Time in which nobody can be shown to have made an edit."""
    if not notice:
        return ()
    return raise_finding(
        policy, "blind_interval", Subject(table="Sources", id="airtable.base"),
        "the change feed cannot say who edited the base all the time", evidence={"notice": notice},
        sources=("airtable.base",), key=notice,
    )  # fmt: skip


def raced_findings(overtaken: Iterable[str], snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Changes that were announced and not made because somebody was quicker."""
    rows = snapshot.by_id(HISTORY)
    out: list[Finding] = []
    for change_id in sorted(overtaken):
        row = rows.get(change_id)
        if row is None or row.get("state") == SUPERSEDED:
            continue
        out += raise_finding(
            policy, "changed_under_us", Subject(table=row.get("table"), id=row.get("record")),
            f"{row.get('field')} was changed between our look and our write; nothing was written",
            evidence={"change_id": change_id, "intended": row.get("proposed_value"), "was": row.get("prior_value")},
            sources=("airtable.base",), key=change_id,
        )  # fmt: skip
    return tuple(out)


def refused_findings(refused: Mapping[str, Mapping[str, str]], policy: Policy) -> tuple[Finding, ...]:
    """Values that Airtable refuses: not sent again until they change."""
    out: list[Finding] = []
    for key, entry in sorted(refused.items()):
        out += raise_finding(
            policy, "unknown_value", Subject(table=entry["table"], id=entry["id"]),
            "Airtable refuses a value of this row; it waits until its source says something else",
            evidence={"change": key, "answer": entry["note"]}, sources=("airtable.base",), key=f"refused {key}",
        )  # fmt: skip
    return tuple(out)


def history_key(base_id: str) -> str:
    """Under which local state remembers that Change History was made anew."""
    return f"history_anew:{base_id}"


def history_findings(noted: str | None, policy: Policy) -> tuple[Finding, ...]:
    """The Change History table was deleted and made anew: what was sealed before stands in the local chain alone."""
    if not noted:
        return ()
    lost = json.loads(noted)
    return raise_finding(
        policy, "mirror_tampered", Subject(table="Sources", id="airtable.base"),
        f"{HISTORY} was deleted and made anew; {lost['rows']} sealed rows stand in the local chain alone",
        evidence={"made anew": lost["at"], "sealed rows": str(lost["rows"]), "head of the chain": lost["head"]},
        sources=("airtable.base",), key=f"anew {lost['at']}",
    )  # fmt: skip


def chain_findings(chain: Iterable[Mapping[str, str]], snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Change History rows in the base that no longer say what the local chain sealed."""
    rows = snapshot.by_id(HISTORY)
    out: list[Finding] = []
    for sealed in chain:
        row = rows.get(sealed["change_id"])
        if row is None:
            continue
        altered = [
            name
            for name, value in sorted(sealed.items())
            if name not in LIFECYCLE | _PEOPLE
            and (HISTORY, name) not in snapshot.missing_fields
            and row.get(name) != value.strip()
        ]
        if altered:
            out += raise_finding(
                policy, "mirror_tampered", row.subject,
                "this Change History row no longer says what was sealed in the local chain",
                evidence={n: f"base: {row.get(n)} · sealed: {sealed[n]}" for n in altered},
                sources=("airtable.base",), key=",".join(altered),
            )  # fmt: skip
    return tuple(out)
