"""The story's overlaps: what partners share with us, as REST rows for some partners and CSV exports for the
others.

One row per (our record, partner, partner record) in `story.overlaps`, whichever way it reaches us. Partners
with `list: api` are put into the Crossbeam emulator; of those with `list: csv` a list export is written
into `<home>/drop/crossbeam`, named as Crossbeam names them, with the columns of a list configured for us.
The text that partners control is passed on as it is, formulas included.
"""

from __future__ import annotations

import csv
import io
import os
import uuid
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mdfsync.sandbox.clock import Clock
from mdfsync.sandbox.crossbeam.overlaps import pair_key, put_overlap, remove_overlap
from mdfsync.sandbox.store import Doc, Store
from mdfsync.sandbox.story.dates import seed_json, seed_rows

OVERLAPS = "story.overlaps"
_OURS = (
    "Record", "Company ID", "Company Website", "Our Populations", "Partner Populations", "Account Owner Name",
    "Account Owner Email", "Lifecycle Stage", "Industry", "Billing Country", "Overlap Time", "Is a Customer of",
    "Is an Opportunity for", "Is a Prospect of", "Opportunities Amount", "Opportunities Count",
)  # fmt: skip
_THEIRS = (
    "Account Name", "Account Website", "Account Owner Name", "Account Owner Email", "Account Type", "Billing Country",
)  # fmt: skip
_STANDARD = ("Customers", "Open Opportunities", "Prospects")


def seed_crossbeam(store: Store, zero: date) -> None:
    """Partners, populations, our records and all overlaps as they are on day zero."""
    world = seed_json("crossbeam.json", zero)
    for partner in world["partners"]:
        store.put("crossbeam.partners", partner["uuid"], {"sharing": "overlaps", **partner})
    for population in world["populations"]:
        store.put("crossbeam.populations", str(population["id"]), population)
    for partner, populations in world["partner_populations"].items():
        for population in populations:
            shown = {k: v for k, v in population.items() if k != "means"}
            store.put("crossbeam.partner_populations", str(population["id"]), shown)
            store.put("story.populations", f"{partner}/{population['means']}", shown)
    for row in seed_rows("overlaps.csv", zero):
        add_overlap(store, row)
    for id, company in store.all("hubspot.companies").items():
        store.put("crossbeam.records", id, _record(store, id, company))


def add_overlap(store: Store, row: Mapping[str, str]) -> None:
    """A new or changed overlap of either kind."""
    store.put(OVERLAPS, overlap_key(row), dict(row))
    partner = _partner(store, row["partner"])
    if partner["list"] == "api":
        put_overlap(store, _api_row(store, partner, row))


def drop_overlap(store: Store, key: str) -> None:
    """The pair is no longer visible to us."""
    row = store.all(OVERLAPS)[key]
    partner = _partner(store, row["partner"])
    if partner["list"] == "api":
        remove_overlap(store, pair_key(_api_row(store, partner, row)))
    store.remove(OVERLAPS, key)


def overlap_key(row: Mapping[str, str]) -> str:
    """Partner, our record, partner record."""
    return f"{row['partner']}|{row['record_id'] or row['record_name']}|{row['partner_record_name']}"


def _partner(store: Store, name: str) -> Doc:
    return next(p for p in store.all("crossbeam.partners").values() if p["name"] == name)


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://northlight.example/" + "/".join(parts)))


def _owner(store: Store, company: Mapping[str, Any] | None) -> tuple[str, str]:
    owner = store.get("hubspot.owners", str((company or {}).get("hubspot_owner_id") or ""))
    return ("", "") if owner is None else (f"{owner['firstName']} {owner['lastName']}", owner["email"])


def _record(store: Store, id: str, company: Doc) -> dict[str, Any]:
    properties = company["properties"]
    name, email = _owner(store, properties)
    population = {"customer": 40111, "opportunity": 40112}.get(str(properties["lifecyclestage"]), 40113)
    fields = [("Company Name", "name"), ("Company Website", "domain"), ("Lifecycle Stage", "lifecyclestage")]
    return {
        "crm_data": [{"field_name": label, "field_value": properties[name]} for label, name in fields],
        "populations": _ours(store, [str(population)]),
        "record_type": "account",
        "record_name": properties["name"],
        "crossbeam_record_id": _uuid("record", id),
        "record_id": id,
        "record_website": properties["domain"],
        "owner": {"owner_name": name or None, "owner_email": email or None, "owner_phone": None},
    }


def _ours(store: Store, names_or_ids: list[str]) -> list[dict[str, Any]]:
    populations = store.all("crossbeam.populations").values()
    return [
        {"id": p["id"], "name": p["name"]}
        for p in populations
        if p["name"] in names_or_ids or str(p["id"]) in names_or_ids
    ]


