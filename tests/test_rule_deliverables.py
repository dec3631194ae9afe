"""Deliverables: where each stands, what blocks it, and the three rules on plans, lateness and acceptance."""

# ruff: noqa: E501 (tables: one row per line)

from __future__ import annotations

from dataclasses import replace

import pytest
from casebook import case, findings, held, rulebook

from mdfsync.derive.deliverables import deliverables
from mdfsync.model import Finding, Subject
from mdfsync.rules import judge
from mdfsync.view import View
from mdfsync.view.remembered import InForce
from mdfsync.view.terms import terms_digest

OURS, THEIRS = "priya.nair@northlight.example", "rhea.morrow@cobaltharbor.example"
CAMPAIGN = """
Partners
partner_id | partner_name  | partner_domains
cobalt     | Cobalt Harbor | cobaltharbor.example

Agreements
agreement_id | partner_id | agreement_type    | period_start | period_end | signed_on
AG-1         | cobalt     | partner_agreement | 2026-01-01   | 2027-12-31 | 2025-12-15

Campaigns
joint_campaign_id | start_date | end_date   | charter_time_zone | campaign_status
JC-1              | 2026-10-01 | 2026-12-31 | {zone}            | {status}

Campaign Partners
campaign_partner_id | joint_campaign_id | partner_id | agreement_id
CP-1                | JC-1              | cobalt     | AG-1
"""


def piece(
    id: str, due: str = "2026-12-01", *, side: str = "partner", start: str = "", state: str = "planned",
    after: str = "", handed: str = "", decision: str = "", **cells: str,
) -> str:  # fmt: skip
    """One deliverable in order, owed by the partner and reviewed by us (or the other way round)."""
    owner, reviewer = (THEIRS, OURS) if side == "partner" else (OURS, THEIRS)
    given = {
        "deliverable_id": id, "joint_campaign_id": "JC-1", "partner_id": "cobalt", "owner_side": side,
        "deliverable_owner": owner, "reviewer": reviewer, "acceptance_condition": "As agreed", "planned_start": start,
        "due_date": due, "deliverable_state": state, "depends_on_ids": after, "delivered_on": handed,
        "acceptance_decision": decision,
    } | cells  # fmt: skip
    return "Deliverables\n" + "\n".join(f"{name}: {cell}" for name, cell in given.items())


def world(*pieces: str, zone: str = "Europe/Berlin", status: str = "live", as_of: str = "2026-11-20T12:00:00Z") -> View:
    """The plan with the cells that a run would compute from it."""
    view = case("\n\n".join((CAMPAIGN.format(zone=zone, status=status), *pieces)), as_of=as_of)
    return with_cells(view, ())


def with_cells(view: View, standing: tuple[Finding, ...]) -> View:
    coming: dict[Subject, dict[str, str]] = {}
    for made in deliverables(view, standing):
        coming.setdefault(made.subject, {})[made.field] = made.value
    return view.with_coming(coming)


def cells(view: View, name: str = "deliverable_status", standing: tuple[Finding, ...] = ()) -> dict[str, str]:
    return {made.subject.id: made.value for made in deliverables(view, standing) if made.field == name}


DONE = {"state": "delivered", "handed": "2026-11-01", "decision": "accepted"}
WAITING = {"state": "delivered", "handed": "2026-11-18"}
PAPER = """
Evidence
evidence_id | evidence_type | deliverable_ids | evidence_decision | file_url
EV-1        | {kind}        | {about}         | {decision}        | https://northlight.example/ev-1
"""


# ---------------------------------------------------------------- where it stands


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (piece("A"), "on_track"),
        (piece("A", "2026-11-27"), "due_soon"),
        (piece("A", "2026-11-28"), "on_track"),
        (piece("A", "2026-11-20"), "due_soon"),
        (piece("A", "2026-11-19"), "late"),
        (piece("A", "2026-11-19", **WAITING), "on_track"),
        (piece("A", "2026-11-19", state="delivered", handed="2026-11-15"), "on_track"),
        (piece("A", "2026-11-19", state="delivered", handed="2026-11-14"), "late"),
        (piece("A", "2026-11-19", **{**WAITING, "decision": "returned"}), "late"),
        (piece("A", **DONE), "done"),
        (piece("A", "2026-11-19", state="cancelled"), "cancelled"),
        (piece("A", due=""), "unknown"),
    ],
)
def test_a_deliverable_stands_where_its_dates_and_its_acceptance_put_it(what: str, status: str) -> None:
    assert cells(world(what)) == {"A": status}


