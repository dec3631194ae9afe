"""A private copy of the shipped policy files, to be broken in one place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mdfsync.errors import PolicyError
from mdfsync.policy import load_policy

SHIPPED = Path(__file__).resolve().parent.parent


def policy_tree(folder: Path) -> Path:
    """Copy of the policy files below `folder`; programmes stay behind, another loader reads them."""
    for name in ("field-dictionary.json", "source-register.csv"):
        shutil.copy(SHIPPED / name, folder / name)
    shutil.copytree(SHIPPED / "jobs", folder / "jobs")
    shutil.copytree(SHIPPED / "schema", folder / "schema", ignore=shutil.ignore_patterns("programmes", "*.json"))
    return folder


def replace(root: Path, file: str, old: str, new: str) -> None:
    """Replace the first `old` of the file; the test is wrong when there is none."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults(root: Path) -> list[str]:
    """Every reason why the policy below `root` is refused."""
    with pytest.raises(PolicyError) as refused:
        load_policy(root)
    return list(refused.value.reasons)
