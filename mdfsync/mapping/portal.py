"""What the HubSpot account has set up, as last seen: properties, forms, events, and which campaign is whose.

A part that was refused, or that nobody has looked at yet, is unknown: every question about it is then answered with
the reason, not with "missing". Lowest part of `mapping`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mdfsync.model import RawRow
from mdfsync.policy.tracking import RequiredProperty
from mdfsync.view import View
from mdfsync.view.touches import property_of

SETUP = "hubspot.setup"
CAMPAIGNS = "hubspot.campaigns"
OVER = frozenset({"archived", "cancelled"})
"""Campaigns whose records nobody puts right any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the set-up. `unknown` = why it cannot be told what is there, `""` when it can."""

    items: Mapping[str, Mapping[str, Any]]
    unknown: str = ""


def unread(view: View, source_id: str) -> str:
    """Why nothing may be concluded from a source; `""` when it was read."""
    if view.health(source_id).known:
        return ""
    absent = bool(view.health(source_id).absent)
    return f"{source_id} {'cannot be read, its row in Sources says why' if absent else 'has not been read yet'}"


def part(view: View, name: str) -> Part:
    """`properties:deals` and so on, `forms` or `marketing_events`."""
    if why := unread(view, SETUP):
        return Part(items={}, unknown=why)
    found: dict[str, RawRow] | None = view.memo.get(("", "hubspot set-up"))
    if found is None:
        found = view.memo["", "hubspot set-up"] = {row.ref.external_id: row for row in view.mirror.get(SETUP, ())}
    if name not in found:
        return Part(items={}, unknown=f"{name} has not been read yet")
    body = found[name].body
    return Part(items=body.get("items") or {}, unknown=str(body.get("refused") or ""))


def fault_of_property(wanted: RequiredProperty, found: Mapping[str, Any] | None) -> str:
    """What is wrong with a property as HubSpot defines it (`state`, `type`, `options`); `""` when it is as required.
    `None` = nobody has looked."""
    if found is None:
        return ""
    state = str(found.get("state") or "missing")
    if state == "archived":
        return "is archived in HubSpot, restore it"
    if state == "missing":
        return f"does not exist in HubSpot, create it (type {wanted.type}; {wanted.use})"
    if found.get("type") != wanted.type:
        return f"has type {found.get('type')} in HubSpot where {wanted.type} is needed"
    lacking = sorted(set(wanted.options) - set(found.get("options") or ()))
    return f"lacks the choice{'s' if len(lacking) > 1 else ''} {', '.join(lacking)} in HubSpot" if lacking else ""


def property_faults(view: View) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences on required properties: (what is wrong, what cannot be told)."""
    wrong, unknown = [], []
    for kind in view.tracking.required:
        there = part(view, f"properties:{kind}")
        if there.unknown:
            unknown.append(f"properties of {kind}: {there.unknown}")
            continue
        for wanted in view.tracking.properties:
            if wanted.object_type != kind:
                continue
            if wanted.name not in there.items:
                unknown.append(f"property {wanted.shown}: not looked up yet")
            elif fault := fault_of_property(wanted, there.items[wanted.name]):
                wrong.append(f"property {wanted.shown} {fault}")
    return tuple(wrong), tuple(unknown)


def defines(view: View, kind: str, name: str) -> bool:
    """Whether HubSpot is known to define a property."""
    return part(view, f"properties:{kind}").items.get(name, {}).get("state") == "defined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """HubSpot's campaigns: by GUID in lower case, and GUIDs by the joint campaign that each names itself."""

    rows: Mapping[str, RawRow]
    naming: Mapping[str, tuple[str, ...]]


def campaigns_of(view: View) -> Campaigns:
    """HubSpot's campaigns as last seen; worked out once per view."""
    found: Campaigns | None = view.memo.get(("", "hubspot campaigns"))
    if found is None:
        rows = {row.ref.external_id.lower(): row for row in view.mirror.get(CAMPAIGNS, ())}
        naming: dict[str, list[str]] = {}
        for guid, row in sorted(rows.items()):
            if joint := property_of(row, "joint_campaign_id"):
                naming.setdefault(joint, []).append(guid)
        found = Campaigns(rows=rows, naming={joint: tuple(guids) for joint, guids in naming.items()})
        view.memo["", "hubspot campaigns"] = found
    return found


def guids_of(view: View, joint_campaign_id: str) -> tuple[str, ...]:
    """GUIDs of the HubSpot campaigns that are known to belong to a joint campaign, in lower case: the one that a
    person typed and those that name the joint campaign."""
    campaign = view.row("Campaigns", joint_campaign_id)
    typed = campaign.text("hubspot_campaign_id").lower() if campaign else ""
    there = campaigns_of(view)
    named = property_of(there.rows[typed], "joint_campaign_id") if typed in there.rows else ""
    own = [typed] if typed and named in {"", joint_campaign_id} else []
    return tuple(dict.fromkeys((*own, *there.naming.get(joint_campaign_id, ()))))


def some(ids: Iterable[str], most: int = 10) -> str:
    """The first ids of a set, and how many more there are."""
    every = sorted(set(ids))
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")
