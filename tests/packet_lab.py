"""A claim with its lines, approvals and files as small tables, and the packet that comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from casebook import PARTNERSHIP, ROOT, case
from evidence_lab import pdf
from programme_lab import programme, step

from mdfsync.documents.bundle import write_bundle
from mdfsync.documents.packet_data import content_of
from mdfsync.documents.packet_places import originals_of
from mdfsync.documents.packet_zip import packet_parts, sealed
from mdfsync.leads.outgoing import OutgoingList
from mdfsync.model import FileRead, Finding, Subject
from mdfsync.packet import Asked, Packet, packet_of
from mdfsync.packet.versions import Version
from mdfsync.programme import Programme
from mdfsync.view import Facts, View

SCHEMA: dict[str, Any] = json.loads((ROOT / "schema" / "packet-manifest.schema.json").read_text(encoding="utf-8"))
AT = "2026-11-20T12:00:00.000Z"
HALF = programme(amount={"of": "expense.net", "step": [step(share="50%", says="Half is paid.", clause="§ 4")]})
ASKING = programme(
    amount={"of": "expense.net"},
    evidence=[{"id": "list", "clause": "§ 5", "says": "A list.", "all_of": [{"type": "attendee list"}]}],
)
PAPERS = """
Partners
partner_id | partner_name  | legal_entity
other      | Quillstack    | Quillstack AS

MDF Funds
fund_id | partner_id | mdf_programme | mdf_direction | payer_entity | claimant_entity | fund_currency | allocated_amount
FD      | cobalt     | small         | {direction}   | Payer, Inc.  | Claimant LLC    | USD           | 40000

MDF Budgets
mdf_request_id: R1
request_title: Roadshow
joint_campaign_id: JC-1
partner_id: cobalt
fund_id: FD
requested_by: asks@northlight.example
requested_on: 2026-05-01
approved_by: pays@cobalt.example
approved_on: 2026-05-20
approved_mdf_amount: 11000
budget_currency: USD
activity_start: 2026-06-01
activity_end: 2026-09-30
match_amount: 500
"""
EXPENSE = (
    "expense_id | expense_title | joint_campaign_id | partner_id | mdf_request_id | vendor_name | invoice_number | "
    "net_amount | expense_currency | stated_rate | committed_on | activity_start | activity_end | invoice_date | "
    "paid_on | approved_amount | eligibility_decision | source_status | person_count"
)
LINE = "reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount"


def expense(id: str, net: str = "1000", **more: str) -> str:
    """A row of Expenses in which nothing is wrong, with these cells changed."""
    cells = {
        "expense_id": id, "expense_title": f"Cost {id}", "joint_campaign_id": "JC-1", "partner_id": "cobalt",
        "mdf_request_id": "R1", "vendor_name": "Studio", "invoice_number": f"N-{id}", "net_amount": net,
        "expense_currency": "USD", "committed_on": "2026-06-02", "activity_start": "2026-06-10",
        "activity_end": "2026-06-10", "invoice_date": "2026-06-12", "paid_on": "2026-06-20", **more,
    }  # fmt: skip
    return " | ".join(cells.get(name, "") for name in EXPENSE.split(" | "))


def line(id: str, of: str, claimed: str = "500", currency: str = "USD", claim: str = "C1") -> str:
    return f"{id} | {claim} | {of} | {currency} | {claimed}"


def claim(state: str = "draft", filed: str = "", title: str = "First claim", currency: str = "USD") -> str:
    return f"""
