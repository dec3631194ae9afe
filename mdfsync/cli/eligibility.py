"""The verb `eligibility`: expenses from a file against a programme from a file. No base, no network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.markup import escape
from rich.table import Table

from mdfsync.cli.console import OUT, print_json
from mdfsync.errors import UsageError
from mdfsync.programme import CaseError, ProgrammeError, Verdict, judge_cases, load_programme, read_cases

_COLOUR = {"eligible": "green", "held": "yellow", "ineligible": "red"}


@click.command()
@click.option(
    "--programme", "programme_file", required=True, type=click.Path(path_type=Path), help="The rule file, TOML."
)
@click.option(
    "--expenses", "cases_file", required=True, type=click.Path(path_type=Path), help="The cases, JSON or CSV."
)
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge on; today in the programme's zone.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one verdict per case, amounts as texts.")
def eligibility(programme_file: Path, cases_file: Path, as_of: datetime | None, as_json: bool) -> None:
    """Judge expenses before a claim: eligible, held or ineligible, for how much, and every reason.

    `docs/programmes.md` explains programme files and the attributes of a case.
    """
    try:
        programme = load_programme(programme_file)
        today = as_of.date() if as_of else programme.calendar.local(datetime.now(UTC))
        verdicts = judge_cases(programme, read_cases(cases_file, today, programme.attributes))
    except (ProgrammeError, CaseError) as error:
        raise UsageError(str(error).replace("\n", "\nmdfsync: ")) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    if as_json:
        print_json([verdict.as_json() for verdict in verdicts])
        return
    OUT.print(f"{escape(programme.head.title)}, version {escape(programme.head.version)}, as of {today}")
    _table(verdicts)
    for verdict in verdicts:
        _reasons(verdict)


def _table(verdicts: list[Verdict]) -> None:
    table = Table(pad_edge=False)
    table.add_column("case", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("claimable", justify="right", no_wrap=True)
    table.add_column("potential", justify="right", no_wrap=True)
    for verdict in verdicts:
        potential = "unknown" if verdict.potential is None else f"{verdict.potential:,}"
        colour = _COLOUR[verdict.verdict]
        amount = f"{verdict.claimable:,} {verdict.currency}"
        table.add_row(escape(verdict.id), f"[{colour}]{verdict.verdict}[/]", amount, potential)
    OUT.print(table)


def _reasons(verdict: Verdict) -> None:
    if not verdict.reasons:
        return
    OUT.print(f"\n[bold]{escape(verdict.id)}[/]")
    for reason in verdict.reasons:
        less = f" by {reason.amount:,}" if reason.amount is not None else ""
        OUT.print(f"  {reason.effect}{less}: {escape(reason.says)} [dim]{reason.rule}, {escape(reason.clause)}[/]")
        if reason.values:
            OUT.print(f"    [dim]{escape(', '.join(f'{k} {v}' for k, v in reason.values.items()))}[/]")
        if reason.missing:
            who = f" ({reason.owner})" if reason.owner else ""
            until = f", until {reason.curable_until}" if reason.curable_until else ""
            OUT.print(f"    → supply {escape(', '.join(reason.missing))}{escape(who)}{until}")
