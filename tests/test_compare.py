"""The three-way comparison: write modes against the two bases of a cell, and what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from core_lab import bases, policy, record, says, snapshot, subject

from mdfsync.compare import Compared, compare, judge_cell
from mdfsync.model import Bases, CellBase, Observation, Record, Subject

DEAL = "Opportunities/hs-deal-1"

# cell and the bases against what the source says now: S0 = the source base, C0 = the cell base (what we wrote)
#  write     cell  source  source base  cell base   outcome
TRUTH = """
identity | C0 | C0 | C0 | C0 | same
identity |    | S1 |    |    | filled
identity | C0 | S1 | C0 | C0 | conflict identity
identity | C0 | S1 |    |    | conflict identity
propose  |    | S1 |    |    | filled
propose  |    | S1 | S0 |    | filled
propose  | C0 | S0 | S0 | C0 | same
propose  | C0 | S1 | S0 | C0 | proposed proposal
propose  | P  | S0 | S0 | C0 | drift drift
propose  | P  | S1 | S0 | C0 | proposed proposal
propose  | P  | P  | S0 | C0 | same
propose  | C0 | S1 |    |    | proposed proposal
propose  | C0 | S1 |    | C0 | proposed proposal
propose  | C0 |    | S0 | C0 | withdrawn withdrawn
propose  | P  |    | S0 | C0 | withdrawn withdrawn
propose  | C0 |    |    |    | same
propose  |    |    | S0 | C0 | same
propose  |    | S0 | S0 | C0 | drift drift
propose  |    | S1 | S0 | C0 | proposed proposal
track    |    | S1 |    |    | filled
track    | C0 | S0 | S0 | C0 | same
track    | C0 | S1 | S0 | C0 | replaced tracked
track    | P  | S0 | S0 | C0 | drift drift
track    | P  | S1 | S0 | C0 | proposed proposal
track    | C0 | S1 |    |    | proposed proposal
track    | C0 | S1 | S0 |    | proposed proposal
track    | C0 |    | S0 | C0 | withdrawn withdrawn
track    |    | S0 | S0 | C0 | drift drift
track    | D  | S0 | S0 | D  | same
track    | D  | S1 | S0 | D  | proposed proposal
computed | D  | S1 | S0 | D  | proposed proposal
computed |    | S1 |    |    | filled
computed | C0 | S1 | S0 | C0 | replaced computed
computed | P  | S0 | S0 | C0 | drift drift
computed | P  | S1 | S0 | C0 | proposed proposal
computed | C0 | S1 |    |    | proposed proposal
operator | C0 | S1 | S0 | C0 | same
operator |    | S1 |    |    | same
"""
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TRUTH.strip().splitlines()]


@pytest.mark.parametrize(("write", "cell", "source", "source_base", "cell_base", "expected"), ROWS)
def test_the_whole_table_of_write_modes(
    write: str, cell: str, source: str, source_base: str, cell_base: str, expected: str
) -> None:
    outcome, kind, reason = judge_cell(
        write=write, cell=cell, source=source, source_moved=bool(source_base) and source != source_base,
        cell_moved=bool(cell_base) and cell != cell_base, known=bool(source_base and cell_base), equal=cell == source,
        apart=cell_base == "D",  # a person decided that the cell says D where its source says S0
    )  # fmt: skip
    assert (f"{outcome} {kind or ''}".strip(), bool(reason)) == (expected, kind is not None)


@pytest.mark.parametrize("write", ["propose", "track", "computed"])
def test_a_blank_that_a_person_decided_on_is_not_filled_again(write: str) -> None:
    """The proposal for a cell that a person had emptied was rejected, or its emptying approved: cell base is blank."""
    name = {"propose": "amount", "track": "deal_name", "computed": "attribution_summary"}[write]
    out = judged(record(DEAL, deal_currency="USD"), bases((f"{DEAL}.{name}", "50", "")), says(f"{DEAL}.{name}", "50"))
    assert [f.field for f in out.fills] == []


def test_the_source_of_a_blank_that_a_person_decided_on_may_move() -> None:
    out = judged(record(DEAL, deal_currency="USD"), bases((f"{DEAL}.amount", "50", "")), says(f"{DEAL}.amount", "60"))
    assert [f.value for f in out.fills] + [c.proposed for c in out.conflicts] == ["60"]


def judged(row: Record | None, known: Bases, *seen: Observation, own_tables: frozenset[str] = frozenset()) -> Compared:
    now = snapshot(row) if row else snapshot()
    return compare(seen, now, known, {}, policy().dictionary, own_tables=own_tables)


@pytest.mark.parametrize(
    ("currency", "cell", "source", "proposals"),
    [("JPY", "100", "100.4", 0), ("JPY", "100", "101", 1), ("EUR", "100", "100.004", 0), ("EUR", "100", "100.01", 1),
     ("KWD", "100", "100.001", 1), ("", "100", "100.004", 0)],
)  # fmt: skip
def test_money_moves_at_its_currency(currency: str, cell: str, source: str, proposals: int) -> None:
    row = record(DEAL, amount=cell, deal_currency=currency)
    out = judged(row, bases((f"{DEAL}.amount", cell, cell)), says(f"{DEAL}.amount", source))
    assert len(out.conflicts) == proposals


def test_two_rows_with_one_id_are_left_alone() -> None:
    twins = (record(DEAL, "rec1", stage="a"), record(DEAL, "rec2", stage="b"))
    out = compare([says(f"{DEAL}.stage", "c")], snapshot(*twins), {}, {}, policy().dictionary)
    assert (out.frozen, out.creates, out.fills, out.conflicts) == ({subject(DEAL)}, [], [], [])


def test_a_row_that_a_person_removed_is_not_made_again() -> None:
    out = compare([says(f"{DEAL}.stage", "c")], snapshot(), {}, {subject(DEAL): "rec1"}, policy().dictionary)
    assert (out.creates, out.removed) == ([], [(subject(DEAL), "rec1")])


def test_a_row_nobody_knows_is_made_with_its_id_and_without_blanks() -> None:
    out = judged(None, {}, says(f"{DEAL}.stage", "won"), says(f"{DEAL}.deal_name", ""))
    assert [dict(c.fields) for c in out.creates] == [{"opportunity_id": "hs-deal-1", "stage": "won"}]


def test_a_missing_column_is_neither_read_nor_written() -> None:
    now = snapshot(record(DEAL, stage="a"), missing=[("Opportunities", "stage")])
    out = compare([says(f"{DEAL}.stage", "b")], now, bases((f"{DEAL}.stage", "a", "a")), {}, policy().dictionary)
    assert (out.conflicts, out.counts) == ([], {"Opportunities": {"held": 1}})


def test_a_new_row_leaves_a_missing_column_out() -> None:
    now = snapshot(missing=[("Opportunities", "stage")])
    out = compare([says(f"{DEAL}.stage", "b")], now, {}, {}, policy().dictionary)
    assert [dict(c.fields) for c in out.creates] == [{"opportunity_id": "hs-deal-1"}]


def test_an_unreadable_cell_is_not_taken_for_a_blank() -> None:
    now = snapshot(record(DEAL, "rec1"), unreadable={("Opportunities", "rec1", "stage"): "an object"})
    out = compare([says(f"{DEAL}.stage", "b")], now, {}, {}, policy().dictionary)
    assert (out.fills, out.counts) == ([], {"Opportunities": {"held": 1}})


LEAD = "Leads/lead-5-JC-1"
SAID = [
    says(f"{LEAD}.job_title", "Partner's word", "partner.leads", "9"),
    says(f"{LEAD}.job_title", "CRM's word", "hubspot.contacts", "5"),
]


@pytest.mark.parametrize("order", [SAID, SAID[::-1]])
def test_the_first_source_in_authority_is_used_whatever_the_order(order: list[Observation]) -> None:
    out = judged(None, {}, *order)
    assert out.creates[0].fields["job_title"] == "CRM's word"


def test_sources_that_disagree_are_reported_with_what_each_says() -> None:
    (found,) = judged(None, {}, *SAID).disagreements
    assert found.says == {"partner.leads": "Partner's word", "hubspot.contacts": "CRM's word"}


def test_a_silent_authority_gives_way_to_the_next() -> None:
    out = judged(None, {}, SAID[0], says(f"{LEAD}.job_title", "", "hubspot.contacts", "5"))
    assert (out.creates[0].fields["job_title"], out.disagreements) == ("Partner's word", [])


def test_of_two_rows_of_one_source_the_newest_is_used() -> None:
    old = says(f"{DEAL}.stage", "open", external_id="1", at=datetime(2026, 1, 1, tzinfo=UTC))
    new = says(f"{DEAL}.stage", "won", external_id="2", at=datetime(2026, 2, 1, tzinfo=UTC))
    out = judged(None, {}, old, new)
    assert (out.creates[0].fields["stage"], len(out.disagreements)) == ("won", 1)


def test_agreement_found_without_bases_becomes_their_start() -> None:
    out = judged(record(DEAL, stage="won"), {}, says(f"{DEAL}.stage", "won"))
    assert out.settled == {subject(DEAL): {"stage": CellBase(source="won", cell="won")}}


def test_a_rejected_proposal_rests_until_the_source_moves() -> None:
    row, known = record(DEAL, amount="50", deal_currency="USD"), bases((f"{DEAL}.amount", "60", "50"))
    rested = judged(row, known, says(f"{DEAL}.amount", "60"))
    moved = judged(row, known, says(f"{DEAL}.amount", "70"))
    assert ([c.proposed for c in rested.conflicts], [c.proposed for c in moved.conflicts]) == ([], ["70"])


def test_a_cell_of_the_workers_own_rows_counts_as_ours() -> None:
    row = record("Holds/hold-1", status="open")
    out = judged(row, {}, says("Holds/hold-1.status", "cleared", "computed"), own_tables=frozenset({"Holds"}))
    assert [(c.kind, c.prior, c.proposed) for c in out.conflicts] == [("computed", "open", "cleared")]


def test_a_row_that_two_comparisons_make_is_made_once() -> None:
    one = judged(None, {}, says(f"{DEAL}.stage", "won"))
    one.merge(judged(None, {}, says(f"{DEAL}.joint_campaign_id", "JC-1")))
    assert [sorted(c.fields) for c in one.creates] == [["joint_campaign_id", "opportunity_id", "stage"]]


def test_every_observation_is_counted_once() -> None:
    seen = [*SAID, says(f"{DEAL}.stage", "won"), says(f"{DEAL}.deal_name", ""), says(f"{DEAL}.amount", "5")]
    out = judged(record(DEAL, stage="open", amount="5"), {}, *seen)
    assert sum(n for row in out.counts.values() for n in row.values()) == len(seen)


def test_subject_order_is_table_then_id() -> None:
    assert sorted([subject("B/1"), subject("A/2")]) == [Subject(table="A", id="2"), Subject(table="B", id="1")]
