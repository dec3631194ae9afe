"""What a filed claim is held against: the packet it was filed with, its lines' verdicts, and what a cost is worth."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from casebook import findings
from claim_lab import FILED, claim_cells, filed, one, told, with_packets
from test_claim_life import CODE, DECIDED, WHOLE

from mdfsync.derive.blocking import Blocking
from mdfsync.model import Subject
from mdfsync.view import View
from mdfsync.view.packets import Packet, filed_with, packets_of

# ----------------------------------------------------------------------------------------- packet_outdated

MADE = datetime(2026, 10, 31, tzinfo=UTC)
LINES = {"L1": Decimal(4000), "L2": Decimal(500)}


def packet(version: int = 1, day: int = 31, lines: dict[str, Decimal] | None = None) -> Packet:
    at = MADE.replace(day=day)
    return Packet(version=version, digest=f"d{version}", prepared_at=at, lines=LINES if lines is None else lines)


@pytest.mark.parametrize(
    "lines, says",
    [
        (LINES, ""),
        ({"L1": Decimal(4000)}, "L2 is not in it"),
        ({**LINES, "L2": Decimal(450)}, "L2 claims 500.00 USD, in it 450.00 USD"),
        ({**LINES, "L3": Decimal(1)}, "L3 is in it and no line of the claim"),
    ],
)
def test_a_claim_is_held_against_the_version_it_was_filed_with(lines: dict[str, Decimal], says: str) -> None:
    view = with_packets(filed("submitted", FILED), packet(lines=lines))
    found = told(view, "packet_outdated")
    assert found == (["packet_outdated lines"] if says else [])
    assert not says or says in one("packet_outdated", view).message


def test_the_version_that_counts_is_the_last_that_was_made_before_filing() -> None:
    later = datetime(2026, 11, 2, tzinfo=UTC)
    made = (packet(1, 30, {}), packet(2, 31), Packet(version=3, digest="d3", prepared_at=later, lines={}))
    filing = datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert filed_with(made, filing) == made[1]
    assert told(with_packets(filed("submitted", FILED), *made), "packet_outdated") == []
    assert told(with_packets(filed("submitted", FILED), made[2]), "packet_outdated") == ["packet_outdated version"]


def test_of_a_packet_that_lists_no_lines_recorded_edits_tell() -> None:
    history = """
Change History
change_id | table               | record | field          | captured_at
CH-1      | Reimbursement Lines | L2     | claimed_amount | {}
"""
    bare = Packet(version=1, digest="d", prepared_at=MADE)
    for at, says in (("2026-11-02T10:00:00Z", ["packet_outdated lines"]), ("2026-10-02T10:00:00Z", [])):
        view = with_packets(filed("submitted", FILED, {}, {}, history.format(at)), bare)
        assert told(view, "packet_outdated") == says


@pytest.mark.parametrize(
    "state, says", [("submitted", ["packet_outdated held"]), ("draft", []), ("partly_approved", [])]
)
def test_a_line_that_is_held_should_not_have_been_filed(state: str, says: list[str]) -> None:
    view = filed(state, DECIDED, WHOLE, CODE if state != "submitted" else {})
    coming = {Subject(table="Reimbursement Lines", id=id): {"line_status": "held"} for id in ("L1", "L2")}
    assert told(view.with_coming(coming), "packet_outdated") == says


def test_packets_are_read_from_the_state_and_faulty_entries_are_none() -> None:
    kept = """{"C1": [{"version": 2, "digest": "b", "prepared_at": "2026-11-01T00:00:00Z", "zip": "x"},
               {"version": 1, "digest": "a", "prepared_at": "2026-10-31T00:00:00Z", "lines": {"L1": "40.50"}}],
               "C2": [{"version": 1}]}"""
    read = packets_of(kept)
    assert {claim: [(p.version, p.lines) for p in made] for claim, made in read.items()} == {
        "C1": [(1, {"L1": Decimal("40.50")}), (2, None)]
    }
    assert packets_of(None) == {}


def test_version_and_digest_of_the_last_packet_stand_on_the_claim() -> None:
    found = claim_cells(with_packets(filed("submitted", FILED), packet(1, 30), packet(2)))
    assert (found["packet_version"], found["packet_digest"]) == ("2", "d2")
    nothing = claim_cells(filed("submitted", FILED))
    assert (nothing.get("packet_version"), nothing["packet_digest"]) == (None, "none")


# ----------------------------------------------------------------------------------------- overclaimed


def instalments(*claimed: str, state: str = "draft", decision: str = "") -> View:
    """E1, worth 4000 at most, claimed by L1 and further lines of other claims."""
    first, *others = claimed
    rows = "".join(
        f"""
Reimbursements
reimbursement_id | fund_id | claim_currency | reimbursement_state
D{n}             | FD      | USD            | {state}

Reimbursement Lines
reimbursement_line_id | reimbursement_id | expense_id | line_currency | claimed_amount | line_decision | instalment
M{n}                  | D{n}             | E1         | USD           | {amount}       | {decision}    | {n}
"""
        for n, amount in enumerate(others, 2)
    )
    return filed("submitted", FILED, {"claimed_amount": first}, {}, rows, direction="we_reimburse", programme=True)


@pytest.mark.parametrize(
    "view, says",
    [
        (instalments("4000"), []),
        (instalments("4000.01"), []),
        (instalments("3000", "1000"), []),
        (instalments("3000", "1000.01"), ["Reimbursement Lines/M2"]),
        (instalments("3000", "1000", "1"), ["Reimbursement Lines/M3"]),
        (instalments("4000", "1000", state="withdrawn"), []),
        (instalments("4000", "1000", state="rejected", decision="refused"), []),
    ],
)
def test_instalments_together_claim_no_more_than_the_cost_is_worth(view: View, says: list[str]) -> None:
    assert [str(f.subject) for f in findings("overclaimed", view)] == says


def test_more_claimed_than_the_request_was_approved_for_is_told_once() -> None:
    view = instalments("9000", "3000")
    assert told(view, "overclaimed") == []
    assert "ineligible_expense over_approved" in told(view, "ineligible_expense")


def test_an_instalment_beyond_the_worth_is_a_hold_in_plain_words() -> None:
    view = instalments("3000", "1000", "1")
    hold = one("overclaimed", view)
    assert hold.message == (
        "4,001.00 USD of E1 is claimed in 3 instalments, and it is worth 4,000.00 USD at most: 1.00 USD too much."
    )
    assert Blocking([hold]).words(Subject(table="Reimbursement Lines", id="M3")).startswith("overclaimed M3 (hold-")
