"""How long it takes to judge many expenses against a programme.

    .venv/bin/python -m benchmarks.eligibility [CASES] [--programme FILE]

Cases are made from the guide's example: other partners, requests, dates and amounts, some without approval or proof, so
that every verdict occurs. Time is that of judging alone, in one process; the peak of memory is the whole process's.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import time
from collections import Counter
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.world import ROOT
from mdfsync.programme import judge_cases, load_programme

TEMPLATE = ROOT / "schema" / "programmes" / "template.toml"


def cases(count: int) -> list[dict[str, Any]]:
    """So many cases that differ in what decides."""
    guide = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")
    [example] = json.loads(re.findall(r"```json\n(.*?)```", guide, re.DOTALL)[0])
    dice = random.Random(4)  # noqa: S311 - cases, not secrets
    out = []
    for n in range(count):
        case = deepcopy(example)
        case["id"], case["partner"]["id"], case["request"]["id"] = f"E-{n}", f"pt-{n % 20_000}", f"R-{n}"
        ends = date(2026, 9, 1) + timedelta(days=dice.randrange(60))
        case["activity"] |= {"id": f"A-{n}", "starts": ends.isoformat(), "ends": ends.isoformat()}
        case["expense"] |= {"net": f"{dice.randrange(20_000, 60_000) / 100:.2f}", "invoice_date": ends.isoformat()}
        if n % 7 == 0:
            del case["request"]["approved_at"]
        if n % 11 == 0:
            case["evidence"] = case["evidence"][:1]
        out.append(case)
    return out


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", nargs="?", type=int, default=100_000, metavar="CASES")
    asked.add_argument(
        "--programme", type=Path, default=ROOT / "schema" / "programmes" / "template.toml", metavar="FILE"
    )
    options = asked.parse_args()
    programme, made = load_programme(options.programme), cases(options.cases)
    started, busy = time.perf_counter(), time.process_time()
    verdicts = judge_cases(programme, made)
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in sorted(Counter(v.verdict for v in verdicts).items()))
    print(f"{len(made):,} cases: {wall:.1f} s ({cpu:.1f} s of CPU), peak {peak} MB; {counts}")


if __name__ == "__main__":
    main()
