"""What the page's files promise: no markup from data, nothing inline, nothing from elsewhere, small modules, and the
vendored grid byte for byte as published."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "mdfsync" / "sandbox" / "web" / "page"
VENDORED = PAGE / "vendor" / "tabulator"
MODULES = sorted(PAGE.glob("*.js"))
LONGEST = 250


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_says_what_it_is_and_is_small(module: Path) -> None:
    text = module.read_text("utf-8")
    assert text.startswith("/**\n * "), "a head comment says what the module is"
    assert len(text.splitlines()) <= LONGEST
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code)
    assert not re.search(r"""(fetch|import|from)\s*\(?\s*["'`](https?:)?//""", code)


def test_every_module_is_used() -> None:
    texts = {m.name: m.read_text("utf-8") for m in MODULES}
    page = (PAGE / "index.html").read_text("utf-8")
    unused = [n for n in texts if f"/{n}" not in page and not any(f'"./{n}"' in t for t in texts.values())]
    assert not unused


def test_the_document_has_nothing_inline_and_loads_only_its_own() -> None:
    page = (PAGE / "index.html").read_text("utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style", page)
    assert re.findall(r"<script[^>]*>([^<]*)", page) == [""]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith("/_web/")
        assert (PAGE / address.removeprefix("/_web/")).is_file(), address


def test_the_vendored_grid_is_what_its_version_file_names() -> None:
    name, source, *sums = (VENDORED / "VERSION").read_text("utf-8").split("\n")
    assert name == "tabulator-tables 6.5.3"
    assert source.startswith("https://registry.npmjs.org/tabulator-tables/")
    named = {line.split()[1]: line.split()[0] for line in sums if line}
    there = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in VENDORED.iterdir() if p.name != "VERSION"}
    assert named == there
    assert "MIT" in (VENDORED / "LICENSE").read_text("utf-8")
