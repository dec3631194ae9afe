"""The verb `eligibility`: expenses from a file against a programme from a file. No base, no network."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import rich_click as click
from rich.markup import escape
from rich.table import Table

from mdfsync.cli.console import OUT, print_json
from mdfsync.currencies import currency_exponent
from mdfsync.errors import UsageError
from mdfsync.programme import (
    CaseError,
    Programme,
    ProgrammeError,
    Reason,
    Verdict,
    judge_cases,
    load_programme,
    read_cases,
)
from mdfsync.programme.verdict import AGAINST

_COLOUR = {"eligible": "green", "held": "yellow", "ineligible": "red", "repay": "red"}
_WORDS = {"reduced": "less by", "added": "more by", "repay": "pay back", "excepted": "exception"}


@click.command()
@click.option(
    "--programme", "programme_file", required=True, type=click.Path(path_type=Path), help="The rule file, TOML."
)
@click.option(
    "--expenses", "cases_file", required=True, type=click.Path(path_type=Path), help="The cases, JSON or CSV."
)
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help="The day to judge on; today in the programme's zone. A case may name its own.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one verdict per case, amounts as texts.")
def eligibility(programme_file: Path, cases_file: Path, as_of: datetime | None, as_json: bool) -> None:
    """Judge expenses before a claim: eligible, held or ineligible, for how much, and every reason.

    `docs/programmes.md` explains programme files and the attributes of a case.
    """
    if as_of is not None and not 1900 <= as_of.year < 2200:
        raise UsageError(f"--as-of {as_of:%Y-%m-%d}: not a day between 1900 and 2199")
    try:
        programme = load_programme(programme_file)
        today = as_of.date() if as_of else programme.calendar.local(datetime.now(UTC))
        cases = read_cases(cases_file, today, programme.attributes)
        verdicts = judge_cases(programme, cases)
    except (ProgrammeError, CaseError) as error:
        raise UsageError(str(error).replace("\n", "\nmdfsync: ")) from None
    except RecursionError:
        raise UsageError(f"{programme_file.name}: its values or rules ask for each other too many times over") from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
    if as_json:
        print_json([verdict.as_json() for verdict in verdicts])
        return
    OUT.print(f"{escape(programme.head.title)}, version {escape(programme.head.version)}, as of {today}")
    _table(programme, verdicts)
    for case, verdict in zip(cases, verdicts, strict=True):
        _reasons(verdict, "" if case["as_of"] == today.isoformat() else f", as of {case['as_of']}")


def _table(programme: Programme, verdicts: list[Verdict]) -> None:
    """One line a case and their sum: what can be claimed, and what would come to it once all that is held is cured."""
    table = Table(pad_edge=False, show_footer=len(verdicts) > 1)
    claimable = sum((v.claimable for v in verdicts), Decimal(0))
    waiting = [v.potential for v in verdicts if v.verdict == "held"]
    held = (
        ""
        if not waiting
        else "unknown"
        if None in waiting
        else f"{sum((w for w in waiting if w is not None), Decimal(0)):,}"
    )
    table.add_column("case", f"{len(verdicts):,} cases", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column(f"claimable {programme.head.currency}", f"{claimable:,}", justify="right", no_wrap=True)
    table.add_column("if cured", held, justify="right", no_wrap=True)
    for verdict in verdicts:
        potential = "unknown" if verdict.potential is None else f"{verdict.potential:,}"
        colour = _COLOUR[verdict.verdict]
        waits = potential if verdict.verdict == "held" else ""
        table.add_row(escape(verdict.id), f"[{colour}]{verdict.verdict}[/]", f"{verdict.claimable:,}", waits)
    OUT.print(table)


def _reasons(verdict: Verdict, day: str) -> None:
    if not verdict.reasons:
        return
    OUT.print(f"\n[bold]{escape(verdict.id)}[/]  {verdict.verdict}, {verdict.claimable:,} {verdict.currency}{day}")
    for reason in verdict.reasons:
        _reason(reason, verdict.currency)


def _reason(reason: Reason, currency: str) -> None:
    what = _WORDS.get(reason.effect, reason.effect)
    much = f" {round(reason.amount, currency_exponent(currency)):,} {currency}" if reason.amount is not None else ""
    place = f"{reason.rule}: {reason.clause}" if reason.clause else reason.rule
    colour = _COLOUR.get(reason.effect, "cyan")
    says = f"“{reason.says}”" if reason.effect in AGAINST and reason.clause else reason.says  # the rule that is not met
    OUT.print(f"  [{colour}]{what}{much}[/]: {escape(says)} [dim]({escape(place)})[/]")
    if reason.values:
        OUT.print(f"    [dim]{escape('; '.join(f'{name} = {value}' for name, value in reason.values.items()))}[/]")
    until = f" by {reason.curable_until}" if reason.curable_until else ""
    if reason.missing:
        owed = "was to supply" if reason.effect == "ineligible" and until else "to supply"
        who = f"{reason.owner} {owed}" if reason.owner else owed
        OUT.print(f"    → {escape(who)}{until}: {escape('; '.join(reason.missing))}")
    elif reason.effect == "repay" and until:
        OUT.print(f"    → {escape(reason.owner or 'to be paid back')}{until}")