@pytest.mark.parametrize(("zone", "status"), [("America/New_York", "due_soon"), ("Asia/Tokyo", "late"), ("", "late")])
def test_the_day_is_that_of_the_charters_zone(zone: str, status: str) -> None:
    view = world(piece("A", "2026-11-20"), zone=zone, as_of="2026-11-21T03:00:00Z")
    assert cells(view) == {"A": status}


@pytest.mark.parametrize(
    ("first", "then", "by"),
    [
        (piece("A", "2026-11-25"), piece("B", after="A"), "none"),
        (piece("A", "2026-11-19"), piece("B", after="A"), "A"),
        (piece("A", state="cancelled"), piece("B", after="A"), "A"),
        (piece("A", **WAITING), piece("B", after="A"), "none"),
        (piece("A", **WAITING), piece("B", start="2026-11-20", after="A"), "A"),
        (piece("A", **DONE), piece("B", start="2026-11-20", after="A"), "none"),
        (piece("A", after="B"), piece("B", after="A"), "A"),
        (piece("A", **DONE, after="B"), piece("B", after="A"), "none"),
        (piece("A"), piece("B", after="A, lost"), "lost"),
        (piece("A", "2026-11-19"), piece("B", **WAITING, after="A"), "none"),
    ],
    ids=["in time", "late", "cancelled", "with its reviewer", "should begin", "done", "circle", "past circle", "lost", "handed over"],
)  # fmt: skip
def test_it_is_blocked_by_what_keeps_it_from_going_on(first: str, then: str, by: str) -> None:
    view = world(first, then)
    assert cells(view, "blocked_by")["B"] == by
    assert (cells(view)["B"] == "blocked") is (by != "none")


def test_what_waits_for_it_is_named_and_cancelled_pieces_wait_for_nothing() -> None:
    view = world(piece("A"), piece("C", after="A"), piece("B", after="A"), piece("D", after="A", state="cancelled"))
    assert cells(view, "blocks_ids") == {"A": "B, C", "B": "none", "C": "none", "D": "none"}


def test_what_is_late_further_up_blocks_the_whole_chain() -> None:
    view = world(piece("A", "2026-11-19"), piece("B", after="A"), piece("C", after="B"))
    assert cells(view, "blocked_by") == {"A": "none", "B": "A", "C": "B"}


def test_a_hold_blocks_too_and_says_which() -> None:
    view = world(piece("A", "2027-12-31"), piece("B", "2028-02-01", after="A"), piece("C", "2028-02-01", **DONE))
    standing = tuple(f for f in judge(view, rulebook()) if f.rule_id == "outside_agreement")
    assert cells(view, "blocked_by", standing) == {"A": "none", "B": "hold outside_agreement", "C": "none"}


def test_what_its_proof_lacks_keeps_the_money_and_not_the_work() -> None:
    view = world(piece("A", "2028-02-01"))
    [hold] = (f for f in judge(view, rulebook()) if f.rule_id == "outside_agreement")
    said = [cells(view, "blocked_by", (replace(hold, rule_id=rule),)) for rule in (hold.rule_id, "missing_proof")]
    assert said == [{"A": "hold outside_agreement"}, {"A": "none"}]


# ---------------------------------------------------------------- acceptance by the other side


@pytest.mark.parametrize(
    ("about", "kind", "decision", "status"),
    [
        ("A", "approval", "accepted", "done"),
        ("A", "approval", "", "late"),
        ("A", "approval", "rejected", "late"),
        ("A", "performance", "accepted", "late"),
        ("B", "approval", "accepted", "late"),
    ],
)
def test_what_we_owe_is_done_once_a_paper_shows_that_the_partner_accepted_it(
    about: str, kind: str, decision: str, status: str
) -> None:
    view = world(piece("A", side="us", **DONE), PAPER.format(about=about, kind=kind, decision=decision).strip())
    assert cells(view) == {"A": status}
    assert held("deliverable_plan", view) == ([] if status == "done" else ["Deliverables/A unproven"])


