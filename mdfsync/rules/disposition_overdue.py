"""Partners that have not reported what became of the leads they handed over.

What it protects: the measure of the campaign. Both sides agreed to report monthly, for six months, what became of each
lead; without it the partner's half of the return is not known when the campaign is judged.

When it fires: one exception per campaign, partner and month, for the last month whose report is due: leads of which
nothing was ever reported, or of which nothing new came in that month or since, unless their disposition is final.
Months count from the partner's first hand-over in the charter's zone. One report tells of everything before it, so an
earlier month is not asked for again. Archived and cancelled campaigns owe nothing more.

What clears it: a list from the partner with the disposition of each of the leads; it lapses for the next month's.

Params: `months` = how long is reported; `grace_days` = days after a month's end until its report is late; `final` =
dispositions after which nothing more is expected.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.leads.dispositions import reporting
from mdfsync.leads.lists import SOURCE
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import Row, View

ID = "disposition_overdue"
TABLES = ("Campaign Partners", "Leads")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for part in view.rows("Campaign Partners"):
        owed = reporting(view, part)
        if owed is None or not owed.owed:
            continue
        yield speak(
            setting,
            part.place,
            f"{_name(view, part)} has not reported what became of {len(owed.owed)} of its {len(owed.leads)} leads of "
            f"{view.ref(part, 'joint_campaign_id')}; the report of month {owed.month} was due on {owed.due}.",
            evidence={
                "partner_id": view.ref(part, "partner_id"),
                "handed over since": owed.first.isoformat(),
                "nothing was ever reported of": ", ".join(owed.blank),
                "nothing new was reported of": ", ".join(sorted(set(owed.owed) - set(owed.blank))),
            },
            sources=(SOURCE,),
            key=owed.name,
            due=owed.due.isoformat(),
            owner=part.text("our_counterpart"),
        )


def _name(view: View, part: Row) -> str:
    partner_id = view.ref(part, "partner_id")
    partner = view.row("Partners", partner_id)
    return (partner.text("partner_name") if partner else "") or partner_id
