"""A document before it has a form: sections of words, pairs, grids, figures and places to sign.

Builders (`charter` and those that follow) say what stands in a document, in plain text; `render` alone knows HTML, PDF,
Markdown and JSON. Nothing here is markup: whatever a cell of the base holds is shown as it is. `data` is the same
content for machines, and all that the JSON form shows.

A block may say of what nature it is, so that nobody takes a sum for a fact or an opinion for a decision, and which
sources stand behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

Tone = Literal["plain", "good", "warning"]
Nature = Literal["", "fact", "calculation", "decision", "opinion"]
"""A fact stands in a source, a calculation follows from facts by a rule, a decision and an opinion are a person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A paragraph; a `tone` other than plain sets it apart as a notice."""

    text: str
    tone: Tone = "plain"
    nature: Nature = ""
    sources: tuple[str, ...] = ()
    kind: str = field(default="words", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labels and what stands beside them; lines of a value stay lines."""

    rows: tuple[tuple[str, str], ...]
    title: str = ""
    nature: Nature = ""
    sources: tuple[str, ...] = ()
    kind: str = field(default="pairs", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table. `widths` are the columns' relative widths, alike when left out; `right` are columns of figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    widths: tuple[int, ...] = ()
    right: tuple[int, ...] = ()
    nature: Nature = ""
    sources: tuple[str, ...] = ()
    kind: str = field(default="grid", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart (`charts` makes them). `says` is what it shows, in words, for whoever does not see it; the figures behind
    it stand in a grid beside it."""

    chart: Mapping[str, Any]
    says: str
    title: str = ""
    nature: Nature = ""
    sources: tuple[str, ...] = ()
    kind: str = field(default="figure", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignHere:
    """Lines for ink: who signs (a side or role) and the person who is expected to."""

    places: tuple[tuple[str, str], ...]
    kind: str = field(default="sign", init=False)


Block = Words | Pairs | Grid | Figure | SignHere


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a document with its heading; `own_page` = printed from the top of a page."""

    title: str
    blocks: tuple[Block, ...]
    own_page: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """`about` stands at the head, `running` on every page; `as_of` is the day it speaks of, the only time in it.
    `numbers`, where pages of others will be put between its own, are the numbers of its pages and, last, how many there
    are in all."""

    title: str
    subtitle: str
    running: str
    about: tuple[tuple[str, str], ...]
    notices: tuple[Words, ...]
    sections: tuple[Section, ...]
    as_of: date
    data: Mapping[str, Any]
    numbers: tuple[int, ...] = ()
