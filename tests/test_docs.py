"""What README and docs name exists, and what exists is named: verbs, options, settings, rules, jobs, tables, fields."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import contract_lab
import pytest

from mdfsync.cli import VERBS
from mdfsync.errors import MdfsyncError
from mdfsync.policy import Policy, load_policy
from mdfsync.programme.attributes import ATTRIBUTES
from mdfsync.sandbox.knobs import KNOBS
from mdfsync.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -q --require-hashes -r requirements.lock && "
RUN, TEST = SET_UP + ".venv/bin/python -m mdfsync run", SET_UP + ".venv/bin/python -m pytest"
DENIED = ("TODO", "FIXME", "XXX", "lorem ipsum", "coming soon", "blazing", "seamless", "leverage", "best-in-class")
OF_NO_FILE = {"source_base", "cell_base", "disposition_by", "offline_access"}
"""Names that belong to the explanations, to Airtable or to Crossbeam, not to a policy file."""


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def everything() -> str:
    return "\n".join(text(page) for page in PAGES)


@cache
def policy() -> Policy:
    return load_policy(ROOT)


def ticked(words: str) -> list[str]:
    """What stands in backticks outside of code blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", words, flags=re.S))


def commands() -> list[list[str]]:
    """Words after each `mdfsync` that stands for the command: at a start of code, after `-m`, a slash or a prompt."""
    code = [*ticked(everything()), *re.findall(r"```\w*\n(.*?)```", everything(), flags=re.S)]
    lines = [line for block in code for line in block.splitlines()]
    found = [re.search(r"(?:^|-m |[/$] ?)mdfsync (?!:)([^|;&#`()]+)", line) for line in lines]
    return [match[1].split() for match in found if match]


