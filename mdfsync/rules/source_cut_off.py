"""A delivery that looks complete and is not.

What it protects: Crossbeam exports stop at 100 or 1,000 rows without a word, a broken report delivers no
rows, an expired filter delivers a fifth of them. Read as the truth, each of these would make hundreds of
accounts vanish.

When it fires: a delivery was held as a whole by its reader's guards; or a source that used to have rows has
none, or has lost more of its usual rows than is plausible; or a file ends exactly at an export limit. Such a
file is used: the rows that are there are facts. Only absence is not judged: a row that is missing from it may
well exist, so nothing is called gone on its word.

Rows that the source itself reports as removed are no gap in a delivery; that much is gone is told all the same.

What clears it: a complete delivery. Until it comes, or a person releases what is held, the source is read whole.
Of a file at its limit, a whole export of the same list; the rows of a file that was merely taken out of the folder
stand, and so does the exception. A person who knows that a drop is real releases that one delivery by its hash.

Params: `max_drop_share` = the largest plausible share of rows lost (0 to 1) by a source that usually has
`min_rows` or more. In a smaller list one row is a large share already, so there `small_max_drop_share` counts,
and only if `small_min_lost` rows or more are lost. Which numbers of rows are export limits is said by the
mapping that reads the file (`row_caps`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from statistics import median_low

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import SourceHealth, View

ID = "source_cut_off"
TABLES = ("Sources",)
EXPORT_AGAIN = "Export the list again without the limit (fewer rows per list, or another way to export)."


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for source_id, health in view.sources.items():
        for key, message, evidence in (*_held(health), *_shrunk(setting, health)):
            yield _said(setting, source_id, key, message, evidence)
        for file in health.cut_off:
            yield _said(
                setting,
                source_id,
                f"cap {file.blob}",
                f"a file ends at exactly {file.rows} rows, an export limit. "
                "Its rows are used; what is missing from it is not judged.",
                {"file": file.file, "rows": str(file.rows), "archived_bytes": file.blob},
                required_action=EXPORT_AGAIN,
            )


def usual_rows(earlier: Sequence[int]) -> int:
    """How many rows a source usually has, from those after each of its last deliveries; 0 = nothing is usual yet."""
    return median_low(earlier) if earlier else 0


def too_few(setting: RuleSetting, usual: int, rows: int) -> str:
    """How much is implausibly missing from `rows` where `usual` were usual, in words; `""` when it is plausible.
    Also the guard on a delivery before it is used (`sources.guard`)."""
    if usual >= setting.params["min_rows"]:
        share = Decimal(str(setting.params["max_drop_share"]))
    elif usual - rows >= setting.params["small_min_lost"]:
        share = Decimal(str(setting.params["small_max_drop_share"]))
    else:
        return ""
    return f"more than {share:.0%}" if rows < usual * (1 - share) else ""


Remark = tuple[str, str, dict[str, str]]


def _held(health: SourceHealth) -> Iterator[Remark]:
    if health.held:
        yield (
            f"held {health.sha}",
            f"its last delivery is held and not used: {health.held}.",
            {"reason": health.held, "delivery": health.sha},
        )


def _shrunk(setting: RuleSetting, health: SourceHealth) -> Iterator[Remark]:
    usual = usual_rows(health.earlier_rows)
    if health.held or not too_few(setting, usual, health.rows):
        return
    evidence = {"rows": str(health.rows), "usual rows": str(usual)}
    if health.rows == 0:
        yield "empty", "it delivered no rows where it used to have some.", evidence
    else:
        yield "drop", "it delivered far fewer rows than usual.", evidence


def _said(
    setting: RuleSetting, source_id: str, key: str, message: str, evidence: dict[str, str], required_action: str = ""
) -> Finding:
    return speak(
        setting,
        Subject(table="Sources", id=source_id),
        f"{source_id}: {message}",
        evidence=evidence,
        sources=(source_id,),
        key=key,
        required_action=required_action,
    )
