"""What approvals are worth, on the rows themselves and on what they approve.

An Approvals row gets its status with the reason and, once, the values that its decision saw; requests, expenses, target
accounts and attributions get the approvals in force for them; a dispute gets the day by which it must be ruled on
(`approval/` judges; this only writes it down). The values of a decision are taken down when it is first found to count
and stay as they are for that decision; a new decision has its own. It approves nothing and makes no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mdfsync.approval import InForce, covered_by, in_force, judged
from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.model import Subject
from mdfsync.values import instant_text
from mdfsync.view import Row, View
from mdfsync.view.charter import ruling_due

RULE = "approvals"
_INPUTS = ("Approvals.decision", "schema/approval-matrix.toml")
Cells = Iterator[tuple[Row, dict[str, str]]]


def approvals(view: View, params: Mapping[str, Any]) -> Iterator[Computed]:
    """Computed cells of Approvals, and the approval columns of other tables. `params`: those of rule
    `dispute_overdue`."""
    for found in (_of_approvals, _of_requests, _of_expenses, _of_targets, _of_labels):
        for row, values in found(view):
            yield from cells(row.subject, values, rule=RULE, inputs=_INPUTS)
    for row in view.where("Decisions", "decision_type", "dispute"):
        due = {"decision_due": ruling_due(view, row, params["clock_days"])}
        yield from cells(row.subject, due, rule=RULE, inputs=("raised_on", "dispute_clock_days"))


def _of_approvals(view: View) -> Cells:
    for approval in judged(view).values():
        values = {
            "approval_status": approval.status,
            "status_reason": approval.reason,
            "values_seen": _or_none(approval.row, "values_seen", approval.values_seen),
            "approved_digest": _or_none(approval.row, "approved_digest", approval.digest),
            "policy_version": _or_none(approval.row, "policy_version", approval.policy_version),
        }
        if approval.counts and "@" in approval.signer:
            values |= {"decided_by": approval.signer, "decided_at": approval.decided_at}
        yield approval.row, values


def _of_requests(view: View) -> Cells:
    for row in view.rows("MDF Budgets"):
        gate = in_force(view, "budget", row.place)
        ids = ", ".join(gate.approval_ids)
        yield row, {"approval_status": gate.state, "approval_id": _or_none(row, "approval_id", ids)}


def _of_expenses(view: View) -> Cells:
    """The approval of its request, and those of the expense itself."""
    of_request: dict[str, tuple[str, ...]] = {}
    planned = covered_by(view, "expense_plan")
    for row in view.rows("Expenses"):
        request = view.ref(row, "mdf_request_id")
        if request and request not in of_request:
            of_request[request] = in_force(view, "budget", Subject(table="MDF Budgets", id=request)).approval_ids
        ids = {*of_request.get(request, ())}
        if row.place in planned:
            ids |= {*in_force(view, "expense_plan", row.place).approval_ids}
        yield row, {"approval_id": _or_none(row, "approval_id", ", ".join(sorted(ids)))}


def _of_targets(view: View) -> Cells:
    listed = covered_by(view, "targeting")
    for row in view.rows("Shared Accounts"):
        ids = in_force(view, "targeting", row.place).approval_ids if row.place in listed else ()
        yield row, {"target_approval_id": _or_none(row, "target_approval_id", ", ".join(ids))}


def _of_labels(view: View) -> Cells:
    """A label is validated by a person on the row itself, or by an approval of labels that still says what it saw."""
    listed = covered_by(view, "attribution_labels")
    for row in view.rows("Attributions"):
        author = view.facts.authors.get((row.subject, "validated_class")) if row.text("validated_class") else None
        if author is not None:
            at = instant_text(author.at) if author.at and author.exact else row.text("validated_at")
            yield row, {"validation_status": "validated", "validated_by": author.actor, "validated_at": at}
        elif row.place in listed:
            yield row, _validation(in_force(view, "attribution_labels", row.place))
        else:
            yield row, {"validation_status": "none"}


def _validation(gate: InForce) -> dict[str, str]:
    if not gate.satisfied:
        return {"validation_status": "lapsed" if gate.state == "lapsed" else "none"}
    last = max(gate.parts[0].carried_by, key=lambda approval: approval.decided_at)
    return {"validation_status": "validated", "validated_by": last.signer, "validated_at": last.decided_at}


def _or_none(row: Row, name: str, value: str) -> str:
    """The value; where the cell says something that no longer holds, `none`."""
    return value or (NOTHING if row.text(name) else "")
