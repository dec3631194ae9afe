"""What a newcomer waits for: the first refresh of the embedded world, the next one, and `--help`.

    .venv/bin/python -m benchmarks.wall [--times N]

Each is the command itself in a process of its own, from start to exit; the first refresh builds the world and the base
too. Shown are the shortest and the middle of N runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.world import ROOT

OURS = ("MDFSYNC_", "AIRTABLE_", "HUBSPOT_", "CROSSBEAM_")


def seconds(home: str, *arguments: str) -> float:
    """One run of the command line with a home of its own and none of our settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    command = [sys.executable, "-m", "mdfsync", *arguments]
    started = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env={**clean, "MDFSYNC_HOME": home}, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--times", type=int, default=5, metavar="N")
    times = asked.parse_args().times
    taken: dict[str, list[float]] = {"first run": [], "next run": [], "--help": [], "check": []}
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="mdfsync-wall-") as home:
            taken["first run"].append(seconds(home, "run"))
            taken["next run"].append(seconds(home, "run"))
            taken["--help"].append(seconds(home, "--help"))
            taken["check"].append(seconds(home, "check"))
    print(f"{times} times each, while the machine had a load of {os.getloadavg()[0]:.1f}")
    for what, found in taken.items():
        print(f"{what:10} shortest {min(found):.2f} s, middle {statistics.median(found):.2f} s")


if __name__ == "__main__":
    main()
