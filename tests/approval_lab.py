"""One campaign with its people and one MDF request, and Approvals rows to judge: the ground of the approval tests.

Two runs are two views: `again` puts what the worker wrote in the first one into the second one's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from casebook import case, dictionary

from mdfsync.approval import Approval, judged
from mdfsync.counted import SIGNED
from mdfsync.model import Subject
from mdfsync.values import to_instant
from mdfsync.view import Author, Row, View

DANA, LEE, PRIYA, SAM, INES, TOM = (
    f"{name}@northlight.example"
    for name in ("dana.okafor", "lee.marsh", "priya.nair", "sam.ortiz", "ines.weber", "tom.hale")
)
RHEA = "rhea.morrow@cobaltharbor.example"
WORKER = "mdfsync-worker@northlight.example"
AT = "2026-11-20T09:00:00.000Z"

GROUND = f"""
Partners
partner_id: cobalt
partner_name: Cobalt Harbor

Campaigns
joint_campaign_id: JC-1
campaign_status: live
start_date: 2026-06-01
account_scope: both
campaign_owner: {PRIYA}
budget_owner: {INES}
finance_approver: {LEE}
mdf_programme: northlight-mdf

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | partner_campaign_owner
CP-1 | JC-1 | cobalt | {RHEA}

MDF Budgets
mdf_request_id: MDF-1
joint_campaign_id: JC-1
partner_id: cobalt
requested_by: {RHEA}
requested_amount: 6000
approved_mdf_amount: 5000
budget_currency: USD
approved_on: 2026-05-20
activity_end: 2026-08-31

Evidence
evidence_id | evidence_type | joint_campaign_id | evidence_decision
EV-1 | agreement | JC-1 | accepted
EV-2 | agreement | JC-1 | returned
"""

BUDGET = {
    "approval_id": "AP-1",
    "gate": "budget",
    "joint_campaign_id": "JC-1",
    "partner_id": "cobalt",
    "mdf_request_id": "MDF-1",
    "requested_by": SAM,
    "approver": INES,
    "approver_role": "budget-owner",
    "decision": "approved",
    "method": "base",
}
TARGETING = {
    "approval_id": "AP-1",
    "gate": "targeting",
    "joint_campaign_id": "JC-1",
    "partner_id": "cobalt",
    "requested_by": DANA,
    "approver": RHEA,
    "approver_role": "partner-owner",
    "decision": "approved",
    "method": "signed_document",
    "evidence_id": "EV-1",
    "recorded_by": SAM,
}


def table(name: str, *rows: Mapping[str, str]) -> str:
    """Rows as a section; columns are those of any row."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [" | ".join(columns), *(" | ".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join([name, *lines]) + "\n"


def typed(who: str, *, row: str = "AP-1", field: str = "decision", at: str = AT) -> dict[str, str]:
    """One entry of who typed what."""
    return {"row": f"Approvals/{row}", "field": field, "actor": who, "at": at}


def approving(
    *rows: Mapping[str, str],
    by: tuple[Mapping[str, str], ...] = (),
    extra: str = "",
    as_of: str = "2026-11-20T12:00:00Z",
) -> View:
    """The ground with these Approvals rows; `by` = who typed what."""
    authors = [table("Authors", *by)] if by else []
    return case("\n".join([GROUND, table("Approvals", *rows), *authors, extra]), as_of=as_of)


def budget(who: str = INES, *, extra: str = "", at: str = AT, **cells: str) -> View:
    """One budget approval, decided by `who` (`""` = nobody known)."""
    by = (typed(who, at=at),) if who else ()
    return approving({**BUDGET, **cells}, by=by, extra=extra)


def paper(who: str = SAM, **cells: str) -> View:
    """One approval of the partner's owner on paper, entered by `who`."""
    return approving({**TARGETING, **cells}, by=(typed(who),) if who else ())


def the(view: View, id: str = "AP-1") -> Approval:
    return judged(view)[id]


def again(view: View, changes: Mapping[str, Mapping[str, str]] | None = None, *, added: str = "") -> View:
    """The next run: signatures of the first one stand in the rows, `changes` (`Table/id` → cells) came since; `added`
    holds further rows."""
    moved = {place: dict(cells) for place, cells in (changes or {}).items()}
    for approval in judged(view).values():
        if approval.counts:
            written = (
                approval.values_seen, approval.digest, approval.policy_version, approval.signer, approval.decided_at,
            )  # fmt: skip
            cells = moved.setdefault(str(approval.row.place), {})
            moved[str(approval.row.place)] = {**dict(zip(SIGNED, written, strict=True)), **cells}
    tables = {name: tuple(_moved(row, moved) for row in rows) for name, rows in view.tables.items()}
    for name, rows in case(added).tables.items() if added else ():
        tables[name] = (*tables.get(name, ()), *rows)
    return replace(view, tables=tables, memo={})


def decided_anew(view: View, who: str, at: str, *, row: str = "AP-1") -> View:
    """The view in which somebody set the decision again."""
    place = Subject(table="Approvals", id=row), "decision"
    authors = {**view.facts.authors, place: Author(actor=who, at=to_instant(at))}
    return replace(view, facts=replace(view.facts, authors=authors), memo={})


def forgotten(view: View) -> View:
    """The view of a worker that lost its feed: only Change History still knows who decided."""
    authors = {place: replace(author, exact=False) for place, author in view.facts.authors.items()}
    return replace(view, facts=replace(view.facts, authors=authors), memo={})


def _moved(row: Row, moved: Mapping[str, Mapping[str, str]]) -> Row:
    cells = moved.get(str(row.place))
    if not cells:
        return row
    assert not cells.keys() - dictionary().tables[row.subject.table].fields.keys()
    fields = {name: value for name, value in {**row.fields, **cells}.items() if value}
    return Row(row.subject, row.record_id, fields)
