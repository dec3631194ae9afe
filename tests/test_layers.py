"""The import law: a module imports only from strictly lower layers or its own folder; the sandbox is an island."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "mdfsync"
LAYERS = {
    "": 0,
    "errors": 0,
    "values": 0,
    "currencies": 0,
    "addresses": 0,
    "countries": 0,
    "hosts": 0,
    "company_names": 0,
    "exclusion_lists": 1,
    "model": 1,
    "ports": 2,
    "policy": 3,
    "settings": 3,
    "programme": 2,
    "view": 4,
    "evidence": 5,
    "pipeline_totals": 5,
    "observe": 5,
    "approval": 5,
    "deliverables": 6,
    "overlaps": 6,
    "eligibility": 6,
    "mapping": 6,
    "alike": 7,
    "wanted": 7,
    "snapshot": 5,
    "compare": 5,
    "history": 6,
    "relate": 6,
    "decide": 7,
    "counted": 8,
    "operator_edits": 9,
    "drift": 5,
    "ledger": 7,
    "leads": 7,
    "rules": 8,
    "derive": 8,
    "journeys": 9,
    "packet": 9,
    "performance": 9,
    "postmortem": 9,
    "money_at_risk": 8,
    "deadlines": 8,
    "findings": 6,
    "publish": 8,
    "mass": 7,
    "sources": 9,
    "actions": 9,
    "changes": 10,
    "crossed": 9,
    "plan_document": 10,
    "weighing": 11,
    "situation": 11,
    "draft": 11,
    "expecting": 11,
    "plan": 12,
    "scope": 13,
    "gate": 13,
    "writing": 13,
    "apply_rows": 14,
    "apply_cells": 14,
    "apply": 15,
    "recover": 15,
    "explain": 15,
    "mirror": 14,
    "pulling": 15,
    "base_health": 16,
    "refreshing": 17,
    "feed": 18,
    "fetching": 18,
    "run_row": 18,
    "build_base": 17,
    "edge": 15,
    "pipeline": 19,
    "present": 19,
    "documents": 20,
    "lease": 20,
    "archives": 2,
    "wiring": 21,
    "adoption": 22,
    "diagnosis": 22,
    "start": 22,
    "cli": 23,
    "__main__": 24,
}
ISLAND = "sandbox"
MAY_NAME_EDGES = {"wiring", "diagnosis"}
MAY_NAME_SANDBOX = {"wiring", "cli"}


def part_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level parts of mdfsync that a file imports when it runs (not those for type checking only)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        names: list[str] = []
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "mdfsync":
            names = [node.module] if node.module != "mdfsync" else [f"mdfsync.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.split(".")[0] == "mdfsync"]
        for name in names:
            part = [*name.split("."), ""][1]
            yield ("" if part == "__version__" else part), line


def test_imports_go_downhill() -> None:
    faults = []
    for path in sorted(PACKAGE.rglob("*.py")):
        here = part_of(path)
        for part, line in imports(path):
            place = f"{path.relative_to(PACKAGE)}:{line} imports {part or 'mdfsync'}"
            if here == ISLAND:
                faults += [place] if part != ISLAND else []
            elif part == ISLAND:
                faults += [place] if here not in MAY_NAME_SANDBOX else []
            elif part == "edge" and here != "edge" and here not in MAY_NAME_EDGES:
                faults.append(place)
            elif part != here and not LAYERS[part] < LAYERS[here]:
                faults.append(f"{place} (layer {LAYERS[part]} from {LAYERS[here]})")
    assert not faults, "\n".join(faults)


def test_files_stay_small_enough_to_read() -> None:
    long = {
        str(p.relative_to(PACKAGE)): n
        for p in PACKAGE.rglob("*.py")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(p.relative_to(PACKAGE))
        for p in PACKAGE.rglob("*.py")
        if p.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_no_package_binds_a_name_of_its_own_modules_to_something_else() -> None:
    """Importing the module later would bind the name anew, behind the package's back."""
    faults = []
    for init in PACKAGE.rglob("__init__.py"):
        modules = {path.stem for path in init.parent.glob("*.py")}
        package = ".".join(["mdfsync", *init.parent.relative_to(PACKAGE).parts])
        for node in ast.parse(init.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and not str(node.module).startswith(package):
                bound = {alias.asname or alias.name for alias in node.names}
                faults += [f"{package}: {name} from {node.module}" for name in bound & modules]
    assert faults == []
