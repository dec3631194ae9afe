"""Registrations whose partner no longer reports.

What it protects: exclusivity is given for work. A partner that says nothing for two months keeps everybody else off a
customer that nobody works.

When it fires: a registration is in force, and the days of silence after which the partner is warned are over since its
last report (its approval, if there was none). When silence has ended the registration it says so, until the partner's
manager could have told the partner (the days after the end that `registration_expiring` names). Silence of a partner
whose files we read is counted up to the last file: a file that is late makes nobody silent.

What clears it: a later day in `last_update_on`, or in the partner's portal, before silence has ended it;
the deal's end. A report that comes later revives nothing: the partner registers anew.

Params: `update_days` = days between two reports; `warn_days`, `expire_days` = days of silence after which the partner
is warned, and after which the registration ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.registrations import outcomes, tell
from mdfsync.view import View
from mdfsync.view.protection import REPORTS, SILENCE, heard_until, silence
from mdfsync.view.registrations import TABLE, standing_of

ID = "registration_silent"
TABLES = (TABLE,)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    after = timedelta(days=int(view.rules["registration_expiring"].params["days_after"]))
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        protection, today = standing.protection, view.as_of.astimezone(standing.zone).date()
        since, ended = protection.silent_from, protection.ended_on
        if since is None or standing.status not in {"valid", "expired"}:
            continue
        if standing.status == "valid" and (heard_until(view, row, standing.zone) or since) >= since + silence(
            view, "warn_days"
        ):
            end = since + silence(view, "expire_days")
            words = f"No report of the partner since {since}; without one the registration expires on {end}."
            yield tell(view, setting, standing, words, cells=REPORTS, due=(end - timedelta(days=1)).isoformat())
        elif protection.ended_by == SILENCE and ended and today < ended + after:
            words = f"The registration expired on {ended}: {protection.why_ended}."
            action = f"{outcomes(view)['silent']} Tell the partner; it may register anew."
            yield tell(view, setting, standing, words, cells=REPORTS, required_action=action)
