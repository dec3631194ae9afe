"""What the terminal shows: a name is seen and does nothing."""

from __future__ import annotations

import pytest
from rich.table import Table

from mdfsync.cli.console import ERR, OUT, Screen

NAME = "\x1b[31mred\x07\x9b2J\u202egnp"


@pytest.mark.parametrize("screen", [OUT, ERR], ids=["out", "err"])
def test_codes_in_a_name_reach_no_terminal(screen: Screen) -> None:
    table = Table()
    table.add_column("name")
    table.add_row(NAME)
    with screen.capture() as shown:
        screen.print(NAME)
        screen.print(table)
    assert not set("\x1b\x07\x9b\u202e") & set(shown.get())
    assert "\ufffd[31mred" in shown.get()
