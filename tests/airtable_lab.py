"""A small dictionary, a base on it, and a clock that only sleeping moves: shared by the Airtable edge's tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from http_lab import Time

from mdfsync.drift import Binding
from mdfsync.edge.airtable import AirtableBase
from mdfsync.edge.pace import Calls, Pace
from mdfsync.policy.dictionary import Dictionary, load_dictionary

API = "https://api.airtable.example"
BASE = "appNorthlight00001"


def field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind, "meaning": f"The {name}.", **more}


DICTIONARY = {
    "version": "v2026.11",
    "owner": "rev.ops@northlight.example",
    "groups": {},
    "tables": [
        {
            "name": "Partners",
            "meaning": "Who we run campaigns with.",
            "id_field": "partner_id",
            "id_prefix": "pt",
            "defaults": {
                "write": "propose",
                "source_of_truth": ["hubspot.companies"],
                "owner_role": "partner-owner",
                "refresh": "daily",
            },
            "fields": [field("partner_id", "text", write="identity"), field("partner_name", "text")],
        },
        {
            "name": "Leads",
            "meaning": "Who answered.",
            "id_field": "lead_id",
            "id_prefix": "lead",
            "defaults": {
                "write": "propose",
                "source_of_truth": ["hubspot.contacts"],
                "owner_role": "campaign-owner",
                "refresh": "hourly",
            },
            "fields": [
                field("lead_id", "text", write="identity"),
                field("email", "email"),
                field("notes", "long_text"),
                field("amount", "money", currency_field="currency"),
                field("currency", "text"),
                field("touches", "integer"),
                field("score", "number"),
                field("due", "date"),
                field("seen_at", "instant"),
                field("stage", "select", allowed=["new", "working"]),
                field("topics", "multi_select", allowed=["data", "search"]),
                field("partner_id", "text"),
                field("partner", "link", link={"table": "Partners", "id_field": "partner_id"}),
                field("agreed", "checkbox", write="operator", source_of_truth=["operator"]),
                field("files", "attachment", write="operator", source_of_truth=["operator"]),
            ],
        },
    ],
}


def small_dictionary(folder: Path) -> Dictionary:
    """The dictionary above, through the loader."""
    path = folder / "field-dictionary.json"
    path.write_text(json.dumps(DICTIONARY))
    loaded, reasons = load_dictionary(path)
    assert loaded is not None
    assert reasons == []
    return loaded


def plain_binding(dictionary: Dictionary) -> Binding:
    """Ids that can be read in a test: `tblLeads`, `fldLeads_email`."""
    fields = {(f.table, f.name): f"fld{f.table}_{f.name}" for f in dictionary.all_fields()}
    return Binding(
        tables={name: f"tbl{name}" for name in dictionary.tables},
        fields=fields,
        names={(table, field_id): name for (table, name), field_id in fields.items()},
    )


def unhurried_base(dictionary: Dictionary, time: Time, calls: Calls | None = None) -> AirtableBase:
    """A base at `API`, bound by `plain_binding`, that waits for nothing but 429s."""
    return AirtableBase(
        token="patTest",
        base_id=BASE,
        dictionary=dictionary,
        pace=Pace(1000, burst=100, clock=time.clock, sleep=time.sleep),
        api_url=API,
        calls=calls,
        binding=plain_binding(dictionary),
    )


def rec(number: int) -> str:
    """A record id."""
    return f"rec{number:014d}"


def error(kind: str, message: str = "") -> Mapping[str, Any]:
    """Airtable's usual error body."""
    return {"error": {"type": kind, "message": message}}
