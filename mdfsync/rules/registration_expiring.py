"""Registrations whose protection ends by the calendar.

What it protects: both sides from surprise. A partner that would have asked for its one extension in time loses a deal
to a date that nobody told it.

When it fires: a registration is in force and its last day comes near; then, for the days after that day in which the
partner is to be told, that it has ended. One that silence ends first is told by `registration_silent`.

What clears it: the extension, once and while it is in force (`extended_until`); the deal's end; the days after its end.

Params: `days`, `days_after` = days before and after the last day in which it is told; `extension_days` = the days by
which a registration can be extended once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.registrations import tell
from mdfsync.view import View
from mdfsync.view.protection import CALENDAR
from mdfsync.view.registrations import TABLE, standing_of

ID = "registration_expiring"
TABLES = (TABLE,)
_CELLS = ("expires_on", "extended_until", "opportunity_id")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    before, after = (timedelta(days=int(setting.params[name])) for name in ("days", "days_after"))
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        protection, today = standing.protection, view.as_of.astimezone(standing.zone).date()
        last = protection.last_day
        if last is None:
            continue
        if standing.status == "valid" and last - before <= today:
            once = "It has been extended already." if protection.extended else "It can be extended once."
            action = "Tell the partner that it ends." if protection.extended else ""
            words = f"The protection ends with {last}. {once}"
            yield tell(view, setting, standing, words, cells=_CELLS, due=last.isoformat(), required_action=action)
        elif standing.status == "expired" and protection.ended_by == CALENDAR and today <= last + after:
            words = f"The protection ended with {last}; the deal is open to everybody."
            action = "Tell the partner; it may register anew if nobody else has."
            yield tell(view, setting, standing, words, cells=_CELLS, required_action=action)
