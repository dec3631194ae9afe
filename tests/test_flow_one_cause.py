"""Many things wrong at once, end to end: each is told once, on the row where it is put right, and a run after a run
writes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, INES, LEE, Lab, unrecorded
from flow_start import later

from mdfsync.sandbox.hubspot.world import archive, touch
from mdfsync.sandbox.story.dates import day_zero
from mdfsync.sandbox.story.files import add_row, write_files

VENDOR = "Newvend Ltd"
Cells = dict[str, str]


def day(lab: Lab, days: int) -> str:
    assert lab.world.life is not None
    zero: date = day_zero(lab.world.life.store)
    return (zero + timedelta(days=days)).isoformat()


def deliver(lab: Lab, *rows: tuple[str, Cells]) -> None:
    """Finance's files come again with these rows at their end."""
    later(lab)
    life = lab.world.life
    assert life is not None
    with life.store.transaction():
        for file, row in rows:
            add_row(life.store, file, row)
        write_files(life.store, life.clock, sorted({file for file, _ in rows}))


def cost(
    lab: Lab, n: int, cells: Cells | None = None, *, invoice: Cells | None = None, payment: Cells | None = None,
    paid: bool = True,
) -> list[tuple[str, Cells]]:  # fmt: skip
    """A sound webinar expense of 200 with its invoice and payment, and what is different about it."""
    common = {"Campaign ID": "JC-1042", "Partner ID": "pt-cobalt-harbor", "Request ID": "MDF-5101"}
    common |= {"Invoice no.": f"NV-{n}", "Currency": "USD"}
    named = cells or {}
    shared = {name: named[name] for name in ("Request ID", "Currency", "Invoice no.") if name in named}
    expense = {
        **common, "Expense ID": f"EXP-{n}", "Title": f"Extra {n}", "Deliverable ID": "dl-1042-webinar",
        "Category": "event", "Activity type": "webinar", "Description": f"Extra {n}", "Vendor": VENDOR,
        "Bill to": "Cobalt Harbor LLC", "Payment ref.": f"NV-PAY-{n}", "Status": "Paid",
        "Submitted by": "arun.pillai@cobaltharbor.example", "Planned": "200", "Requested": "200", "Approved": "200",
        "Committed": "200", "Net": f"{200 + n % 100}", "Tax": "0", "Paid": f"{200 + n % 100}",
        "Commit date": day(lab, -118), "Activity start": day(lab, -95), "Activity end": day(lab, -95),
        "Invoice date": day(lab, -93), "Payment date": day(lab, -80), "Other funding": "No", **named,
    }  # fmt: skip
    paper = {
        **common, "Document ID": f"INV-{n}", "Type": "Invoice", "Expense IDs": f"EXP-{n}",
        "Invoice date": day(lab, -93), "Vendor": expense["Vendor"], "Bill to": "Cobalt Harbor LLC",
        "Net": expense["Net"], "Tax": "0", "Gross": expense["Net"], **shared, **(invoice or {}),
    }  # fmt: skip
    transfer = {
        **common, "Payment ID": f"PAY-{n}", "Expense ID": f"EXP-{n}", "Bank": "Harbor National Bank",
        "Paid to": expense["Vendor"], "Paid by": "Cobalt Harbor LLC", "Paid amount": expense["Paid"],
        "Payment date": day(lab, -80), "Reference": expense["Payment ref."], "Document type": "bank statement",
        **shared, **(payment or {}),
    }  # fmt: skip
    return [("expenses", expense), ("invoices", paper), *([("payments", transfer)] if paid else [])]


def told(lab: Lab) -> list[tuple[str, str]]:
    """(rule, record) of everything that is open, once for each hold and exception."""
    rows = [(row["fields"], "rule_id") for row in lab.rows("Holds")]
    rows += [(row["fields"], "exception_type") for row in lab.rows("Exceptions")]
    return sorted((row[name], row["record"]) for row, name in rows if row["status"] == "open")


def idle(lab: Lab) -> bool:
    mark = lab.mark()
    later(lab)
    lab.run()
    return {write["table"] for write in lab.writes(mark)} <= {HEARTBEAT}


def edit(lab: Lab, who: str, table: str, cells: dict[str, Any], **match: str) -> None:
    later(lab)
    lab.edit(who, table, lab.row(table, **match)["id"], **cells)
    later(lab)


