"""The verbs that make documents of the base: `charter`. They read the base and write files, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from rich.markup import escape

from mdfsync.cli.console import ERR, OUT, print_json
from mdfsync.documents.charter import charter_document
from mdfsync.documents.keeping import file_name, keep
from mdfsync.documents.paper import Paper
from mdfsync.documents.render import FORMS, Form, render, unprintable
from mdfsync.errors import UsageError
from mdfsync.present import present_view
from mdfsync.refreshing import Telling
from mdfsync.settings import load_settings
from mdfsync.snapshot import read_snapshot
from mdfsync.start import ready
from mdfsync.view import Row, View
from mdfsync.wiring import Wired, open_policy, wire

_DEFAULT: tuple[Form, ...] = ("html", "pdf")


@click.command(epilog="Example: mdfsync charter JC-1041 --format pdf --out contracts")
@click.argument("campaign")
@click.option(
    "--format", "forms", multiple=True, type=click.Choice(FORMS), help="May be given several times; html and pdf."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; the home's documents/.")
@click.option("--json", "as_json", is_flag=True, help="Print the charter as JSON, with the files written.")
def charter(campaign: str, forms: tuple[Form, ...], out: Path | None, as_json: bool) -> None:
    """The joint charter of a CAMPAIGN as a contract: terms, version, hash, deadlines, approvers, signatures, and what
    is missing. Shows the terms as they stand; a version that is in force beside them is named."""
    settings = load_settings()
    with wire(settings, open_policy(settings)) as wired:
        view = _view(wired)
        row = campaign_named(view, campaign)
        paper = charter_document(view, row, wired.policy)
        folder = out or wired.world.home / "documents" / file_name(row.id)
        files = _write(paper, forms or _DEFAULT, folder, f"charter-v{paper.data['version']}", wired)
    if as_json:
        print_json({**paper.data, "files": [str(file) for file in files]})
        return
    _tell(paper)
    for file in files:
        OUT.print(escape(str(file)))


def _view(wired: Wired) -> View:
    ready(wired, Telling())
    snapshot = read_snapshot(
        wired.base, wired.policy.dictionary, taken_at=wired.world.clock.now(), missing=wired.found.blocked,
        lacking=frozenset(wired.found.missing_choices),
    )  # fmt: skip
    return present_view(wired.ends(keep=False), snapshot)


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


def _write(paper: Paper, forms: tuple[Form, ...], folder: Path, stem: str, wired: Wired) -> tuple[Path, ...]:
    fonts = wired.world.home.parent / "fonts"
    lacking = unprintable(paper) if "pdf" in forms else ()
    if lacking and not fonts.is_dir():
        ERR.print(
            f"mdfsync: the PDF shows boxes for {', '.join(lacking).lower()} letters; put a font that has them into "
            f"{escape(str(fonts))}, or use the HTML",
            style="dim",
        )
    return keep(folder, {f"{stem}.{form}": render(paper, form, fonts=fonts) for form in dict.fromkeys(forms)})


def _tell(paper: Paper) -> None:
    data: Any = paper.data
    older = data["in_force"] and data["in_force"]["version"] != data["version"]
    in_force = f"; version {data['in_force']['version']} is in force" if older else ""
    OUT.print(f"[bold]{escape(paper.subtitle)}[/]: charter version {data['version']}, {data['status']}{in_force}")
    for signer in data["not_signed"]:
        person = f" ({signer['person']})" if signer["person"] else ""
        OUT.print(f"  not signed: {escape(signer['for'] + person)}: {escape(signer['reason'])}")
    for gap in data["missing"]:
        whom = f" ({gap['for']})" if gap["for"] else ""
        OUT.print(f"  missing: {escape(gap['clause'])}: {escape(gap['setting'] + whom)}")
    for change in data["changes_since_in_force"]:
        OUT.print(f"  changed: {escape(change['table'])}/{escape(change['row'])}.{escape(change['field'])}")
