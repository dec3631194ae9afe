"""A source that has not delivered in time.

What it protects: a review or packet built on last month's export looks exactly like one built on today's.
Evidence outside its refresh window is marked, and everything that rests on it loses confidence.

When it fires: nothing was accepted from a source within the refresh window that the source register
promises; a required source has never delivered or cannot be read (a refused scope, a missing file).

When it does not: its deliveries come and are held; `source_cut_off` says so, and why.

What clears it: a delivery is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.values import instant_text
from mdfsync.view import View

ID = "source_stale"
TABLES = ("Sources",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for source_id, health in view.sources.items():
        last, window = health.last_accepted_at, health.refresh_window
        if last is None:
            if not health.required:
                continue
            message, key = f"{source_id} is required and has never delivered.", "never"
        elif health.absent:
            message, key = f"{source_id} delivered before and cannot be read now.", "absent"
        elif window is not None and view.as_of - last > window and not health.held:
            message, key = f"{source_id} has not delivered within its refresh window.", "stale"
        else:
            continue
        yield speak(
            setting,
            Subject(table="Sources", id=source_id),
            message,
            evidence={
                "last_accepted_at": instant_text(last) if last else "",
                "refresh_window": str(window) if window is not None else "",
                "absent": health.absent,
            },
            sources=(source_id,),
            key=key,
        )