def _api_row(store: Store, partner: Doc, row: Mapping[str, str]) -> dict[str, Any]:
    theirs = [
        store.all("story.populations")[f"{partner['name']}/{name.strip()}"]
        for name in row["partner_populations"].split(",")
    ]
    source = {
        "Account Name": row["partner_record_name"],
        "Account Website": row["partner_record_website"],
        "Account Type": row["account_type"],
        "Billing Country": row["country"],
    }
    return {
        "partner_name": partner["name"],
        "partner_logo_url": None,
        "populations": _ours(store, [n.strip() for n in row["our_populations"].split(",")]),
        "partner_owner": {
            "owner_name": row["partner_owner_name"] or None,
            "owner_email": row["partner_owner_email"] or None,
            "owner_phone": None,
            "crossbeam_owner_id": _uuid("owner", row["partner_owner_email"]) if row["partner_owner_email"] else None,
        },
        "partner_source_data": [{"field_name": k, "field_value": v} for k, v in source.items()],
        "partner_record_website": row["partner_record_website"],
        "partner_populations": [{"id": p["id"], "name": p["name"]} for p in theirs],
        "crossbeam_record_id": _uuid("record", row["record_id"]),
        "record_id": row["record_id"],
        "record_name": row["record_name"],
        "record_website": row["record_website"],
        "record_email": None,
        "partner_record_type": "account",
        "partner_id": partner["uuid"],
        "partner_record_name": row["partner_record_name"],
        "partner_crossbeam_record_id": _uuid("partner record", partner["name"], row["partner_record_name"]),
    }


# -- exports


def write_exports(store: Store, clock: Clock, folder: Path) -> list[Path]:
    """One list export per partner that we read by file, dated now; returns the files."""
    written = []
    for partner in store.all("crossbeam.partners").values():
        if partner["list"] == "csv":
            written.append(write_export(store, clock, folder, partner["name"]))
    return written


def write_export(store: Store, clock: Clock, folder: Path, partner: str) -> Path:
    """The full list with one partner, as UTF-8 CSV under Crossbeam's file name."""
    now = clock.now()
    stamp = f"{now:%Y-%m-%d_%I%M%p}_1"
    path = folder / f"Northlight_Analyticss_All_vs_{partner.replace(' ', '_')}s_All_{stamp}.csv"
    return write_dated(path, export_text(store, partner).encode(), now.timestamp())


def export_text(store: Store, partner: str) -> str:
    """The CSV of one partner's list."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_OURS, *(f"{partner}: {name}" for name in _THEIRS), "Note"])
    for row in store.all(OVERLAPS).values():
        if row["partner"] == partner:
            writer.writerow(_export_line(store, row))
    return out.getvalue()


def write_dated(path: Path, data: bytes, at: float) -> Path:
    """Write a file whole and give it the world's time instead of the machine's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(data)
    os.utime(fresh, (at, at))
    fresh.replace(path)
    return path


def _export_line(store: Store, row: Mapping[str, str]) -> list[str]:
    company = store.get("hubspot.companies", row["record_id"])
    properties = company["properties"] if company else {}
    owner_name, owner_email = _owner(store, properties)
    since = f'("{row["since"].replace("Z", "+00:00")}")' if row["since"] else "()"
    amount, count = _open_deals(store, row["record_id"])
    ours = [
        row["record_name"], row["record_id"], row["record_website"], row["our_populations"],
        row["partner_populations"], owner_name, owner_email, properties.get("lifecyclestage") or "",
        properties.get("industry") or "", properties.get("country") or "", since,
        *(_partners_with(store, row, population) for population in _STANDARD), amount, count,
    ]  # fmt: skip
    theirs = [
        row["partner_record_name"], row["partner_record_website"], row["partner_owner_name"],
        row["partner_owner_email"], row["account_type"], row["country"],
    ]  # fmt: skip
    return [*ours, *theirs, row["note"]]


def _partners_with(store: Store, row: Mapping[str, str], population: str) -> str:
    """Partners that have our record in a standard population, as the `Is a … of` columns list them."""
    if not row["record_id"]:
        return row["partner"] if population in row["partner_populations"] else ""
    names = {
        other["partner"]
        for other in store.all(OVERLAPS).values()
        if other["record_id"] == row["record_id"] and population in other["partner_populations"]
    }
    return ", ".join(f'"{n}"' if "," in n else n for n in sorted(names))


def _open_deals(store: Store, company: str) -> tuple[str, str]:
    deals = [
        d["properties"]
        for d in store.all("hubspot.deals").values()
        if d["properties"].get("hs_primary_associated_company") == company
        and d["properties"]["hs_is_closed"] == "false"
        and not d["archived"]
    ]
    return str(sum(float(d["amount"] or 0) for d in deals)), str(len(deals))
