"""A fund, a request and a claim as small tables, and what the ledger makes of them."""

from __future__ import annotations

from casebook import case, findings

from mdfsync.ledger import STAGES, Balance, Book, book_of
from mdfsync.values import number_text
from mdfsync.view import View

FUND = """
MDF Funds
fund_id         : FD
partner_id      : cobalt
mdf_programme   : northlight
mdf_direction   : we_reimburse
payer_entity    : Northlight Analytics, Inc.
claimant_entity : Cobalt Harbor LLC
fund_state      : open
period_start    : 2026-01-01
period_end      : 2026-12-31
request_deadline: 2027-06-30
claim_deadline  : 2027-06-30
expires_on      : 2027-06-30
programme_time_zone: UTC
fund_currency   : USD
allocated_amount: 40000
"""
REQUEST = """
MDF Budgets
mdf_request_id: R1
joint_campaign_id: JC-1
partner_id: cobalt
fund_id: FD
mdf_direction: we_reimburse
requested_amount: 12000
requested_on: 2026-05-01
approved_activity_cost: 22000
approved_mdf_amount: 11000
approved_on: 2026-05-20
budget_currency: USD
"""
EXPENSES = """
Expenses
expense_id | joint_campaign_id | mdf_request_id | committed_amount | net_amount | invoice_date | expense_currency
E1         | JC-1              | R1             | 8000             | 8000       | 2026-06-12   | USD
E2         | JC-1              | R1             | 4000             |            |              | USD
"""
CLAIM = """
Reimbursements
reimbursement_id | joint_campaign_id | fund_id | claim_currency | reimbursement_state | submitted_at
C1               | JC-1              | FD      | USD            | submitted           | 2026-07-01T10:00:00Z

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | {lines}
"""
LEDGER = """
MDF Ledger
movement_id | fund_id | mdf_request_id | reimbursement_id | movement_type | amount | currency | effective_on | {more}
"""


def world(*tables: str, as_of: str = "2026-11-20T12:00:00Z", **changed: str) -> View:
    """The fund and its request with these cells changed (`fund_state="closed"`), and more tables."""
    ground = FUND + REQUEST
    lines = [f"{name}: {changed[name]}" if (name := line.partition(":")[0].strip()) in changed else line
             for line in ground.splitlines()]  # fmt: skip
    new = {name: value for name, value in changed.items() if not any(line.startswith(name) for line in lines)}
    for name, value in new.items():
        at = lines.index("MDF Budgets") - 1 if name in OF_FUND else len(lines)
        lines.insert(at, f"{name}: {value}")
    return case("\n".join(lines) + "\n" + "\n".join(tables), as_of=as_of)


OF_FUND = {"accrued_amount", "minimum_request"}


def claim(*lines: str, state: str = "submitted", columns: str = "line_decision | granted_amount | paid_amount") -> str:
    """A claim whose lines are written `expense claimed decision granted paid`."""
    head = CLAIM.format(lines=columns).replace("| submitted  ", f"| {state}  ")
    rows = []
    for n, line in enumerate(lines, 1):
        expense, claimed, *rest = line.split()
        rest = [*rest, "", "", ""][:3]
        rows.append(f"L{n} | C1 | {expense} | USD | {claimed} | " + " | ".join("" if c == "-" else c for c in rest))
    return head.rstrip() + "\n" + "\n".join(rows) + "\n"


def ledger(*rows: str) -> str:
    """Movements written `type amount [request] [claim]`, `< M1` for one that reverses, dated 2026-05-20 unless given
    `@day`."""
    out = [LEDGER.format(more="reverses_movement_id").strip()]
    for n, row in enumerate(rows, 1):
        words = row.split()
        back = words[words.index("<") + 1] if "<" in words else ""
        day = next((w[1:] for w in words if w.startswith("@")), "2026-05-20")
        currency = next((w for w in words if len(w) == 3 and w.isalpha() and w.isupper()), "USD")
        named = [w for w in words[2:] if w not in {"<", back, currency} and not w.startswith("@")]
        request = next((w for w in named if w.startswith("R")), "")
        filed = next((w for w in named if w.startswith("C")), "")
        out.append(f"M{n} | FD | {request} | {filed} | {words[0]} | {words[1]} | {currency} | {day} | {back}")
    return "\n" + "\n".join(out) + "\n"


def stages(balance: Balance) -> dict[str, str]:
    """What stands where, without the empty stages."""
    found = {name: balance.stage(name) for name in STAGES}
    return {name: number_text(amount) for name, amount in found.items() if amount}


def fund_of(view: View) -> dict[str, str]:
    return stages(book_of(view).funds["FD"])


def request_balance(view: View) -> Balance:
    return book_of(view).requests["R1"]


def told(book: Book) -> list[str]:
    """Disagreements in short."""
    return [f"{d.subject} {d.kind} {d.booked}/{d.facts}" for d in book.disagreements]


def said(rule_id: str, view: View) -> list[str]:
    """What a rule says of the view."""
    return [finding.message for finding in findings(rule_id, view)]
