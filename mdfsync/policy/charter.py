"""What makes up a joint charter: `schema/charter.toml`, clause by clause.

Each clause names its settings, each setting the cells in which it stands and whether a charter may go without it. The
same table decides what is hashed, what is missing, and what the rendered contract says, so the three cannot differ. It
holds no value of any campaign. Read once with the rest of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from mdfsync.policy.approvals import ApprovalMatrix, RoleHolders
from mdfsync.policy.approvals_file import Cell
from mdfsync.policy.dictionary import Dictionary
from mdfsync.policy.door import EMAIL, FileModel, parse, read_toml

FILE = "schema/charter.toml"
GATE = "charter"
TABLES = ("Campaigns", "Partners", "Campaign Partners", "Agreements", "MDF Funds", "MDF Budgets", "Deliverables")
"""Tables whose cells may be terms; in which order they are read is `charter.terms`' business."""
PROGRAMME = "Programmes.version"
"""Not a cell: the version of the campaign's `mdf_programme` that is in force on its first day."""


class SettingRow(FileModel):
    label: Annotated[str, Field(min_length=1)]
    """How the contract calls the setting."""
    cells: Annotated[tuple[Cell, ...], Field(min_length=1)]
    """`Table.field` where it stands; several when the first filled one will do."""
    required: bool = False
    """Whether a charter without it is incomplete."""


class ClauseRow(FileModel):
    title: Annotated[str, Field(min_length=1)]
    settings: Annotated[tuple[SettingRow, ...], Field(min_length=1)]


class CharterFile(FileModel):
    owner: Annotated[str, Field(pattern=EMAIL)]
    clauses: Annotated[tuple[ClauseRow, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that the parties settle. `cells` are (table, field) pairs."""

    label: str
    cells: tuple[tuple[str, str], ...]
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterTerms:
    """The clauses of every charter, and the roles that sign for us: those of the gate `charter` whose holders are users
    of the base. The partners sign on their Campaign Partners rows."""

    clauses: tuple[Clause, ...] = ()
    signers: tuple[RoleHolders, ...] = ()

    def fields(self, table: str) -> tuple[str, ...]:
        """The fields of a table that are terms, in the order of the clauses."""
        return tuple(dict.fromkeys(name for c in self.clauses for s in c.settings for t, name in s.cells if t == table))

    def label(self, table: str, field: str) -> str:
        """How the contract calls a term; its field's name where it is none any more."""
        settings = (s for clause in self.clauses for s in clause.settings if (table, field) in s.cells)
        return next((setting.label for setting in settings), field)


def load_charter(root: Path, approvals: ApprovalMatrix | None, reasons: list[str]) -> CharterTerms:
    """The terms; faults go to `reasons`."""
    document = read_toml(root / FILE, FILE, reasons)
    model = parse(CharterFile, document, FILE, reasons) if document is not None else None
    if model is None:
        return CharterTerms()
    gate = approvals.gates.get(GATE) if approvals else None
    roles = [approvals.roles[role] for role in gate.roles if role in approvals.roles] if approvals and gate else []
    return CharterTerms(
        clauses=tuple(
            Clause(
                title=clause.title,
                settings=tuple(
                    Setting(label=s.label, cells=tuple(_pair(cell) for cell in s.cells), required=s.required)
                    for s in clause.settings
                ),
            )
            for clause in model.clauses
        ),
        signers=tuple(role for role in roles if not role.outside),
    )


def _pair(cell: str) -> tuple[str, str]:
    table, _, name = cell.partition(".")
    return table, name


def check_charter(dictionary: Dictionary, charter: CharterTerms) -> Iterator[str]:
    """Every term is a field that people or sources fill; a setting stands in one clause only."""
    seen: set[tuple[str, str]] = set()
    for clause in charter.clauses:
        for setting in clause.settings:
            at = f"{FILE}: {clause.title}: {setting.label}"
            for table, name in setting.cells:
                fault = "" if f"{table}.{name}" == PROGRAMME else _fault(dictionary, table, name)
                if (table, name) in seen:
                    fault = "is named twice, keep one of them"
                seen.add((table, name))
                if fault:
                    yield f"{at}: {table}.{name} {fault}"


def _fault(dictionary: Dictionary, table: str, name: str) -> str:
    if table not in TABLES:
        return f"is in no table of a charter, use one of {', '.join(TABLES)}"
    spec = dictionary.tables[table].fields.get(name) if table in dictionary.tables else None
    if spec is None:
        return "is not in the dictionary, correct its name"
    if spec.write == "computed":
        return "is computed, and nobody can sign what the worker computes; name what it is computed from"
    return ""
