"""What documents are made of: the base as a run would conclude it now, with every finding that is open.

    Planned ─concluded─> Concluded ─builders─> documents

A document never repeats a cell that the facts have overtaken: `view.will_be` reads each computed cell as it would be
written now, and `open` are the findings as they stand now, with owner and due date from the row that people see. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdfsync.model import Create, Finding, Snapshot
from mdfsync.money_at_risk import AtRisk, Scope, money_at_risk
from mdfsync.policy import Policy
from mdfsync.publish import finding_subject
from mdfsync.situation import Planned
from mdfsync.view import Row, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A finding that counts, and what its row in Holds or Exceptions says: who owns it, until when, since when, and
    its status (open, or upheld by a person: it waits for nobody and still bars)."""

    finding: Finding
    row_id: str
    owner: str
    due: str
    first_seen: str
    status: str
    campaign: str
    partner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """`open` in order of kind, severity, due date. Findings that people waived are left out: `waived` are those."""

    view: View
    policy: Policy
    open: tuple[Open, ...]
    waived: tuple[Finding, ...]

    def findings(self) -> tuple[Finding, ...]:
        return tuple(one.finding for one in self.open)

    def money(self, *, campaign: str = "", partner: str = "", programme: str = "") -> tuple[AtRisk, ...]:
        """Money at risk of a campaign, a partner, an MDF programme, or everything."""
        return money_at_risk(self.view, self.findings(), Scope(campaign=campaign, partner=partner, programme=programme))

    def about(self, *, campaign: str = "", partner: str = "", kind: str = "") -> tuple[Open, ...]:
        """Those of a campaign, partner and kind, each where given."""
        return tuple(
            one
            for one in self.open
            if campaign in {"", one.campaign} and partner in {"", one.partner} and kind in {"", one.finding.kind}
        )

    def cell(self, row: Row, name: str) -> str:
        """A cell as it would read after a run now."""
        return self.view.will_be(row, name)


_GRAVE = ("critical", "high", "medium", "low")


def concluded(planned: Planned, snapshot: Snapshot, policy: Policy) -> Concluded:
    """What a plan came to, for documents."""
    coming = {change.subject: change.fields for change in planned.plan.changes if isinstance(change, Create)}
    standing = {table: snapshot.by_id(table) for table in ("Holds", "Exceptions")}
    out = []
    for finding in planned.plan.findings:
        if finding.fingerprint in planned.waived:
            continue
        place = finding_subject(finding)
        row = standing[place.table].get(place.id)
        said = row.fields if row else coming.get(place, {})
        out.append(
            Open(
                finding=finding, row_id=place.id, owner=said.get("owner", ""), due=said.get("due", ""),
                first_seen=row.get("first_seen") if row else "", campaign=said.get("joint_campaign_id", ""),
                partner=said.get("partner_id", ""), status=planned.decided_findings.get(finding.fingerprint, "open"),
            )
        )  # fmt: skip
    out.sort(key=lambda one: (one.finding.kind != "hold", _GRAVE.index(one.finding.severity), one.due, one.row_id))
    waived = tuple(finding for finding in planned.plan.findings if finding.fingerprint in planned.waived)
    return Concluded(view=planned.view, policy=policy, open=tuple(out), waived=waived)
