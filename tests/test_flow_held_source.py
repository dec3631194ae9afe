"""A listing from which rows are merely missing is held until a person frees it or a whole one comes, however the
source is read in between; what Crossbeam itself reports as removed is taken, by a full run as by an incremental one."""

from __future__ import annotations

from typing import Any

import pytest
from flow_lab import HEARTBEAT, Lab
from flow_start import later, open_exceptions

API = "crossbeam.api"
HIDING_DAY = 3
"""On this day of the story a partner that showed five of the 23 accounts shares nothing any more."""
TOM = "tom.hale@northlight.example"
SHARED = ("Shared Accounts", "Campaign Partners")


def source(lab: Lab) -> dict[str, Any]:
    fields: dict[str, Any] = lab.row("Sources", source_id=API)["fields"]
    return fields


def cut_short(lab: Lab, rows: int) -> None:
    """From now on Crossbeam's listing ends after so many rows, and its bookmark tells of no change."""
    assert lab.world.life is not None
    shown = [o["row"] for o in lab.world.life.store.all("crossbeam.overlaps").values() if not o["deleted"]]
    ahead = f"{lab.world.crossbeam_url}/v1/overlaps/accounts?cursor=end"
    body = {"data": shown[:rows], "pagination": {"has_more": False, "next_href": ahead}}
    rule = {"kind": "answer", "path": "^/crossbeam/v1/overlaps/accounts", "status": 200, "body": body}
    lab.world.admin("POST", "faults", rule)


def written(lab: Lab, *arguments: str) -> set[str]:
    """Tables that a run a little later writes to."""
    later(lab)
    mark = lab.mark()
    lab.run(*arguments)
    return {write["table"] for write in lab.writes(mark)}


@pytest.mark.parametrize(("first", "second"), [((), ("--full",)), (("--full",), ())])
def test_sharing_that_a_partner_withdrew_is_told_by_either_kind_of_run(
    fresh: Lab, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    fresh.run()  # a bookmark of this world's own
    fresh.advance(HIDING_DAY)
    fresh.run(*first)
    assert source(fresh)["status"] == "fresh", source(fresh)["status_reason"]
    assert ("sharing_changed", "pt-ostrea-pay") in open_exceptions(fresh)
    assert not written(fresh, *second) & {"Sources", *SHARED}
    assert written(fresh) == {HEARTBEAT}


def test_a_listing_that_is_cut_short_stays_held_until_it_is_whole_again(fresh: Lab) -> None:
    cut_short(fresh, 10)
    assert not written(fresh, "--full") & set(SHARED)
    reason = source(fresh)["status_reason"]
    assert (source(fresh)["status"], "10 rows where 23 were usual" in reason) == ("held", True)
    for kind in ((), ("--full",), ()):
        assert written(fresh, *kind) == {HEARTBEAT}, "nobody released it and nothing came back"
    assert "source_cut_off" in {kind for kind, record in open_exceptions(fresh) if record == API}
    fresh.world.admin("DELETE", "faults")
    written(fresh)
    assert source(fresh)["status"] == "fresh"
    assert ("source_cut_off", API) not in open_exceptions(fresh)


def test_a_short_listing_that_a_person_released_is_used_by_the_next_run_of_either_kind(fresh: Lab) -> None:
    cut_short(fresh, 10)
    written(fresh, "--full")
    held = fresh.row("Exceptions", exception_type="source_cut_off", record=API)
    fresh.edit(TOM, "Exceptions", held["id"], disposition="waive", waive_reason="cleaned up", waive_until="2026-12-31")
    written(fresh)
    written(fresh)
    assert source(fresh)["status"] == "fresh"
    assert [kind for kind, _ in open_exceptions(fresh) if kind == "overlap_changed"], "what is missing is told now"
    for kind in (("--full",), ()):
        written(fresh, *kind)
        assert source(fresh)["status"] == "fresh", "what was released is not held anew"
