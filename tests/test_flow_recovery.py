"""Lost state, copied bases, adopted bases, killed runs: nothing is overwritten, nothing is doubled."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from flow_lab import DANA, HEARTBEAT, Lab, live, open_lab, unrecorded
from world_time import MORNING

from mdfsync.policy import Policy, load_policy
from mdfsync.view.remembered import REMEMBERED, SNAPSHOT

ROOT = Path(__file__).parent.parent


def content(lab: Lab) -> dict[str, dict[str, dict[str, Any]]]:
    """The base by table and stable id, without what only the run that wrote it knows."""
    own = {"captured_at", "run_id", "first_seen", "previous_hash", "hash", "cleared_at", "airtable_record_id", "due"}
    own |= {"snapshot_taken_at", "overlap_snapshot_at"}  # when each world's own pull came
    own |= {"contact_joined_before", "contact_joined_after"}  # between which two pulls of ours
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for table in tables(lab):
        if table == HEARTBEAT:
            continue
        for row in lab.rows(table):
            cells = {k: v for k, v in row["fields"].items() if k not in own and not _is_links(v)}
            key = next(iter(row["fields"].values())) if row["fields"] else row["id"]
            out.setdefault(table, {})[str(cells.get(id_field(table), key))] = cells
    return out


def _is_links(value: Any) -> bool:
    """Links and attachments: their ids differ from world to world."""
    return isinstance(value, list) and all(isinstance(v, dict) or str(v).startswith("rec") for v in value)


@lru_cache
def policy() -> Policy:
    return load_policy(ROOT)


def tables(lab: Lab) -> list[str]:
    return list(policy().dictionary.tables)


def id_field(table: str) -> str:
    return str(policy().dictionary.tables[table].id_field)


def doubled(lab: Lab) -> list[tuple[str, str]]:
    """Stable ids that two rows carry."""
    out = []
    for table in tables(lab):
        ids = [r["fields"].get(id_field(table)) for r in lab.rows(table)]
        out += [(table, str(i)) for i in {*ids} if i and ids.count(i) > 1]
    return out


def test_lost_state_overwrites_nothing_and_doubles_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.run()
    lab.advance(2)
    lab.run()
    other = live(lab, monkeypatch, lab.home / "second", lab.world.base_id)
    mark = lab.mark()
    assert other.mdfsync("run").code == 3, "a base with rows is not taken over silently"
    shown = other.mdfsync("init", "--adopt", "--yes")
    assert shown.code == 0, shown.err
    assert "rows that are there" in shown.out
    other.run()
    assert not [
        w for w in other.writes(mark) if w["op"] == "create" and w["table"] in {"Opportunities", "Leads", "Expenses"}
    ]
    assert not unrecorded(other, mark)
    assert not doubled(other)
    mark = lab.mark()
    other.run()
    assert {w["table"] for w in other.writes(mark)} <= {HEARTBEAT}


GONE = "attr-50010020-pt-quillstack"
"""Its deal was archived in HubSpot on day 5: whoever has no memory of it cannot know who was on it."""
CLASSES = {"computed_class", "attribution_class"}


def remembered(lab: Lab) -> dict[tuple[str, str, str], Any]:
    """What the worker froze or wrote down for itself, by table, id and field."""
    return {
        (table, row["fields"][id_field(table)], name): row["fields"][name]
        for table, name in REMEMBERED
        for row in lab.rows(table)
        if name in row["fields"] and id_field(table) in row["fields"]
    }


def test_what_the_worker_wrote_down_outlives_its_state(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Launch snapshots, amounts at the close, charters in force and ended protections stand in the base itself. Whoever
    takes it over invents none of them anew."""
    for _ in range(6):
        lab.run()
        lab.advance()
    lab.run()
    before = remembered(lab)
    assert {name for _, _, name in before} >= {"snapshot_id", "reported_amount", "charter_in_force", "expired_on"}
    unknowable = {place for place in before if place[1] == GONE and place[2] in CLASSES}
    assert {before[place] for place in unknowable} == {"influenced"}
    other = live(lab, monkeypatch, lab.home / "second", lab.world.base_id)
    assert other.mdfsync("init", "--adopt", "--yes").code == 0
    mark = lab.mark()
    other.run()
    assert remembered(lab) == before | dict.fromkeys(unknowable, "hold")
    told = lab.row("Attributions", attribution_id=GONE)["fields"]
    assert "who is on the deal is not on record" in told["computed_reason"]
    written = [w["field"] for w in other.writes(mark) if (w["table"], w["field"]) in REMEMBERED]
    assert sorted(written) == sorted(CLASSES), "of that one row"
    mark = lab.mark()
    other.run()
    assert {w["table"] for w in other.writes(mark)} <= {HEARTBEAT}
    lab.advance(40)
    other.run()
    frozen = {place for place in before if place[:1] + place[2:] in SNAPSHOT}
    after = remembered(lab)
    assert {place: after.get(place) for place in frozen} == {place: before[place] for place in frozen}


def test_a_deal_that_is_gone_keeps_its_class_while_the_state_remembers_who_was_on_it(fresh: Lab) -> None:
    fresh.advance(5)
    for kind in ((), ("--full",), ()):
        fresh.run(*kind)
        assert fresh.row("Attributions", attribution_id=GONE)["fields"]["computed_class"] == "influenced", kind
    told = {(r["fields"]["exception_type"], r["fields"]["record"]) for r in fresh.rows("Exceptions")}
    assert ("vanished_from_source", "hs-deal-50010020") in told


