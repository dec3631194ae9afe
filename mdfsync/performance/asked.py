"""What a review is asked about: a campaign, a partner, an MDF programme, a quarter, or several of them together.

A quarter is one of the calendar, counted in the zone that each campaign's charter states. An instant under a charter
without a zone, and a row without the day that is asked for, belong to no quarter: they are told, never guessed into
one. Each row belongs to one quarter, so quarters can be laid side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mdfsync.policy.programmes import programme_name
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import in_force

_QUARTER = re.compile(r"(\d{4})-?[Qq]([1-4])")


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of the calendar."""

    year: int
    number: int

    @property
    def first(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> date:
        after = self.number == 4
        return date(self.year + after, 1 if after else 3 * self.number + 1, 1) - timedelta(days=1)

    @property
    def before(self) -> Quarter:
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


def quarter_of(text: str) -> Quarter:
    """`2026Q3` or `2026-Q3`. `ValueError` for anything else."""
    found = _QUARTER.fullmatch(text.strip())
    if found is None or not 1900 <= int(found[1]) <= 9998:
        raise ValueError(f"{text!r} is no quarter; write it like 2026Q3")
    return Quarter(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Blank = not narrowed by it."""

    campaign: str = ""
    partner: str = ""
    programme: str = ""
    quarter: Quarter | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The view, narrowed to what is asked: `campaigns` by id, by the charter in force."""

    view: View
    asked: Asked
    campaigns: Mapping[str, Row]

    def rows(self, table: str, *, of_partner: bool = True) -> tuple[Row, ...]:
        """Rows of the campaigns, in order of id; with `of_partner` only those of the partner that is asked for."""
        partner = self.asked.partner if of_partner else ""
        found = {
            row.place: row
            for id in self.campaigns
            for row in self.view.where(table, "joint_campaign_id", id)
            if partner in {"", self.view.ref(row, "partner_id")}
        }
        return tuple(found[place] for place in sorted(found))

    def campaign_of(self, row: Row) -> str:
        return self.view.ref(row, "joint_campaign_id")

    def zone(self, campaign_id: str) -> ZoneInfo | None:
        campaign = self.campaigns.get(campaign_id)
        return zone_of(campaign.text("charter_time_zone")) if campaign else None

    def day(self, campaign_id: str, at: datetime | None) -> date | None:
        """The day of an instant in the charter's zone. Without a zone it is UTC's as long as no quarter is asked for;
        for a quarter it is unknown."""
        zone = self.zone(campaign_id)
        if at is None or (zone is None and self.asked.quarter is not None):
            return None
        return at.astimezone(zone or UTC).date()

    def has_many_partners(self, campaign_id: str) -> bool:
        return len(self.view.where("Campaign Partners", "joint_campaign_id", campaign_id)) > 1

    def within(self, day: date | None) -> bool:
        """Whether a row of that day belongs to what is asked; without a quarter every row does."""
        quarter = self.asked.quarter
        return quarter is None or (day is not None and quarter.first <= day <= quarter.last)

    def undated(self, day: date | None) -> bool:
        """Whether a row is left out because nobody can say in which quarter it lies."""
        return self.asked.quarter is not None and day is None


def ground_of(view: View, asked: Asked) -> Ground:
    """The campaigns that are asked for: the one named, else those in which the partner takes part and those under the
    programme, else all."""
    found = {}
    for row in sorted(view.rows("Campaigns"), key=lambda row: row.place):
        campaign = in_force(view, row)
        if asked.campaign not in {"", row.id} or (asked.partner and not _takes_part(view, row.id, asked.partner)):
            continue
        if asked.programme in {"", programme_name(campaign.text("mdf_programme"))}:
            found[row.id] = campaign
    return Ground(view=view, asked=asked, campaigns=found)


def _takes_part(view: View, campaign_id: str, partner_id: str) -> bool:
    parts = view.where("Campaign Partners", "joint_campaign_id", campaign_id)
    return any(view.ref(part, "partner_id") == partner_id for part in parts)
