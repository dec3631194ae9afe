"""Registrations that nobody decided within the review clock.

What it protects: a partner invests in a deal once it knows that the deal is its own. A registration that lies about
until a second partner registers the deal is how most conflicts between partners begin.

When it fires: a registration is complete and not decided, and the hours of the review clock are over since its
submission. One whose deal another partner or we claim is not told here: `disputed_ownership` holds it. Nor is one that
no signed agreement covers: `outside_agreement` holds it and says what has to come first.

What clears it: `registration_decision` by a permitted person.

Params: `hours` = the review clock, from the submission.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.outside_agreement import uncovered
from mdfsync.rules.registrations import tell
from mdfsync.values import in_utc
from mdfsync.view import View
from mdfsync.view.contests import against_us, contest_of
from mdfsync.view.registrations import TABLE, standing_of

ID = "registration_review_overdue"
TABLES = (TABLE,)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        by = standing.review_by
        if not standing.undecided or standing.missing or by is None or by >= view.as_of:
            continue
        if contest_of(view, row) or against_us(view, row) or uncovered(view, row):
            continue
        yield tell(
            view,
            setting,
            standing,
            f"The registration was to be decided by {in_utc(by)}.",
            cells=("account_name_given", "opportunity_id"),
            due=by.astimezone(standing.zone).date().isoformat(),
        )
