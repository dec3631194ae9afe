"""Until when the evidence of a campaign is kept, and by whose word.

A person's date on the postmortem decides. Else it is the latest that the campaign's programmes (`keep_months` after its
last day) or its documents (`retain_until`) name. Where nobody names one, that is told: no period is assumed. The
charter's `retention_days` is another thing, the last day for personal data; both are told where they differ.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mdfsync.eligibility import judged
from mdfsync.postmortem.over import last_day
from mdfsync.postmortem.rows import postmortem_of
from mdfsync.view import Row, View
from mdfsync.view.charter import within_a_century
from mdfsync.view.standing import in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """`until` with the words for who says so; `None` = nobody names a day, and `by` says what to do.
    `personal_data_until` = the last day by the charter for personal data, `None` where it states none."""

    until: date | None
    by: str
    personal_data_until: date | None


UNKNOWN = (
    "No programme, document or person names a day. Set archive_until on the campaign's row in Postmortems, or "
    "keep_months in the programme's file."
)


def retention(view: View, campaign: Row, documents: Iterable[Row]) -> Retention:
    """Retention of a campaign's archive; `documents` are its rows of Evidence."""
    ended, charter = last_day(view, campaign), in_force(view, campaign)
    days = charter.money("retention_days")
    personal = ended + timedelta(days=int(within_a_century(days))) if ended and days is not None else None
    looked_back = postmortem_of(view, campaign)
    if looked_back is not None and (set_by_hand := looked_back.day("archive_until")):
        by = f"archive_until of {looked_back.id}"
        return Retention(until=set_by_hand, by=by, personal_data_until=personal)
    named = [*_programmes(view, campaign, ended), *_documents(documents)]
    until, by = max(named, default=(None, UNKNOWN), key=lambda one: one[0] or date.min)
    return Retention(until=until, by=by, personal_data_until=personal)


def _programmes(view: View, campaign: Row, ended: date | None) -> Iterator[tuple[date, str]]:
    """Of the programme that the campaign names (its newest version) and of those by which its expenses are judged."""
    lines = (line for line in judged(view).values() if view.ref(line.expense, "joint_campaign_id") == campaign.id)
    found = [line.programme for line in lines if line.programme is not None]
    found += view.versions(campaign.text("mdf_programme"))[-1:]
    for head in dict.fromkeys((p.head.id, p.head.version, p.head.title, p.head.keep_months) for p in found):
        _, version, title, months = head
        if ended is not None and months:
            yield _months_after(ended, months), f"{title}, version {version}: {months} months after the last day"


def _documents(documents: Iterable[Row]) -> Iterator[tuple[date, str]]:
    for row in documents:
        if day := row.day("retain_until"):
            yield day, f"retain_until of {row.id}"


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
