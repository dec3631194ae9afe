"""What a deal registration is worth: its dated story, and the state it has come to.

    submitted ─> reviewed ─> protected ─> ended by the calendar or by silence, or with its deal

Submission decides whether it came before the opportunity, the decision of a permitted person whether it protects, the
partner's reports whether it still does (`protection`). Attribution, the rules and the cells of Deal Registrations all
ask `standing_of`, so that they say one thing. Waiting never improves a standing: as time passes, protection only ends.
It decides nothing and proposes nothing; who competes with whom is told by `contests`. Days are counted in the
charter's zone, in UTC where no charter names one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from mdfsync.values import in_utc
from mdfsync.view.base import View
from mdfsync.view.charter import Charter, charter_of
from mdfsync.view.moments import TOLERANCE
from mdfsync.view.protection import DECISION, Protection, protection_of
from mdfsync.view.row import Row
from mdfsync.view.standing import campaign_in_force

TABLE = "Deal Registrations"
Status = Literal["incomplete", "pending", "conflict", "valid", "expired", "rejected", "late", "won", "lost", "closed"]
Step = tuple[str, str]
WITHDRAWN = "withdrawn"
CREATED = ("create_date", "created_at_hubspot")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationStanding:
    """`steps` = what happened, as (day or time in UTC, words), oldest first; `missing` = what the partner has not
    supplied; `review_by` = when the review clock runs out. `status` is of this row alone: `conflict` = so decided."""

    row: Row
    status: Status
    steps: tuple[Step, ...]
    missing: tuple[str, ...]
    zone: tzinfo
    submitted_at: datetime | None
    review_by: datetime | None
    protection: Protection

    @property
    def submitted_on(self) -> date | None:
        return self.submitted_at.astimezone(self.zone).date() if self.submitted_at else None

    @property
    def undecided(self) -> bool:
        """Whether it waits for a decision."""
        return self.status in {"incomplete", "pending"} or (self.status == "late" and not self.row.text(DECISION))

    @property
    def live(self) -> bool:
        """Whether it still claims its deal: not refused, run out, withdrawn or ended with its deal."""
        return self.status in {"incomplete", "pending", "conflict", "valid", "late"} and not self.protection.ended_on

    def had_ended(self, day: date) -> bool:
        """Whether its protection had ended on a day."""
        return self.protection.ended_on is not None and self.protection.ended_on <= day


def standing_of(view: View, row: Row) -> RegistrationStanding:
    """Where a Deal Registrations row stands on the day of the view; worked out once per view."""
    key = (TABLE, "standing", row.place.id)
    found: RegistrationStanding | None = view.memo.get(key)
    if found is None:
        found = view.memo[key] = _standing(view, row)
    return found


def charter_for(view: View, row: Row) -> Charter | None:
    """The charter whose terms apply: that of the registration's campaign, else of its opportunity's."""
    opportunity = view.target(row, "opportunity_id")
    joint = view.ref(row, "joint_campaign_id") or (view.ref(opportunity, "joint_campaign_id") if opportunity else "")
    campaign = campaign_in_force(view, joint)
    return charter_of(campaign, view.rules["unsupported_influence"].params) if campaign else None


def certified_until(view: View, standing: RegistrationStanding) -> tuple[date | None, bool]:
    """The last day of the partner's certification, and whether it was over when the registration was submitted."""
    partner = view.target(standing.row, "partner_id")
    until, on = partner.day("certification_expiry") if partner else None, standing.submitted_on
    return until, bool(until and on and on > until)


def _standing(view: View, row: Row) -> RegistrationStanding:
    charter = charter_for(view, row)
    zone: tzinfo = (charter.zone if charter else None) or UTC
    default = int(view.rules["unsupported_influence"].params["registration_valid_days"])
    opportunity = view.target(row, "opportunity_id")
    outcome, closed_on = _outcome(row, opportunity, zone)
    valid_days = charter.registration_valid_days if charter else default
    protection = protection_of(view, row, zone=zone, valid_days=valid_days, closed_on=closed_on)
    missing = tuple(_missing(row))
    submitted = row.instant("submitted_at")
    late = _is_late(submitted, opportunity)
    hours = timedelta(hours=int(view.rules["registration_review_overdue"].params["hours"]))
    return RegistrationStanding(
        row=row,
        status=_status(row.text(DECISION), outcome, late, missing, protection),
        steps=tuple(sorted(_steps(view, row, opportunity, late, outcome, closed_on, protection))),
        missing=missing,
        zone=zone,
        submitted_at=submitted,
        review_by=submitted + hours if submitted else None,
        protection=protection,
    )


