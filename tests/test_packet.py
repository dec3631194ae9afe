"""What enters a packet and what does not, that its sums meet, who signs it, and what makes its next version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from packet_lab import (
    ASKING,
    HALF,
    PROVEN,
    SCHEMA,
    claim,
    evidence,
    expense,
    hold,
    line,
    manifest_of,
    packet,
    proven,
    view_of,
    zipped,
)  # fmt: skip

from mdfsync.documents.packet_check import packet_checks
from mdfsync.eligibility.standing import standings
from mdfsync.model import Finding, Subject
from mdfsync.packet import Packet
from mdfsync.packet.apart import kept_apart
from mdfsync.packet.versions import Version, changes, content_digest
from mdfsync.view import Row, View

# ------------------------------------------------------------------------------------------- which lines enter

PLACES = [
    ("Expenses", "E1"), ("Expenses", "E2"), ("Reimbursement Lines", "L1"), ("Reimbursement Lines", "L2"),
    ("Reimbursements", "C1"), ("MDF Budgets", "R1"),
]  # fmt: skip
HOLDS = st.lists(st.tuples(st.sampled_from(PLACES), st.booleans()), max_size=3)
AMOUNTS = st.decimals("-20.00", "900.00", places=2)


def held_places(findings: list[Finding]) -> set[Subject]:
    return {place for finding in findings for place in (finding.subject, *finding.blocks)}


@settings(max_examples=120, deadline=None)
@given(
    HOLDS, st.lists(AMOUNTS, min_size=3, max_size=3), st.sampled_from(["", "eligible", "ineligible", "held"]),
    st.sampled_from(["USD", "EUR"]), st.sampled_from(["", "cancelled"]),
)  # fmt: skip
def test_no_held_or_rejected_line_ever_enters_and_the_sums_meet_to_the_cent(
    holds: list[Any], amounts: list[Decimal], decision: str, currency: str, status: str
) -> None:
    expenses = [
        expense("E1", eligibility_decision=decision), expense("E2", "800", source_status=status), expense("E3", "1.01")
    ]  # fmt: skip
    lines = [line(f"L{n}", f"E{n}", str(amount)) for n, amount in enumerate(amounts, 1)]
    view = view_of(expenses, [*lines, line("L4", "E1", "100", currency)])
    findings = [
        hold(*place, rule=f"rule_{n}") if own
        else hold("Leads", "x", rule=f"rule_{n}", blocks=[Subject(table=place[0], id=place[1])])
        for n, (place, own) in enumerate(holds)
    ]  # fmt: skip
    made, standing, barred = packet(view, findings), standings(view, findings), held_places(findings)
    for entered in made.lines:
        assert standing[entered.expense.id].status == "eligible"
        assert Decimal(0) < entered.amount <= min(entered.stated, standing[entered.expense.id].claimable)
        around = {entered.expense.place, Subject(table="Reimbursement Lines", id=entered.id), made.asked.row.place}
        assert not (around | {Subject(table="MDF Budgets", id="R1")}) & barred
    ids = [one.id for one in made.lines] + [one.id for one in made.barred]
    assert sorted(ids) == ["L1", "L2", "L3", "L4"]
    assert all(one.reasons for one in made.barred)
    assert made.totals["claimed"] == sum((one.amount for one in made.lines), Decimal(0))
    parts = [made.totals[name] for name in ("claimed", "cut", "held", "disallowed")]
    if currency == "USD":
        assert sum((part for part in parts if part is not None), Decimal(0)) == sum(amounts, Decimal(100))
    by_expense: dict[str, Decimal] = {}
    for entered in made.lines:
        by_expense[entered.expense.id] = by_expense.get(entered.expense.id, Decimal(0)) + entered.amount
    assert all(total <= standing[id].claimable for id, total in by_expense.items())


def entered(made: Packet) -> dict[str, str]:
    return {one.id: str(one.amount) for one in made.lines}


def kept_out(made: Packet) -> dict[str, tuple[str, str]]:
    return {one.id: (one.standing, one.reasons[0][0]) for one in made.barred}


def test_a_line_enters_with_what_is_claimed_and_never_with_more_than_it_is_worth() -> None:
    made = packet(view_of([expense("E1"), expense("E2")], [line("L1", "E1", "450"), line("L2", "E2", "700")]))
    assert entered(made) == {"L1": "450", "L2": "500.00"}
    assert made.lines[1].cuts[-1] == "700.00 USD is claimed, and it is worth 500.00 USD."
    assert made.totals["cut"] == 200


def test_two_instalments_never_come_to_more_than_their_expense() -> None:
    made = packet(view_of([expense("E1")], [line("L1", "E1", "300"), line("L2", "E1", "300")]))
    assert entered(made) == {"L1": "200.00", "L2": "200.00"}
    assert not made.problems


def test_a_negative_amount_makes_no_room_for_another_line() -> None:
    lines = [line("L0", "E1", "-400"), line("L1", "E1", "900")]
    assert entered(packet(view_of([expense("E1")], lines))) == {"L1": "500.00"}


def test_what_another_line_takes_in_another_currency_leaves_nothing_that_is_known() -> None:
    lines = [line("L1", "E1", "450"), line("L2", "E1", "150", "KWD")]
    assert entered(packet(view_of([expense("E1")], lines))) == {}


def test_a_line_of_another_fund_stays_out_of_the_claim() -> None:
    view = view_of([expense("E1")], [line("L1", "E1")])
    requests = tuple(
        Row(row.subject, row.record_id, {**row.fields, "fund_id": "FD2"}) for row in view.rows("MDF Budgets")
    )
    made = packet(replace(view, tables={**view.tables, "MDF Budgets": requests}, memo={}))
    assert kept_out(made) == {"L1": ("held", "Its request R1 is of another fund than the claim.")}


def test_a_waived_hold_lets_the_line_in_and_is_printed() -> None:
    waived = hold("Expenses", "E1", rule="outside_agreement")
    made = packet(view_of([expense("E1")], [line("L1", "E1")]), [], [waived])
    assert entered(made) == {"L1": "500"}
    assert [(one.line_id, one.rule, one.by) for one in made.passed] == [("L1", "outside_agreement", "not on record")]


def test_a_decision_by_a_person_is_printed_with_who_took_it() -> None:
    authors = """
