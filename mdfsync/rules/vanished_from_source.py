"""A row whose source no longer has it.

What it protects: a deal deleted in the CRM, an expense dropped from the finance file or an account that a
partner stopped sharing must not stay in a review as if nothing had happened, and must not be deleted here
either.

When it fires: a complete listing of the source no longer holds the row, or the source reported it as
removed.

What clears it: the source has the row again. Until then a person decides whether the row still counts.

Accounts that Crossbeam no longer shows are told as a set by `overlap_changed`, or by `sharing_changed` where a partner
shows none of them any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.overlaps.standing import SOURCES
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "vanished_from_source"
TABLES: tuple[str, ...] = ()
TOLD_AS_A_SET = "Shared Accounts"


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for gone in view.facts.vanished:
        if gone.subject.table == TOLD_AS_A_SET and gone.source_id in SOURCES:
            continue
        yield speak(
            setting,
            gone.subject,
            f"{gone.source_id} no longer has the row behind this one.",
            evidence={"external_id": gone.external_id},
            sources=(gone.source_id,),
            key=f"{gone.source_id} {gone.external_id}",
        )
