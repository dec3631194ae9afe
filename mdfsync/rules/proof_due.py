"""Proof that can be captured only while the activity lasts.

What it protects: a photo, an attendee list or a screenshot of a running advertisement cannot be made again afterwards.
Whoever owes it is told before the activity begins, not when the claim is put together.

When it fires: from some days before an activity begins until its last day, one exception for each deliverable or
expense that will owe such proof by its programme and has nothing on record for it. It speaks of pieces whose set the
programme marks as `once`, and of those in whose name or description one of the rulebook's words stands.

What clears it: a file (or an address) is put on the Evidence row in which the proof is expected; or the activity is
over, and what was not captured is then told by `missing_proof`.

Params: `days_before` = days before the first day of the activity; `once_only` = words for proof that cannot be
repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import sources_of, speak
from mdfsync.view import View
from mdfsync.wanted import PERFORMANCE, Wanted, wanted

ID = "proof_due"
TABLES = ("Deliverables", "Expenses")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    words = frozenset(word.casefold() for word in setting.params["once_only"])
    before = timedelta(days=setting.params["days_before"])
    due: dict[Subject, list[Wanted]] = {}
    for one in wanted(view):
        if one.state in {"missing", "sent back"} and one.proof.purpose in PERFORMANCE and _only_once(one, words):
            today = one.line.programme.calendar.local(view.as_of) if one.line.programme else view.as_of.date()
            if one.starts and one.starts - before <= today <= (one.ends or one.starts):
                due.setdefault(one.subject.place, []).append(one)
    for place, pieces in due.items():
        yield _finding(view, setting, place, pieces)


def _only_once(one: Wanted, words: Collection[str]) -> bool:
    name = one.name.casefold()
    return one.proof.once or any(word in name for word in words)


def _finding(view: View, setting: RuleSetting, place: Subject, pieces: list[Wanted]) -> Finding:
    first = pieces[0]
    title = first.subject.text("deliverable_title") or first.subject.text("expense_title") or place.id
    ends = first.ends or first.starts
    period = f"on {first.starts}" if ends == first.starts else f"from {first.starts} to {ends}"
    names = "; ".join(one.name for one in pieces)
    return speak(
        setting,
        place,
        f"{title} takes place {period}. Only then can be captured: {names}.",
        evidence={
            "who owes it": ", ".join(dict.fromkeys(one.owner for one in pieces if one.owner)),
            "where it goes": ", ".join(one.documents[0].id if one.documents else one.evidence_id for one in pieces),
            "clause": "; ".join(dict.fromkeys(one.proof.clause for one in pieces)),
        },
        sources=sources_of(view, "Evidence", "evidence_type"),
        due=str(ends),
    )