Reimbursements
reimbursement_id: C1
claim_title: {title}
joint_campaign_id: JC-1
partner_id: cobalt
fund_id: FD
claim_currency: {currency}
reimbursement_state: {state}
submitted_at: {filed}
"""


def view_of(
    expenses: Sequence[str], lines: Sequence[str] = (), *, more: str = "", of: Programme = HALF, head: str = "",
    direction: str = "we_reimburse", files: Mapping[str, bytes] | None = None,
) -> View:  # fmt: skip
    """The base of these rows; `files` are the bytes of attachments by id, each a sound PDF."""
    text = PARTNERSHIP + PAPERS.format(direction=direction) + (head or claim())
    text += f"\nExpenses\n{EXPENSE}\n" + "\n".join(expenses) + "\n"
    if lines:
        text += f"\nReimbursement Lines\n{LINE}\n" + "\n".join(lines) + "\n"
    facts = Facts(files={id: file(id, data) for id, data in (files or {}).items()})
    return case(text + more, programmes={"small": (of,)}, facts=facts)


def file(id: str, data: bytes, **more: Any) -> FileRead:
    known = {"id": id, "size": len(data), "sha256": sha256(data).hexdigest(), "kind": "pdf", "format": "pdf"}
    return FileRead(**{**known, **more})


def evidence(*rows: Mapping[str, str]) -> str:
    """Accepted documents."""
    names = list(dict.fromkeys(("evidence_decision", *(name for row in rows for name in row))))
    lines = [" | ".join({"evidence_decision": "accepted", **row}.get(name, "") for name in names) for row in rows]
    return f"\nEvidence\n{' | '.join(names)}\n" + "\n".join(lines) + "\n"


def hold(table: str, id: str, *, rule: str = "missing_proof", blocks: Iterable[Subject] = ()) -> Finding:
    return Finding(
        rule_id=rule, kind="hold", severity="high", subject=Subject(table=table, id=id), message="Something is wrong.",
        evidence={}, source_ids=(), owner_role="alliance-finance", required_action="Cure it.", blocks=tuple(blocks),
    )  # fmt: skip


def packet(view: View, findings: Sequence[Finding] = (), waived: Sequence[Finding] = (), of: str = "C1") -> Packet:
    row = view.row("Reimbursements", of) or view.row("MDF Budgets", of)
    assert row is not None
    return packet_of(view, Asked(row=row), findings, waived)


def manifest_of(
    view: View, made: Packet, *, leads: OutgoingList | None = None, versions: Sequence[Version] = (),
    before: Mapping[str, Any] | None = None, draft: bool = False,
) -> dict[str, Any]:  # fmt: skip
    content = content_of(view, made, leads, versions, "v2026.11")
    number = before["version"] + 1 if before else 1
    return sealed(content, version=number, prepared_at=AT, draft=draft, before=before)


def zipped(
    path: Path, view: View, made: Packet, blobs: Mapping[str, bytes], *, leads: OutgoingList | None = None,
    draft: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The packet as a zip; `blobs` = archived bytes."""
    archive = {sha256(data).hexdigest(): data for data in blobs.values()}
    manifest = manifest_of(view, made, leads=leads, draft=draft)
    parts = packet_parts(manifest, originals_of(made), archive.__getitem__, leads)
    return write_bundle(path, parts, manifest)


INVOICE = pdf(pages=2)
PAYMENT = pdf(pages=1)
BLOBS = {"attI": INVOICE, "attP": PAYMENT}
PROVEN = evidence(
    {"evidence_id": "INV-1", "evidence_type": "invoice", "expense_ids": "E1", "net_amount": "1000",
     "evidence_currency": "USD", "document_number": "N-E1", "file": f"invoice.pdf ({len(INVOICE)}) attI"},
    {"evidence_id": "PAY-1", "evidence_type": "payment", "expense_ids": "E1, E2", "payee": "Studio",
     "file": f"paid.pdf ({len(PAYMENT)}) attP"},
)  # fmt: skip


def proven(**more: Any) -> View:
    """A claim of three lines: one eligible with its files, one eligible that shares its payment, one refused."""
    expenses = [expense("E1"), expense("E2", "800"), expense("E3", eligibility_decision="ineligible")]
    lines = [line("L1", "E1"), line("L2", "E2", "400"), line("L3", "E3", "300")]
    return view_of(expenses, lines, **{"more": PROVEN, "files": BLOBS, **more})
