"""The queue: sets of like decisions, one owner each, whose members never change."""

from __future__ import annotations

from core_lab import LEE, NOW, PRIYA, policy, record, snapshot

from mdfsync.actions import Waiting, publish_actions
from mdfsync.compare import compare
from mdfsync.model import Record
from mdfsync.plan import OWN_TABLES
from mdfsync.publish import Published
from mdfsync.values import list_items


def waits(key: str, **more: str) -> Waiting:
    cells = {"kind": "proposal", "table": "Expenses", "record": f"exp-{key}", "field": "paid_amount", "prior": "100",
             "proposed": "120", "joint_campaign_id": "JC-1", "owner": LEE, "money": "20"}  # fmt: skip
    return Waiting(change_id=f"chg-{key}", roles=("alliance-finance",), **{**cells, **more})


def published(
    *rows: Record, of: list[Waiting], feedback: dict[str, str] | None = None, closed: tuple[str, ...] = ()
) -> Published:
    return publish_actions(of, snapshot(*rows), policy(), NOW, feedback or {}, closed)


def sets(out: Published) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for seen in out.observations:
        found.setdefault(seen.subject.id, {})[seen.field] = seen.value
    return found


def standing(of: list[Waiting], **more: str) -> Record:
    ((key, cells),) = sets(published(of=of)).items()
    return record(f"Actions/{key}", "rec-act", **{**cells, **more})


def test_like_decisions_of_one_owner_are_one_row() -> None:
    (made,) = sets(published(of=[waits("1"), waits("2")])).values()
    assert (made["count"], list_items(made["change_ids"]), made["money_at_stake"]) == ("2", ("chg-1", "chg-2"), "40")


def test_what_is_not_alike_is_decided_apart() -> None:
    others = [
        waits("2", owner=PRIYA),
        waits("3", joint_campaign_id="JC-2"),
        waits("4", kind="drift"),
        waits("5", table="Leads"),
    ]
    assert len(sets(published(of=[waits("1"), *others]))) == 5


def test_a_set_shows_what_it_decides() -> None:
    (made,) = sets(published(of=[waits("1", prior="")])).values()
    assert (made["what"], made["title"]) == (
        "exp-1 · paid_amount: (blank) → 120", "Decide proposed changes: Expenses (1)",
    )  # fmt: skip


def test_the_order_of_what_waits_does_not_matter() -> None:
    two = [waits("1"), waits("2")]
    assert sets(published(of=two)) == sets(published(of=two[::-1]))


def test_running_again_adds_and_moves_nothing() -> None:
    row = standing([waits("1")])
    out = compare(
        published(row, of=[waits("1")]).observations, snapshot(row), {}, {}, policy().dictionary, own_tables=OWN_TABLES
    )
    assert (out.creates, out.fills, out.conflicts) == ([], [], [])


def test_a_set_never_changes_its_members() -> None:
    row = standing([waits("1")])
    made = sets(published(row, of=[waits("1"), waits("2")]))
    old = made.pop(row.subject.id)
    assert (old["state"], [list_items(m["change_ids"]) for m in made.values()]) == ("superseded", [("chg-1", "chg-2")])


def test_a_set_whose_rows_were_all_dealt_with_is_applied() -> None:
    row = standing([waits("1")], disposition="approved")
    assert sets(published(row, of=[], closed=("chg-1",)))[row.subject.id]["state"] == "applied"


def test_a_decided_set_of_which_a_row_is_left_says_so() -> None:
    row = standing([waits("1"), waits("2")], disposition="approved")
    told = sets(published(row, of=[waits("2")], closed=("chg-1",)))[row.subject.id]
    assert (told["state"], "chg-2" in told["feedback"]) == ("refused", True)


def test_a_set_that_stands_again_is_opened_again() -> None:
    row = standing([waits("1")], state="superseded")
    assert sets(published(row, of=[waits("1")]))[row.subject.id]["state"] == "open"


def test_a_decided_set_is_not_opened_again() -> None:
    row = standing([waits("1")], state="applied", disposition="approved")
    assert "state" not in sets(published(row, of=[waits("1")])).get(row.subject.id, {})


def test_a_refused_decision_is_told_on_the_set() -> None:
    row = standing([waits("1")], disposition="approved")
    out = published(row, of=[waits("1")], feedback={row.subject.id: "refused: not the role"})
    assert sets(out)[row.subject.id] == {"feedback": "refused: not the role"}


def test_a_closed_set_is_left_alone() -> None:
    row = standing([waits("1")], state="applied", disposition="approved")
    assert sets(published(row, of=[])) == {}


def test_two_hundred_changes_of_three_campaigns_are_few_decisions() -> None:
    many = [
        waits(f"{n}", joint_campaign_id=f"JC-{n % 3}", table=("Expenses", "Leads")[n % 2], owner=(LEE, PRIYA)[n % 2])
        for n in range(200)
    ]
    assert len(sets(published(of=many))) <= 25
