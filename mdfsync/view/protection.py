"""How long an approved deal registration protects: by the charter's days, its one extension, and the partner's
reports.

    approved ─valid days─> last day ─one extension─> last day;   last report ─silence─> ended

It ends with its last day or with the partner's silence, whichever comes first; once its deal is closed, neither clock
runs. What is typed beside it can shorten protection but never stretch it beyond the rules: such a value does not count
and is told (`faults`). A report that comes after silence has ended it revives nothing; a row keeps only the last
report, so the base remembers the day (`expired_on`). The silence of a partner whose files we read is known up to the
last file, no further. Part of `registrations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from mdfsync.view.base import View
from mdfsync.view.row import Row

SOURCE = "partner.registrations"
CALENDAR, SILENCE = "calendar", "silence"
DECISION = "registration_decision"
REPORTS = ("last_update_on", "portal_update_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Blank where the registration was never approved. `approved_at` is blank too when nobody says when. `silent_from`
    = the day from which silence is counted, `None` when it cannot be told. `ended_on` = the first day without
    protection, `None` while it lasts; `ended_by` = calendar or silence."""

    approved_at: datetime | None = None
    approved_by: str = ""
    last_day: date | None = None
    extended: tuple[date | None, date] | None = None
    silent_from: date | None = None
    ended_on: date | None = None
    ended_by: str = ""
    faults: tuple[str, ...] = ()

    @property
    def remembered(self) -> str:
        """What the base remembers of its end, as `expired_on` says it; `""` while it lasts."""
        return f"{self.ended_on} ({self.ended_by})" if self.ended_on else ""

    @property
    def why_ended(self) -> str:
        """Why it ended, in words; of a silence that a report has followed since, not from when."""
        if self.ended_by != SILENCE:
            return "its days are over" if self.ended_on else ""
        since, ended = self.silent_from, self.ended_on
        return f"no report since {since}" if since and ended and since < ended else "no report in time"


def protection_of(view: View, row: Row, *, zone: tzinfo, valid_days: int, closed_on: date | None) -> Protection:
    """The protection of a Deal Registrations row; `closed_on` = the day on which its deal was closed, if it was."""
    if row.text(DECISION) != "approved":
        return Protection()
    faults: list[str] = []
    author = view.facts.authors.get((row.subject, DECISION))
    # The earlier of what the row says and of when it was decided: a later day typed beside it protects no longer.
    approved = min((at for at in (row.instant("approved_at"), author.at if author else None) if at), default=None)
    begun = approved or row.instant("submitted_at")
    if approved is None:
        faults.append("approved, but nobody says when: its days are counted from its submission")
    if begun is None:
        return Protection(approved_by=author.actor if author else "", faults=tuple(faults))
    start = begun.astimezone(zone).date()
    last = _by_charter(row, start, valid_days, faults)
    extended = _extension(view, row, last, zone, faults)
    last = extended[1] if extended else last
    silent_from = _silent_from(view, row, start, zone, faults)
    ended_on, ended_by = _end(view, row, start, last, silent_from, zone, closed_on)
    return Protection(
        approved_at=approved,
        approved_by=author.actor if author else "",
        last_day=last,
        extended=extended,
        silent_from=silent_from,
        ended_on=ended_on,
        ended_by=ended_by,
        faults=tuple(faults),
    )


def silence(view: View, name: str) -> timedelta:
    """A length of silence by its name in the rulebook: `warn_days`, `expire_days`, `update_days`."""
    return timedelta(days=int(view.rules["registration_silent"].params[name]))


def last_report(row: Row, until: date = date.max) -> date | None:
    """The day of the partner's last report, by hand or in its portal; none that is later than `until`."""
    return max((day for name in REPORTS if (day := row.day(name)) and day <= until), default=None)


def _by_charter(row: Row, start: date, valid_days: int, faults: list[str]) -> date:
    last, stated = start + timedelta(days=valid_days), row.day("expires_on")
    if stated and stated > last:
        faults.append(f"expires_on {stated} is later than {valid_days} days from {start} ({last})")
    return min(last, stated) if stated else last


def _extension(view: View, row: Row, last: date, zone: tzinfo, faults: list[str]) -> tuple[date | None, date] | None:
    """The day on which the extension was granted (`None` = nobody says) and its last day."""
    asked, granted = row.day("extended_until"), row.day("extended_on")
    if asked is None or asked <= last:
        return None
    author = view.facts.authors.get((row.subject, "extended_until"))
    if granted is None and author and author.at:
        granted = author.at.astimezone(zone).date()
    if granted and granted > last:
        faults.append(f"the extension was granted on {granted}, when the protection had ended on {last}")
        return None
    days = int(view.rules["registration_expiring"].params["extension_days"])
    limit = last + timedelta(days=days)
    if asked > limit:
        faults.append(f"an extension counts once and by {days} days: until {limit}, not until {asked}")
    return granted, min(asked, limit)


def _silent_from(view: View, row: Row, start: date, zone: tzinfo, faults: list[str]) -> date | None:
    today = view.as_of.astimezone(zone).date()
    for name in REPORTS:
        if (day := row.day(name)) and day > today:
            faults.append(f"{name} {day} lies in the future")
    if heard_until(view, row, zone) is None:
        return None
    heard = last_report(row, today)
    return max(start, heard) if heard else start


def _end(
    view: View, row: Row, start: date, last: date, silent_from: date | None, zone: tzinfo, closed_on: date | None
) -> tuple[date | None, str]:
    today = view.as_of.astimezone(zone).date()
    heard = heard_until(view, row, zone) or start
    ends = [(last + timedelta(days=1), today, CALENDAR)]
    if silent_from is not None:
        ends.append((silent_from + silence(view, "expire_days"), min(today, heard), SILENCE))
    ends += [(day, today, SILENCE) for day in _remembered(view, row, start)]
    reached = [(day, why) for day, known, why in ends if day <= (min(known, closed_on) if closed_on else known)]
    return min(reached, default=(None, ""), key=lambda end: (end[0] or date.max, end[1]))


def _remembered(view: View, row: Row, start: date) -> Iterator[date]:
    """The day on which silence had ended it before the present last report came, as an earlier run wrote it down. One
    on which silence cannot have ended it, because dates were corrected since, is passed over."""
    text, heard = row.text("expired_on"), last_report(row)
    if heard and text.endswith(f" ({SILENCE})"):
        with suppress(ValueError):  # a person may have typed there
            day = date.fromisoformat(text.partition(" ")[0])
            if start + silence(view, "expire_days") <= day <= heard:
                yield day


def heard_until(view: View, row: Row, zone: tzinfo) -> date | None:
    """The last day of which anybody can say whether the partner reported: today, or for a registration that a file
    delivers the day of the last file; `None` when its files cannot be read."""
    delivered: frozenset[str] | None = view.memo.get(("", "registrations delivered"))
    if delivered is None:
        delivered = frozenset(raw.ref.external_id for raw in view.mirror.get(SOURCE, ()))
        view.memo["", "registrations delivered"] = delivered
    at: datetime | None = view.as_of
    if row.id in delivered:
        health = view.health(SOURCE)
        at = health.last_accepted_at if health.known else None
    return at.astimezone(zone).date() if at else None