Authors
row         | field                | actor                   | at
Expenses/E1 | eligibility_decision | ines@northlight.example | 2026-07-01T09:00:00Z
"""
    made = packet(view_of([expense("E1", eligibility_decision="eligible")], [line("L1", "E1")], more=authors))
    assert [(one.what, one.by) for one in made.passed] == [
        ("A person decided that the expense is eligible.", "ines@northlight.example")
    ]


def test_a_request_is_packed_before_any_claim_and_without_what_was_filed() -> None:
    lines = [line("L1", "E1")]
    draft = view_of([expense("E1"), expense("E2")], lines)
    assert entered(packet(draft, of="R1")) == {"E1": "500.00", "E2": "500.00"}
    filed = view_of([expense("E1"), expense("E2")], lines, head=claim("submitted", "2026-07-01T10:00:00Z"))
    made = packet(filed, of="R1")
    assert entered(made) == {"E2": "500.00"}
    assert kept_out(made) == {"E1": ("elsewhere", "All of it is claimed by C1.")}


@pytest.mark.parametrize(
    "view, said",
    [
        (view_of([expense("E1")], [line("L1", "E9")]), "Its expense (E9) is not in the base or has no id."),
        (
            view_of([expense("E1")], [line("L1", "E1", "500", "EUR")]),
            "It is claimed in EUR, its programme pays in USD, and the packet is in USD.",
        ),
        (view_of([expense("E1")], [line("L1", "E1", "0")]), "Nothing is claimed on it."),
        (view_of([expense("E1", "")], [line("L1", "E1")]), "Not invoiced yet: judged on what is committed"),
    ],
)
def test_a_line_that_cannot_be_judged_is_held(view: View, said: str) -> None:
    made = packet(view)
    assert not made.lines
    assert made.barred[0].standing == "held"
    assert made.barred[0].reasons[0][0].startswith(said)


def test_what_happens_to_a_filed_claim_keeps_no_packet_back() -> None:
    """The answer to a payer's question may well be a new packet."""
    view = view_of([expense("E1")], [line("L1", "E1")])
    assert entered(packet(view, [hold("Reimbursements", "C1", rule="answer_due")])) == {"L1": "500"}
    assert entered(packet(view, [hold("Reimbursements", "C1", rule="overclaimed")])) == {}


def test_a_row_that_a_reviewer_holds_keeps_its_line_out() -> None:
    for table, id in PLACES:
        view = view_of([expense("E1"), expense("E2")], [line("L1", "E1"), line("L2", "E2")])
        row = view.row(table, id)
        assert row is not None
        held = Row(row.subject, row.record_id, {**row.fields, "review_decision": "held"})
        rows = tuple(held if one is row else one for one in view.rows(table))
        made = packet(replace(view, tables={**view.tables, table: rows}, memo={}))
        assert (f"A reviewer holds {table}/{id}.", "review_decision") in made.barred[0].reasons
        assert len(made.lines) == (1 if table in {"Expenses", "Reimbursement Lines"} else 0)