def verb(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command of a documented line, and the words that remain for it."""
    name, *rest = words
    assert name in VERBS, f"mdfsync {' '.join(words)}: no such verb"
    command: Any = getattr(import_module(VERBS[name]), name)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"mdfsync {' '.join(words)}: no such verb"
        command, *rest = command.commands[rest[0]], *rest[1:]
    return command, rest


def test_the_two_commands_stand_in_the_readme_the_makefile_and_the_ci() -> None:
    assert RUN in text(README).splitlines() and TEST in text(README).splitlines()
    make = text(ROOT / "Makefile").replace("$(PYTHON)", "python3")
    assert SET_UP.removesuffix(" && ") in make
    assert ".venv/bin/python -m mdfsync run" in make and ".venv/bin/python -m pytest" in make
    assert TEST in text(ROOT / ".ci" / "run").splitlines()


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_in_the_readme(name: str) -> None:
    assert re.search(rf"mdfsync {name}\b", text(README))


def test_every_verb_and_option_that_is_named_exists() -> None:
    assert len(commands()) > 40
    for words in commands():
        if words[0].startswith(("-", "<")):
            continue
        command, rest = verb(words)
        options = {option for parameter in command.params for option in parameter.opts}
        wrong = {word for word in rest if re.match(r"--[a-z]", word)} - options - {"--help"}
        assert not wrong, f"mdfsync {' '.join(words)}: no such option"


def test_every_verb_below_a_group_is_named() -> None:
    for name in ("schema", "sandbox"):
        group: Any = getattr(import_module(VERBS[name]), name)
        assert {below for below in group.commands if f"mdfsync {name} {below}" not in everything()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", text(other), flags=re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}, target


def test_every_file_and_folder_that_is_named_exists() -> None:
    named = {word for word in ticked(everything()) if re.match(r"(?:mdfsync|schema|jobs|docs)/", word)}
    assert len(named) > 15
    assert [word for word in sorted(named) if not list(ROOT.glob(word.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_unfinished_or_boastful_is_said(page: Path) -> None:
    assert [word for word in DENIED if word.lower() in text(page).lower()] == []


def test_every_job_is_in_the_readme_and_every_job_named_exists() -> None:
    named = set(re.findall(r"\b[a-z]+-(?:hourly|daily|nightly|weekly|monthly)\b", everything()))
    assert named == set(policy().jobs)
    assert all(f"`{job}`" in text(README) for job in policy().jobs)


def test_job_schedules_in_the_readme_are_those_of_the_jobs() -> None:
    for job in policy().jobs.values():
        row = next(line for line in text(README).splitlines() if line.startswith(f"| `{job.id}`"))
        assert job.schedule in row


def test_every_rule_is_told_to_operators_and_the_holds_in_the_readme() -> None:
    told = set(ticked(text(ROOT / "docs" / "operators.md")))
    assert set(policy().rules) - told == set()
    holds = {rule.id for rule in policy().rules.values() if rule.kind == "hold"}
    assert holds - set(ticked(text(README))) == set()


def test_what_is_never_waived_is_said_of_exactly_those_holds() -> None:
    lines = text(ROOT / "docs" / "operators.md").splitlines()
    rows = {rule.id: next(row for row in lines if row.startswith(f"| `{rule.id}`")) for rule in holds_of_policy()}
    said = {rule_id for rule_id, row in rows.items() if row.endswith("Never waived |")}
    assert said == {rule.id for rule in holds_of_policy() if not rule.waivable}


def holds_of_policy() -> list[Any]:
    return [rule for rule in policy().rules.values() if rule.kind == "hold"]


def test_every_name_in_backticks_is_a_name_of_a_policy_file() -> None:
    files = [*(ROOT / "schema").rglob("*.*"), *(ROOT / "jobs").glob("*"), *ROOT.glob("field-*"), *ROOT.glob("*.csv")]
    known = {word for file in files for word in re.findall(r"[a-z0-9_]+", text(file))} | OF_NO_FILE
    known |= {part for path in ATTRIBUTES for part in path.split(".")}
    named = {word for word in ticked(everything()) if re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)+", word)}
    assert named - known == set()


def view_sections() -> dict[str, str]:
    guide = text(ROOT / "docs" / "operators.md").partition("## Views, table by table")[2]
    parts = re.split(r"^### (.+)$", guide, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_operators_have_views_for_exactly_the_tables_of_the_dictionary() -> None:
    assert set(view_sections()) == set(policy().dictionary.tables)


@pytest.mark.parametrize("table", view_sections())
def test_views_name_only_fields_and_choices_of_their_table(table: str) -> None:
    fields = policy().dictionary.tables[table].fields
    choices = {choice for field in fields.values() for choice in field.allowed}
    free_text = {"pending", "refused", "hold"}
    rows = [line for line in view_sections()[table].splitlines() if line.startswith("|")]
    assert {word for row in rows for word in ticked(row)} - set(fields) - choices - free_text == set()


def test_every_table_is_named_among_the_tables() -> None:
    among = text(ROOT / "docs" / "operators.md").partition("## The tables")[2].partition("\n## ")[0]
    assert [name for name in policy().dictionary.tables if name not in among] == []


SETTINGS = sorted(str(field.alias) for field in Settings.model_fields.values())


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_explained_and_offered(name: str) -> None:
    assert f"| `{name}` |" in text(ROOT / "docs" / "administrators.md")
    assert re.search(rf"^#?{name}=", text(ROOT / ".env.example"), flags=re.M)


def test_every_setting_that_is_named_exists() -> None:
    words = everything() + text(ROOT / ".env.example")
    named = set(re.findall(r"\b(?:MDFSYNC|AIRTABLE|HUBSPOT|CROSSBEAM)_[A-Z_]+", words))
    contract = {name for name in named if name.startswith("MDFSYNC_CONTRACT_")}
    assert named - contract <= set(SETTINGS)
    assert contract - {"MDFSYNC_CONTRACT_"} <= set(re.findall(r"`(MDFSYNC_CONTRACT_\w+)`", contract_lab.__doc__ or ""))


def test_defaults_of_settings_are_those_of_the_code() -> None:
    page = text(ROOT / "docs" / "administrators.md")
    for field in Settings.model_fields.values():
        if field.default not in (None, "") and str(field.alias).startswith(("MDFSYNC", "AIRTABLE", "HUBSPOT")):
            assert f"| `{field.alias}` | `{field.default}` |" in page


def test_the_scopes_of_the_register_are_listed() -> None:
    told = set(ticked(text(ROOT / "docs" / "administrators.md")))
    wanted = {s for entry in policy().register.sources.values() for s in entry.scope if s != "read:reports"}
    assert wanted - told == set()


def test_every_source_that_is_named_is_in_the_register() -> None:
    named = set(re.findall(r"\b(?:hubspot|crossbeam|finance|partner)\.[a-z_]+\b", everything()))
    assert named - {"crossbeam.com", *KNOBS, *ATTRIBUTES} <= set(policy().register.sources)


@pytest.mark.parametrize("page", [README, ROOT / "docs" / "administrators.md"], ids=lambda page: page.name)
def test_exit_codes_are_those_of_the_errors(page: Path) -> None:
    rows = re.findall(r"^\| (\d) \| (.+) \|$", text(page).partition("## Exit codes")[2], flags=re.M)
    kinds: list[type[MdfsyncError]] = [MdfsyncError, *below(MdfsyncError)]
    errors = {kind.exit_code for kind in kinds}
    assert {int(code) for code, _ in rows} == {0, 5} | errors


def below(error: type[MdfsyncError]) -> list[type[MdfsyncError]]:
    return [kind for child in error.__subclasses__() for kind in (child, *below(child))]


def test_the_write_modes_are_those_of_the_dictionary() -> None:
    modes = {field.write for field in policy().dictionary.all_fields()}
    rows = re.findall(r"^\| `(\w+)` \|", text(README).partition("## Write modes")[2].partition("\n## ")[0], flags=re.M)
    assert set(rows) == modes


def test_the_picture_is_sound_and_follows_light_and_dark() -> None:
    picture = ROOT / "docs" / "images" / "flow.svg"
    svg = ElementTree.parse(picture).getroot()  # noqa: S314 - our own file
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert svg.find("svg:title", names) is not None and svg.find("svg:desc", names) is not None
    assert "prefers-color-scheme: dark" in text(picture)
    assert "docs/images/flow.svg" in text(README)
