"""A partner that changed what it shares.

What it protects: an ended partnership, a lower sharing level, an edited field preset or a used-up export allowance
takes hundreds of accounts or cells away in one night. Worked off one by one they would bury the operator; taken as the
truth they would empty a target list.

When it fires: Crossbeam shows none of a partner's accounts any more, or no longer gives a field for any account for
which it used to. One exception per partner, whatever the number of campaigns, accounts and fields. Of fewer accounts
than the rulebook names nothing general is concluded; then each account is told by itself.

What clears it: the accounts or the field are shown again. A person who knows the reason lets it pass.

Params: `min_accounts` = the fewest accounts of a partner from which a change of its sharing is concluded.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding, Subject
from mdfsync.overlaps.sharing import sharing_changes
from mdfsync.overlaps.standing import SOURCES
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import speak
from mdfsync.view import View

ID = "sharing_changed"
TABLES = ("Shared Accounts",)


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for partner, change in sharing_changes(view, int(setting.params["min_accounts"])).items():
        row = view.row("Partners", partner)
        name = (row.text("partner_name") if row else "") or partner
        joints = {found.text("joint_campaign_id") for s in change.rows if (found := view.row(s.table, s.id))}
        what = "any of its accounts" if change.everything else ", ".join(change.fields)
        yield speak(
            setting,
            Subject(table="Partners", id=partner),
            f"Crossbeam no longer shows {what} of {name}; what stood there stays."
            if not change.everything
            else f"Crossbeam no longer shows {what} with {name}; none of them is worked until it is known why.",
            evidence={"accounts": str(len(change.rows)), "campaigns": ", ".join(sorted(joints))},
            sources=SOURCES,
            key="everything" if change.everything else ", ".join(change.fields),
        )
