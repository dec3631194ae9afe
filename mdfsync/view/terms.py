"""The terms of a campaign's charter: which cells of which rows, what they say, what is missing, and their hash.

Which cells are terms is data (`schema/charter.toml`). A row belongs to the charter when the parties agree on it by
signing: the campaign, its partners and their parts, the agreements they take part under, MDF requests that stand
approved with their funds, deliverables that are not cancelled. Leads, expenses, names of rows and whatever else moves
every day are no terms, so they change neither hash nor version. It judges no signature; `standing` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mdfsync.policy.charter import PROGRAMME, Setting
from mdfsync.policy.programmes import version_on
from mdfsync.values import digest
from mdfsync.view.base import View
from mdfsync.view.row import Row

Values = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Table → row id → field → canonical text; a blank term is `""`."""
OF_PARTNER = ("Campaign Partners", "Partners", "Agreements")
_PROGRAMMES = PROGRAMME.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One partner's place in the charter; what is not in the base is `None`."""

    part: Row
    partner: Row | None
    agreement: Row | None

    def row(self, table: str) -> Row | None:
        return {"Campaign Partners": self.part, "Partners": self.partner, "Agreements": self.agreement}[table]

    @property
    def name(self) -> str:
        """How people call the partner."""
        if self.partner is not None:
            return self.partner.text("partner_name") or self.partner.id
        return self.part.text("partner_id") or self.part.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A required setting that is blank; `where` names the partner or row it is wanted for, `""` for the campaign."""

    clause: str
    label: str
    where: str
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.clause}: {self.label}" + (f" ({self.where})" if self.where else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a charter says now. `rows` are its rows by table, the campaign's own under `Campaigns`."""

    campaign: Row
    parties: tuple[Party, ...]
    rows: Mapping[str, tuple[Row, ...]]
    values: Values
    missing: tuple[Missing, ...]

    @property
    def digest(self) -> str:
        return terms_digest(self.values)


def terms_digest(values: Values) -> str:
    """SHA-256 of the canonical JSON of the filled terms: a term that nobody filled is no part of what is signed."""
    filled = {
        table: {id: {name: text for name, text in cells.items() if text} for id, cells in rows.items()}
        for table, rows in values.items()
    }
    return digest(
        {t: {id: cells for id, cells in rows.items() if cells} for t, rows in filled.items() if any(rows.values())}
    )


def terms_of(view: View, campaign: Row) -> Terms:
    """The terms of a campaign as its cells stand."""
    parties = tuple(_parties(view, campaign))
    rows = _rows(view, campaign, parties)
    wanted = {table: view.charter_terms.fields(table) for table in rows}
    values = {table: {r.id: {f: r.text(f) for f in wanted[table]} for r in found} for table, found in rows.items()}
    values = {table: found for table, found in values.items() if found and wanted[table]}
    if view.charter_terms.fields(_PROGRAMMES) and (programme := campaign.text("mdf_programme")):
        values[_PROGRAMMES] = {programme: {"version": _version(view, programme, campaign.day("start_date"))}}
    missing = tuple(_missing(view, campaign, parties, rows, values))
    return Terms(campaign=campaign, parties=parties, rows=rows, values=values, missing=missing)


def _parties(view: View, campaign: Row) -> Iterator[Party]:
    for part in sorted(view.where("Campaign Partners", "joint_campaign_id", campaign.id), key=lambda row: row.id):
        yield Party(part=part, partner=view.target(part, "partner_id"), agreement=view.target(part, "agreement_id"))


def _rows(view: View, campaign: Row, parties: tuple[Party, ...]) -> dict[str, tuple[Row, ...]]:
    requests = [r for r in view.where("MDF Budgets", "joint_campaign_id", campaign.id) if r.text("approved_on")]
    work = view.where("Deliverables", "joint_campaign_id", campaign.id)
    return {
        "Campaigns": (campaign,),
        **{table: _distinct(party.row(table) for party in parties) for table in OF_PARTNER},
        "MDF Funds": _distinct(view.target(request, "fund_id") for request in requests),
        "MDF Budgets": _distinct(iter(requests)),
        "Deliverables": _distinct(row for row in work if row.text("deliverable_state") != "cancelled"),
    }


def _distinct(rows: Iterator[Row | None]) -> tuple[Row, ...]:
    found = {row.id: row for row in rows if row is not None}
    return tuple(found[id] for id in sorted(found))


def _version(view: View, programme: str, day: date | None) -> str:
    """The version of the programme that is in force on a day; `""` when there is none, or no day."""
    found = version_on(view.versions(programme), day) if day else None
    return found.head.version if found else ""


def _missing(
    view: View,
    campaign: Row,
    parties: tuple[Party, ...],
    rows: Mapping[str, tuple[Row, ...]],
    values: Values,
) -> Iterator[Missing]:
    for clause in view.charter_terms.clauses:
        wanted = dict.fromkeys(table for s in clause.settings if s.required for table, _ in s.cells)
        for table in wanted:
            if table in rows and table not in OF_PARTNER and not rows[table]:
                yield Missing(clause=clause.title, label="none is stated", where="", cells=(table,))
        for setting in clause.settings:
            for where in _lacking(setting, campaign, parties, rows, values) if setting.required else ():
                cells = tuple(".".join(cell) for cell in setting.cells)
                yield Missing(clause=clause.title, label=setting.label, where=where, cells=cells)


def _lacking(
    setting: Setting,
    campaign: Row,
    parties: tuple[Party, ...],
    rows: Mapping[str, tuple[Row, ...]],
    values: Values,
) -> Iterator[str]:
    """For whom a required setting is blank: `""` for the campaign, else the name of the partner or row."""
    tables = {table for table, _ in setting.cells}
    whole = [name for table, name in setting.cells if table == "Campaigns"]
    if any(campaign.text(name) for name in whole):
        return
    if tables & {*OF_PARTNER}:
        if not parties:
            yield "no partner takes part"
        for party in parties:
            there = [(party.row(table), name) for table, name in setting.cells if table in OF_PARTNER]
            if "Agreements" in tables and party.agreement is None:
                continue  # that no agreement is named is one setting of its own
            if not any(row.text(name) for row, name in there if row is not None):
                yield party.name
    elif whole:
        yield ""
    elif _PROGRAMMES in tables:
        if not any(cells["version"] for cells in values.get(_PROGRAMMES, {}).values()):
            yield ""
    else:
        for table, name in setting.cells:
            yield from (row.id for row in rows[table] if not row.text(name))
