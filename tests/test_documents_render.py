"""Documents in their forms: whatever a cell holds is shown as it is, and the same document gives the same bytes."""

# ruff: noqa: E501 (tables: one case per line)

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from mdfsync.documents.charts import Bar, Span, bars, histogram, spans, svg, waterfall
from mdfsync.documents.keeping import file_name, keep
from mdfsync.documents.paper import Figure, Grid, Pairs, Paper, Section, SignHere, Words
from mdfsync.documents.render import FORMS, render, unprintable
from mdfsync.errors import UsageError
from mdfsync.values import in_sight

NASTY = (
    "</script><script>alert(1)</script>", "#let x = 1; #panic()", "$sum_(i=0)^n$ *bold* _it_ `raw` <label> @ref \\ //",
    '{{ config }} {% raw %} & "q" \'s\' <!-- -->', "x" * 10_000, "two\nlines\n\nand a gap", "漢字 かな 한글", "שלום العربية",
    "\u202egnp.exe", "emoji 😀 and \ufffd", "| a | b |\n|---|---|", "1. no list\n- nor this", "[link](https://evil.example)",
)  # fmt: skip


def paper(text: str) -> Paper:
    """A document that holds one text wherever a text can stand."""
    return Paper(
        title=f"Title {text}",
        subtitle=text,
        running=text,
        about=(("Label", text),),
        notices=(Words(text=text, tone="warning"), Words(text=text)),
        sections=(
            Section(
                title=text,
                blocks=(
                    Words(text=text), Pairs(rows=((text, text),), title=text), SignHere(places=((text, text),)),
                    Grid(columns=("a", text), rows=((text, "short"),), title=text, widths=(3, 1), right=(1,)),
                    Grid(columns=("no", "rows"), rows=()), Pairs(rows=()),
                    Figure(chart=bars([Bar(label=text, value=1, words=text)], axis=text), says=text, title=text),
                    Words(text="as said", nature="opinion", sources=(text,)),
                ),
            ),
            Section(title="Last", blocks=(), own_page=True),
        ),
        as_of=date(2026, 11, 20),
        data={"said": text},
    )  # fmt: skip


