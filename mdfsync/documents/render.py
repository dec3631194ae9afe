"""A document in its form: the one place that knows HTML, PDF, Markdown and JSON.

HTML is one file that loads nothing and runs nothing. PDF is set by Typst, whose template gets the document as data, so
that no value of the base can become markup; the same document gives the same bytes on the same day. Markdown is for
mail and diffs, JSON for machines. Charts are pictures in HTML and PDF, and words in Markdown. It writes no file and
concludes nothing. Fonts beyond Typst's own (Latin, Greek, Cyrillic) are taken from a folder, where there is one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from mdfsync.documents.charts import svg
from mdfsync.documents.paper import Block, Figure, Grid, Pairs, Paper, SignHere, Words
from mdfsync.errors import UsageError
from mdfsync.values import in_sight

if TYPE_CHECKING:
    from jinja2 import Environment

Form = Literal["html", "pdf", "md", "json"]
FORMS: tuple[str, ...] = get_args(Form)
LAYOUT = Path(__file__).parent / "layout"
LINE = 64
"""Characters that a line of the PDF holds beside a label: a hash just fits."""
TABLE = 100
"""Characters that a whole row of a table holds."""
WORD = 24
"""Characters of a word that every column of an HTML table has room for, or makes room for."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#+|~!&$-])")
_NUMBERED = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)


def render(paper: Paper, form: Form, *, fonts: Path | None = None) -> bytes:
    """The document in one form; `fonts` = a folder of further fonts for the PDF."""
    match form:
        case "html":
            return _html(paper)
        case "pdf":
            return _pdf(paper, fonts)
        case "md":
            return _markdown(paper).encode()
        case "json":
            return (json.dumps(paper.data, ensure_ascii=False, indent=2) + "\n").encode()


def unprintable(paper: Paper) -> tuple[str, ...]:
    """Scripts in the document that Typst's own fonts lack: without a font of theirs, the PDF shows boxes there."""
    text = json.dumps(asdict(paper), ensure_ascii=False, default=str)
    scripts = {
        unicodedata.name(char, "UNKNOWN").split()[0] for char in set(text) if ord(char) > 0x2FF and char.isalpha()
    }
    return tuple(sorted(scripts - {"GREEK", "CYRILLIC", "LATIN", "MODIFIER"}))


def layouts() -> Environment:
    """The HTML layouts: everything is escaped, and a name that nobody filled in is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(LAYOUT),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: in_sight(value) if type(value) is str else value,  # what is markup of ours stays
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _html(paper: Paper) -> bytes:
    from markupsafe import Markup

    environment = layouts()
    environment.filters["ground"] = lambda block: ground_words(block.nature, block.sources)
    environment.filters["pieces"] = lambda text: _breakable(text, WORD).split("\u200b")
    environment.filters["picture"] = lambda chart: Markup(svg(chart))  # noqa: S704 - made of escaped texts by Vega
    return environment.get_template("paper.html").render(paper=paper).encode()


def _pdf(paper: Paper, fonts: Path | None) -> bytes:
    try:
        import typst
    except ImportError:  # it has no build for every system; everything else works without it
        raise UsageError("the package typst is not installed here, so no PDF can be made; use --format html") from None

    document = {name: value for name, value in asdict(paper).items() if name != "data"}
    document = _pictured(_breakable(document, LINE), paper)
    data = json.dumps(document, ensure_ascii=False, default=str)
    noon = datetime.combine(paper.as_of, time(12), UTC)
    made = typst.compile(
        LAYOUT / "paper.typ",
        root=LAYOUT,
        font_paths=[fonts] if fonts is not None and fonts.is_dir() else [],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        timestamp=int(noon.timestamp()),
        format="pdf",
    )
    assert isinstance(made, bytes)  # noqa: S101 - without an output path it returns what it made
    return made


def _pictured(document: dict[str, Any], paper: Paper) -> dict[str, Any]:
    """The document with its charts as pictures."""
    for section, of in zip(document["sections"], paper.sections, strict=True):
        for block, figure in zip(section["blocks"], of.blocks, strict=True):
            if isinstance(figure, Figure):
                block["chart"] = svg(figure.chart)
    return document


def _breakable(value: Any, room: int) -> Any:
    """The same with places to break inside of words that are longer than their line (hashes, addresses, rows of one
    letter)."""
    if isinstance(value, str):
        return re.sub(rf"[^\s-]{{{room + 1},}}", lambda word: _broken(word[0], room), in_sight(value))
    if isinstance(value, dict) and value.get("kind") == "grid":
        widths = value["widths"] or (1,) * len(value["columns"])
        rooms = [max(8, TABLE * width // sum(widths)) for width in widths]
        rows = [[_breakable(text, of) for text, of in zip(row, rooms, strict=True)] for row in value["rows"]]
        return {**value, "rows": rows}
    if isinstance(value, dict):
        return {name: _breakable(item, room) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(item, room) for item in value]
    return value


def _broken(word: str, room: int) -> str:
    """A word with zero-width spaces: after its @ signs and, in parts that are still too long, every few letters."""
    parts = re.findall(r"[^@]*@|[^@]+", word)
    return "\u200b".join("\u200b".join(re.findall(r".{1,6}", p)) if len(p) > room else p for p in parts)


# ---------------------------------------------------------------- Markdown


def _markdown(paper: Paper) -> str:
    lines = [f"# {_plain(paper.title)}", "", _plain(paper.subtitle), ""]
    head: tuple[Block, ...] = (Pairs(rows=paper.about), *paper.notices)
    for block in head:
        lines += [*_block(block), ""]
    for n, section in enumerate(paper.sections, 1):
        lines += [f"## {n}. {_plain(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case Words():
            mark = "" if block.tone == "plain" else "> "
            return [*(f"{mark}{line}" for line in _plain(block.text).split("\n")), *_ground(block)]
        case Pairs():
            pairs = (f"- {_plain(label)}: {_cell(value)}" for label, value in block.rows)
            return [*_head(block), *pairs, *_ground(block)]
        case Figure():
            return [*_head(block), *_plain(block.says).split("\n"), *_ground(block)]
        case Grid():
            rule = ["---:" if n in block.right else "---" for n in range(len(block.columns))]
            rows = [[_cell(text) for text in row] for row in block.rows]
            table = [[_plain(column) for column in block.columns], rule, *rows]
            return [*_head(block), *(f"| {' | '.join(row)} |" for row in table), *_ground(block)]
        case SignHere():
            return [
                f"- {_plain(side)} ({_plain(person)}): ____________________ Date: __________"
                for side, person in block.places
            ]


def _head(block: Pairs | Grid | Figure) -> list[str]:
    return [f"**{_plain(block.title)}**", ""] if block.title else []


def _ground(block: Words | Pairs | Grid | Figure) -> list[str]:
    """Of what nature a block is and where it comes from, as a line below it."""
    words = ground_words(block.nature, block.sources)
    return ["", f"*{_plain(words)}*"] if words else []


def ground_words(nature: str, sources: tuple[str, ...]) -> str:
    """`Calculation, from MDF Ledger, finance.requests`; blank where a block says neither."""
    from_ = f"from {', '.join(sources)}" if sources else ""
    said = ", ".join(part for part in (nature, from_) if part)
    return said[:1].upper() + said[1:]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", in_sight(text)))


def _cell(text: str) -> str:
    """The same within a line or a cell of a table."""
    return _plain(text).replace("\n", "<br>")
