"""One computed cell: what it is worth, by which rule, and out of which inputs.

`value` is canonical text. A derivation leaves out a cell that it has no value for, except a text that would
otherwise keep saying what is no longer so: that one says `none`, because no cell is ever blanked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from mdfsync.model import Subject

NOTHING = "none"


class Computed(NamedTuple):
    """A value for one cell of a row that exists. `inputs` name what went into it, for Change History. A tuple, since
    there is one for every computed cell of a plan."""

    subject: Subject
    field: str
    value: str
    rule: str
    inputs: tuple[str, ...]


def cells(subject: Subject, values: Mapping[str, str], *, rule: str, inputs: Iterable[str]) -> Iterator[Computed]:
    """The values of one row, blanks left out."""
    given = tuple(inputs)
    for name, value in values.items():
        if value:
            yield Computed(subject=subject, field=name, value=value, rule=rule, inputs=given)
