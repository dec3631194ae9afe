"""A row whose source no longer has it.

What it protects: a deal deleted in the CRM, an expense dropped from the finance file or an account that a
partner stopped sharing must not stay in a review as if nothing had happened, and must not be deleted here
either.

When it fires: a complete listing of the source no longer holds the row, or the source reported it as
removed.

What clears it: the source has the row again. Until then a person decides whether the row still counts.

One record that is gone is told once: on the rows of the first table that is made from it (a deal's opportunity, not its
attributions), and links that went with their record are not told beside it. Accounts that Crossbeam no longer shows are
told as a set by `overlap_changed`, or by `sharing_changed` where a partner shows none of them any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.overlaps.standing import SOURCES
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import Vanished, View
from mdfsync.view.touches import LINKS

ID = "vanished_from_source"
TABLES: tuple[str, ...] = ()
TOLD_AS_A_SET = "Shared Accounts"


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for gone in _once(view):
        yield speak(
            setting,
            gone.subject,
            f"{gone.source_id} no longer has the row behind this one.",
            evidence={"external_id": gone.external_id},
            sources=(gone.source_id,),
            key=f"{gone.source_id} {gone.external_id}",
        )


def _once(view: View) -> Iterator[Vanished]:
    """What is gone, each record on the first table that is made from it."""
    gone = [v for v in view.facts.vanished if v.subject.table != TOLD_AS_A_SET or v.source_id not in SOURCES]
    order = {table: n for n, table in enumerate(view.dictionary.tables)}
    first: dict[tuple[str, str], str] = {}
    for one in sorted(gone, key=lambda v: order.get(v.subject.table, len(order))):
        first.setdefault((one.source_id, one.external_id), one.subject.table)
    for one in gone:
        kind, _, rest = one.external_id.partition(":")
        with_its_record = one.source_id == LINKS and (f"hubspot.{kind}", rest.partition(":")[0]) in first
        if first[one.source_id, one.external_id] == one.subject.table and not with_its_record:
            yield one
