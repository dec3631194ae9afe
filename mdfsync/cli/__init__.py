"""The command line: verbs that are thin wrappers over the library, one line per error, exit codes that scripts rely on.

Nothing heavy is imported before a verb runs, so `--help` is instant. Results go to standard output, progress to
standard error; `--json` prints one JSON document and nothing else. Last of the layers: nothing imports it.

Exit codes: 0 done (also with holds), 1 failed, 2 bad usage or policy, 3 refused (gate, stale plan, base not taken
over), 4 another run holds the base, 5 `--fail-on` met.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rich_click as click
from click import Abort, ClickException, Context
from click.exceptions import Exit

from mdfsync import __version__
from mdfsync.errors import MdfsyncError, PolicyError

VERBS = {
    "run": "mdfsync.cli.running",
    "plan": "mdfsync.cli.running",
    "apply": "mdfsync.cli.running",
    "init": "mdfsync.cli.setup",
    "doctor": "mdfsync.cli.setup",
    "check": "mdfsync.cli.setup",
    "schema": "mdfsync.cli.setup",
    "status": "mdfsync.cli.looking",
    "explain": "mdfsync.cli.looking",
    "history": "mdfsync.cli.looking",
    "rules": "mdfsync.cli.looking",
    "verify": "mdfsync.cli.verify",
    "eligibility": "mdfsync.cli.eligibility",
    "brief": "mdfsync.cli.brief",
    "charter": "mdfsync.cli.charter",
    "deliverables": "mdfsync.cli.deliverables",
    "journeys": "mdfsync.cli.journeys",
    "leads": "mdfsync.cli.leads",
    "overlaps": "mdfsync.cli.overlaps",
    "packet": "mdfsync.cli.packet",
    "review": "mdfsync.cli.review",
    "archive": "mdfsync.cli.archive",
    "sandbox": "mdfsync.cli.sandbox",
}
HELP = {
    "run": "Refresh the base: pull, archive, plan, gate, apply, validate, report.",
    "plan": "The same up to the gate; writes nothing, prints a digest.",
    "apply": "Apply exactly the plan with this digest.",
    "init": "Guided set-up of a base; --adopt takes over one that has rows.",
    "doctor": "Check credentials, scopes, schema, quota; say what to do.",
    "check": "Check all policy files, every reason, no network.",
    "schema": "The base against the field dictionary: plan, apply.",
    "status": "Last runs, open holds and decisions, sources, calls this month.",
    "explain": "From a cell to its source bytes.",
    "history": "Every version of a record.",
    "rules": "The rulebook read aloud.",
    "verify": "Hash chains and archived bytes; a packet or an archive that somebody holds.",
    "eligibility": "Expenses from a file against a programme from a file: verdict, amount, every reason.",
    "brief": "The control brief of a campaign: what to do today, money, approvals, deadlines, risks.",
    "charter": "The joint charter of a campaign as a contract: terms, version, signatures.",
    "deliverables": "The deliverables of a campaign as a plan: owners, dependencies, critical path, slack.",
    "journeys": "Why a deal has its class: its story with every test; a campaign's funnel by class.",
    "leads": "The leads of a campaign on both sides: differences, ownership, clocks, outgoing lists.",
    "overlaps": "The overlap map of a campaign: targets, exclusions, what changed since launch.",
    "packet": "The reimbursement packet of a claim or request: one zip that its payer can check.",
    "review": "Plan against actual by campaign, partner, quarter, programme: spend, leads, pipeline by class.",
    "archive": "A campaign that is over: its postmortem from the record, and one checked bundle of all its evidence.",
    "sandbox": "The embedded world: serve, reset, advance.",
}
click.rich_click.COMMAND_GROUPS = {
    "mdfsync": [
        {"name": "Daily", "commands": ["run", "plan", "apply", "status", "explain", "history"]},
        {"name": "Money", "commands": ["eligibility"]},
        {
            "name": "Documents",
            "commands": [
                "charter",
                "overlaps",
                "leads",
                "deliverables",
                "brief",
                "journeys",
                "packet",
                "review",
                "archive",
            ],
        },
        {"name": "Set-up", "commands": ["init", "doctor", "check", "schema", "rules", "verify"]},
        {"name": "Try it", "commands": ["sandbox"]},
    ]
}


class Verb(click.RichCommand):
    """A verb's name and help; the verb itself is imported when its arguments are read."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        real = getattr(importlib.import_module(VERBS[str(self.name)]), str(self.name))
        return real.make_context(info_name, args, parent=parent, **extra)


class Verbs(click.RichGroup):
    """Knows every verb and imports none."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: Context, cmd_name: str) -> Verb | None:  # noqa: ARG002 - click's signature
        return Verb(name=cmd_name, help=HELP[cmd_name]) if cmd_name in VERBS else None


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="mdfsync")
def cli() -> None:
    """Keeps an Airtable base of joint partner campaigns true: pulls HubSpot, Crossbeam and finance files, and
    proposes instead of overwriting what people decided.

    Without credentials, `run` works on an embedded sandbox. Exit codes: 0 done, 1 failed, 2 usage or policy,
    3 refused, 4 base busy, 5 `--fail-on` met.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line (`sys.argv` by default); every error is one line. Ends with `SystemExit`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters loses them, not the run
    try:
        code = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except MdfsyncError as error:
        reasons = error.reasons if isinstance(error, PolicyError) else (str(error),)
        _say("\n".join(f"mdfsync: {reason}" for reason in reasons))
        sys.exit(error.exit_code)
    except Exit as leave:
        sys.exit(leave.exit_code)
    except ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, Abort):
        _say("mdfsync: interrupted; the next run finishes what was begun")
        sys.exit(1)
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _say(f"mdfsync: {error.strerror or type(error).__name__}{place}")
        sys.exit(1)
    except Exception as fault:  # noqa: BLE001 - whatever happens, a user sees one line and no values
        _report(fault)
        sys.exit(1)


def _report(fault: Exception) -> None:
    """A fault of ours in one line: where, never what values."""
    if os.environ.get("MDFSYNC_DEBUG"):
        raise fault
    place = traceback.extract_tb(fault.__traceback__)[-1]
    at = f"{type(fault).__name__} at {Path(place.filename).name}:{place.lineno}"
    _say(f"mdfsync: a fault of ours: {at}; the next run finishes what was begun (MDFSYNC_DEBUG=1 shows the trace)")


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(text, err=True)
