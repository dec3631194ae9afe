"""Monthly calls of the sandbox's Airtable by plan: counted by calendar month of the world, refused when spent.

Off unless the knob `plan` or `monthly_calls` is set. A spent free plan answers record and webhook endpoints with 429
`PUBLIC_API_BILLING_LIMIT_EXCEEDED` while metadata goes on (public reports of 2026); the Team plan is slowed to two
requests a second instead. All bases here are one workspace. The figures are those of 2026 and change often: the knobs
`monthly_calls` and `record_cap` replace them.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdfsync.sandbox.airtable.errors import Refusal, billing_limit, rate_limited
from mdfsync.sandbox.airtable.world import World
from mdfsync.sandbox.limits import RateLimit
from mdfsync.sandbox.store import Doc

COUNTER = "quota.calls"
_SLOWED = 2
_UNCOUNTED = frozenset({401, 404})


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls a month, 0 = unlimited; records a base; whether a spent month slows calls down instead of stopping them."""

    calls: int
    records: int
    slows: bool = False


PLANS = {
    "": Plan(0, 0),
    "free": Plan(1_000, 1_000),
    "team": Plan(100_000, 50_000, slows=True),
    "business": Plan(0, 125_000),
    "enterprise": Plan(0, 500_000),
}


def plan(world: World) -> Plan:
    """The plan in force, with the figures that knobs replace."""
    named = PLANS.get(str(world.knob("plan")), PLANS[""])
    calls = int(world.knob("monthly_calls")) or named.calls
    return Plan(calls, int(world.knob("record_cap")) or named.records, named.slows)


def used(world: World) -> Doc:
    """`{month, used, allowed}`; `allowed` 0 = unlimited. A new month begins at zero."""
    month = world.clock.text()[:7]
    kept = world.store.setting(COUNTER) or {"month": month, "used": 0}
    return {"month": month, "used": kept["used"] if kept["month"] == month else 0, "allowed": plan(world).calls}


def spend(world: World, calls: int) -> Doc:
    """Set this month's count, as if the workspace had made so many calls."""
    world.store.set(COUNTER, {"month": world.clock.text()[:7], "used": calls})
    return used(world)


def admit(world: World, path: tuple[str, ...]) -> None:
    """Refuse a request when the month's calls are spent."""
    limit = plan(world)
    if not limit.calls:
        return
    over = used(world)["used"] - limit.calls
    if limit.slows and over >= 0:
        slow: RateLimit = world.store.companions.setdefault("airtable.slowed", RateLimit(_SLOWED, penalty=0))
        if slow.refuses("workspace", "", world.clock.now().timestamp()):
            raise rate_limited()
    elif over >= int(world.knob("grace_calls")) and path[0] != "meta":
        raise billing_limit()


def count(world: World, refusal: Refusal | None) -> None:
    """Count a request that was answered; what never reached a workspace (no token, no route) costs nothing."""
    if plan(world).calls and (refusal is None or refusal.status not in _UNCOUNTED):
        spend(world, used(world)["used"] + 1)
