"""The launch snapshot: frozen once, honest about what it proves, and what is compared with it afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from core_lab import NOW, PRIYA
from overlap_lab import LAUNCH, Shares, launching

from mdfsync.model import Subject
from mdfsync.overlaps.changes import moves
from mdfsync.overlaps.launch import statuses_in
from mdfsync.view import Row

FROZEN = "os-JC-1-cobalt-"


def snapshot_of(world: Shares, key: str = "1") -> tuple[str, str]:
    row = world.row(key)
    return row.get("snapshot_label", ""), row.get("snapshot_id", "")[: len(FROZEN)]


# ---------------------------------------------------------------- when, and what it proves


def test_nothing_is_frozen_before_launch() -> None:
    world = launching()
    assert snapshot_of(world) == ("", "") and world.row("1")["overlap_status"] == "before_launch"


def test_the_state_that_was_known_at_launch_is_frozen_at_the_first_run_after_it() -> None:
    world = launching()
    world.hours(1).run()
    row = world.row("1")
    assert snapshot_of(world) == ("at_launch", FROZEN)
    assert (row["snapshot_taken_at"], row["overlap_status"]) == ("2026-11-20T12:00:00.000Z", "at_launch")
    assert row["partner_population_at_launch"] == "Customers"
    assert statuses_in(row["customer_status_at_launch"]) == ("prospect", "customer")
    assert row["target_status_at_launch"] == "target"


LABELS = [
    (-2.0, "at_launch"),  # learnt before launch
    (0.0, "at_launch"),
    (23.9, "at_launch"),  # within the rulebook's 24 hours
    (24.1, "late"),
]


@pytest.mark.parametrize(("hours", "label"), LABELS)
def test_a_state_learnt_too_long_after_launch_is_late(hours: float, label: str) -> None:
    world = launching()
    world.delivered = LAUNCH + timedelta(hours=hours)
    world.hours(max(hours, 1)).run()
    assert snapshot_of(world)[0] == label


def test_a_worker_installed_after_launch_takes_a_late_snapshot() -> None:
    world = Shares()
    world.charter()
    world.types("Campaigns/JC-1.launch_at", "2026-09-01T08:00:00.000Z", PRIYA)
    world.types("Campaigns/JC-1.campaign_status", "live", PRIYA)
    world.account("1", "Acme Freight")
    world.run()
    assert snapshot_of(world) == ("late", FROZEN)
    assert world.campaign()["overlap_snapshot_label"] == "late"


@pytest.mark.parametrize("standing", ["held", "stale", "absent"])
def test_a_source_that_cannot_be_relied_on_is_waited_for(standing: str) -> None:
    world = launching()
    world.standing = standing
    world.hours(1).run()
    assert snapshot_of(world) == ("", "")
    world.standing = "fresh"
    world.hours(2).run()
    assert snapshot_of(world)[0] == "at_launch"


def test_a_list_that_ends_at_an_export_limit_is_waited_for() -> None:
    world = launching()
    world.cut_off = True
    world.hours(1).run()
    assert snapshot_of(world) == ("", "")


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_campaign_that_did_not_launch_has_no_snapshot(status: str) -> None:
    world = launching(campaign_status=status)
    world.hours(1).run()
    assert world.campaign().get("overlap_snapshot_label") == "none"


# ---------------------------------------------------------------- once for good


def test_the_campaign_names_its_snapshot() -> None:
    world = launching()
    world.hours(1).run()
    campaign = world.campaign()
    assert campaign["overlap_snapshot_id"] == world.row("1")["snapshot_id"]
    assert (campaign["overlap_snapshot_label"], campaign["overlap_snapshot_at"]) == (
        "at_launch",
        "2026-11-20T12:00:00.000Z",
    )


def test_freezing_twice_writes_nothing() -> None:
    world = launching()
    world.hours(1).run()
    before = len(world.base.log)
    world.hours(2).run()
    world.run()
    assert len(world.base.log) == before


def test_what_was_frozen_stays_when_the_partner_says_otherwise() -> None:
    world = launching()
    world.hours(1).run()
    id = world.row("1")["snapshot_id"]
    world.shares("1", partner_populations="Open Opportunities", partner_owner_name="Ines Halloran")
    world.hours(100).run()
    row = world.row("1")
    assert (row["snapshot_id"], row["partner_population_at_launch"]) == (id, "Customers")
    assert row["changes_since_launch"].splitlines() == [
        "the partner's status: customer → open opportunity",
        "the partner's population: Customers → Open Opportunities",
        "the partner's owner changed: Rhea Morrow → Ines Halloran",
    ]


def test_the_id_is_made_of_what_is_frozen() -> None:
    ids = set()
    for delivered in (NOW, NOW + timedelta(hours=1)):
        world = launching()
        world.delivered = delivered
        world.hours(1).run()
        ids.add(world.row("1")["snapshot_id"])
    assert len(ids) == 1  # the clock says nothing
    world = launching()
    world.shares("2", partner_populations="Prospects")
    world.hours(1).run()
    assert world.row("1")["snapshot_id"] not in ids


def test_what_somebody_types_over_a_frozen_cell_is_told_and_never_judged_by() -> None:
    world = launching()
    world.delivered = LAUNCH + timedelta(days=3)
    world.hours(72).run()
    world.types("Shared Accounts/sa-JC-1-cobalt-hs-co-1.snapshot_label", "at_launch")
    planned = world.plan()
    assert [f.key for f in planned.plan.findings if f.rule_id == "identity_changed"] == ["snapshot_label"]
    row = planned.view.row("Shared Accounts", "sa-JC-1-cobalt-hs-co-1")
    assert row is not None and row.text("snapshot_label") == "late"


def test_a_snapshot_of_a_partner_that_shared_nothing_is_remembered() -> None:
    world = launching()
    for key in ("1", "2", "3"):
        world.said["crossbeam.exports"].pop(f"o{key}")
    world.base.tables["Shared Accounts"].clear()
    world.memory.bindings = {s: r for s, r in world.memory.bindings.items() if s.table != "Shared Accounts"}
    world.hours(1).run()
    world.account("9", "Dune Energy")
    world.hours(30).run()
    row = world.row("9")
    assert (row.get("snapshot_id"), row["appeared_after"]) == (None, "the launch snapshot was taken")


def test_a_run_killed_while_freezing_is_finished_by_the_next() -> None:
    whole = launching()
    whole.hours(1).run()
    steps, died = whole.base.steps.count, 0
    for die_at in range(1, steps + 40, 3):
        world = launching()
        world.base.steps.count, world.base.steps.die_at = 0, die_at
        world.memory.steps = world.base.steps
        try:
            world.hours(1).run()
        except BaseException as end:  # noqa: BLE001 - the process died
            assert "call" in str(end)
            died += 1
        world.base.steps.die_at = 0
        world.hours(2).run()
        assert {snapshot_of(world, key) for key in ("1", "2", "3")} == {("at_launch", FROZEN)}, die_at
    assert died > 3


# ---------------------------------------------------------------- afterwards


def test_an_account_that_appears_after_launch_is_a_candidate_and_nobodys_target() -> None:
    world = launching()
    world.hours(1).run()
    world.account("9", "Dune Energy")
    world.hours(100).run()
    row = world.row("9")
    assert (row["overlap_status"], row["target_status"], row["exclusion_rule"]) == (
        "added_after_launch",
        "review",
        "appeared",
    )
    world.types("Shared Accounts/sa-JC-1-cobalt-hs-co-9.target_decision", "target")
    world.run()
    assert (world.row("9")["target_status"], world.told("overlap_changed")) == ("target", [])


def test_an_account_that_appears_before_launch_is_judged_like_any_other() -> None:
    world = launching()
    world.account("9", "Dune Energy")
    world.run()
    assert world.row("9")["target_status"] == "target"


CHANGES = [
    ({"our_population": "Customers"}, ["our population: Prospects → Customers"]),
    ({"our_population": "Prospects, Top 50"}, ["our population: Prospects → Prospects, Top 50"]),
    ({"account_name": "Acme SE"}, ["renamed: Acme → Acme SE"]),
    ({"partner_record_name": "ACME"}, ["renamed by the partner: Acme Inc → ACME"]),
    ({"account_domain": "acme.de"}, ["website changed: acme.com → acme.de"]),
    ({"partner_domain": ""}, ["website changed on the partner's side: acme.com → nothing"]),
    ({"account_owner": "b@northlight.example"}, ["our owner changed: a@northlight.example → b@northlight.example"]),
    ({"partner_owner_name": "Ines"}, ["the partner's owner changed: Rhea → Ines"]),
    ({"snapshot_id": ""}, []),
    ({}, []),
]
AS_FROZEN = {
    "snapshot_id": "os-1", "customer_status_at_launch": "ours: prospect; partner: customer",
    "our_population": "Prospects", "our_population_at_launch": "Prospects",
    "partner_population": "B, A", "partner_population_at_launch": "A, B",
    "account_name": "Acme", "account_name_at_launch": "Acme",
    "partner_record_name": "Acme Inc", "partner_record_name_at_launch": "Acme Inc",
    "account_domain": "acme.com", "account_domain_at_launch": "acme.com",
    "partner_domain": "acme.com", "partner_domain_at_launch": "acme.com",
    "account_owner": "a@northlight.example", "account_owner_at_launch": "a@northlight.example",
    "partner_owner_name": "Rhea", "partner_owner_at_launch": "Rhea",
}  # fmt: skip


@pytest.mark.parametrize(("now", "told"), CHANGES)
def test_every_kind_of_move_is_told_before_and_after(now: dict[str, str], told: list[str]) -> None:
    row = Row(Subject(table="Shared Accounts", id="sa-1"), "rec1", {**AS_FROZEN, **now})
    assert [str(move) for move in moves(row, "prospect", "customer")] == told


# ---------------------------------------------------------------- told as sets


def test_one_exception_per_campaign_and_partner_whatever_the_number_of_accounts() -> None:
    world = launching()
    world.hours(1).run()
    for key in range(10, 40):
        world.account(str(key), f"New{key} Works")
    world.withdraws("1")
    world.shares("2", partner_populations="Open Opportunities")
    world.hours(100).run()
    [told] = world.told("overlap_changed")
    assert told.subject == Subject(table="Campaign Partners", id="CP-JC-1")
    assert (
        told.message == "Accounts shared with Cobalt Harbor changed: 30 appeared, 1 no longer visible, 1 status moved."
    )
    assert told.evidence["appeared"].endswith("… and 5 more")
    assert world.told("vanished_from_source") == []


def test_letting_a_set_pass_covers_that_set_and_no_other() -> None:
    world = launching()
    world.hours(1).run()
    world.account("9", "Dune Energy")
    world.hours(100).run()
    [first] = world.told("overlap_changed")
    assert first.fingerprint == world.told("overlap_changed")[0].fingerprint
    world.account("10", "Elm Software")
    world.run()
    [second] = world.told("overlap_changed")
    assert first.fingerprint != second.fingerprint


def test_a_renamed_account_or_another_owner_stands_in_the_map_alone() -> None:
    world = launching()
    world.hours(1).run()
    world.shares("1", partner_record_name="Acme Freight International", partner_owner_name="Ines Halloran")
    world.hours(100).run()
    assert world.row("1")["changes_since_launch"] != "none" and world.told("overlap_changed") == []


def test_a_withdrawn_account_is_not_called_lost_and_nobody_works_it() -> None:
    world = launching()
    world.hours(1).run()
    world.withdraws("1")
    world.hours(100).run()
    row = world.row("1")
    assert (row["overlap_status"], row["target_status"], row["exclusion_rule"]) == (
        "no_longer_visible",
        "excluded",
        "withdrawn",
    )
    assert row["snapshot_label"] == "at_launch"
    [told] = world.told("overlap_changed")
    assert told.evidence == {"no longer visible": "Acme Freight (hs-co-1)"}


@pytest.mark.parametrize(("decision", "told"), [("target", 1), ("exclude", 0), ("pause", 0)])
def test_a_target_by_decision_is_not_withdrawn_in_silence(decision: str, told: int) -> None:
    world = launching()
    world.hours(1).run()
    world.types("Shared Accounts/sa-JC-1-cobalt-hs-co-1.target_decision", decision)
    world.withdraws("1")
    world.hours(100).run()
    assert len(world.told("overlap_changed")) == told


def test_an_account_that_the_charter_bars_anyway_is_missed_by_nobody() -> None:
    world = launching(exclusions="Acme Freight (competitor)")
    world.hours(1).run()
    world.withdraws("1")
    world.hours(100).run()
    assert world.told("overlap_changed") == []


def test_a_partner_that_shows_nothing_any_more_is_one_event() -> None:
    world = launching()
    world.hours(1).run()
    for key in ("1", "2", "3"):
        world.withdraws(key)
    world.hours(100).run()
    [told] = world.told("sharing_changed")
    assert (told.subject.id, told.key, told.evidence["accounts"]) == ("cobalt", "everything", "3")
    assert world.told("overlap_changed") == world.told("vanished_from_source") == []


def test_a_field_that_a_partner_shares_of_nobody_any_more_is_one_event() -> None:
    world = launching()
    world.run()
    for key in ("1", "2", "3"):
        world.shares(key, partner_owner_name="")
    world.run()
    [told] = world.told("sharing_changed")
    assert told.key == "partner_owner_name" and world.told("source_withdrew") == []


def test_a_field_that_one_account_lost_is_told_of_that_account() -> None:
    world = launching()
    world.run()
    world.shares("1", partner_owner_name="")
    world.run()
    assert world.told("sharing_changed") == []
    assert [f.subject.id for f in world.told("source_withdrew")] == ["sa-JC-1-cobalt-hs-co-1"]
