"""Drive the sandbox with airtable.js: `python tests/conformance/run_airtable_js.py`; needs Node 18 or newer and npm.

The client is installed from the npm registry into a temporary folder (`--folder` keeps it for the next time); the
checks are ours, in `airtable_js.mjs`. Exit code 1 when one of them fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE.parent)]

from sandbox_bench import LEE, new_bench  # noqa: E402

from mdfsync.sandbox.server import Sandbox  # noqa: E402

VERSION = "0.12.2"


def main() -> int:
    """Install, serve, run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where to install the client and leave it")
    folder: Path | None = parser.parse_args().folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        parser.error("node and npm are needed")
    with tempfile.TemporaryDirectory(prefix="mdfsync-airtable-js-") as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        _install(place)
        return _run(place, Path(temporary) / "home")


def _install(place: Path) -> None:
    if not (place / "node_modules" / "airtable").exists():
        (place / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", f"airtable@{VERSION}"], cwd=place, check=True)
    shutil.copy(HERE / "airtable_js.mjs", place / "airtable_js.mjs")


def _run(place: Path, home: Path) -> int:
    sandbox = Sandbox(home).start()
    try:
        bench = new_bench(sandbox)
        sandbox.admin("POST", "people", {"email": LEE, "permission_level": "read"})
        environment = {
            **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
            "AIRTABLE_ENDPOINT_URL": sandbox.airtable_url,
            "AIRTABLE_API_KEY": sandbox.airtable_token,
            "AIRTABLE_JS_VERSION": VERSION,
            "SANDBOX_BASE": bench.base_id,
            "SANDBOX_OTHER_TOKEN": sandbox.token_of(LEE),
        }
        return subprocess.run(["node", "airtable_js.mjs"], cwd=place, env=environment, check=False).returncode
    finally:
        sandbox.stop()


if __name__ == "__main__":
    sys.exit(main())
