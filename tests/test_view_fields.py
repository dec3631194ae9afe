"""Every field that the view, the rules and the derivations read stands in the field dictionary."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from casebook import ROOT, dictionary

READERS = {"text", "day", "money", "instant", "flag", "items", "listed"}
FILES = sorted(path for folder in ("view", "rules", "derive") for path in (ROOT / "mdfsync" / folder).glob("*.py"))


def fields_read(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        at = 0 if node.func.attr in READERS else 1 if node.func.attr in {"ref", "refs", "where", "target"} else None
        if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
            yield str(node.args[at].value)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_fields_exist(path: Path) -> None:
    known = {field.name for field in dictionary().all_fields()}
    assert set(fields_read(path)) - known == set()