@pytest.mark.parametrize(
    ("side", "reviewer", "told"),
    [
        ("partner", OURS, []),
        ("partner", THEIRS, ["Deliverables/A one_sided"]),
        ("us", THEIRS, []),
        ("us", "sam.ortiz@northlight.example", ["Deliverables/A one_sided"]),
        ("us", "kim@agency.example", ["Deliverables/A one_sided"]),
    ],
)
def test_a_reviewer_stands_on_the_other_side(side: str, reviewer: str, told: list[str]) -> None:
    assert held("deliverable_plan", world(piece("A", side=side, reviewer=reviewer))) == told


RETURNED = """
Authors
row            | field               | actor                        | at
Deliverables/A | acceptance_decision | priya.nair@northlight.example | 2026-11-10T09:00:00Z
"""


@pytest.mark.parametrize(("handed", "status"), [("2026-11-10", "late"), ("2026-11-18", "on_track")])
def test_what_was_sent_back_waits_anew_once_it_is_handed_over_again(handed: str, status: str) -> None:
    again = piece("A", "2026-11-09", state="delivered", handed=handed, decision="returned")
    assert cells(world(again, RETURNED.strip())) == {"A": status}


def test_what_its_own_side_accepted_is_not_done() -> None:
    view = world(piece("A", side="us", reviewer="sam.ortiz@northlight.example", **DONE))
    assert cells(view) == {"A": "late"}
    [found] = findings("deliverable_plan", view)
    assert found.message == (
        "A would not be accepted by the other side: its reviewer sam.ortiz@northlight.example stands on our side, which owes it."
    )


# ---------------------------------------------------------------- faults of the plan


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([piece("A"), piece("B", after="A")], []),
        ([piece("A", after="B"), piece("B", after="A")], ["Deliverables/A circle A, B"]),
        ([piece("A", after="A")], ["Deliverables/A circle A"]),
        ([piece("A", start="2026-12-02")], ["Deliverables/A dates start"]),
        ([piece("A", "2026-12-31")], []),
        ([piece("A", "2027-01-01")], ["Deliverables/A dates campaign"]),
        ([piece("A", "2026-12-02"), piece("B", after="A")], ["Deliverables/B sequence A"]),
        ([piece("A", "2026-12-02", **DONE), piece("B", after="A")], []),
        ([piece("A", "2026-12-02"), piece("B", after="A", state="cancelled")], []),
        ([piece("A", state="cancelled"), piece("B", after="A")], ["Deliverables/B cancelled A"]),
        ([piece("B", after="nowhere")], []),
    ],
    ids=["in order", "circle", "itself", "start", "last day", "after the campaign", "sequence", "done", "not done any more", "cancelled", "lost id"],
)  # fmt: skip
def test_a_plan_that_cannot_be_carried_out_is_told_once_per_cause(pieces: list[str], told: list[str]) -> None:
    assert held("deliverable_plan", world(*pieces)) == told


def test_a_circle_names_its_members_blocks_what_waits_and_is_not_told_of_its_dates() -> None:
    view = world(
        piece("A", "2026-12-03", after="C"), piece("B", "2026-12-02", after="A"), piece("C", after="B"),
        piece("D", "2026-12-09", after="B"),
    )  # fmt: skip
    [found] = findings("deliverable_plan", view)
    assert found.message == "A, B, C wait for each other, so none of them can begin."
    assert [place.id for place in found.blocks] == ["B", "C", "D"]


BLANK = {"deliverable_owner": "", "acceptance_condition": ""}


def test_what_is_missing_is_one_exception_and_left_to_the_charter_where_that_is_not_signed() -> None:
    signed_later = world(piece("A", **BLANK), status="draft", as_of="2026-09-01T12:00:00Z")
    [found] = findings("deliverable_plan", signed_later)
    assert found.message == "A lacks its owner, its acceptance condition."
    assert held("deliverable_plan", world(piece("A", **BLANK))) == []
    assert "Campaigns/JC-1" in held("unsigned_charter", world(piece("A", **BLANK)))


@pytest.mark.parametrize("status", ["archived", "cancelled"])
def test_campaigns_that_are_history_are_left_alone(status: str) -> None:
    old = world(
        piece("A", "2026-11-01", after="B"), piece("B", "2026-11-01", after="A"), piece("C", "2026-11-01"),
        piece("D", state="delivered", handed="2026-11-01"), status=status,
    )  # fmt: skip
    assert [held(rule, old) for rule in ("deliverable_plan", "deliverable_late", "deliverable_blocked")] == [[], [], []]


