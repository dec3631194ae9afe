"""A delivery that looks complete and is not.

What it protects: Crossbeam exports stop at 100 or 1,000 rows without a word, a broken report delivers no
rows, an expired filter delivers a fifth of them. Read as the truth, each of these would make hundreds of
accounts vanish.

When it fires: a delivery was held as a whole by its reader's guards; or a file ends exactly at a known row
cap; or a source that used to have rows has none; or it has lost more than the allowed share of its usual
rows.

What clears it: a complete delivery. A person who knows that the drop is real releases that one delivery by
its hash.

Params: `row_caps` = row counts at which a vendor's export stops, for the file sources of Crossbeam;
`max_drop_share` = the largest plausible share of rows lost (0 to 1); `min_rows` = a source that usually has
fewer is not judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median_low

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import SourceHealth, View

ID = "source_cut_off"
TABLES = ("Sources",)
CAPPED = "crossbeam.exports"


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for source_id, health in view.sources.items():
        for key, message, evidence in (
            *_held(health),
            *_capped(view, setting, source_id),
            *_shrunk(setting, health),
        ):
            yield speak(
                setting,
                Subject(table="Sources", id=source_id),
                f"{source_id}: {message}",
                evidence=evidence,
                sources=(source_id,),
                key=key,
            )


Remark = tuple[str, str, dict[str, str]]


def _held(health: SourceHealth) -> Iterator[Remark]:
    if health.held:
        yield (
            f"held {health.sha}",
            "its last delivery is held and not used.",
            {"reason": health.held, "delivery": health.sha},
        )


def _capped(view: View, setting: RuleSetting, source_id: str) -> Iterator[Remark]:
    caps = set(setting.params["row_caps"]) if source_id == CAPPED else set()
    if not caps:
        return
    files = Counter(row.ref.blob for row in view.mirror.get(source_id, ()))
    for blob, rows in sorted(files.items()):
        if rows in caps:
            yield (
                f"cap {blob}",
                f"a file ends at exactly {rows} rows, which is an export limit.",
                {"file": blob, "rows": str(rows)},
            )


def _shrunk(setting: RuleSetting, health: SourceHealth) -> Iterator[Remark]:
    usual = median_low(health.earlier_rows) if health.earlier_rows else 0
    if health.held or not usual or usual < setting.params["min_rows"]:
        return
    evidence = {"rows": str(health.rows), "usual rows": str(usual)}
    if health.rows == 0:
        yield "empty", "it delivered no rows where it used to have some.", evidence
    elif health.rows < usual * (1 - setting.params["max_drop_share"]):
        yield "drop", "it delivered far fewer rows than usual.", evidence
