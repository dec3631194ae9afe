"""Whether a company is named in a list of exclusions that people typed, one per line: its name or domain first, then
whatever explains it. Used where credit is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mdfsync.view.base import View
from mdfsync.view.people import property_of
from mdfsync.view.row import Row

_NAME_ENDS = re.compile(r"[;,(:]|\s[-\u2013\u2014]\s")


def names_of(view: View, company: str) -> frozenset[str]:
    """Name and domain of a HubSpot company, lower case."""
    index: dict[str, frozenset[str]] | None = view.memo.get(("", "company names"))
    if index is None:
        index = view.memo["", "company names"] = {
            row.ref.external_id: frozenset(property_of(row, name).casefold() for name in ("name", "domain")) - {""}
            for row in view.mirror.get("hubspot.companies", ())
        }
    return index.get(company, frozenset())


def named_in(lines: str, names: Iterable[str]) -> str:
    """The line that names one of them; `""` when none does."""
    wanted = frozenset(names)
    if not wanted or not lines:
        return ""
    for line in lines.splitlines():
        if _NAME_ENDS.split(line.strip().casefold())[0].strip() in wanted:
            return line.strip()
    return ""


def barred(view: View, company: str, campaign: Row, partner: Row | None) -> str:
    """Why a company is out of a campaign by name; `""` when it is not."""
    names = names_of(view, company)
    if line := named_in(campaign.text("exclusions"), names):
        return f"named in the charter's exclusions: {line}"
    if line := named_in(partner.text("competitor_exclusions") if partner else "", names):
        return f"named in the partner's competitor exclusions: {line}"
    return ""
