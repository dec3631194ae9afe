"""Run pyairtable's own integration tests against the sandbox: `python tests/conformance/run_pyairtable.py CHECKOUT`.

CHECKOUT is a separate checkout (or unpacked source distribution) of pyairtable; none of it is kept here. Their test
files are copied unchanged into a temporary folder, next to `pyairtable_seam.py`; the library they drive is the one of
the interpreter that runs this script (`--python` for another). Exit code: that of their run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

from pyairtable_base import build  # noqa: E402

from mdfsync.sandbox.server import Sandbox  # noqa: E402

SUITE = Path("tests/integration")
LOGO = Path("docs/source/_static/logo.png")


def main() -> int:
    """Prepare, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path, help="a separate checkout of github.com/gtalarico/pyairtable")
    parser.add_argument("--python", default=sys.executable, help="interpreter with pyairtable and pytest")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    asked = parser.parse_args()
    for needed in (SUITE, LOGO):
        if not (asked.checkout / needed).exists():
            parser.error(f"{asked.checkout} has no {needed}")
    with tempfile.TemporaryDirectory(prefix="mdfsync-conformance-") as folder:
        return _run(asked.checkout, asked.python, asked.pytest, Path(folder))


def _run(checkout: Path, python: str, arguments: list[str], folder: Path) -> int:
    suite = _lay_out(checkout, folder)
    _say_versions(checkout, python)
    sandbox = Sandbox(folder / "home").start()
    try:
        with _image(checkout / LOGO.parent) as image_folder:
            place = {**build(sandbox), "image_url": f"{image_folder}/{LOGO.name}"}
            environment = {
                **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
                "AIRTABLE_API_KEY": sandbox.airtable_token,
                "MDFSYNC_CONFORMANCE": json.dumps(place),
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            environment.pop("AIRTABLE_ENTERPRISE_ID", None)
            command = [python, "-m", "pytest", "-c", str(folder / "pytest.ini"), "-m", "integration", *arguments]
            return subprocess.run([*command, str(suite)], cwd=folder, env=environment, check=False).returncode
    finally:
        sandbox.stop()


def _say_versions(checkout: Path, python: str) -> None:
    """Which library is driven, and which commit the tests are from ("?" when the checkout is no repository)."""
    asked = "import importlib.metadata as m; print(m.version('pyairtable'))"
    library = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    head = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    inside = (checkout / ".git").exists()
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip() if inside else "?"
    sys.stdout.write(f"library: pyairtable {library}; tests: {checkout} at {commit}\n")
    sys.stdout.flush()


def _lay_out(checkout: Path, folder: Path) -> Path:
    """Their conftest above, their tests and our seam below."""
    tests = folder / "suite" / "integration"
    tests.mkdir(parents=True)
    shutil.copy(checkout / SUITE / "conftest.py", tests.parent / "conftest.py")
    for test in (checkout / SUITE).glob("test_*.py"):
        shutil.copy(test, tests / test.name)
    shutil.copy(HERE / "pyairtable_seam.py", tests / "conftest.py")
    settings = "[pytest]\nmarkers =\n    integration: hits the endpoint\naddopts = -p no:cacheprovider -rs -v\n"
    (folder / "pytest.ini").write_text(settings, encoding="utf-8")
    return tests


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def _image(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    sys.exit(main())
