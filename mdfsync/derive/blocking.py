"""Which open holds keep a row back: those that stand on it, and those that block it.

Told by rule, row and the id of the hold, so that whoever reads the cell finds the hold. It judges nothing; part of
`derive`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from mdfsync.derive.computed import NOTHING
from mdfsync.model import Finding, Subject


class Blocking:
    """The open holds by the rows that they keep back."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._holds: dict[Subject, dict[str, Finding]] = {}
        for finding in findings:
            if finding.kind == "hold":
                for place in (finding.subject, *finding.blocks):
                    self._holds.setdefault(place, {})[finding.fingerprint] = finding

    def holds(self, *places: Subject) -> tuple[Finding, ...]:
        """The holds on any of these rows, each once."""
        found = {mark: hold for place in places for mark, hold in self._holds.get(place, {}).items()}
        return tuple(sorted(found.values(), key=lambda hold: (hold.rule_id, hold.subject, hold.key)))

    def words(self, *places: Subject, but: Container[str] = ()) -> str:
        """The same in words, without the rules of `but`; `none` where there is none."""
        told = (
            f"{h.rule_id} {h.subject.id} (hold-{h.fingerprint})" for h in self.holds(*places) if h.rule_id not in but
        )
        return "; ".join(told) or NOTHING