def test_each_of_many_defects_is_told_once(fresh: Lab) -> None:
    before = told(fresh)
    deliver(
        fresh,
        *cost(fresh, 9000),
        *cost(fresh, 9001, paid=False),
        *cost(fresh, 9002, invoice={"Vendor": "Other GmbH"}),
        *cost(fresh, 9003, payment={"Paid to": "Other GmbH"}),
        *cost(fresh, 9004, {"Currency": "GBP"}),
        *cost(fresh, 9005, {"Vendor": "Streamforge Inc", "Invoice no.": "SF-88121"}),
        *cost(fresh, 9006),
        *cost(fresh, 9007, {"Payment ref.": "NV-PAY-9006", "Net": "206", "Paid": "206"}),
        *cost(fresh, 9008, {"Request ID": "", "Activity end": day(fresh, -58)}),
        *cost(fresh, 9009, {"Commit date": day(fresh, -200)}),
    )
    edit(fresh, LEE, "Campaigns", {"sourcing_window_days": 60}, joint_campaign_id="JC-1041")
    edit(fresh, LEE, "MDF Budgets", {"activity_end": "2027-06-30"}, mdf_request_id="MDF-5102")
    fresh.run()
    after = told(fresh)
    for one in before:
        after.remove(one)
    assert after == [
        ("approval_missing", "MDF-5102"),
        ("deadline_near", "EXP-9008"),  # true whatever request it belongs to
        ("duplicate_document", "PAY-9006"),
        ("ineligible_expense", "EXP-2001"),
        ("ineligible_expense", "EXP-9004"),
        ("ineligible_expense", "EXP-9008"),
        ("ineligible_expense", "EXP-9009"),
        ("missing_proof", "EXP-9001"),
        ("person_changed_cell", "MDF-5102"),
        ("unsigned_charter", "JC-1041"),
        ("wrong_evidence", "INV-9002"),
        ("wrong_evidence", "PAY-9003"),
    ]
    sound = fresh.row("Expenses", expense_id="EXP-9000")["fields"]
    assert (sound["eligibility_status"], sound["claimable_amount"]) == ("eligible", 100)
    assert idle(fresh)
    assert not unrecorded(fresh)


def test_each_of_many_defects_of_accounts_leads_and_claims_is_told_once(fresh: Lab) -> None:
    before = told(fresh)
    lead = {"Campaign ID": "JC-1041", "Partner ID": "pt-fernway", "First name": "Ida", "Last name": "Moss",
            "Organisation": "Nowhere Known", "Submitted on": day(fresh, -3), "Ownership": "SHARED"}  # fmt: skip
    registration = {
        "Registration number": "CHR-9900", "Partner ID": "pt-cobalt-harbor", "Campaign ID": "JC-1042",
        "Submitted": f"{day(fresh, -1)}T09:00:00Z", "Registered by": "tomas.reyl@cobaltharbor.example",
        "Customer": "Nowhere Known Ltd", "Customer domain": "nowhere-known.example", "Products": "Spend analytics",
        "Customer contact": "Ida Moss", "Contact e-mail": "ida.moss@nowhere-known.example", "Deal size": "20000",
        "Currency": "USD", "Expected close": day(fresh, 60),
    }  # fmt: skip
    deliver(
        fresh,
        ("leads-fernway-systems", {**lead, "Lead ID": "FW-9900", "Work email": "ida.moss@nowhere-known.example"}),
        ("registrations-cobalt-harbor", registration),
    )
    life = fresh.world.life
    assert life is not None
    with life.store.transaction():
        archive(life.store, life.clock, "deals", "50010020")
        touch(life.store, life.clock, "companies", "8810020041", {"do_not_contact": "true"})
        for deal, claim in (
            ("50010011", {"deal_source": "Grandfather"}),
            ("50010016", {"partner_influence_type": "sourced"}),
        ):
            touch(life.store, life.clock, "deals", deal, {**claim, "partner_name": "Fernway Systems"})
    edit(fresh, LEE, "Deliverables", {"tracking_url": "https://www.northlight.example/x?utm_source=partner&utm_medium=webinar&utm_campaign=Quillstack_Warehouse-Native"},
         deliverable_id="dl-1043-page")  # fmt: skip
    edit(fresh, DANA, "Deal Registrations", {"extended_until": "2028-01-31"}, registration_id="dr-0102")
    fresh.run()
    after = told(fresh)
    for one in before:
        after.remove(one)
    assert after == [
        ("approval_missing", "JC-1041"),  # its target list lost the company that nobody may contact
        ("registration_check", "dr-0102"),
        ("registration_check", "dr-pt-cobalt-harbor-CHR-9900"),
        ("source_conflict", "attr-50010016-pt-fernway"),
        ("unknown_value", "hs-deal-50010011"),
        ("unreconciled_lead", "pl-pt-fernway-JC-1041-FW-9900"),
        ("utm_outside_convention", "JC-1043"),
        ("vanished_from_source", "hs-deal-50010020"),
    ]
    assert idle(fresh)
    assert not unrecorded(fresh)


@pytest.mark.parametrize("defect", ["programme", "refused", "extension"])
def test_days_pass_over_an_open_defect_and_every_second_run_is_idle(fresh: Lab, defect: str) -> None:
    if defect == "programme":
        edit(fresh, LEE, "MDF Funds", {"mdf_programme": "nowhere"}, fund_id="fd-cobalt")
    elif defect == "refused":
        cells = {"eligibility_decision": "ineligible", "eligibility_decision_reason": "not agreed"}
        edit(fresh, INES, "Expenses", cells, expense_id="EXP-2001")
    else:
        edit(fresh, LEE, "MDF Budgets", {"deadline_extended_to": None}, mdf_request_id="MDF-5101")
    for _ in range(3):
        later(fresh)
        fresh.run()
        assert idle(fresh)
        fresh.advance()
    assert not unrecorded(fresh)