def test_a_copied_base_is_taken_over_without_overwriting(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.run()
    copy = lab.world.admin("POST", "copy_base", {"name": "Copy"})["id"]
    other = live(lab, monkeypatch, lab.home / "third", copy)
    assert other.mdfsync("run").code == 3
    mark = lab.mark()
    assert other.mdfsync("init", "--adopt", "--yes").code == 0
    lab.advance()
    other.run()
    assert not unrecorded(other, mark)
    assert not doubled(other)


def test_adopting_a_base_half_filled_by_hand_shows_first_and_fills_only_blanks(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = lab.world.admin("POST", "create_base", {"name": "By hand"})["id"]
    other = live(lab, monkeypatch, lab.home / "fourth", base)
    assert other.mdfsync("schema", "apply").code == 0
    other.add(DANA, "Partners", partner_name="Cobalt Harbor")
    other.add(DANA, "Campaigns", joint_campaign_id="JC-1042", campaign_name="Typed by hand")
    other.add(DANA, "Opportunities", opportunity_id="hs-deal-50010001", deal_name="My own name for it")
    shutil.rmtree(other.home / "live")
    (other.home / "live").mkdir()
    refused = other.mdfsync("init")
    assert (refused.code, "Opportunities: 1" in refused.out) == (3, True)
    assert other.mdfsync("init", "--adopt", "--yes").code == 0
    mark = lab.mark()
    other.run()
    named = other.row("Opportunities", opportunity_id="hs-deal-50010001")["fields"]
    assert (named["deal_name"], bool(named["stage"])) == ("My own name for it", True)
    proposals = [r["fields"] for r in other.rows("Change History") if r["fields"]["field"] == "deal_name"]
    assert [(p["kind"], p["prior_value"]) for p in proposals] == [("proposal", "My own name for it")]
    assert other.row("Partners", partner_name="Cobalt Harbor")["fields"]["partner_id"].startswith("pt-rec")
    assert not unrecorded(other, mark)


def test_a_row_that_a_person_removed_is_reported_and_not_made_again(lab: Lab) -> None:
    lab.run()
    deal = lab.rows("Opportunities")[0]
    gone = lab.as_person(DANA).delete(f"{lab._url('Opportunities')}/{deal['id']}", timeout=30)
    assert gone.status_code == 200
    lab.run()
    ids = {r["fields"]["opportunity_id"] for r in lab.rows("Opportunities")}
    assert deal["fields"]["opportunity_id"] not in ids
    types = {(r["fields"]["exception_type"], r["fields"]["record"]) for r in lab.rows("Exceptions")}
    assert ("row_removed", deal["fields"]["opportunity_id"]) in types


def test_two_rows_with_one_id_are_both_left_alone(lab: Lab) -> None:
    lab.run()
    deal = lab.rows("Opportunities")[0]["fields"]
    twin = lab.add(DANA, "Opportunities", opportunity_id=deal["opportunity_id"])
    mark = lab.mark()
    lab.run()
    assert twin["id"] not in {w["record_id"] for w in lab.writes(mark)}
    assert "duplicate_id" in {r["fields"]["exception_type"] for r in lab.rows("Exceptions")}


def killed(lab: Lab, seconds: float) -> bool:
    """Start a run in a process of its own and kill it; whether it was still alive."""
    environment = {**os.environ, "MDFSYNC_HOME": str(lab.home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "mdfsync", "run"], cwd=lab.home, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(seconds)
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return alive


@pytest.mark.parametrize(("seed", "days"), [(1, 2), (2, 2), (3, 6)])
def test_runs_killed_at_any_moment_end_in_the_same_base(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, seed: int, days: int,
) -> None:  # fmt: skip
    lab.world.admin("POST", "clock", {"freeze": MORNING})
    lab.run()
    lab.advance(days)
    dice = random.Random(seed)  # noqa: S311 - moments, not secrets
    deaths = [killed(lab, dice.uniform(0.6, 2.4)) for _ in range(5)]
    assert any(deaths)
    lab.run()
    survived = content(lab)
    assert not doubled(lab)
    assert not unrecorded(lab)
    mark = lab.mark()
    lab.run()
    assert {w["table"] for w in lab.writes(mark)} <= {HEARTBEAT}
    with open_lab(tmp_path_factory.mktemp("calm"), capsys, monkeypatch, frozen=True) as calm:
        calm.run()
        calm.advance(days)
        calm.run()
        undisturbed = content(calm)
    differences = [
        (
            table,
            key,
            name,
            survived.get(table, {}).get(key, {}).get(name),
            undisturbed.get(table, {}).get(key, {}).get(name),
        )
        for table in {*survived, *undisturbed}
        for key in {*survived.get(table, {}), *undisturbed.get(table, {})}
        for name in {*survived.get(table, {}).get(key, {}), *undisturbed.get(table, {}).get(key, {})}
        if survived.get(table, {}).get(key, {}).get(name) != undisturbed.get(table, {}).get(key, {}).get(name)
    ]
    assert not differences