def _outcome(row: Row, opportunity: Row | None, zone: tzinfo) -> tuple[str, date | None]:
    """How it ended (won, lost, withdrawn) and on which day: as HubSpot says of its opportunity, else as people say.
    That the partner withdrew it is for people alone to say. No deal ends before it was there, whatever day was set."""
    stated, day = row.text("closed_outcome"), row.day("closed_on")
    if stated != WITHDRAWN and opportunity is not None and opportunity.text("is_closed") == "true":
        stated = "won" if opportunity.text("is_won") == "true" else "lost"
        closed = opportunity.instant("close_date")
        day = closed.astimezone(zone).date() if closed else day
    born = [at.astimezone(zone).date() for name in CREATED if opportunity and (at := opportunity.instant(name))]
    return stated, max([day, *born]) if stated and day else None


def _is_late(submitted: datetime | None, opportunity: Row | None) -> bool:
    """Whether the opportunity was there first, beyond what the clocks of two systems differ by."""
    created = opportunity and (opportunity.instant("create_date") or opportunity.instant("created_at_hubspot"))
    return bool(submitted and created and submitted - created > TOLERANCE)


def _status(decision: str, outcome: str, late: bool, missing: tuple[str, ...], protection: Protection) -> Status:
    if decision == "rejected":
        return "rejected"
    if outcome == WITHDRAWN:
        return "closed"
    if decision == "conflict":
        return "conflict"
    if late:
        return "late"
    if decision != "approved":
        return "lost" if outcome == "lost" else "incomplete" if missing else "pending"
    if protection.last_day is None:
        return "incomplete"
    if protection.ended_on:
        return "expired"
    return "won" if outcome == "won" else "lost" if outcome == "lost" else "valid"


def _missing(row: Row) -> Iterator[str]:
    """What a submission must say and this one does not."""
    if not row.text("submitted_at"):
        yield "time of submission"
    if not row.text("account_name_given"):
        yield "customer name"
    if not (row.text("customer_domain") or row.text("account_id")):
        yield "customer domain"
    if row.money("expected_amount") is None or not row.text("expected_currency"):
        yield "expected amount with currency"
    if not row.text("expected_close_on"):
        yield "expected close"
    if not (row.text("contact_name") or row.text("contact_email")):
        yield "contact at the customer"
    if not row.text("products"):
        yield "products"


def _steps(
    view: View,
    row: Row,
    opportunity: Row | None,
    late: bool,
    outcome: str,
    closed_on: date | None,
    protection: Protection,
) -> Iterator[Step]:
    submitted = row.instant("submitted_at")
    if submitted:
        by = f" by {row.text('registrant_email')}" if row.text("registrant_email") else ""
        yield in_utc(submitted), f"submitted{by}{', after the opportunity was created' if late else ''}"
    if opportunity and (created := opportunity.instant("create_date") or opportunity.instant("created_at_hubspot")):
        yield in_utc(created), f"{opportunity.id} created"
    yield from _decided(view, row, protection)
    if protection.extended:
        granted, until = protection.extended
        yield (granted or until).isoformat(), f"extended until {until}"
    for name, words in (("last_update", "last report of the partner"), ("portal_update", "last report in its portal")):
        if heard := row.day(f"{name}_on"):
            said = row.text(name)
            yield heard.isoformat(), f"{words}{f': {said}' if said else ''}"
    if protection.ended_on:
        yield protection.ended_on.isoformat(), f"protection ended: {protection.why_ended}"
    elif protection.last_day:
        yield protection.last_day.isoformat(), "last day of its protection"
    if outcome and closed_on:
        yield closed_on.isoformat(), outcome


def _decided(view: View, row: Row, protection: Protection) -> Iterator[Step]:
    decision, reason = row.text(DECISION), row.text("registration_decision_reason")
    author = view.facts.authors.get((row.subject, DECISION))
    at = protection.approved_at or (author.at if author else None)
    if decision and at:
        by = f" by {author.actor}" if author else ""
        words = "called in conflict" if decision == "conflict" else decision
        yield in_utc(at), f"{words}{by}{f': {reason}' if reason else ''}"
