"""Work that goes ahead before its gate has been passed.

What it protects: money that is committed and lists that are worked before everybody who answers for them said yes. What
is spent on an unapproved request is not paid back, and what a partner never agreed to is a breach of the charter.

When it fires, one hold per request or campaign and gate:
- `budget`: money is committed on an MDF request, and its budget gate is not passed: a role was not asked, has not
  decided, said no, or its approval lapsed. It blocks the expenses on which money is committed, and their claim lines. A
  request on which the approving system itself shows no approval is held by the rules on eligibility instead.
- `targeting`, `deliverables` (the rulebook's `launch_gates`): the campaign is live, or its launch day is there, and one
  of the owners on either side has not approved the target accounts, or the deliverables. It blocks the target accounts,
  or the deliverables that are still open.
- `change`: a decision to move money between requests, to extend a deadline or to amend a request is decided and in
  effect, and its own budget approval is missing. Between requests that are all `fungible` the decision is enough; from
  or to one that is `not_fungible` money does not move at all. It blocks the requests that the decision names.
- `claim`: a claim waits for the payer, or where our fund pays, it is granted or paid, and its packet's gate
  (`reimbursement`) is not passed. One that was passed when the claim was filed stays so, whatever lapsed since.

What clears it: the missing approvals are given on Approvals rows, lapsed ones are given anew, or the work stops (the
expense is cancelled, the campaign paused back to approved). Campaigns that are archived or cancelled are left in peace.

Params: `launch_gates` = gates that a launch needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.approval import CLOSED, InForce, Part, in_force
from mdfsync.eligibility.life import SPENT, is_approved, is_cancelled, is_spent
from mdfsync.ledger import claim_sides
from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, lines_of, shown, sources_of, speak
from mdfsync.view import Row, View

ID = "approval_missing"
TABLES = ("MDF Budgets", "Campaigns", "Decisions", "Reimbursements")
_LAUNCHED = frozenset({"live", "paused"})
_OURS = frozenset({"approved", "partly_approved", "paid"})
_NEEDS_PACKET = {"we_claim": frozenset({"submitted", "info_requested"}), "we_reimburse": _OURS}
_OPEN_WORK = frozenset({"", "planned", "in_progress"})


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for request in view.rows("MDF Budgets"):
        yield from _of_request(view, setting, request)
    for campaign in view.rows("Campaigns"):
        if _is_launched(view, campaign):
            for gate in setting.params["launch_gates"]:
                yield from _of_launch(view, setting, campaign, gate)
    for decision in view.where("Decisions", "decision_type", "budget"):
        yield from _of_change(view, setting, decision)
    for claim in view.rows("Reimbursements"):
        if claim.text("reimbursement_state") in _NEEDS_PACKET.get(claim_sides(view, claim).direction, ()):
            yield from _of_claim(view, setting, claim)


def _of_request(view: View, setting: RuleSetting, request: Row) -> Iterator[Finding]:
    campaign = view.target(request, "joint_campaign_id")
    if campaign is not None and campaign.text("campaign_status") in CLOSED:
        return
    if not is_approved(request):
        return
    spent = [
        row
        for row in view.where("Expenses", "mdf_request_id", request.id)
        if is_spent(view, row) and not is_cancelled(row)
    ]
    gate = in_force(view, "budget", request.place)
    if not spent or gate.satisfied:
        return
    yield speak(
        setting,
        request.place,
        f"Money is committed on this request, and its budget gate is not passed: {gate.words}.",
        evidence={
            **shown(request, "approved_mdf_amount", "budget_currency", "approved_on"),
            "committed on": ", ".join(row.id for row in spent),
            **_standing(gate),
        },
        sources={BASE, *sources_of(view, "Expenses", *SPENT)},
        key="budget",
        blocks=[*(row.place for row in spent), *(line for row in spent for line in lines_of(view, row.id))],
    )


def _is_launched(view: View, campaign: Row) -> bool:
    status, at, day = campaign.text("campaign_status"), campaign.instant("launch_at"), campaign.day("start_date")
    if status in _LAUNCHED:
        return True
    return status == "approved" and bool((at and at <= view.as_of) or (day and day <= view.as_of.date()))


def _of_launch(view: View, setting: RuleSetting, campaign: Row, gate_id: str) -> Iterator[Finding]:
    waiting = _waiting(view, campaign, gate_id)
    gate = in_force(view, gate_id, campaign.place)
    if gate.satisfied or not waiting:
        return
    title = view.matrix.gates[gate_id].title if gate_id in view.matrix.gates else gate_id
    yield speak(
        setting,
        campaign.place,
        f"The campaign goes ahead without an approval that a launch needs ({title.lower()}): {gate.words}.",
        evidence={**shown(campaign, "campaign_status", "launch_at", "start_date"), **_standing(gate)},
        sources=(BASE,),
        key=gate_id,
        blocks=waiting,
    )


def _waiting(view: View, campaign: Row, gate_id: str) -> list[Subject]:
    """What the gate keeps from going on; the campaign itself where the gate is of nothing that can be listed."""
    if gate_id == "targeting":
        accounts = view.where("Shared Accounts", "joint_campaign_id", campaign.id)
        return [row.place for row in accounts if view.will_be(row, "target_status") == "target"]
    if gate_id == "deliverables":
        pieces = view.where("Deliverables", "joint_campaign_id", campaign.id)
        return [row.place for row in pieces if row.text("deliverable_state") in _OPEN_WORK]
    return [campaign.place]


def _of_change(view: View, setting: RuleSetting, decision: Row) -> Iterator[Finding]:
    start = decision.day("effective_from")
    if decision.text("decision_state") != "decided" or not decision.text("change_kind"):
        return
    if start is not None and start > view.as_of.date():
        return
    ids = decision.listed("subject_ids") if decision.text("subject_table") == "MDF Budgets" else ()
    requests = [row for id in ids if (row := view.row("MDF Budgets", id))]
    moves_money = decision.text("change_kind") == "reallocation"
    fixed = [row.id for row in requests if moves_money and row.text("fungibility") == "not_fungible"]
    free = moves_money and bool(requests) and all(row.text("fungibility") == "fungible" for row in requests)
    gate = in_force(view, "budget", decision.place)
    if not fixed and (free or gate.satisfied):
        return
    why = f"{', '.join(fixed)} is not fungible" if fixed else f"its budget approval is missing: {gate.words}"
    yield speak(
        setting,
        decision.place,
        f"This change of budget may not take effect: {why}.",
        evidence={**shown(decision, "change_kind", "decision", "subject_ids", "effective_from"), **_standing(gate)},
        sources=(BASE,),
        key="change",
        blocks=[row.place for row in requests],
    )


def _of_claim(view: View, setting: RuleSetting, claim: Row) -> Iterator[Finding]:
    gate, filed = in_force(view, "reimbursement", claim.place), claim.text("submitted_at")
    missing = [part for part in gate.parts if part.state != "approved" and not _was_approved(part, filed)]
    if gate.parts and not missing:
        return
    what = "granted by us" if claim.text("reimbursement_state") in _OURS else "filed"
    yield speak(
        setting,
        claim.place,
        f"The claim is {what}, and the gate of its packet is not passed: {gate.words}.",
        evidence={**shown(claim, "reimbursement_state", "submitted_at", "submitted_by"), **_standing(gate)},
        sources=(BASE,),
        key="claim",
        required_action="Have the roles named in the evidence approve the claim in Approvals (gate reimbursement).",
    )


def _was_approved(part: Part, filed: str) -> bool:
    """Whether the role had approved what was filed, and it lapsed later."""
    return part.state == "lapsed" and bool(filed) and any(a.decided_at <= filed for a in part.carried_by)


def _standing(gate: InForce) -> dict[str, str]:
    """Evidence: where each role stands, with the rows that say so and why."""
    return {
        str(part): "; ".join(f"{a.row.id}: {a.reason}" for a in part.carried_by) or "no Approvals row"
        for part in gate.parts
        if part.state != "approved"
    }
