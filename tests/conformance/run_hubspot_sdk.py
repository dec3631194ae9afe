"""Read the sandbox's HubSpot with `hubspot-sdk`: `python tests/conformance/run_hubspot_sdk.py`; needs a package index.

The library (an alpha of HubSpot's next client, on httpx and pydantic, with the dated paths and campaigns) is installed
into an environment of its own in a temporary folder (`--folder` keeps it for the next time); the checks are ours, in
`hubspot_sdk_checks.py`. Exit code 1 when one of them fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from mdfsync.sandbox.server import Sandbox  # noqa: E402

VERSION = "0.1.0a9"


def main() -> int:
    """Install, serve, run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where to install the library and leave it")
    folder: Path | None = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="mdfsync-hubspot-sdk-") as temporary:
        python = _installed(folder or Path(temporary) / "environment")
        return _run(python, Path(temporary) / "home")


def _installed(place: Path) -> Path:
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--pre"]
    subprocess.run([*install, f"hubspot-sdk=={VERSION}"], check=True)
    return python


def _run(python: Path, home: Path) -> int:
    sandbox = Sandbox(home).start()
    try:
        sandbox.admin("POST", "hubspot", {"action": "put_list", "id": "812", "name": "Met at the fair"})
        for contact in ("30102", "30101"):
            sandbox.admin("POST", "hubspot", {"action": "join", "id": "812", "record": contact})
        environment = {
            **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
            "HUBSPOT_URL": sandbox.hubspot_url,
            "HUBSPOT_TOKEN": sandbox.hubspot_token,
        }
        checks = str(HERE / "hubspot_sdk_checks.py")
        return subprocess.run([str(python), checks], env=environment, check=False).returncode
    finally:
        sandbox.stop()


if __name__ == "__main__":
    sys.exit(main())
