"""Holds and exceptions on documents: what is wrong with them, which come twice, which could not be fetched."""

from __future__ import annotations

from typing import Any

import pytest
from casebook import PARTNERSHIP, case, findings, held
from evidence_lab import read, rows

from mdfsync.evidence.faults import unusable
from mdfsync.model import FileRead, Subject
from mdfsync.view import Facts, View

REQUEST = """
MDF Budgets
mdf_request_id: MDF-1
joint_campaign_id: JC-1
partner_id: cobalt
mdf_direction: {direction}
claimant_entity: {claimant}
payer_entity: {payer}
agreement_id: AG-2

Agreements
agreement_id   : AG-2
partner_id     : cobalt
our_entity     : Northlight Analytics, Inc.
partner_entity : Cobalt Harbor LLC

Deliverables
deliverable_id | mdf_request_id | actual_start | actual_end | brands_required
dl-1           | MDF-1          | 2026-06-10   | 2026-06-12 | Northlight, Cobalt Harbor

Expenses
expense_id | mdf_request_id | deliverable_id | vendor_name | net_amount | paid_amount | expense_currency
EX-1       | MDF-1          | dl-1           | Studio Nine | 1200       | 1428        | USD
EX-2       | MDF-1          |                | Studio Nine | 300        |             | USD

Reimbursement Lines
reimbursement_line_id | expense_id
RL-1    | EX-1
"""
OURS = "Northlight Analytics, Inc."
PARTIES = {"direction": "we_reimburse", "claimant": "Cobalt Harbor LLC", "payer": "Northlight Analytics, Inc."}
INVOICE = {
    "evidence_id": "EV-1", "evidence_type": "invoice", "expense_ids": "EX-1", "document_number": "2026-0042",
    "issuer": "Studio Nine Ltd", "bill_to": "Cobalt Harbor LLC", "net_amount": "1200", "evidence_currency": "USD",
}  # fmt: skip
PAYMENT = {
    "evidence_id": "EV-2", "evidence_type": "payment", "expense_ids": "EX-1", "paid_on": "2026-07-01",
    "payee": "Studio Nine Ltd", "paid_amount": "1428", "evidence_currency": "USD",
}  # fmt: skip
PHOTO = {
    "evidence_id": "EV-3", "evidence_type": "performance", "deliverable_ids": "dl-1", "received_on": "2026-06-15",
    "captured_on": "2026-06-11", "brands_shown": "Northlight, Cobalt Harbor",
}  # fmt: skip
FILE = "paper.pdf (9) att1"


def documents(*given: dict[str, str], files: tuple[FileRead, ...] = (), **parties: Any) -> View:
    ground = REQUEST.format(**{**PARTIES, **parties})
    facts = Facts(files={file.id: file for file in files})
    return case(f"{PARTNERSHIP}\n{ground}\n{rows('Evidence', *given)}", facts=facts)


# ---------------------------------------------------------------------------------------- wrong_evidence


@pytest.mark.parametrize("document", [INVOICE, PAYMENT, PHOTO])
def test_a_sound_document_is_not_held(document: dict[str, str]) -> None:
    assert held("wrong_evidence", documents({**document, "file": FILE}, files=(read(),))) == []


@pytest.mark.parametrize(
    "document, cells, fault",
    [
        (INVOICE, {"issuer": "Studio Ten"}, "vendor"),
        (INVOICE, {"net_amount": "1100"}, "amount"),
        (INVOICE, {"evidence_currency": "EUR"}, "currency"),
        (INVOICE, {"bill_to": "Northlight Analytics, Inc."}, "bill_to"),
        (INVOICE, {"readable": "no"}, "unreadable"),
        (INVOICE, {"language": "nb"}, "translation"),
        (PAYMENT, {"payee": "Somebody Else"}, "payee"),
        (PAYMENT, {"paid_amount": "1200"}, "amount"),
        (PHOTO, {"captured_on": "2026-06-09"}, "dates"),
        (PHOTO, {"covers_from": "2026-06-13", "covers_to": "2026-06-14"}, "dates"),
        (PHOTO, {"covers_to": "2026-06-01"}, "dates"),
        (PHOTO, {"captured_on": "2027-01-02"}, "future"),
        (PHOTO, {"brands_shown": "Northlight"}, "brands"),
        (PHOTO, {"evidence_decision": "returned"}, "no_reason"),
    ],
)
def test_each_fault_is_one_hold(document: dict[str, str], cells: dict[str, str], fault: str) -> None:
    view = documents({**document, **cells})
    assert held("wrong_evidence", view) == [f"Evidence/{document['evidence_id']} {fault}"]


