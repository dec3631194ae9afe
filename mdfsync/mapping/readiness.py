"""Whether a campaign's tracking is ready: one list of what is missing, each line with who does it.

Looked at before launch: the HubSpot campaign and the joint campaign name each other, the UTM values are stated and
within the convention, forms and events exist, the consent text has a version, the required properties are defined, the
deal pipelines end in won and lost, and a test lead came through. Once the campaign runs, a submission with its UTM
value proves what the test lead would have. What could not be read makes the answer unknown; it is never listed as
missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from mdfsync.mapping.convention import fault
from mdfsync.mapping.portal import CAMPAIGNS, campaigns_of, defines, part, property_faults, unread
from mdfsync.mapping.seen import SUBMISSIONS, submissions
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import in_force
from mdfsync.view.touches import property_of

PIPELINES = "hubspot.pipelines"
OPERATIONS, OWNER = "revenue operations", "campaign owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that is not as it must be, and who puts it right."""

    what: str
    who: str

    def __str__(self) -> str:
        return f"{self.what} ({self.who})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`unknown` = what cannot be told, with the reason."""

    missing: tuple[Missing, ...]
    unknown: tuple[str, ...]

    @property
    def status(self) -> str:
        """ready | incomplete | unknown."""
        return "incomplete" if self.missing else "unknown" if self.unknown else "ready"

    @property
    def lines(self) -> tuple[str, ...]:
        """What is missing, then what cannot be told."""
        return (*map(str, self.missing), *(f"cannot be told: {why}" for why in self.unknown))


Said = Iterator[Missing | str]
"""What is missing, and as plain text what cannot be told."""


def readiness(view: View, campaign: Row) -> Readiness:
    """The state of a campaign's tracking; worked out once per view."""
    key = ("Campaigns", "readiness", campaign.place.id)
    found: Readiness | None = view.memo.get(key)
    if found is None:
        row = in_force(view, campaign)
        said = [*_campaign(view, row), *_utm(view, row), *_places(view, row), *_consent(row), *_portal(view)]
        said += [*_pipelines(view), *_test_lead(view, row)]
        found = view.memo[key] = Readiness(
            missing=tuple(one for one in said if isinstance(one, Missing)),
            unknown=tuple(dict.fromkeys(one for one in said if isinstance(one, str))),
        )
    return found


def launched(campaign: Row, as_of: datetime) -> datetime | None:
    """The moment from which the campaign runs: its launch, else the beginning of its first day; `None` before it."""
    begins = campaign.instant("launch_at")
    if begins is None and (first := campaign.day("start_date")):
        begins = datetime.combine(first, time(), zone_of(campaign.text("charter_time_zone")) or UTC)
    return begins if begins and begins <= as_of else None


def _campaign(view: View, row: Row) -> Said:
    """The HubSpot campaign and the joint campaign name each other, and nobody else does."""
    if why := unread(view, CAMPAIGNS):
        yield why
        return
    there, typed = campaigns_of(view), row.text("hubspot_campaign_id").lower()
    naming = [guid for guid in there.naming.get(row.id, ()) if guid != typed]
    if not typed:
        hint = f": {naming[0]} names this joint campaign" if len(naming) == 1 else ""
        yield Missing(what=f"enter the HubSpot campaign in hubspot_campaign_id{hint}", who=OPERATIONS)
    elif typed not in there.rows:
        yield Missing(what=f"HubSpot has no campaign {typed}, correct hubspot_campaign_id", who=OPERATIONS)
    else:
        named = property_of(there.rows[typed], "joint_campaign_id")
        if named and named != row.id:
            yield Missing(what=f"HubSpot campaign {typed} names {named} in joint_campaign_id", who=OPERATIONS)
        elif not named and (defines(view, "campaigns", "joint_campaign_id") or there.naming):
            yield Missing(what=f"enter {row.id} in joint_campaign_id of HubSpot campaign {typed}", who=OPERATIONS)
    if naming and typed:
        others = ", ".join(naming)
        yield Missing(what=f"HubSpot campaign {others} names this joint campaign too", who=OPERATIONS)


