"""How many requests a refresh spends, counted by the server that answers them.

    .venv/bin/python -m benchmarks.requests_spent [COPIES …]

The embedded world's HubSpot, overlap exports and finance files are copied as often as asked (its charter is not), and
four refreshes are run over HTTP with the real clients: the first load, one that finds nothing, one in which one cell of
each of fifty deals moved, and one that finds nothing again. Airtable's requests are told apart by what they are for and
set against the floor: ten rows to a request, table by table.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.world import ROOT, Copies, small_world
from mdfsync.model import Create, Snapshot
from mdfsync.pipeline import refresh
from mdfsync.policy import load_policy
from mdfsync.policy.jobs import GateLimits
from mdfsync.refreshing import Asked, Run, Telling
from mdfsync.sandbox.hubspot import world as hubspot_world
from mdfsync.sandbox.life import Life
from mdfsync.sandbox.server import Sandbox
from mdfsync.settings import load_settings
from mdfsync.start import ready
from mdfsync.wiring import wire

WIDE = GateLimits(max_creates=10**9, max_replaces=10**9, max_changed_share=Decimal(1))
COPIED = (
    "associations", "calls", "companies", "contacts", "deals", "emails", "meetings", "notes", "participations",
    "submissions",
)  # fmt: skip
DEALS_MOVED = 50
_RECORDS = re.compile(r"/v0/app\w+/tbl\w+")


def enlarge(life: Life, drop: Path, made: Copies, copies: int) -> None:
    """More of everything that HubSpot, the overlap exports and the finance files hold."""
    with life.store.transaction():
        for kind in COPIED:
            for key, doc in list(life.store.all(f"hubspot.{kind}").items()):
                for own, body in made.of((key, doc), copies):
                    life.store.put(f"hubspot.{kind}", own, body)
    for path in sorted(drop.rglob("*.csv")):
        if path.name.startswith("requests"):
            continue
        with path.open(encoding="utf-8-sig", newline="") as lines:
            head, *rows = list(csv.reader(lines))
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(head)
            for row in rows:
                writer.writerows(made.of(row, copies))


def move_deals(life: Life, base: Snapshot) -> None:
    """The names of fifty deals that are in the base: cells that the worker tracks, each with a Change History row."""
    deals = [row.get("deal_id") for row in base.tables["Opportunities"]]
    with life.store.transaction():
        for key in deals[:DEALS_MOVED]:
            hubspot_world.touch(life.store, life.clock, "deals", key, {"dealname": f"Renamed {key}"})


def spent(run: Run, log: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """What one refresh cost, beside what it did."""
    created = Counter(
        r.change.subject.table for r in run.receipts if r.outcome == "applied" and isinstance(r.change, Create)
    )
    patched: dict[str, set[str]] = {}
    for receipt in run.receipts:
        if receipt.outcome == "applied" and not isinstance(receipt.change, Create):
            patched.setdefault(receipt.change.subject.table, set()).add(receipt.record_id)
    kinds = Counter(_kind(entry) for entry in log["recent"] if entry["service"] == "airtable")
    records = sum(len(rows) for rows in run.snapshot.tables.values())
    return {
        "records_before": records,
        "rows_created": sum(created.values()),
        "floor_of_creates": sum(ceil(n / 10) for n in created.values()),
        "rows_patched": sum(len(rows) for rows in patched.values()),
        "floor_of_patches": sum(ceil(len(rows) / 10) for rows in patched.values()),
        "floor_of_listing": sum(max(1, ceil(len(rows) / 100)) for rows in run.snapshot.tables.values()),
        "airtable": log["by"].get("airtable", 0),
        "airtable_by_kind": dict(sorted(kinds.items())),
        "hubspot": log["by"].get("hubspot", 0),
        "crossbeam": log["by"].get("crossbeam", 0),
        "seconds": round(seconds, 1),
    }


def _kind(entry: Mapping[str, Any]) -> str:
    target = str(entry["target"])
    if not _RECORDS.match(target):
        return "feed" if "webhooks" in target else "schema"
    if entry["method"] == "GET":
        return "listing"
    if entry["method"] == "PATCH":
        return "write"
    return "fresh read"


def measure(copies: int) -> None:
    """Four refreshes of one world."""
    made = Copies(small_world(), "deep")
    with tempfile.TemporaryDirectory(prefix="mdfsync-requests-") as scratch:
        os.environ["MDFSYNC_HOME"] = scratch
        folder = Path(scratch) / "sandbox" / "world"
        folder.mkdir(parents=True)
        serving = Sandbox(folder).start()
        assert serving.life is not None
        enlarge(serving.life, folder / "drop", made, copies)
        policy = load_policy(ROOT)
        jobs = [replace(job, limits=WIDE) for job in policy.jobs.values() if job.kind == "refresh"]
        base: Snapshot | None = None
        try:
            for name in ("first load", "idle", f"{DEALS_MOVED} changed", "idle again"):
                if base and "changed" in name:
                    move_deals(serving.life, base)
                with wire(load_settings(), policy) as wired:
                    ready(wired, Telling())
                serving.admin("DELETE", "requests")
                started = time.perf_counter()
                with wire(load_settings(), policy) as wired:
                    run = refresh(wired.ends(keep=True), Asked(jobs=jobs, write=True), Telling())
                seconds, base = time.perf_counter() - started, run.snapshot
                print(f"{copies} copies, {name:11}", json.dumps(spent(run, serving.admin("GET", "requests"), seconds)))
        finally:
            serving.stop()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("copies", nargs="*", type=int, default=[10, 100], metavar="COPIES")
    for copies in asked.parse_args().copies:
        measure(copies)


if __name__ == "__main__":
    main()
