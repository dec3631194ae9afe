"""Change History: pure ids, transitions told apart, open rows resumed."""

from __future__ import annotations

import pytest
from core_lab import PRIYA, policy, record, ref, snapshot, subject

from mdfsync.compare import Conflict, ConflictKind
from mdfsync.history import Context, Ledger, history_row, is_closed, read_ledger
from mdfsync.model import Create, Record, Standing

DEAL = "Opportunities/hs-deal-1"
OURS = Standing(field="Opportunities.stage", version="v2026.11")
CONTEXT = Context(joint_campaign_id="JC-1", owner=PRIYA, roles=("campaign-owner",), is_money=False)


def conflict(prior: str, proposed: str, kind: ConflictKind = "tracked", source: str = "hubspot.deals") -> Conflict:
    return Conflict(
        subject=subject(DEAL), record_id="rec1", field="stage", kind=kind, prior=prior, proposed=proposed,
        reason="the source moved", refs=(ref(source),), source=proposed,
    )  # fmt: skip


def row_for(prior: str, proposed: str, ledger: Ledger, *, standing: bool = True, **more: str) -> Create:
    kind: ConflictKind = "tracked" if standing else "proposal"
    return history_row(
        conflict(prior, proposed, kind), ledger, CONTEXT, kind=kind, authority=OURS if standing else None, **more
    )


def stands(made: Create, **cells: str) -> Record:
    """The history row as it stands in the base afterwards."""
    return record(f"Change History/{made.subject.id}", **{**made.fields, "change_id": made.subject.id, **cells})


def ledger(*rows: Record, chain: list[dict[str, str]] | None = None) -> Ledger:
    return read_ledger(snapshot(*rows), chain or [])


def test_a_change_id_is_a_pure_function_of_the_transition() -> None:
    assert row_for("A", "B", ledger()).subject.id == row_for("A", "B", ledger()).subject.id


@pytest.mark.parametrize(("prior", "proposed"), [("B", "A"), ("A", "C"), ("", "B"), ("A", "")])
def test_another_transition_has_another_id(prior: str, proposed: str) -> None:
    assert row_for(prior, proposed, ledger()).subject.id != row_for("A", "B", ledger()).subject.id


def test_there_and_back_and_there_again_are_three_changes() -> None:
    rows: list[Record] = []
    for prior, proposed in (("A", "B"), ("B", "A"), ("A", "B")):
        rows.append(stands(row_for(prior, proposed, ledger(*rows))))
    assert len({r.subject.id for r in rows}) == 3


def test_an_open_row_is_resumed_not_doubled() -> None:
    first = stands(row_for("A", "B", ledger(), standing=False))
    assert row_for("A", "B", ledger(first), standing=False).subject.id == first.subject.id


CLOSED = [
    ({"state": "pending"}, False),
    ({"state": "applied"}, True),
    ({"state": "superseded"}, True),
    ({"state": "refused: not a role holder"}, False),
    ({"state": "refused: rejected by lee", "decided_by": "lee.marsh@northlight.example"}, True),
    ({}, False),
]


@pytest.mark.parametrize(("cells", "closed"), CLOSED)
def test_a_refused_decision_leaves_the_row_open(cells: dict[str, str], closed: bool) -> None:
    assert is_closed(cells) is closed


def test_rows_exported_and_removed_from_the_base_still_count() -> None:
    made = row_for("A", "B", ledger())
    assert row_for("A", "B", ledger(chain=[dict(made.fields)])).subject.id != made.subject.id


def test_a_row_in_base_and_chain_counts_once() -> None:
    made = row_for("A", "B", ledger())
    once = ledger(stands(made)).closed
    assert ledger(stands(made), chain=[dict(made.fields)]).closed == once


def test_standing_authority_is_closed_from_the_start_with_what_is_intended() -> None:
    cells = row_for("A", "B", ledger()).fields
    assert {n: cells[n] for n in ("state", "prior_value", "applied_value")} == {
        "state": "applied", "prior_value": "A", "applied_value": "B",
    }  # fmt: skip


def test_a_proposal_waits_and_says_for_whom() -> None:
    cells = row_for("A", "B", ledger(), standing=False).fields
    assert (cells["state"], cells["authority"], "applied_value" in cells) == (
        "pending",
        "waits for: campaign-owner",
        False,
    )


def test_a_history_row_holds_no_blanks_and_only_dictionary_fields() -> None:
    cells = row_for("", "B", ledger(), standing=False).fields
    known = policy().dictionary.tables["Change History"].fields
    assert all(cells.values()) and cells.keys() <= known.keys()


@pytest.mark.parametrize(
    ("prior", "proposed", "stake"), [("100", "250.5", "150.5"), ("250.5", "100", "150.5"), ("", "7", "7")]
)
def test_money_at_stake_is_the_distance(prior: str, proposed: str, stake: str) -> None:
    money = Context(joint_campaign_id="", owner="", roles=(), is_money=True)
    made = history_row(conflict(prior, proposed, "proposal"), ledger(), money, kind="proposal", authority=None)
    assert made.fields["money_at_stake"] == stake
