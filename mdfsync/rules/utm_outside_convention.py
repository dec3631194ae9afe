"""UTM values that are not the ones the partners agreed on.

What it protects: reports and links go by the exact value. A link with another case, separator, source or medium, or
with a campaign name that only looks like ours, brings leads and deals that are counted for nobody.

When it fires: form submissions, deals or tracking links of deliverables carry a UTM value that is meant for a campaign
of ours and is not its agreed one: the value is the campaign's but for case, separators, left-out words or a wrong
letter; it came through the campaign's own form or stands on its own deliverable; or its source, medium or content is
outside the convention (`schema/tracking.toml`). One exception per campaign lists the values with where they stand.

When it does not: a submission without any UTM value, a value of another HubSpot campaign, a campaign that is archived
or cancelled or has no agreed value yet.

What clears it: the links and records carry the agreed value, or a person lets it pass. A value that came in on a form
stays in HubSpot's history, so there it is let pass once its link is corrected.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.mapping.portal import OVER, some
from mdfsync.mapping.seen import Stray, strays
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "utm_outside_convention"
TABLES = ("Campaigns",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for joint, found in strays(view).items():
        campaign = view.row("Campaigns", joint)
        if campaign is None or campaign.text("campaign_status") in OVER:
            continue
        yield speak(
            setting,
            Subject(table="Campaigns", id=joint),
            _said(found),
            evidence={
                "values": _lines(found),
                "count": str(len({stray.place for stray in found})),
                "utm_campaign": campaign.text("utm_campaign"),
            },
            sources=[stray.source_id for stray in found],
        )


def _said(found: tuple[Stray, ...]) -> str:
    """The one value that strays with its places, or how many there are: the list is the evidence."""
    lines = _lines(found).splitlines()
    if len(lines) == 1:
        return f"Outside the convention: {lines[0]}."
    places = len({stray.place for stray in found})
    return f"{len(lines)} UTM values in {places} places are outside the convention, such as {lines[0]}."


def _lines(found: tuple[Stray, ...]) -> str:
    by_value: dict[str, set[str]] = {}
    for stray in found:
        by_value.setdefault(stray.what, set()).add(stray.place)
    return "\n".join(f"{what}: {some(places)}" for what, places in sorted(by_value.items()))
