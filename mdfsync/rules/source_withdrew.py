"""A source that once gave a value now gives none.

What it protects: an amount or a date that silently went blank at its origin may mean a correction, a lost
export column or a deletion. The cell keeps its value (a sync never blanks anything), and somebody is told.

When it fires: a source that filled a cell delivers the row again, but with nothing in that place.

What clears it: the source delivers a value again, or a person decides what the cell shall say. A field that a partner
no longer shares of any account is told once, by `sharing_changed`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.overlaps.sharing import is_part_of_one
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "source_withdrew"
TABLES: tuple[str, ...] = ()
SHARING = "sharing_changed"


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    fewest = int(view.rules[SHARING].params["min_accounts"]) if SHARING in view.rules else 0
    for gone in view.facts.withdrawals:
        if fewest and is_part_of_one(view, gone, fewest):
            continue
        yield speak(
            setting,
            gone.subject,
            f"{gone.source_id} no longer gives {gone.field}; the value that it gave stands.",
            evidence={gone.field: gone.value},
            sources=(gone.source_id,),
            key=f"{gone.field} {gone.source_id}",
        )
