"""Collects what is observed: values by dictionary path, rejects, findings, and which rows were used.

It reads a value only through the dictionary's `paths`, canonicalises it by the field's kind, and rejects what
cannot be read, row kept. It knows no source by name. Used by every observer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from mdfsync.model import Finding, Observation, Observed, RawRow, Reject, Snapshot, SourceRef, Subject
from mdfsync.policy import Policy
from mdfsync.policy.dictionary import FieldSpec
from mdfsync.values import canonical

BASE = "airtable.base"


def at_path(body: Mapping[str, Any], path: str) -> Any:
    """Value at a dotted path of nested mappings; None when any step is missing."""
    return _at(body, path.split("."))


def _at(body: Mapping[str, Any], steps: Sequence[str]) -> Any:
    value: Any = body
    for step in steps:
        if not (type(value) is dict or isinstance(value, Mapping)):
            return None
        value = value.get(step)
    return value


class Sayings:
    """Grows while observers run; `observed()` closes it. A blank is said only of a row that stands in the base, where
    it may mean that the source withdrew its value; of a row that is still to be made it would say nothing."""

    def __init__(self, policy: Policy, snapshot: Snapshot) -> None:
        self.policy = policy
        self._standing = {row.subject for rows in snapshot.tables.values() for row in rows}
        self._seen: defaultdict[Subject, list[Observation]] = defaultdict(list)
        self._rejects: list[Reject] = []
        self._findings: list[Finding] = []
        self._paths: dict[tuple[str, str], tuple[tuple[FieldSpec, list[str]], ...]] = {}
        self._used: set[tuple[str, str]] = set()
        self._last: SourceRef | None = None
        self._rejected: set[tuple[str, str]] = set()

    def row(self, subject: Subject, row: RawRow, body: Mapping[str, Any] | None = None) -> None:
        """Observe every field of the subject's table that names this row's source and a path into it."""
        place = subject.table, row.ref.source_id
        if place not in self._paths:
            specs = self.policy.dictionary.tables[subject.table].fields.values()
            self._paths[place] = tuple(
                (spec, path.split("."))
                for spec in specs
                if (path := spec.paths.get(place[1])) and spec.write != "operator"
            )
        body = row.body if body is None else body
        for spec, steps in self._paths[place]:
            self._value(subject, spec, _at(body, steps), row.ref)

    def used(self, row: RawRow) -> None:
        """Count a row whose values are observed together with another's."""
        self._used.add((row.ref.source_id, row.ref.external_id))

    def value(self, subject: Subject, field: str, raw: Any, ref: SourceRef) -> None:
        """Observe one value, also one that has no path (what linking found out)."""
        spec = self.policy.dictionary.tables[subject.table].fields.get(field)
        if spec is not None and spec.write != "operator":
            self._value(subject, spec, raw, ref)

    def _value(self, subject: Subject, spec: FieldSpec, raw: Any, ref: SourceRef) -> None:
        try:
            text = canonical(spec.kind, raw)
        except (ValueError, TypeError) as error:
            self.reject(ref, "unreadable value", f"{subject}.{spec.name}: {error}")
            return
        if ref is not self._last:  # what is said of one row mostly comes together
            self._last = ref
            if ref.source_id != BASE:  # what stands in the base is no row of a source
                self._used.add((ref.source_id, ref.external_id))
        if text or subject in self._standing:
            self._seen[subject].append(Observation(subject=subject, field=spec.name, value=text, ref=ref))

    def reject(self, ref: SourceRef, reason: str, detail: str) -> None:
        self._rejected.add((ref.source_id, ref.external_id))
        self._rejects.append(Reject(ref=ref, reason=reason, detail=detail))

    def finding(
        self,
        rule_id: str,
        subject: Subject,
        message: str,
        *,
        ref: SourceRef,
        evidence: Mapping[str, str],
        key: str = "",
        action: str = "",
    ) -> None:
        """An exception that only the observer can see; its settings come from the rulebook, `action` stands before
        what the rulebook asks for."""
        setting = self.policy.rules[rule_id]
        if not setting.on:
            return
        self._findings.append(
            Finding(
                rule_id=rule_id, kind=setting.kind, severity=setting.severity, subject=subject, message=message,
                evidence={name: value for name, value in evidence.items() if value}, source_ids=(ref.source_id,),
                owner_role=setting.owner_role, required_action=action or setting.required_action, key=key,
            )
        )  # fmt: skip

    def observed(self, *, rows_read: int) -> Observed:
        """Everything said, in a stable order."""
        used = self._used | self._rejected
        return Observed(
            observations=tuple(_in_order(self._seen)),
            rejects=tuple(sorted(self._rejects, key=lambda r: (r.ref.source_id, r.ref.external_id, r.detail))),
            findings=tuple(sorted(self._findings, key=lambda f: f.fingerprint)),
            rows_read=rows_read,
            rows_observed=len(self._used),
            unlinked=rows_read - len(used),
        )  # fmt: skip


def _in_order(seen: Mapping[Subject, list[Observation]]) -> Iterator[Observation]:
    """By row, field and source."""
    for subject in sorted(seen):
        yield from sorted(seen[subject], key=_place)


_place = attrgetter("field", "ref.source_id", "ref.external_id")
