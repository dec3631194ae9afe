"""What every HubSpot source does alike: page through `paging.next.after`, and say what a refusal means.

It refuses to call a refusal "no rows": a missing scope makes the source absent, answers that do not hold together make
the delivery held, and a lost token or a spent allowance ends the run. Beneath `hubspot/objects.py` and its neighbours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mdfsync.edge.hubspot_client import HubspotApi
from mdfsync.edge.hubspot_wire import Refused
from mdfsync.edge.paged import Oddity, Reading
from mdfsync.model import SourcePull
from mdfsync.ports import Archive

MISSING_SCOPES = "MISSING_SCOPES"


class HubspotSource(ABC):
    """A source of one HubSpot account; subclasses say what they read. `scopes` = what the register asks for it."""

    scopes: tuple[str, ...] = ()

    def __init__(self, source_id: str, api: HubspotApi, archive: Archive) -> None:
        self.source_id = source_id
        self.api = api
        self._archive = archive

    def pull(
        self, cursor: Mapping[str, Any] | None, *, full: bool, known: Mapping[str, str], now: datetime
    ) -> SourcePull:
        """See `ports.Source`. Raises `AuthLost`, `QuotaSpent` and `Unreachable`; all else is in the answer."""
        reading = Reading(self.source_id, self._archive, cursor=cursor, full=full, known=known, now=now)
        try:
            return self.read(reading)
        except Refused as refused:
            if refused.status == 403:
                return reading.unusable(absent=lacking(refused, self.scopes))
            return reading.unusable(held=str(refused))
        except Oddity as odd:
            return reading.unusable(held=str(odd))

    @abstractmethod
    def read(self, reading: Reading) -> SourcePull:
        """The pull itself. May raise `Refused` and `Oddity`."""


def lacking(refused: Refused, scopes: Sequence[str] = ()) -> str:
    """Why a 403 makes a source absent: the scopes that it needs (`scopes`, which `doctor` says to add; else those that
    HubSpot names), else what HubSpot says. Sources that lack the same scope say the same words."""
    if refused.scopes or refused.kind == MISSING_SCOPES:
        named = ", ".join(scopes) or " or ".join(refused.scopes) or "(not named)"
        return f"needs scope {named} (HubSpot: {refused.status} {refused.kind})"
    return f"not available to this account or token: {refused}"
