"""A drop folder of finance files for tests: one mapping, the dictionary's kinds behind it, files of chosen age."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mdfsync.edge.files import FileSource
from mdfsync.model import SourcePull
from mdfsync.policy.dictionary import FieldSpec, TableSpec
from mdfsync.policy.mappings import MappingSpec
from mdfsync.values import Kind

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
SOURCE = "finance.expenses"
KINDS: dict[str, Kind] = {
    "expense_id": "text", "net_amount": "money", "invoice_date": "date", "vendor_name": "text",
    "person_count": "integer", "funding_share": "percent", "submitted_by": "email", "captured": "instant",
    "status": "text", "expense_ids": "text", "markets": "multi_select", "partner_id": "text",
}  # fmt: skip

MAPPING = MappingSpec(
    name="expenses", title="Expense lines", source_id=SOURCE, layout="records", table="Expenses",
    id="{expense_id}", id_pattern=r"EXP-\d{4}", key_columns=("expense_id",),
    required_columns=("expense_id", "net_amount"),
    columns={
        "expense_id": ("Expense ID", "Line ID"), "net_amount": ("Net amount", "Net"), "invoice_date": ("Invoice date",),
        "vendor_name": ("Vendor",), "person_count": ("Persons",), "funding_share": ("Share",),
        "submitted_by": ("Submitted by",), "captured": ("Captured",), "status": ("Status",), "expense_ids": ("Lines",),
        "markets": ("Markets",),
    },
    partner_columns={}, partner_prefix="", constants={"status": "open"}, values={"status": {"Paid out": "paid"}},
    encoding="cp1252", delimiter="", sheet="", decimal=".", thousands=",", percent="points",
    date_formats=("%Y-%m-%d", "%d %b %Y"), instant_formats=("%Y-%m-%dT%H:%M:%S%z",), list_columns=("expense_ids",),
    list_separators=(";", "|"), blanks=("", "n/a"), row_caps=(10,),
)  # fmt: skip


def field(name: str, kind: Kind) -> FieldSpec:
    return FieldSpec(
        table="Expenses", name=name, kind=kind, meaning="m", write="propose", sources=(SOURCE,), paths={}, allowed=(),
        required=False, unit="", currency_field="", link_table="", link_id_field="", governed=False,
        owner_role="alliance-finance", refresh="", rules=(), airtable_type="", airtable_options={},
    )  # fmt: skip


TABLES = {
    "Expenses": TableSpec(
        name="Expenses",
        meaning="m",
        id_field="expense_id",
        id_prefix="ex",
        fields={name: field(name, kind) for name, kind in KINDS.items()},
    )
}


def drop(inbox: Path, text: str | bytes, name: str = "expenses.csv", *, day: int = 0) -> Path:
    path = inbox / "finance" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    at = (NOW + timedelta(days=day)).timestamp()
    os.utime(path, (at, at))
    return path


def pull(source: FileSource, before: SourcePull | None = None, *, full: bool = False) -> SourcePull:
    """The next pull of a worker that accepted `before`."""
    cursor = before.cursor if before else None
    known = {row.ref.external_id: "sha" for row in before.rows} if before else {}
    return source.pull(cursor, full=full, known=known, now=NOW)


def bodies(delivery: SourcePull) -> dict[str, Mapping[str, Any]]:
    return {row.ref.external_id: row.body for row in delivery.rows}


def reasons(delivery: SourcePull) -> list[tuple[str, str]]:
    return [(reject.ref.row, reject.reason) for reject in delivery.rejects]
