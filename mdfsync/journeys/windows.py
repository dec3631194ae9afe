"""Windows and periods of a deal as spans of calendar days in the charter's zone.

Counted as the tests count them: from the day of creation, from the day of the event that was weighed. A window of a
case that cannot be opened is not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from mdfsync.journeys.ground import Ground
from mdfsync.journeys.recorded import registered
from mdfsync.journeys.story import Span
from mdfsync.view import Row, View
from mdfsync.view.case import Case
from mdfsync.view.charter import agreements_of
from mdfsync.view.registrations import standing_of
from mdfsync.view.trials import Event


def case_spans(case: Case) -> Iterator[Span]:
    """The windows that hang on the deal's creation."""
    charter, created = case.charter, case.created_on
    closed = case.closed.on(case.zone) if case.closed else None
    yield Span(
        id="sourcing", kind="sourcing_window", title=f"Sourcing window, {charter.sourcing_window_days} days",
        start=_back(created, charter.sourcing_window_days), end=created, rests_on="the day of creation",
    )  # fmt: skip
    yield Span(
        id="influence", kind="influence_window", title=f"Influence window, {charter.influence_window_days} days before",
        start=_back(created, charter.influence_window_days), end=closed,
        rests_on="the day of creation, until the close",
    )  # fmt: skip
    yield Span(
        id="lock", kind="lock", title=f"Until the lock, {charter.lock_after_create_days} days", start=created,
        end=created + timedelta(days=charter.lock_after_create_days),
        rests_on="the day of creation; what is logged later cannot source",
    )  # fmt: skip


def lookback_span(case: Case, event: Event, name: str) -> Span | None:
    """The time before a partner's event in which our sales must not have worked the account."""
    day = event.moment.on(case.zone)
    if day is None:
        return None
    days = case.charter.sales_lookback_days
    return Span(
        id=f"lookback {case.row.id}", kind="sales_lookback", title=f"Sales lookback, {days} days before {name}’s event",
        start=_back(day, days), end=day, rests_on=event.name, partner_id=case.partner_id,
    )  # fmt: skip


def period_spans(
    view: View,
    opportunity: Row,
    campaigns: tuple[str, ...],
    partners: Sequence[str],
    zone: ZoneInfo,
    ground: Ground,
) -> Iterator[Span]:
    """Campaign, agreement periods and what registrations protect."""
    for joint in campaigns:
        row = view.row("Campaigns", joint)
        if row is not None and (row.day("start_date") or row.day("end_date")):
            yield Span(
                id=f"campaign {joint}", kind="campaign", title=f"Campaign {joint}", start=row.day("start_date"),
                end=row.day("end_date"), rests_on=f"Campaigns/{joint}",
            )  # fmt: skip
    for partner in partners:
        for row in agreements_of(view, partner):
            end, ended = row.day("period_end"), row.day("terminated_on")
            last = ended - timedelta(days=1) if ended and (end is None or ended <= end) else end
            yield Span(
                id=f"agreement {row.id}", kind="agreement", title=f"Agreement with {ground.partner(partner)}",
                start=row.day("period_start"), end=last, rests_on=f"Agreements/{row.id}", partner_id=partner,
            )  # fmt: skip
    for row in registered(view, opportunity):
        standing = standing_of(view, row)
        at, protection = standing.submitted_at, standing.protection
        last = protection.ended_on - timedelta(days=1) if protection.ended_on else protection.last_day
        partner = view.ref(row, "partner_id")
        if at and last:
            yield Span(
                id=f"protection {row.id}", kind="registration", title=f"Registration of {ground.partner(partner)}",
                start=at.astimezone(zone).date(), end=last, rests_on=f"Deal Registrations/{row.id}", partner_id=partner,
            )  # fmt: skip


def _back(day: date, days: int) -> date:
    return max(day, date.min + timedelta(days=days)) - timedelta(days=days)