def test_an_empty_packet_is_a_draft_only() -> None:
    made = packet(view_of([expense("E1", eligibility_decision="ineligible")], [line("L1", "E1")]))
    assert made.problems == ("No line can be claimed: 1 stand below with their reasons.",)


# ------------------------------------------------------------------------------------------- what is shown


def test_an_amount_in_another_currency_shows_its_rate_day_and_source() -> None:
    foreign = expense("E1", expense_currency="EUR", stated_rate="1.1", stated_rate_date="2026-06-20")
    made = packet(view_of([foreign], [line("L1", "E1", "550")]))
    assert entered(made) == {"L1": "550"}
    assert made.lines[0].rate is not None
    assert (made.lines[0].rate.value, made.lines[0].rate.source) == (Decimal("1.1"), "stated by finance for the claim")
    assert made.lines[0].cost == Decimal("1100.00")


def test_amounts_are_to_the_cent_whatever_the_rate(tmp_path: Path) -> None:
    foreign = [
        expense(f"E{n}", f"{n}00.01", expense_currency="EUR", stated_rate="0.9213", stated_rate_date="2026-06-20")
        for n in range(1, 8)
    ]
    view = view_of(foreign, [line(f"L{n}", f"E{n}", "999") for n in range(1, 8)])
    made = packet(view)
    assert len(made.lines) == 7
    assert made.problems == ()
    assert {str(one.base).partition(".")[2] for one in made.lines} >= {"14"}
    assert {len(str(one.base).partition(".")[2]) for one in made.lines} == {2}
    zipped(tmp_path / "p.zip", view, made, {})
    assert [fault for one in packet_checks(tmp_path / "p.zip", SCHEMA)[1] for fault in one.faults] == []


def test_an_amount_that_the_currency_does_not_have_is_held() -> None:
    made = packet(view_of([expense("E1"), expense("E2")], [line("L1", "E1", "100.005"), line("L2", "E2")]))
    assert kept_out(made) == {"L1": ("held", "100.005 is claimed, and USD has no such amount.")}
    assert made.problems == ()


def test_a_claim_without_a_currency_is_a_draft_and_breaks_nothing() -> None:
    view = view_of([expense("E1")], [line("L1", "E1")], head=claim(currency=""))
    made = packet(view)
    assert made.problems[0] == "The claim is in no currency."
    manifest = {**manifest_of(view, made, draft=True), "files": []}
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(manifest)] == []


def test_what_went_otherwise_than_planned_is_shown_with_who_accepted_it() -> None:
    more = evidence(
        {"evidence_id": "INV-1", "evidence_type": "invoice", "expense_ids": "E1", "issuer": "Another Ltd",
         "document_number": "N-E1"},
        {"evidence_id": "EV-1", "evidence_type": "performance", "expense_ids": "E1", "attendee_count": "31",
         "received_on": "2026-06-30"},
    )  # fmt: skip
    more += """
Decisions
decision_id | decision_type | subject_table | subject_ids | decision_state | decided_by              | decision
DC-1        | scope         | Expenses      | E1, E7      | decided        | dana@northlight.example | Smaller hall
DC-2        | dispute       | Expenses      | E1          | decided        | sam@northlight.example  | Not this one
"""
    odd = expense(
        "E1", approved_amount="1200", person_count="60", activity_start="2026-06-10", activity_end="2026-06-10"
    )
    made = packet(view_of([odd], [line("L1", "E1")], more=more))
    assert {(d.what, d.planned, d.actual) for d in made.deviations} == {
        ("amount", "1,200.00 USD approved", "1,000.00 USD invoiced"),
        ("audience", "60 persons", "31 attended"),
        ("vendor", "Studio", "Another Ltd issued the invoice"),
    }
    assert {d.accepted for d in made.deviations} == {"dana@northlight.example, no day: Smaller hall [DC-1]"}


def test_a_document_that_does_not_count_is_named_and_left_out() -> None:
    returned = evidence({"evidence_id": "EV-1", "evidence_type": "performance", "expense_ids": "E1",
                         "received_on": "2026-06-30", "evidence_decision": "returned"})  # fmt: skip
    made = packet(view_of([expense("E1")], [line("L1", "E1")], more=returned))
    assert [(proof.id, proof.fault) for proof in made.lines[0].proofs] == [("EV-1", "was returned")]
    assert made.lines[0].of("performance") == ()


