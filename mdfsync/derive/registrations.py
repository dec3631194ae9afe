"""Fills the computed side of Deal Registrations: state, story, protection, what is next, and who else registered.

`view/registrations.py` judges; this writes it down. A registration that stands in a dispute with another partner's is
`conflict` here, whatever its own row says. The day on which protection ended is written so that it is remembered: a
report that comes later does not bring the protection back. Days are text, so that `none` can follow a day. No cell says
how many days are left: the same facts say the same words on every run.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.view import View
from mdfsync.view.contests import contest_of, related
from mdfsync.view.protection import silence
from mdfsync.view.registrations import TABLE, RegistrationStanding, standing_of

RULE = "registrations"
_INPUTS = ("partner.registrations", "airtable.base", "hubspot.deals")


def registrations(view: View) -> Iterator[Computed]:
    """Computed cells of Deal Registrations."""
    for row in view.rows(TABLE):
        standing = standing_of(view, row)
        protection = standing.protection
        disputed = standing.undecided and contest_of(view, row) is not None
        action, due = _next(view, standing, disputed)
        values = {
            "registration_status": "conflict" if disputed else standing.status,
            "registration_story": _story(standing),
            "conflicts_with": ", ".join(sorted(other.row.id for other in related(view, row))) or NOTHING,
            "approved_by": protection.approved_by or NOTHING,
            "protected_until": protection.last_day.isoformat() if protection.last_day else NOTHING,
            "expired_on": protection.remembered or NOTHING,
            "next_action": action or NOTHING,
            "next_due": due or NOTHING,
        }
        yield from cells(row.place, values, rule=RULE, inputs=_INPUTS)


def _story(standing: RegistrationStanding) -> str:
    lines = [f"{at}: {words}" for at, words in standing.steps]
    if standing.missing:
        lines.append(f"Missing: {', '.join(standing.missing)}")
    lines += [f"Does not count: {fault}" for fault in standing.protection.faults]
    return "\n".join(lines) or NOTHING


def _next(view: View, standing: RegistrationStanding, disputed: bool) -> tuple[str, str]:
    """What has to be done next, and by which day."""
    by = standing.review_by.astimezone(standing.zone).date().isoformat() if standing.review_by else ""
    if disputed or standing.status == "conflict":
        return "rule on the conflict: decide this registration and those it conflicts with", by
    if standing.status == "incomplete":
        return f"ask the partner for: {', '.join(standing.missing)}", by
    if standing.undecided:
        return "review: approve it, reject it with a reason, or call it in conflict", by
    protection = standing.protection
    if standing.status == "valid" and protection.last_day:
        report = protection.silent_from + silence(view, "update_days") if protection.silent_from else None
        if report and report < protection.last_day:
            return "have the partner report on the deal", report.isoformat()
        once = "let it end" if protection.extended else "extend it once, or let it end"
        return once, protection.last_day.isoformat()
    return "", ""
