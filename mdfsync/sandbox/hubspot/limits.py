"""How many calls the sandbox's HubSpot admits, and how it says no.

Three limits, each off unless its knob is set: by the second for searches, by any ten seconds for all else but the
association reads that HubSpot exempts, by the day for all. The short ones go by real time, for they are about load; the
day ends at midnight in the account's time zone, in the world's time. The 429 bodies lack the `category` that HubSpot's
own Error schema demands; the variant that has one was seen too.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from mdfsync.sandbox import knobs
from mdfsync.sandbox.clock import Clock, instant_text
from mdfsync.sandbox.store import Store

POLICIES = {
    "DAILY": "You have reached your daily limit.",
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
}


class TooMany(Exception):
    """A limit is reached: `policy` names which."""

    def __init__(self, policy: str) -> None:
        super().__init__(policy)
        self.policy = policy


def too_many_body(policy: str, *, category: bool = False) -> dict[str, Any]:
    """A 429's body; whoever sends it adds the correlation id."""
    body = {"status": "error", "message": POLICIES[policy], "errorType": "RATE_LIMIT", "policyName": policy}
    if category:
        body["category"] = "RATE_LIMITS"
    return {**body, "requestId": uuid.uuid4().hex}


@dataclass(slots=True)
class Meter:
    """The calls of this process."""

    recent: deque[float] = field(default_factory=deque)
    searches: deque[float] = field(default_factory=deque)
    day: str = ""
    today: int = 0

    def admit(self, store: Store, clock: Clock, *, search: bool, exempt: bool) -> None:
        """Count a call; `TooMany` when a limit is set and reached."""
        day = clock.now().astimezone(zone(store)).date().isoformat()
        if day != self.day:
            self.day, self.today = day, 0
        daily = int(knobs.value(store, "hubspot.daily"))
        if daily and self.today >= daily:
            raise TooMany("DAILY")
        self.today += 1
        if search:
            self._window(self.searches, 1.0, int(knobs.value(store, "hubspot.search_per_second")), "SECONDLY")
        elif not exempt:
            self._window(self.recent, 10.0, int(knobs.value(store, "hubspot.ten_seconds")), "TEN_SECONDLY_ROLLING")

    @staticmethod
    def _window(calls: deque[float], seconds: float, most: int, policy: str) -> None:
        now = time.monotonic()
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if most and len(calls) >= most:
            raise TooMany(policy)
        calls.append(now)

    def headers(self, store: Store) -> dict[str, str]:
        """The rate headers of every answer except a search's."""
        most = int(knobs.value(store, "hubspot.ten_seconds")) or 190
        daily = daily_limit(store)
        return {
            "X-HubSpot-RateLimit-Daily": str(daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, daily - self.today)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - len(self.recent))),
        }


def daily_limit(store: Store) -> int:
    """Calls a day: the knob, else an Enterprise account's million."""
    return int(knobs.value(store, "hubspot.daily")) or 1_000_000


def zone(store: Store) -> ZoneInfo:
    """The account's time zone."""
    details = store.get("hubspot.account", "details")
    return ZoneInfo(details["timeZone"] if details else "UTC")


def next_midnight(store: Store, now: datetime) -> str:
    """When the account's day ends, as an instant's text."""
    here = zone(store)
    tomorrow = now.astimezone(here).date() + timedelta(days=1)
    return instant_text(datetime.combine(tomorrow, time_of_day(), here).astimezone(UTC))
