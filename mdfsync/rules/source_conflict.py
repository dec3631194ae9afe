"""Two sources that are both to be believed say different things.

What it protects: an amount, date or owner must not depend on which file arrived last. mdfsync keeps the
value that stands, shows both, and lets a person decide; it never averages, picks or overwrites.

When it fires: two sources that the field dictionary names as authoritative for a cell deliver different
values.

What clears it: the sources agree again (one of them is corrected at its origin).
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "source_conflict"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for conflict in view.facts.conflicts:
        yield speak(
            setting,
            conflict.subject,
            f"Sources disagree about {conflict.field}.",
            evidence={f"{conflict.field} in {source}": value for source, value in conflict.values.items()},
            sources=conflict.values,
            key=conflict.field,
        )