def test_a_file_that_cannot_be_had_makes_it_a_draft_and_is_named() -> None:
    view = proven(files={})
    made = packet(view)
    assert made.problems[0] == "INV-1 of line L1 cannot be had: invoice.pdf."
    [[file], *_] = [proof["files"] for proof in manifest_of(view, made, draft=True)["lines"][0]["proof"]]
    assert (file["name"], file["place"], file["lost"]) == ("invoice.pdf", "", "nobody has fetched it yet")


def test_a_list_of_people_is_asked_for_by_the_programme_alone() -> None:
    listed = evidence({"evidence_id": "EV-1", "evidence_type": "performance", "expense_ids": "E1",
                       "received_on": "2026-06-30", "shown_attributes": "attendee_list"})  # fmt: skip
    lines = [line("L1", "E1")]
    assert packet(view_of([expense("E1")], lines, more=listed, of=ASKING)).asks_for_leads
    assert not packet(view_of([expense("E1")], lines, more=listed, of=HALF)).asks_for_leads


def test_the_match_tells_who_carries_what() -> None:
    [match] = packet(proven()).matches
    amounts = [match.cost, match.paid_by_payer, match.carried, match.promised]
    assert amounts == [Decimal(amount) for amount in (1800, 900, 900, 500)]


# ------------------------------------------------------------------------------------------- sums that meet


def unmet(made: Packet) -> list[str]:
    return [check.name for check in made.checks if not check.holds]


def test_a_whole_claim_reconciles() -> None:
    made = packet(proven())
    assert unmet(made) == []
    assert made.problems == ()


def test_invoices_that_do_not_bear_the_base_make_it_a_draft() -> None:
    small = PROVEN.replace("| 1000 |", "| 900 |")
    assert small != PROVEN
    made = packet(proven(more=small))
    assert unmet(made) == ["The invoices bear the base", "Each line's own invoices bear its base"]
    assert made.problems[0] == "It does not reconcile: the invoices bear the base."


def test_a_filed_claim_has_to_be_what_the_ledger_moved() -> None:
    filed = claim("submitted", "2026-07-01T10:00:00Z")
    whole = view_of([expense("E1")], [line("L1", "E1")], head=filed)
    assert unmet(packet(whole)) == []
    assert unmet(packet(whole, [hold("Expenses", "E1")]))[0] == "The ledger moved what the packet claims"
    booked = """
MDF Ledger
movement_id | fund_id | mdf_request_id | reimbursement_id | movement_type | amount | currency | effective_on
M1          | FD      | R1             | C1               | claim         | 499.99 | USD      | 2026-07-01
"""
    off_by_a_cent = view_of([expense("E1")], [line("L1", "E1")], head=filed, more=booked)
    assert unmet(packet(off_by_a_cent)) == ["The ledger moved what the packet claims"]


def test_the_day_of_filing_is_the_funds_and_not_utcs() -> None:
    """02:30 UTC on 1 August is the evening of 31 July in New York, the last day."""
    view = view_of([expense("E1")], [line("L1", "E1")], head=claim("submitted", "2026-08-01T02:30:00Z"))
    more = {"programme_time_zone": "America/New_York", "claim_deadline": "2026-07-31"}
    funds = tuple(Row(row.subject, row.record_id, {**row.fields, **more}) for row in view.rows("MDF Funds"))
    made = packet(replace(view, tables={**view.tables, "MDF Funds": funds}, memo={}))
    (filed,) = (tested for tested in made.lines[0].dates if tested.what == "Claim filed")
    assert (filed.day, filed.outcome) == ("2026-07-31", "kept")


def test_a_request_that_has_not_so_much_left_makes_it_a_draft() -> None:
    taken = """
MDF Ledger
movement_id | fund_id | mdf_request_id | movement_type | amount | currency | effective_on
M1          | FD      | R1             | release       | 10900  | USD      | 2026-07-01
"""
    assert unmet(packet(view_of([expense("E1")], [line("L1", "E1")], more=taken))) == ["Request R1 bears the claim"]


# ------------------------------------------------------------------------------------------- who signs

SIGNED = """
Approvals
approval_id: AP-1
gate: reimbursement
joint_campaign_id: JC-1
partner_id: cobalt
subject_table: Reimbursements
subject_ids: C1
requested_by: tom.hale@northlight.example
approver: ines.weber@northlight.example
approver_role: budget-owner
decision: approved
method: base

Approvals
approval_id: AP-2
gate: reimbursement
joint_campaign_id: JC-1
partner_id: cobalt
subject_table: Reimbursements
subject_ids: C1
requested_by: tom.hale@northlight.example
approver: lee.marsh@northlight.example
approver_role: alliance-finance
decision: approved
method: base

Authors
row            | field    | actor                         | at
Approvals/AP-1 | decision | ines.weber@northlight.example | 2026-11-18T09:00:00Z
Approvals/AP-2 | decision | lee.marsh@northlight.example  | 2026-11-18T10:00:00Z
"""
INES = "ines.weber@northlight.example"


