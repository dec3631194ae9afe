"""What the page says about columns agrees with the field dictionary: who writes them, which currency an amount is in.

Airtable's schema says neither, and the sandbox imports nothing of the worker, so the page carries `columns.json`.
After a change of the dictionary: `python tests/test_page_columns.py` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COLUMNS = ROOT / "mdfsync" / "sandbox" / "web" / "page" / "columns.json"
PEOPLE, ASKED = "operator", "propose"


def told_by_the_dictionary() -> dict[str, Any]:
    """{table: {"people": […], "asked": […], "money": {currency column: [amounts]}}}; other columns are the worker's."""
    document = json.loads((ROOT / "field-dictionary.json").read_text("utf-8"))
    told: dict[str, Any] = {}
    for table in document["tables"]:
        fields = [f for group in table.get("include", ()) for f in document["groups"][group]] + table["fields"]
        usual = table.get("defaults", {}).get("write", "")
        entry: dict[str, Any] = {"people": [], "asked": [], "money": {}}
        for field in fields:
            write = field.get("write", usual)
            if write in {PEOPLE, ASKED}:
                entry["people" if write == PEOPLE else "asked"].append(field["name"])
            if field["kind"] == "money":
                entry["money"].setdefault(field["currency_field"], []).append(field["name"])
        told[table["name"]] = entry
    return told


def written(told: dict[str, Any]) -> str:
    """One table per paragraph, so that a change is seen in a review."""
    parts = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in told.items()]
    return "{\n" + ",\n\n".join(parts) + "\n}\n"


def test_the_page_knows_who_writes_each_column_and_its_currency() -> None:
    assert json.loads(COLUMNS.read_text("utf-8")) == told_by_the_dictionary(), __doc__


if __name__ == "__main__":
    COLUMNS.write_text(written(told_by_the_dictionary()), "utf-8")
