"""What the verbs that make documents of the base have in common: they read the base as it stands and write files,
nothing else. `charter` and its kin each have a file of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import ERR, OUT, print_json, telling
from mdfsync.documents.concluded import Concluded, concluded
from mdfsync.documents.keeping import file_name, keep
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import FORMS, Form, render, unprintable
from mdfsync.errors import UsageError
from mdfsync.pipeline import conclude
from mdfsync.present import present_view
from mdfsync.refreshing import Telling
from mdfsync.settings import load_settings
from mdfsync.snapshot import read_snapshot
from mdfsync.start import ready
from mdfsync.view import Row, View
from mdfsync.wiring import Wired, open_policy, wire

Decorated = Callable[[Any], Any]
into = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; the home's documents/ when left out."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the document as JSON, with the files written.")


def forms(*usual: Form) -> Decorated:
    """The option `--format`, with what is made when it is left out."""
    words = f"May be given several times; {' and '.join(usual)} when left out."
    return click.option("--format", "forms", multiple=True, type=click.Choice(FORMS), default=usual, help=words)


@contextmanager
def opened() -> Iterator[tuple[View, Wired]]:
    """The base as it stands, with the sources as last seen, and what it was opened with."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        ready(wired, Telling())
        snapshot = read_snapshot(
            wired.base, wired.policy.dictionary, taken_at=wired.world.clock.now(), missing=wired.found.blocked,
            lacking=frozenset(wired.found.missing_choices),
        )  # fmt: skip
        yield present_view(wired.ends(keep=False), snapshot), wired


@contextmanager
def concluding(*, quiet: bool) -> Iterator[tuple[Concluded, Wired]]:
    """The base as a run would conclude it now, for the documents that people act or pay by; progress is told unless
    `quiet`."""
    settings = load_settings()
    progress = telling(quiet=quiet)
    with wire(settings, open_policy(settings)) as wired:
        ready(wired, progress)
        planned, snapshot = conclude(wired.ends(keep=False), progress)
        yield concluded(planned, snapshot, wired.policy), wired


def campaign_named(view: View, wanted: str) -> Row:
    """The one campaign of that id or record id. `UsageError` when there is none or more than one."""
    rows = view.rows("Campaigns")
    found = [row for row in rows if wanted in {row.id, row.record_id, str(row.place)}]
    found = found or [row for row in rows if row.id.casefold() == wanted.casefold()]
    if not found:
        known = ", ".join(sorted(row.id for row in rows)[:8]) or "none"
        raise UsageError(f"no joint campaign {wanted!r} in the base; there are {known}{' …' if len(rows) > 8 else ''}")
    if len(found) > 1:
        records = ", ".join(row.record_id for row in found)
        raise UsageError(f"{len(found)} rows carry the campaign id {wanted!r} ({records}); name one by its record id")
    return found[0]


def kept(
    paper: Paper, forms: tuple[Form, ...], out: Path | None, name: str, stem: str, wired: Wired
) -> tuple[Path, ...]:
    """A document's files, in `out` or in the home's own folder for what `name` names."""
    fonts = wired.world.home.parent / "fonts"
    lacking = unprintable(paper) if "pdf" in forms else ()
    if lacking and not fonts.is_dir():
        ERR.print(
            f"mdfsync: the PDF shows boxes for {', '.join(lacking).lower()} letters; put a font that has them into "
            f"{escape(str(fonts))}, or use the HTML",
            style="dim",
        )
    return keep_files(
        {f"{stem}.{form}": render(paper, form, fonts=fonts) for form in dict.fromkeys(forms)}, out, name, wired
    )


def keep_files(files: Mapping[str, bytes], out: Path | None, name: str, wired: Wired) -> tuple[Path, ...]:
    """Files of any kind, in `out` or in the home's own folder for what `name` names."""
    return keep(out or wired.world.home / "documents" / file_name(name), files)


def printed(paper: Paper, files: Iterable[Path], tell: Callable[[Paper], None], *, as_json: bool) -> None:
    """What the verb says at its end: the document as JSON, or in a few words (`tell`) with its files."""
    if as_json:
        print_json({**paper.data, "files": [str(file) for file in files]})
        return
    tell(paper)
    for file in files:
        OUT.print(escape(str(file)))
