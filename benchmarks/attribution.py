"""How long it takes to map and classify a pipeline, and how much memory it needs, by number of opportunities.

    .venv/bin/python -m benchmarks.attribution [OPPORTUNITIES …] [--profile FILE]

The pipeline is that of `market`. One process makes it, takes its sources into a local state in SQLite, and ends.
Measured is, in a fresh process for each size, what the first refresh does with it: `read` (the sources out of that
state, by the worker's own reader, and the rows that people typed), `observe` (deals, contacts, overlaps and leads
onto rows), `rows` (those rows, beside the ones that people typed), `snapshot` (the launch snapshots), `overlaps` (the
derivation of Shared Accounts), `deals` (those of registrations and attributions), `leads` (that of leads), and
`rules` (those that judge overlaps, claims, ownership and leads). `cpu` and `wall` are from `observe` on; the memory
is the most that the process ever held, reading included. `mapped` and `digest` are of all cells that were mapped and
of all that was concluded, so that a change of speed can be seen to change no answer.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import json
import pickle
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.market import NOW, OVERLAPS, READ, TOUCHES, Market
from benchmarks.world import ROOT
from mdfsync.compare import Compared, compare
from mdfsync.derive.attribution import attribution
from mdfsync.derive.computed import Computed
from mdfsync.derive.leads import leads
from mdfsync.derive.overlap import overlap
from mdfsync.derive.registrations import registrations
from mdfsync.edge.state import State
from mdfsync.expecting import frozen_cells, stamped
from mdfsync.findings import view_facts
from mdfsync.mirror import SeenRows
from mdfsync.model import Finding, RawRow, Snapshot, SourcePull, Subject
from mdfsync.observe import observe
from mdfsync.overlaps.launch import snapshot_cells
from mdfsync.policy import Policy, load_policy
from mdfsync.rules import RULES
from mdfsync.view import SourceHealth, View, project, sources_behind

JUDGES = frozenset({"unsupported_influence", "disputed_ownership", "unreconciled_lead", "overlap_changed"})


def make(opportunities: int, place: Path) -> None:
    """The pipeline: its sources in a local state, the base as people typed it beside it."""
    world = Market(load_policy(ROOT), opportunities)
    state = State.open(_state_url(place))
    for source_id, rows in world.mirror.items():
        state.accept(SourcePull(source_id=source_id, rows=tuple(rows), complete=True), READ)
    (place / "base.pickle").write_bytes(pickle.dumps(world.snapshot()))


def read(place: Path, policy: Policy) -> tuple[Snapshot, dict[str, tuple[RawRow, ...]]]:
    """What `make` left, the sources as the worker has them."""
    seen = SeenRows(State.open(_state_url(place)), keep=True)
    mirror = {source_id: seen.rows(source_id) for source_id in policy.register.sources}
    return pickle.loads((place / "base.pickle").read_bytes()), mirror  # noqa: S301 - written by `make`


def _state_url(place: Path) -> str:
    return f"sqlite:///{place / 'state.db'}"


def measure(opportunities: int, place: Path, profile: str) -> dict[str, Any]:
    """One size, in this process."""
    policy = load_policy(ROOT)
    began = time.process_time()
    snapshot, mirror = read(place, policy)
    reading, before, spent = time.process_time() - began, peak(), Spent(profile)
    with spent.stage("observe"):
        observed = observe(mirror, snapshot, policy)
    health = SourceHealth(last_accepted_at=READ, refresh_window=timedelta(days=2), status="fresh")
    sources = dict.fromkeys(policy.register.sources, health)

    def seen(compared: Compared) -> View:
        """The base as it would be."""
        return project(
            snapshot, [stamped(change, NOW) for change in (*compared.creates, *compared.fills)], as_of=NOW,
            dictionary=policy.dictionary, mirror=mirror, sources=sources, rules=policy.rules,
            facts=view_facts(compared, (), {}, behind, frozenset()),
            charter_terms=policy.charter, tracking=policy.tracking, matrix=policy.approvals,
        )  # fmt: skip

    with spent.stage("rows"):
        compared = compare(observed.observations, snapshot, {}, {}, policy.dictionary)
        behind = sources_behind(observed.observations)
        told = observed.findings
    del observed
    with spent.stage("snapshot"):
        frozen = compare(frozen_cells(snapshot_cells(seen(compared)), NOW), snapshot, {}, {}, policy.dictionary)
        compared.merge(frozen)
        view = seen(compared)
    del compared, frozen
    with spent.stage("overlaps"):
        cells = by_row(overlap(view))
    with spent.stage("deals"):
        cells |= by_row(registrations(view))
        cells |= by_row(attribution(view, policy.rules["unsupported_influence"].params))
    view = view.with_coming(cells)
    with spent.stage("rules"):
        findings = [*told, *judged(view, policy)]
    with spent.stage("leads"):
        cells |= by_row(leads(view, findings))
    spent.close()
    mapped = short(cells_of(view))
    classes = Counter(row["computed_class"] for row in cells.values() if "computed_class" in row)
    return {
        "opportunities": opportunities,
        "touches": round(opportunities * TOUCHES),
        "exported_overlaps": round(opportunities * OVERLAPS),
        "shared_accounts": len(view.rows("Shared Accounts")),
        "lead_rows": len(view.rows("Leads")),
        "read": round(reading, 1),
        **{name: round(seconds, 1) for name, seconds in spent.cpu.items()},
        "wall": round(spent.wall, 1),
        "cpu": round(sum(spent.cpu.values()), 1),
        "read_mb": before,
        **spent.memory,
        "classes": dict(sorted(classes.items())),
        "findings": len(findings),
        "mapped": mapped,
        "digest": short(verdicts(cells, findings)),
    }


def by_row(computed: Iterable[Computed]) -> dict[Subject, dict[str, str]]:
    """Computed cells as those who come later read them."""
    rows: dict[Subject, dict[str, str]] = {}
    for cell in computed:
        rows.setdefault(cell.subject, {})[cell.field] = cell.value
    return rows


def judged(view: View, policy: Policy) -> Iterator[Finding]:
    """What the rules that classify find."""
    for rule in RULES:
        if rule.id in JUDGES:
            yield from rule.check(view, policy.rules[rule.id])


def short(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


class Spent:
    """Wall time and CPU by stage."""

    def __init__(self, profile: str) -> None:
        self.wall = 0.0
        self.cpu: dict[str, float] = {}
        self.memory: dict[str, int] = {}
        self._file, self._profile = profile, cProfile.Profile() if profile else None

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        gc.disable()  # as planning does: nothing here makes circles
        began, busy = time.perf_counter(), time.process_time()
        if self._profile:
            self._profile.enable()
        yield
        if self._profile:
            self._profile.disable()
        self.wall += time.perf_counter() - began
        self.cpu[name] = time.process_time() - busy
        self.memory[f"{name}_mb"] = peak()
        gc.enable()

    def close(self) -> None:
        if self._profile:
            self._profile.dump_stats(self._file)


def cells_of(view: View) -> Iterator[str]:
    """Every cell of every row."""
    for table in sorted(view.tables):
        for row in sorted(view.rows(table), key=lambda row: row.id):
            yield f"{row.subject} {sorted(row.fields.items())}"


def verdicts(cells: Mapping[Subject, Mapping[str, str]], findings: list[Finding]) -> Iterator[str]:
    """Everything that was concluded, in a stable order."""
    yield from sorted(f"{subject} {sorted(row.items())}" for subject, row in cells.items())
    yield from sorted(f"{f.subject} {f.key} {f.message} {sorted(f.evidence.items())} {f.source_ids}" for f in findings)


def peak() -> int:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("opportunities", nargs="*", type=int, default=[5_000, 10_000, 20_000], metavar="OPPORTUNITIES")
    asked.add_argument("--profile", default="", metavar="FILE", help="cProfile statistics of the last size")
    asked.add_argument("--step", choices=("make", "measure"), help=argparse.SUPPRESS)
    asked.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.step == "make":
        make(options.opportunities[0], options.place)
    elif options.step == "measure":
        print(json.dumps(measure(options.opportunities[0], options.place, options.profile)))
    else:
        for size in options.opportunities:
            with TemporaryDirectory() as place:
                _step("make", size, place, options.profile)
                print(_step("measure", size, place, options.profile), flush=True)


def _step(name: str, size: int, place: str, profile: str) -> str:
    """A step in a process of its own, and what it printed."""
    command = [sys.executable, "-m", "benchmarks.attribution", str(size), "--step", name, "--place", place]
    command += ["--profile", profile]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.strip()


if __name__ == "__main__":
    main()
