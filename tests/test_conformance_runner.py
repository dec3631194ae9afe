"""The script that runs pyairtable's integration tests: its seam, shown with a checkout of two tests of our own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).parent / "conformance" / "run_pyairtable.py"
THEIR_CONFTEST = """
import os
import pytest
from pyairtable import Api

class Columns:
    TEXT, TEXT_ID = "text", "fldNotThisOne00001"

@pytest.fixture
def cols():
    return Columns()

@pytest.fixture
def base_id():
    return "appNotThisOne00001"

@pytest.fixture
def table(base_id):
    return Api(os.environ["AIRTABLE_API_KEY"]).table(base_id, "TEST_TABLE")
"""
THEIR_TESTS = """
import pytest
import requests

pytestmark = [pytest.mark.integration]

def test_reaches_the_sandbox(table, cols):
    made = table.create({cols.TEXT_ID: "hello"}, use_field_ids=True)
    assert table.get(made["id"])["fields"] == {"text": "hello"}
    assert table.all(view="view")

def test_uploads_to_the_sandbox(table, cols, valid_img_url):
    made = table.create({})
    answer = table.upload_attachment(made["id"], cols.ATTACHMENT_ID, "a.txt", requests.get(valid_img_url).content)
    assert answer["fields"][cols.ATTACHMENT_ID][0]["size"] == 4
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in (
        ("tests/integration/conftest.py", THEIR_CONFTEST),
        ("tests/integration/test_two.py", THEIR_TESTS),
        ("docs/source/_static/logo.png", "logo"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUNNER), str(checkout)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_tests_of_a_checkout_meet_the_sandbox(checkout: Path) -> None:
    ran = run(checkout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "2 passed" in ran.stdout


def test_a_failing_test_is_the_exit_code(checkout: Path) -> None:
    tests = checkout / "tests" / "integration" / "test_two.py"
    tests.write_text(THEIR_TESTS.replace('"hello"}', '"other"}', 1), encoding="utf-8")
    assert run(checkout).returncode == 1


def test_what_is_no_checkout_is_said(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert ran.returncode == 2 and "has no tests/integration" in ran.stderr
