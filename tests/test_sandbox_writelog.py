"""The write log of the sandbox's Airtable where a link's reverse side is long: both values, whatever is stored."""

from __future__ import annotations

from typing import Any

from sandbox_bench import inside, new_bench


def test_a_long_reverse_side_is_logged_with_both_its_values() -> None:
    with inside() as sandbox:
        bench = new_bench(sandbox)
        partner, other = (bench.partners.create({"partner_id": f"pt-{n}"})["id"] for n in (1, 2))
        side: dict[str, list[str]] = {partner: [], other: []}
        seen: dict[str, list[tuple[Any, Any]]] = {partner: [], other: []}

        def move(campaign: str, frm: str | None, to: str | None) -> None:
            for place, items in side.items():
                new = [item for item in items if item != campaign] if place == frm else items
                new = [*new, campaign] if place == to else new
                if new != items:
                    seen[place].append((items or None, new or None))
                    side[place] = new

        made = []
        for number in range(25):
            made.append(bench.campaigns.create({"campaign_id": f"c-{number}", "partner": [partner]})["id"])
            move(made[-1], None, partner)
        bench.campaigns.update(made[7], {"partner": [other]})
        move(made[7], partner, other)
        bench.campaigns.delete(made[12])
        move(made[12], partner, None)
        half = bench.writes()[-1]["seq"]
        bench.campaigns.update(made[3], {"partner": []})
        move(made[3], partner, None)

        def told(after: int = 0) -> dict[str, list[tuple[Any, Any]]]:
            log = [entry for entry in bench.writes(after) if entry["derived"]]
            return {p: [(e["before"], e["after"]) for e in log if e["record_id"] == p] for p in seen}

        assert told() == seen
        assert told(half) == {partner: seen[partner][-1:], other: []}
        bench.partners.delete(partner)
        assert told()[partner] == seen[partner]
        (whole,) = [e for e in bench.writes() if e["op"] == "delete" and e["field"] == "Campaigns"]
        assert (whole["before"], whole["after"]) == (side[partner], None)


def test_what_is_stored_of_it_does_not_grow_with_its_length() -> None:
    with inside() as sandbox:
        bench = new_bench(sandbox)
        partner = bench.partners.create({"partner_id": "pt-1"})["id"]
        for number in range(0, 300, 10):
            rows: list[dict[str, Any]] = [{"campaign_id": f"c-{number + n}", "partner": [partner]} for n in range(10)]
            bench.campaigns.batch_create(rows)
        assert sandbox.life is not None
        entries = sandbox.life.store.log("writes", containing=f'"record_id":"{partner}"')
        assert max(len(str(entry)) for entry in entries) < 1_000
