"""A joint campaign that runs, or is about to, under a charter that not everybody has signed.

What it protects: the charter says who pays what, who owns which lead and what counts as sourced. Settled after the
launch, each of these is a negotiation; and a term that one side changes alone after signing is no term at all.

When it fires: a campaign is approved, live or paused, or its launch or first day has come, and the present version of
its charter lacks a signature: of our campaign owner or budget owner (an approved Approvals row of the gate charter
each), or of a partner (on its Campaign Partners row, naming this version, with accepted evidence). One hold per
campaign names everybody who has not signed and why, every setting that is missing, and every term that moved since
the version in force. A completed campaign is held only when no version was ever signed by all. Left alone are drafts
before their launch, archived and cancelled campaigns, and those already launched when the base was taken over.

What clears it: the missing signatures, or the changed terms put back to what was signed. It cannot be waived. Until
then the campaign and its approvals to send out lead lists and to publish are held; rules go on reading the version that
all have signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.view.charter import zone_of
from mdfsync.view.standing import Standing, standing

ID = "unsigned_charter"
TABLES = ("Campaigns",)
_RUNNING = frozenset({"approved", "live", "paused"})
_OVER = frozenset({"archived", "cancelled"})
_OUTGOING = frozenset({"lead_list", "publication"})
"""Gates through which something of the campaign leaves the company."""


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for campaign in view.rows("Campaigns"):
        if not holds(view, campaign):
            continue
        stands, launch = standing(view, campaign), _launch(campaign)
        yield speak(
            setting,
            campaign.place,
            _message(stands),
            evidence=_evidence(stands),
            sources={BASE, *sources_of(view, "MDF Budgets", "approved_on")}
            if stands.terms.rows["MDF Budgets"]
            else {BASE},
            blocks=_outgoing(view, campaign),
            due=launch.isoformat() if launch and launch >= view.as_of.date() else "",
        )


def holds(view: View, campaign: Row) -> bool:
    """Whether the rule holds the campaign, and so names every required setting that is missing."""
    stands = standing(view, campaign)
    return stands.status != "signed" and _concerned(view, campaign, stands)


def _concerned(view: View, campaign: Row, stands: Standing) -> bool:
    status = campaign.text("campaign_status")
    if status in _OVER:
        return False
    if campaign.text("backfilled") == "yes" and stands.in_force is None and _launched_before_us(campaign):
        return False
    if status == "completed":
        return stands.in_force is None
    return status in _RUNNING or _has_begun(view, campaign)


def _launch(campaign: Row) -> date | None:
    """The day of launch in the charter's zone (UTC where it names none), else the first day."""
    at = campaign.instant("launch_at")
    if at is None:
        return campaign.day("start_date")
    return at.astimezone(zone_of(campaign.text("charter_time_zone")) or UTC).date()


def _has_begun(view: View, campaign: Row) -> bool:
    zone = zone_of(campaign.text("charter_time_zone")) or UTC
    launch = _launch(campaign)
    return launch is not None and launch <= view.as_of.astimezone(zone).date()


def _launched_before_us(campaign: Row) -> bool:
    """Whether a campaign that was taken over had been launched by then."""
    launch, taken = _launch(campaign), campaign.instant("captured_at")
    if launch is not None and taken is not None:
        return launch <= taken.date()
    return campaign.text("campaign_status") != "approved"


def _message(stands: Standing) -> str:
    parts = [f"Version {stands.version} of the charter is not signed by all"]
    if stands.unsigned:
        parts[0] += f": {', '.join(unsigned.signer.title for unsigned in stands.unsigned)} missing"
    if not stands.terms.parties:
        parts.append("no partner takes part in the campaign")
    if stands.too_long:
        parts.append("the terms are too long to be kept, so nothing can come into force")
    if fields := dict.fromkeys(moved.field for moved in stands.moved):
        parts.append(f"changed since version {stands.in_force.version if stands.in_force else 0}: {', '.join(fields)}")
    if count := len(stands.terms.missing):
        parts.append(f"{count} required setting{'s are' if count > 1 else ' is'} missing")
    return "; ".join(parts) + "."


def _evidence(stands: Standing) -> dict[str, str]:
    moved = [f"{m.table}/{m.id}.{m.field}: {_short(m.signed)} → {_short(m.now)}" for m in stands.moved]
    return {
        "version": str(stands.version),
        "in force": f"version {stands.in_force.version}" if stands.in_force else "no version",
        "not signed": "; ".join(map(str, stands.unsigned)),
        "missing settings": "; ".join(map(str, stands.terms.missing)),
        "changed terms": "; ".join(moved),
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return (line if len(line) <= 60 else f"{line[:59]}…") or "blank"


def _outgoing(view: View, campaign: Row) -> list[Subject]:
    approvals = view.where("Approvals", "joint_campaign_id", campaign.id)
    return [campaign.place, *(row.place for row in approvals if row.text("gate") in _OUTGOING)]