def signatures(view: View) -> list[tuple[str, str, str]]:
    return [(one.role, str(one.state), one.fault) for one in packet(view).sign_offs][:2]


def test_the_gates_roles_sign_as_different_people() -> None:
    view = view_of([expense("E1")], [line("L1", "E1")], more=SIGNED)
    assert signatures(view) == [("Budget owner", "signed", ""), ("Alliance finance owner", "signed", "")]


def test_whoever_requested_the_money_does_not_sign_for_it() -> None:
    view = view_of([expense("E1")], [line("L1", "E1")], more=SIGNED)
    request = view.row("MDF Budgets", "R1")
    assert request is not None
    own = Row(request.subject, request.record_id, {**request.fields, "requested_by": INES.upper()})
    [(role, state, fault), _] = signatures(replace(view, tables={**view.tables, "MDF Budgets": (own,)}, memo={}))
    assert (role, state, fault) == ("Budget owner", "refused", f"{INES} requested R1")


def test_nobody_who_may_not_sign_is_expected_to() -> None:
    made = packet(view_of([expense("E1")], [line("L1", "E1")]))
    assert [one.state for one in made.sign_offs] == ["not signed"] * 4


# ------------------------------------------------------------------------------------------- versions


def version(manifest: Mapping[str, Any], number: int = 1, at: str = "2026-11-17T09:00:00.000Z") -> Version:
    return Version(
        version=number, digest=manifest["digest"], claimed=manifest["claimed_digest"], prepared_at=at, zip="",
        sha256="", manifest="", lines={},
    )  # fmt: skip


def test_the_same_facts_have_the_same_digest_on_another_day() -> None:
    rows = [expense("E1"), expense("E3", eligibility_decision="ineligible")], [line("L1", "E1"), line("L3", "E3")]
    early, late = view_of(*rows), view_of(*rows)
    late = replace(late, as_of=late.as_of.replace(day=22), memo={})
    assert manifest_of(early, packet(early))["digest"] == manifest_of(late, packet(late))["digest"]


def test_what_changed_is_told_line_by_line() -> None:
    old = proven()
    before = manifest_of(old, packet(old))
    new = view_of(
        [expense("E1"), expense("E2", "800"), expense("E4", "100")],
        [line("L1", "E1", "450"), line("L2", "E2", "400"), line("L4", "E4", "50")],
    )
    found = hold("Expenses", "E2")
    after = manifest_of(new, packet(new, [found]), before=before)
    told = {(change["what"], change["was"], change["is"]) for change in after["changes"]}
    assert after["changes_since"] == 1
    assert ("line L2 left", "400.00 USD", "held: Something is wrong.") in told
    assert ("line L4 entered", "", "50.00 USD") in told
    assert ("amount of line L1", "500.00 USD", "450.00 USD") in told
    assert ("evidence of line L1", "INV-1 (7ee34a0b08ff)", "left") in told
    assert ("total claimed", "900.00 USD", "500.00 USD") in told


def test_nothing_changed_is_no_change() -> None:
    view = proven()
    before = manifest_of(view, packet(view))
    assert changes(before, before) == []
    assert content_digest({"a": 1}) == content_digest({"a": 1})


def test_a_signature_names_the_version_that_was_signed_and_whether_it_claims_the_same() -> None:
    lines = [line("L1", "E1")]
    unsigned = view_of([expense("E1")], lines)
    first = version(manifest_of(unsigned, packet(unsigned)))
    signed = view_of([expense("E1")], lines, more=SIGNED)
    one = manifest_of(signed, packet(signed), versions=[first])["sign_offs"][0]
    assert (one["version"], one["same_lines"]) == (1, True)
    other = view_of([expense("E1")], [line("L1", "E1", "450")], more=SIGNED)
    one = manifest_of(other, packet(other), versions=[first])["sign_offs"][0]
    assert (one["version"], one["same_lines"]) == (1, False)


# ------------------------------------------------------------------------------------------- other partners


def test_the_words_of_a_packet_name_no_other_partner() -> None:
    foreign = expense("E9", partner_id="other", mdf_request_id="")
    apart = kept_apart(view_of([expense("E1"), foreign]), "cobalt")
    assert apart("Also claimed by E9. And by E1, of Quillstack AS (other).") == (
        "Also claimed by an expense of another partner. And by E1, of another partner (another partner)."
    )