# ---------------------------------------------------------------- late


def test_late_work_is_told_with_everything_that_waits_for_it_and_only_once() -> None:
    view = world(piece("A", "2026-11-18"), piece("B", "2026-11-19", after="A"), piece("C", after="B"))
    [found] = findings("deliverable_late", view)
    assert found.message == "A was due on 2026-11-18 and is not handed over. Waiting for it: B, C."
    assert ([place.id for place in found.blocks], found.owner, found.owner_role) == (["B", "C"], "", "campaign-owner")


def test_who_owes_it_is_asked_where_it_is_one_of_ours() -> None:
    assert [f.owner for f in findings("deliverable_late", world(piece("A", "2026-11-18", side="us")))] == [OURS]


def test_the_words_stay_the_same_from_day_to_day() -> None:
    first, later = (
        findings("deliverable_late", world(piece("A", "2026-11-18"), as_of=f"{day}T12:00:00Z"))
        for day in ("2026-11-20", "2026-12-05")
    )
    assert first == later


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (piece("A", "2026-11-20"), []),
        (piece("A", "2026-11-18", **WAITING), []),
        (piece("A", "2026-11-18", state="cancelled"), []),
        (piece("A", "2026-11-18", **DONE), []),
        (piece("A", "2026-11-18", **{**WAITING, "decision": "returned"}), ["Deliverables/A"]),
    ],
    ids=["not yet", "handed over", "cancelled", "accepted", "sent back"],
)
def test_being_handed_over_clears_it_and_being_sent_back_does_not(what: str, told: list[str]) -> None:
    assert held("deliverable_late", world(what)) == told


def test_what_stands_still_under_a_hold_is_told_by_the_hold() -> None:
    view = world(piece("A", "2026-11-18", planned_start="2025-06-01"))
    standing = tuple(f for f in judge(view, rulebook()) if f.rule_id == "outside_agreement")
    assert held("deliverable_late", with_cells(view, standing)) == []


# ---------------------------------------------------------------- waiting for its reviewer


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([piece("A", **WAITING)], []),
        ([piece("A", state="delivered", handed="2026-11-15")], []),
        ([piece("A", state="delivered", handed="2026-11-14")], ["Deliverables/A"]),
        ([piece("A", **WAITING), piece("B", start="2026-11-20", after="A")], ["Deliverables/A"]),
        ([piece("A", **WAITING), piece("B", start="2026-11-21", after="A")], []),
        ([piece("A", **WAITING), piece("B", start="2026-11-20", after="A", state="cancelled")], []),
        ([piece("A", **DONE), piece("B", start="2026-11-20", after="A")], []),
        ([piece("A", **{**WAITING, "decision": "returned"}), piece("B", start="2026-11-20", after="A")], []),
    ],
    ids=["fresh", "last day", "five days are over", "holds something up", "not yet", "cancelled", "accepted", "sent back"],
)  # fmt: skip
def test_what_nobody_accepts_is_told_when_time_is_up_or_something_stands_still(
    pieces: list[str], told: list[str]
) -> None:
    assert held("deliverable_blocked", world(*pieces)) == told


def test_it_goes_to_the_reviewer_and_names_what_stands_still() -> None:
    [found] = findings("deliverable_blocked", world(piece("A", **WAITING), piece("B", start="2026-11-20", after="A")))
    assert found.message == "A was handed over on 2026-11-18, and nobody has decided on it. Waiting for it: B."
    assert (found.owner, [place.id for place in found.blocks]) == (OURS, ["B"])


# ---------------------------------------------------------------- the charter in force


def test_dates_owners_and_reviewers_are_those_of_the_charter_in_force() -> None:
    """`charter_in_force` remembers the terms that all have signed; a due date that one side moved counts for nothing."""
    terms = {"Deliverables": {"A": {"due_date": "2026-11-18"}}}
    signed = InForce(version=1, digest=terms_digest(terms), terms=terms)
    campaign = f"Campaigns\njoint_campaign_id: JC-1\ncharter_time_zone: UTC\ncharter_in_force: {signed.text}"
    view = case("\n\n".join((campaign, piece("A", "2026-12-24"))))
    assert cells(view) == {"A": "late"}