class Seen(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def pdf_text(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_html_shows_every_text_and_obeys_none(text: str) -> None:
    page = Seen(render(paper(text), "html").decode())
    plain = Seen(render(paper("plain"), "html").decode())
    assert page.tags - {"br", "wbr"} == plain.tags - {"br", "wbr"} and page.names == plain.names
    assert "".join(in_sight(text).split()) in "".join("".join(page.words).split())


def test_html_loads_nothing_and_runs_nothing() -> None:
    page = render(paper("x"), "html").decode()
    seen = Seen(page)
    assert not seen.tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not seen.names & {"src", "href", "action"} and "url(" not in page and "@import" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_pdf_is_made_of_any_text(text: str) -> None:
    assert PdfReader(io.BytesIO(render(paper(text), "pdf"))).pages


@pytest.mark.parametrize("text", ["#let x = 1; #panic()", "</script>", "$a$ *b* `c` <d> @e \\", "person@north.example"])
def test_pdf_shows_markup_as_text(text: str) -> None:
    assert text in pdf_text(render(paper(text), "pdf")).replace("\u200b", "")


def test_the_same_document_gives_the_same_bytes() -> None:
    for form in FORMS:
        assert render(paper("same"), form) == render(paper("same"), form)  # type: ignore[arg-type]
    another_day = replace(paper("same"), as_of=date(2026, 11, 21))
    assert render(another_day, "pdf") != render(paper("same"), "pdf")


def test_a_pdf_knows_its_title_and_only_its_documents_day() -> None:
    about = PdfReader(io.BytesIO(render(paper("x"), "pdf"))).metadata
    assert about is not None and about.title == "Title x: x"
    assert str(about["/CreationDate"]).startswith("D:20261120")


def test_a_hash_and_an_address_stand_in_one_piece_where_there_is_room() -> None:
    hash_, address = "e1cf506a" * 8, "priya.nair@northlight.example"
    made = replace(paper("x"), about=(("Hash", hash_), ("Owner", address)))
    assert hash_ in pdf_text(render(made, "pdf")) and address in pdf_text(render(made, "pdf"))


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_markdown_shows_markup_as_text(text: str) -> None:
    made = render(paper(text), "md").decode()
    assert "<script" not in re.sub(r"\\.", "", made)
    unescaped = re.sub(r"\\(.)", r"\1", made).replace("<br>", "\n")
    assert in_sight(text) in unescaped


@pytest.mark.parametrize("char", ["\x07", "\x1b", "\r", "\x9b", "\u2028", "\u202e", "\u2066"], ids=ascii)
def test_what_acts_on_a_page_instead_of_being_seen_is_shown_as_a_mark(char: str) -> None:
    page, mail = (render(paper(f"a{char}b"), form).decode() for form in ("html", "md"))
    sheet = pdf_text(render(paper(f"a{char}b"), "pdf"))
    assert not any(char in made for made in (page, mail, sheet))
    assert "a\ufffdb" in page and "a\ufffdb" in mail


def test_json_is_the_documents_data() -> None:
    assert json.loads(render(paper("汉\n"), "json")) == {"said": "汉\n"}


def test_scripts_that_the_pdfs_own_fonts_lack_are_named() -> None:
    assert unprintable(paper("Zoë Ωμέγα Киев — “x” €")) == ()
    assert unprintable(paper("漢字 שלום")) == ("CJK", "HEBREW")


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_rendered_in_every_form(text: str) -> None:
    for form in FORMS:
        assert render(paper(text), form)  # type: ignore[arg-type]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("text", ["JC-1041", "charter-v1.pdf", "a.b_c"])
def test_a_plain_name_stays(text: str) -> None:
    assert file_name(text) == text


@pytest.mark.parametrize(
    "text",
    ["../../etc/passwd", "", ".", "..", ".hidden", "a/b", "C:\\x", "x" * 200, "漢字", "a\nb", "a ", "con.", "-rf"],
)
def test_any_other_name_becomes_one_that_is_no_path(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,50}", file_name(text))


def test_two_names_never_become_one() -> None:
    assert file_name("a/b") != file_name("a b") != file_name("a-b")


def test_a_document_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    [path] = keep(folder, {"x.md": b"one"})
    assert keep(folder, {"x.md": b"two"}) == (path,)
    assert (path.read_bytes(), [file.name for file in folder.iterdir()]) == (b"two", ["x.md"])


def test_a_folder_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write to"):
        keep(tmp_path / "file" / "below", {"x": b""})


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_chart_loads_nothing_and_obeys_no_text(text: str) -> None:
    made = svg(bars([Bar(label=text, value=3, words=text), Bar(label=text, value=0, words="")], axis=text))
    picture = ElementTree.fromstring(made)  # noqa: S314 - made by our own renderer
    tags = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert tags <= {"svg", "g", "rect", "path", "line", "text"}
    assert not {
        name for element in picture.iter() for name in element.attrib if "href" in name or name.startswith("on")
    }


def test_the_same_chart_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    plan = spans([Span(label="Webinar", start=date(2026, 10, 5), end=date(2026, 10, 5))], today=date(2026, 11, 20))
    fall = waterfall([Bar(label="Planned", value=9, words="9"), Bar(label="Held", value=-4, words="-4")], axis="USD")
    first = svg(plan), svg(fall)
    assert (svg(plan), svg(fall)) == first
    assert "id=" not in "".join(first)


def test_a_waterfall_ends_where_its_parts_lead() -> None:
    rows = [Bar(label=name, value=value, words=str(value)) for name, value in (("a", 9), ("b", -4), ("c", 1), ("d", 6))]
    values = waterfall(rows, axis="USD")["data"]["values"]
    assert [(bar["start"], bar["end"]) for bar in values] == [(0, 9), (5, 9), (5, 6), (0, 6)]


def test_two_lines_of_a_plan_with_the_same_name_stay_two() -> None:
    day = date(2026, 10, 5)
    rows = [Span(label="Webinar", start=day, end=day), Span(label="Webinar", start=day, end=day)]
    assert svg(spans(rows, today=day)).count(">Webinar<") == 2


def test_a_histogram_names_each_range_and_says_its_height() -> None:
    made = svg(histogram([Bar(label=name, value=n, words=f"{n} leads") for n, name in enumerate("abc")], axis="leads"))
    assert [made.count(f">{text}<") for text in ("a", "b", "c", "0 leads", "1 leads", "2 leads", "leads")] == [1] * 7


def test_a_moment_of_a_line_is_a_mark_of_its_own() -> None:
    day = date(2026, 10, 5)
    plain, marked = (Span(label="Webinar", start=day, end=day, moment=of) for of in (None, date(2026, 10, 1)))
    assert svg(spans([marked], today=day)).count("<path") == svg(spans([plain], today=day)).count("<path") + 1


def test_markdown_tells_a_chart_and_where_a_figure_comes_from() -> None:
    figure = Figure(chart={}, says="Half is held", nature="calculation", sources=("MDF Ledger", "finance.requests"))
    whole = replace(paper("x"), sections=(Section(title="Money", blocks=(figure,)),))
    said = render(whole, "md").decode()
    assert "Half is held" in said
    assert "*Calculation, from MDF Ledger, finance.requests*" in said
