"""Whether a company is named in a list of exclusions (`exclusion_lists`). Used where credit is judged.

A line that was over before the deal was created bars nothing; one agreed afterwards does: credit is not won by being
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mdfsync.exclusion_lists import entries
from mdfsync.hosts import host_name
from mdfsync.model import RawRow
from mdfsync.view.base import View
from mdfsync.view.people import property_of
from mdfsync.view.row import Row


def barred(view: View, company: str, campaign: Row, partner: Row | None, day: date) -> str:
    """Why a HubSpot company is out of a campaign by name, for a deal created on a day; `""` when it is not."""
    row = _companies(view).get(company)
    name, host = (property_of(row, "name"), host_name(property_of(row, "domain"))) if row else ("", "")
    for where, text in (
        ("the charter's exclusions", campaign.text("exclusions")),
        ("the partner's competitor exclusions", partner.text("competitor_exclusions") if partner else ""),
    ):
        for entry in entries(text):
            if not entry.over(day) and entry.means(name, host, f"hs-co-{company}" if company else ""):
                return f"named in {where}: {entry.line}"
    return ""


def _companies(view: View) -> Mapping[str, RawRow]:
    index: dict[str, RawRow] | None = view.memo.get(("", "companies"))
    if index is None:
        index = view.memo["", "companies"] = {
            row.ref.external_id: row for row in view.mirror.get("hubspot.companies", ())
        }
    return index