@pytest.mark.parametrize(
    "document, cells",
    [
        (INVOICE, {"issuer": "STUDIO NINE"}),
        (INVOICE, {"issuer": ""}),
        (INVOICE, {"net_amount": "5000"}),
        (INVOICE, {"net_amount": "", "bill_to": ""}),
        (INVOICE, {"language": "EN"}),
        (INVOICE, {"issuer": "Studio Ten", "evidence_decision": "returned", "evidence_decision_reason": "other name"}),
        (PAYMENT, {"evidence_currency": "EUR", "paid_amount": "900"}),
        (PHOTO, {"captured_on": "2026-07-20"}),
        (PHOTO, {"captured_on": "2026-05-01", "requirement_id": "event-proof/agenda"}),
        (PHOTO, {"captured_on": "2026-05-01", "covers_from": "2026-06-10"}),
        (PHOTO, {"brands_shown": ""}),
        (PHOTO, {"brands_shown": "cobalt harbor, northlight, Fernway"}),
    ],
)
def test_what_is_not_wrong_or_not_said_is_no_fault(document: dict[str, str], cells: dict[str, str]) -> None:
    assert held("wrong_evidence", documents({**document, **cells})) == []


@pytest.mark.parametrize(
    "file, fault",
    [
        (read(fault="empty", kind="unknown"), "unreadable"),
        (read(fault="encrypted"), "unreadable"),
        (read(fault="cut off"), "unreadable"),
        (read(kind="web page", format="html"), "file_type"),
        (read(kind="archive", format="zip"), "file_type"),
        (read(kind="program", format="exe"), "file_type"),
        (read(kind="unknown", format=""), "file_type"),
        (read(kind="video", format="mp4"), "file_type"),
    ],
)
def test_a_file_that_is_no_paper_is_held(file: FileRead, fault: str) -> None:
    assert held("wrong_evidence", documents({**INVOICE, "file": FILE}, files=(file,))) == [f"Evidence/EV-1 {fault}"]


def test_a_recording_is_proof_of_performance() -> None:
    film = read(kind="video", format="mp4")
    assert held("wrong_evidence", documents({**PHOTO, "file": FILE}, files=(film,))) == []


def test_a_web_page_saved_as_pdf_is_called_what_it_is() -> None:
    page = read(kind="web page", format="html")
    [found] = findings("wrong_evidence", documents({**INVOICE, "file": FILE}, files=(page,)))
    words = "This document is no document that can be filed: paper.pdf is a web page, whatever its name says."
    assert found.message == words


def test_every_file_of_a_row_is_looked_at() -> None:
    view = documents(
        {**PHOTO, "file": f"{FILE}; list.xlsx (7) att2"},
        files=(read(), read(id="att2", kind="document", format="xlsx", fault="encrypted")),
    )
    [found] = findings("wrong_evidence", view)
    assert "list.xlsx is encrypted" in found.message


def test_invoices_of_one_expense_count_together() -> None:
    second = {**INVOICE, "evidence_id": "EV-9", "document_number": "2026-0043", "net_amount": "700"}
    assert held("wrong_evidence", documents({**INVOICE, "net_amount": "500"}, second)) == []


def test_one_invoice_for_two_expenses_must_bear_both() -> None:
    both = {**INVOICE, "expense_ids": "EX-1, EX-2"}
    assert held("wrong_evidence", documents({**both, "net_amount": "1500"})) == []
    [found] = findings("wrong_evidence", documents({**both, "net_amount": "1499.99"}))
    assert found.message == "This document shows 1499.99, less than the 1500 of EX-1, EX-2."


@pytest.mark.parametrize(
    "parties, bill_to, expected",
    [
        ({}, "Cobalt Harbor, LLC", ""),
        ({"direction": "we_claim", "claimant": OURS}, "Northlight Analytics Inc", ""),
        ({"direction": "we_claim", "claimant": OURS}, "Cobalt Harbor LLC", OURS),
        ({"claimant": ""}, OURS, "Cobalt Harbor LLC"),
        ({"direction": "we_claim", "claimant": ""}, "Cobalt Harbor LLC", OURS),
        ({"direction": "", "claimant": ""}, "Anybody", ""),
    ],
)  # fmt: skip
def test_an_invoice_is_made_out_to_who_claims(parties: dict[str, str], bill_to: str, expected: str) -> None:
    found = findings("wrong_evidence", documents({**INVOICE, "bill_to": bill_to}, **dict[str, Any](parties)))
    assert [f.evidence.get("expected", "") for f in found] == ([expected] if expected else [])