def _utm(view: View, row: Row) -> Said:
    for name in ("utm_source", "utm_medium", "utm_campaign"):
        value = row.text(name)
        if not value:
            yield Missing(what=f"{name} is blank", who=OWNER)
        elif why := fault(view, row, name, value):
            yield Missing(what=why, who=OWNER)
    own = row.text("utm_campaign")
    for other in view.where("Campaigns", "utm_campaign", own) if own else ():
        if other.id != row.id:
            yield Missing(what=f"{other.id} has the same utm_campaign, so it tells neither apart", who=OWNER)
    hubspot = campaigns_of(view).rows.get(row.text("hubspot_campaign_id").lower())
    there = property_of(hubspot, "hs_utm") if hubspot else ""
    if own and there and there != own:
        yield Missing(what=f"HubSpot gives the campaign the UTM value “{there}” where {own} is agreed", who=OPERATIONS)


def _places(view: View, row: Row) -> Said:
    """Forms and events: at least one of them, and each there."""
    forms, events = row.listed("hubspot_form_ids"), row.listed("hubspot_marketing_event_ids")
    if not forms and not events:
        what = "neither a form (hubspot_form_ids) nor an event (hubspot_marketing_event_ids) is named"
        yield Missing(what=what, who=OPERATIONS)
    for name, ids, fact, word in (
        ("forms", forms, "archived", "archived"),
        ("marketing_events", events, "eventCancelled", "cancelled"),
    ):
        there = part(view, name) if ids else None
        if there is None:
            continue
        if there.unknown:
            yield f"{name.replace('_', ' ')}: {there.unknown}"
            continue
        items = {id.lower(): item for id, item in there.items.items()}
        noun = name.removesuffix("s").replace("_", " ")
        for id in ids:
            if id.lower() not in items:
                yield Missing(what=f"HubSpot has no {noun} {id}", who=OPERATIONS)
            elif items[id.lower()].get(fact):
                yield Missing(what=f"{noun} {id} is {word} in HubSpot", who=OPERATIONS)


def _consent(row: Row) -> Said:
    if not row.text("consent_text_version"):
        yield Missing(what="consent_text_version is blank", who=OWNER)


def _portal(view: View) -> Said:
    wrong, unknown = property_faults(view)
    yield from (Missing(what=what, who=OPERATIONS) for what in wrong)
    yield from unknown


def _pipelines(view: View) -> Said:
    """Every pipeline ends in a stage that is won and one that is lost, by HubSpot's own marks."""
    if why := unread(view, PIPELINES):
        yield why
        return
    for pipeline in view.mirror.get(PIPELINES, ()):
        ends = [s.get("metadata") or {} for s in pipeline.body.get("stages", ()) if not s.get("archived")]
        closed = {_probability(end) for end in ends if str(end.get("isClosed")).lower() == "true"}
        lacking = [word for word, worth in (("won", Decimal(1)), ("lost", Decimal(0))) if worth not in closed]
        if lacking and not pipeline.body.get("archived"):
            name = pipeline.body.get("label") or pipeline.ref.external_id
            yield Missing(what=f"pipeline {name} has no stage for {' and '.join(lacking)} deals", who=OPERATIONS)


def _probability(metadata: dict[str, Any]) -> Decimal | None:
    try:
        return Decimal(str(metadata.get("probability")))
    except InvalidOperation:
        return None


def _test_lead(view: View, row: Row) -> Said:
    forms, utm = {form.lower() for form in row.listed("hubspot_form_ids")}, row.text("utm_campaign")
    if not forms and not utm:
        return  # said already: there is nothing that a test lead could come through
    if why := unread(view, SUBMISSIONS):
        yield f"test lead: {why}"
        return
    began = launched(row, view.as_of)
    through = submissions(view).of(forms, utm)
    tests = [s for s in through if s.test and s.at is not None and (began is None or s.at < began)]
    proofs = [*tests, *(s for s in through if began is not None and s.at is not None and s.at >= began)]
    if any(not utm or s.utm.get("utm_campaign") == utm for s in proofs):
        return
    if tests:
        yield Missing(what=f"the test lead ({tests[-1].id}) came without utm_campaign {utm}", who=OPERATIONS)
    elif began is None:
        what = "no test lead seen: send the form through the tracking link from a test address"
        yield Missing(what=what, who=OPERATIONS)
    elif forms:
        yield Missing(what=f"no submission with utm_campaign {utm} seen since the launch", who=OPERATIONS)
