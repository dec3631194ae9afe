"""What a reader of an attribution should know beside its class: it was re-opened, merged, raised, or the overlap has
moved since launch. It decides nothing; the deciding values stand with the class itself (`classes`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.values import instant_text
from mdfsync.view.case import Case
from mdfsync.view.row import Row


def notes_of(case: Case) -> tuple[str, ...]:
    """The notes of one case, in a stable order, one sentence each."""
    return (*_merged(case), *_reopened(case), *_campaigns(case), *_overlap(case))


def _merged(case: Case) -> Iterator[str]:
    if case.merged:
        yield f"Merged from deal {', '.join(case.merged)}; the earliest creation stands."


def _reopened(case: Case) -> Iterator[str]:
    if case.reopened is not None:
        at = case.reopened.recorded
        since = f" since {instant_text(at)}" if at else ""
        yield f"Re-opened: the deal was closed{since} and is open again; its first creation stands."


def _campaigns(case: Case) -> Iterator[str]:
    if len(case.campaigns) > 1:
        yield f"Also in {', '.join(case.campaigns[1:])}; the deal counts once."


def _overlap(case: Case) -> Iterator[str]:
    """The overlap at launch is the one in force; a newer one is only told."""
    shared = overlap_of(case)
    if shared is None:
        return
    for side, name in (("our", "our_population"), ("the partner's", "partner_population")):
        then, now = shared.text(f"{name}_at_launch"), shared.text(name)
        if then and now and then != now:
            taken = shared.text("snapshot_taken_at")
            yield f"Overlap as of {taken or 'launch'}: {side} population {then}; it has since become {now}."


def overlap_of(case: Case) -> Row | None:
    """The row of the account's overlap with the partner in the deciding campaign."""
    account = case.opportunity.text("account_id")
    return case.view.row("Shared Accounts", f"sa-{case.campaigns[0]}-{case.partner_id}-{account}")