def test_the_claimants_own_invoice_is_made_out_to_the_payer() -> None:
    own = {**INVOICE, "issuer": "Cobalt Harbor LLC", "bill_to": "Northlight Analytics, Inc."}
    assert [fault.key for fault in unusable(documents(own), documents(own).rows("Evidence")[0])] == ["vendor"]


def test_a_translation_on_record_clears_the_hold() -> None:
    norwegian = {**INVOICE, "language": "Norwegian", "translation_evidence_id": "EV-8"}
    translation = {"evidence_id": "EV-8", "evidence_type": "other", "received_on": "2026-07-01"}
    assert held("wrong_evidence", documents(norwegian, translation)) == []
    refused = {**translation, "evidence_decision": "rejected", "evidence_decision_reason": "machine-made"}
    assert held("wrong_evidence", documents(norwegian, refused)) == ["Evidence/EV-1 translation"]


def test_a_wrong_document_blocks_its_expense_and_the_lines_of_the_claim() -> None:
    [found] = findings("wrong_evidence", documents({**INVOICE, "issuer": "Studio Ten"}))
    assert found.blocks == (Subject(table="Expenses", id="EX-1"), Subject(table="Reimbursement Lines", id="RL-1"))


def test_what_has_not_arrived_is_not_judged() -> None:
    expected = {"evidence_id": "EV-5", "evidence_type": "performance", "expense_ids": "EX-1", "brands_shown": "Other"}
    assert held("wrong_evidence", documents(expected)) == []


# ---------------------------------------------------------------------------------------- duplicate_document

TWO_CAMPAIGNS = """
Expenses
expense_id | joint_campaign_id | mdf_request_id | vendor_name  | invoice_number | net_amount | expense_currency | line_description | invoice_date | payment_reference | paid_amount
EX-1       | JC-1              | MDF-1          | Studio Nine  | 42             | 1200       | USD              | Booth panels     | 2026-06-01   | P-1               | 1200
EX-2       | JC-2              | MDF-2          | Studio Nine  | {number}       | {net}      | USD              | {line}           | {day}        | {payment}         | 1200
"""  # noqa: E501


def apart(*given: dict[str, str], files: tuple[FileRead, ...] = (), **cells: Any) -> View:
    """Two expenses of two campaigns with nothing in common but the supplier."""
    cells = {"number": "77", "net": "900", "line": "Catering", "day": "2026-06-02", "payment": "P-2", **cells}
    table = f"\n\n{rows('Evidence', *given)}" if given else ""
    return case(TWO_CAMPAIGNS.format(**cells) + table, facts=Facts(files={file.id: file for file in files}))


def photo(n: int, expense: str, **cells: str) -> dict[str, str]:
    return {
        "evidence_id": f"EV-{n}",
        "evidence_type": "performance",
        "expense_ids": expense,
        "file": f"p.pdf (9) att{n}",
        **cells,
    }


SAME = (read(id="att1"), read(id="att2"))


def test_the_same_bytes_for_two_expenses_are_one_hold() -> None:
    [found] = findings("duplicate_document", apart(photo(1, "EX-1"), photo(2, "EX-2"), files=SAME))
    assert (str(found.subject), found.key) == ("Evidence/EV-1", f"bytes {'ab' * 8}")
    assert found.message == "The same file is also on record as EV-2."
    assert [str(place) for place in found.blocks] == ["Expenses/EX-1", "Expenses/EX-2"]


@pytest.mark.parametrize(
    "first, second",
    [
        (photo(1, "EX-1"), photo(2, "EX-1")),
        (photo(1, "EX-1, EX-2"), photo(2, "EX-2")),
        (photo(1, "EX-1"), photo(2, "EX-2", evidence_decision="rejected")),
    ],
)
def test_copies_about_one_thing_and_refused_ones_are_no_duplicates(
    first: dict[str, str], second: dict[str, str]
) -> None:
    assert held("duplicate_document", apart(first, second, files=SAME)) == []


def test_empty_files_are_not_the_same_document() -> None:
    empty = tuple(read(id=id, fault="empty") for id in ("att1", "att2"))
    assert held("duplicate_document", apart(photo(1, "EX-1"), photo(2, "EX-2"), files=empty)) == []


