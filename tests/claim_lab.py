"""One claim with two lines on the ledger's small fund, at any step of its life and in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from casebook import ROOT, findings
from ledger_lab import request_balance, stages, world

from mdfsync.derive.blocking import Blocking
from mdfsync.derive.claim_packets import claim_packets
from mdfsync.derive.claims import claims
from mdfsync.eligibility.standing import standings
from mdfsync.model import Finding
from mdfsync.policy.programmes import load_programmes
from mdfsync.view import View
from mdfsync.view.packets import Packet

OURS, THEIRS = "Northlight Analytics, Inc.", "Cobalt Harbor LLC"
LEE, INES, SAM, PRIYA = (
    f"{name}@northlight.example" for name in ("lee.marsh", "ines.weber", "sam.ortiz", "priya.nair")
)
ARUN = "arun@cobaltharbor.example"
PAPERS = f"""
Partners
partner_id | legal_entity      | partner_finance_email
cobalt     | {THEIRS}          | {ARUN}

Campaigns
joint_campaign_id | campaign_owner              | finance_approver
JC-1              | sam.ortiz@northlight.example | lee.marsh@northlight.example

Expenses
expense_id | joint_campaign_id | mdf_request_id | committed_amount | net_amount | invoice_date | expense_currency
E1         | JC-1              | R1             | 8000             | 8000       | 2026-06-12   | USD
E2         | JC-1              | R1             | 1000             | 1000       | 2026-06-12   | USD
"""
RULES = (
    "answer_due", "claim_out_of_turn", "claim_state", "payer_silent", "short_payment", "clawback_due",
    "remittance_unmatched", "deadline_near", "ledger_disagrees",
)  # fmt: skip
FILED = {"submitted_at": "2026-11-01T10:00:00Z", "submitted_by": SAM}
"""What every filed claim says."""

Cells = Mapping[str, str]


def filed(
    state: str,
    claim: Cells | None = None,
    line1: Cells | None = None,
    line2: Cells | None = None,
    *more: str,
    direction: str = "we_claim",
    as_of: str = "2026-11-20T12:00:00Z",
    typed_by: str = LEE,
    programme: bool = False,
) -> View:
    """The claim C1 of 4000 and 500 in a state, with further cells of it and of its lines. Lee typed state and
    decisions, unless somebody else did."""
    cells = {"reimbursement_id": "C1", "joint_campaign_id": "JC-1", "partner_id": "cobalt", "fund_id": "FD"}
    cells |= {"claim_currency": "USD", "reimbursement_state": state, **(claim or {})}
    lines = [
        {"reimbursement_line_id": f"L{n}", "reimbursement_id": "C1", "expense_id": f"E{n}", "line_currency": "USD"}
        | {"claimed_amount": amount, **(said or {})}
        for n, (amount, said) in enumerate((("4000", line1), ("500", line2)), 1)
    ]
    typed = [("Reimbursements/C1", "reimbursement_state")]
    typed += [(f"Reimbursement Lines/L{n}", "line_decision") for n in (1, 2)]
    authors = "Authors\nrow | field | actor | at\n" + "\n".join(
        f"{row} | {name} | {typed_by} | 2026-11-10T10:00:00Z" for row, name in typed if typed_by
    )
    payer, claimant = (THEIRS, OURS) if direction == "we_claim" else (OURS, THEIRS)
    tables = [_section("Reimbursements", cells), *(_section("Reimbursement Lines", line) for line in lines)]
    view = world(
        PAPERS, *tables, authors + "\n", *more, as_of=as_of, mdf_direction=direction, payer_entity=payer,
        claimant_entity=claimant, mdf_programme="northlight-mdf" if programme else "northlight",
    )  # fmt: skip
    return replace(view, programmes=load_programmes(ROOT, []), memo={}) if programme else view


def _section(table: str, cells: Cells) -> str:
    return f"\n{table}\n" + "\n".join(f"{name}: {value}" for name, value in cells.items() if value) + "\n"


def with_packets(view: View, *made: Packet) -> View:
    return replace(view, facts=replace(view.facts, packets={"C1": made}), memo={})


def told(view: View, *rules: str) -> list[str]:
    """What the rules of a claim's life say, as `rule key`."""
    return [f"{f.rule_id} {f.key}".strip() for rule in rules or RULES for f in findings(rule, view)]


def one(rule: str, view: View) -> Finding:
    [found] = findings(rule, view)
    return found


def claim_cells(view: View, *holds: Finding) -> dict[str, str]:
    """The computed cells of C1, under these open holds."""
    worth, blocking = standings(view, holds), Blocking(holds)
    made = (*claims(view, worth, blocking), *claim_packets(view, worth, blocking))
    return {cell.field: cell.value for cell in made if str(cell.subject) == "Reimbursements/C1"}


def money(view: View) -> dict[str, str]:
    """Where the request's 11,000 stand."""
    return {name: amount for name, amount in stages(request_balance(view)).items() if name != "available"}
