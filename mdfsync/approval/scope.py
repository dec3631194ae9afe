"""Which rows an approval is of, and whose: the rows it names, and those whose material values were approved with them.

An approval names rows by `subject_table` and `subject_ids`, an MDF request, or a campaign; with a partner on it, it
speaks of that partner's rows alone. Its rows are those of the gate's first table; rows of the gate's other tables come
along through the relation between both. It refuses to guess: an approval that names nothing covers nothing. First part
of `approval`, over the view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mdfsync.model import Subject
from mdfsync.policy.approvals import Gate
from mdfsync.view import Row, View

Rows = Mapping[str, tuple[Row, ...]]
_BETWEEN: Mapping[tuple[str, str], str] = MappingProxyType(
    {("Reimbursements", "Expenses"): "Reimbursement Lines", ("Campaigns", "Partners"): "Campaign Partners"}
)
"""(table approved, table that comes along) → the table whose rows name both, where neither names the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`rows`: by table, everything with material values of this approval. `covered`: what it is an approval of, for
    those who ask whether a row is approved; a row that only comes along because another names it is not."""

    rows: Rows
    covered: frozenset[Subject]


def scope_of(view: View, approval: Row, gate: Gate) -> Scope:
    """The rows of one approval at one gate."""
    partner = view.ref(approval, "partner_id")
    anchor = approval.text("subject_table") or gate.tables[0]
    named = [row for row in _named(view, approval, anchor) if _is_of(view, row, partner)]
    rows: dict[str, tuple[Row, ...]] = {}
    covered = {row.place for row in named}
    if not approval.text("subject_ids") and not approval.text("mdf_request_id"):
        covered |= {campaign.place for campaign in filter(None, (view.target(approval, "joint_campaign_id"),))}
    for table in gate.tables:
        children = True
        found: Iterable[Row] = named
        if table != anchor:
            children, found = _along(view, anchor, named, table)
        wanted = _wanted(gate, table)
        kept = [r for r in found if _is_of(view, r, partner) and all(view.will_be(r, n) in says for n, says in wanted)]
        rows[table] = tuple(kept)
        if children:
            covered |= {row.place for row in kept}
    return Scope(rows=rows, covered=frozenset(covered))


def about(view: View, approval: Row) -> dict[str, str]:
    """The cells that say who holds which role for this approval: of its partner, campaign, their part in it and
    request, the row's own last. Where a campaign has several partners and the approval names none, all of their owners
    stand there."""
    campaign, partner = view.target(approval, "joint_campaign_id"), view.target(approval, "partner_id")
    parts = [
        part
        for part in view.where("Campaign Partners", "joint_campaign_id", campaign.id if campaign else "")
        if partner is None or view.ref(part, "partner_id") == partner.id
    ]
    owners = ", ".join(filter(None, (part.text("partner_campaign_owner") for part in parts)))
    request = view.target(approval, "mdf_request_id")
    fund = view.target(request, "fund_id") if request else None
    out: dict[str, str] = {}
    for row in (partner, campaign, fund, request, approval):
        out |= row.fields if row else {}
    return {**out, "partner_campaign_owner": owners} if owners else out


def partners_of(view: View, subject: Subject) -> tuple[str, ...]:
    """The partners who have a say on a row: its own, else all of its campaign."""
    row = view.row(subject.table, subject.id)
    if row is None:
        return ()
    if own := view.ref(row, "partner_id"):
        return (own,)
    campaign = subject.id if subject.table == "Campaigns" else view.ref(row, "joint_campaign_id")
    parts = view.where("Campaign Partners", "joint_campaign_id", campaign)
    return tuple(sorted({partner for part in parts if (partner := view.ref(part, "partner_id"))}))


def _named(view: View, approval: Row, table: str) -> Iterator[Row]:
    if ids := approval.listed("subject_ids"):
        yield from (row for id in ids if (row := view.row(table, id)))
        return
    request, campaign = view.ref(approval, "mdf_request_id"), view.ref(approval, "joint_campaign_id")
    if request:
        yield from _by(view, table, "MDF Budgets", "mdf_request_id", request)
    elif campaign:
        yield from _by(view, table, "Campaigns", "joint_campaign_id", campaign)


def _by(view: View, table: str, target: str, name: str, id: str) -> tuple[Row, ...]:
    if table == target:
        row = view.row(table, id)
        return (row,) if row else ()
    return view.where(table, name, id) if name in _fields(view, table) else ()


def _is_of(view: View, row: Row, partner: str) -> bool:
    """Whether an approval for this partner (`""` = for all) speaks of the row."""
    if not partner:
        return True
    own = row.id if row.subject.table == "Partners" else view.ref(row, "partner_id")
    return own in {"", partner}


def _along(view: View, anchor: str, named: Iterable[Row], table: str) -> tuple[bool, list[Row]]:
    """(whether they name the rows that are approved, the rows of the table that come along with those)."""
    if between := _BETWEEN.get((anchor, table)):
        return False, _joined(view, named, anchor, between, table)
    for name, _, target in view.links(table):
        if target == anchor:
            return True, _distinct(child for row in named for child in view.where(table, name, row.id))
    for name, _, target in view.links(anchor):
        if target == table:
            return False, _distinct(parent for row in named for parent in _targets(view, row, name, table))
    return False, []


def _joined(view: View, named: Iterable[Row], anchor: str, between: str, table: str) -> list[Row]:
    ours, theirs = ({target: name for name, _, target in view.links(between)}[t] for t in (anchor, table))
    joints = (joint for row in named for joint in view.where(between, ours, row.id))
    return _distinct(found for joint in joints for found in _targets(view, joint, theirs, table))


def _targets(view: View, row: Row, name: str, table: str) -> Iterator[Row]:
    yield from (found for id in view.refs(row, name) if (found := view.row(table, id)))


def _distinct(rows: Iterable[Row]) -> list[Row]:
    return list({row.place: row for row in rows}.values())


def _wanted(gate: Gate, table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((cell.partition(".")[2], says) for cell, says in gate.only.items() if cell.partition(".")[0] == table)


def _fields(view: View, table: str) -> Iterable[str]:
    spec = view.dictionary.tables.get(table)
    return spec.fields if spec else ()