def invoice(n: int, expense: str, **cells: str) -> dict[str, str]:
    return {
        **INVOICE,
        "evidence_id": f"EV-{n}",
        "expense_ids": expense,
        "mdf_request_id": f"MDF-{expense[-1]}",
        **cells,
    }


@pytest.mark.parametrize(
    "second, held_as",
    [
        ({"document_number": "2026/42", "net_amount": "1200"}, ["Evidence/EV-1 invoice studionine 202642"]),
        ({"document_number": "2026 42", "net_amount": "900"}, ["Evidence/EV-1 invoice studionine 202642"]),
        ({"document_number": "2026-42", "net_amount": "900", "mdf_request_id": "MDF-1"}, []),
        ({"document_number": "2026-43"}, []),
        ({"document_number": "2026-42", "issuer": "Studio Ten"}, []),
        ({"document_number": "2026-42", "evidence_type": "credit_note"}, []),
    ],
)
def test_one_invoice_on_record_for_two_campaigns(second: dict[str, str], held_as: list[str]) -> None:
    view = apart(invoice(1, "EX-1", document_number="2026-42"), invoice(2, "EX-2", **second))
    assert held("duplicate_document", view) == held_as


def test_expenses_that_claim_one_invoice_are_held_once_and_not_by_their_documents() -> None:
    view = apart(
        invoice(1, "EX-1", document_number="42"), invoice(2, "EX-2", document_number="42"), number="42", net="1200"
    )
    assert held("duplicate_document", view) == []
    assert "Expenses/EX-1 duplicate" in held("ineligible_expense", view)


def payment(n: int, expense: str, **cells: str) -> dict[str, str]:
    return {**PAYMENT, "evidence_id": f"EV-{n}", "expense_ids": expense, "payment_reference": "CH-ACH-1", **cells}


@pytest.mark.parametrize(
    "second, count",
    [
        ({"payment_reference": "ch ach 1"}, 1),
        ({"paid_amount": "300"}, 0),
        ({"payee": "Hotel Calder"}, 0),
        ({"payment_reference": "CH-ACH-2"}, 0),
        ({"expense_ids": "EX-1"}, 0),
    ],
)
def test_one_payment_stands_behind_one_cost(second: dict[str, str], count: int) -> None:
    view = apart(payment(1, "EX-1"), {**payment(2, "EX-2"), **second})
    assert len(held("duplicate_document", view)) == count


def test_one_payment_for_two_costs_of_one_activity_is_told_too_and_their_likeness_is_not() -> None:
    """An activity joins what shows it; a payment is of costs."""
    about = {"deliverable_ids": "dl-9"}
    papers = rows("Evidence", payment(1, "EX-1", **about), payment(2, "EX-2", **about))
    costs = TWO_CAMPAIGNS.format(number="77", net="900", line="Catering", day="2026-06-02", payment="p 1")
    view = case(f"{costs}\n\nDeliverables\ndeliverable_id\ndl-9\n\n{papers}")
    [found] = findings("duplicate_document", view)
    assert found.key == "payment chach1 studionine"
    assert held("similar_cost", view) == []


# ---------------------------------------------------------------------------------------- similar_cost


@pytest.mark.parametrize(
    "cells, held_as",
    [
        ({}, []),
        ({"net": "1200", "day": "2026-06-01"}, ["Expenses/EX-1 cost studionine 1200 2026-06-01"]),
        ({"net": "1200", "day": "2026-06-01", "number": ""}, ["Expenses/EX-1 cost studionine 1200 2026-06-01"]),
        ({"net": "1200", "day": "2026-06-01", "number": "42"}, []),
        ({"net": "1200", "line": "BOOTH panels."}, ["Expenses/EX-1 line boothpanels 1200"]),
        ({"payment": "p 1"}, ["Expenses/EX-1 transfer p1 1200"]),
    ],
)
def test_costs_that_look_like_one(cells: dict[str, str], held_as: list[str]) -> None:
    assert held("similar_cost", apart(**dict[str, Any](cells))) == held_as


# ---------------------------------------------------------------------------------------- file_not_read


def test_a_file_that_could_not_be_fetched_is_told_in_the_same_words_until_it_is() -> None:
    lost = FileRead(id="att1", size=9, lost="its host answered 410")
    [found] = findings("file_not_read", documents({**PHOTO, "file": FILE}, files=(lost,)))
    assert found.message == "The file paper.pdf could not be fetched: its host answered 410."
    assert held("wrong_evidence", documents({**PHOTO, "file": FILE}, files=(lost,))) == []
    assert held("file_not_read", documents({**PHOTO, "file": FILE}, files=(read(),))) == []
