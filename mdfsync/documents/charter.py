"""The joint charter as a contract: its clauses, deadlines, approval matrix, what is missing, and who has signed.

It shows the terms as the cells stand, which is what is to be signed; where another version is in force, it says so and
lists what differs. Clauses and labels are those of `schema/charter.toml`, so that what is printed is what is hashed. A
pure function of a view; `render` gives it its form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from mdfsync.documents.paper import Block, Grid, Pairs, Paper, Section, SignHere, Words
from mdfsync.documents.wording import BLANK, day_text, shown
from mdfsync.policy import Policy
from mdfsync.policy.approvals import Gate
from mdfsync.policy.charter import PROGRAMME, Clause, Setting
from mdfsync.view import Row, View
from mdfsync.view.signatures import Signature
from mdfsync.view.standing import Moved, Standing, standing
from mdfsync.view.terms import OF_PARTNER, Missing, Party

EXCERPT = 600
"""Characters of a changed term that the list of changes shows; the clauses show it whole."""
_PROGRAMMES = PROGRAMME.partition(".")[0]
_STATUS = {
    "draft": "Draft: nobody has signed it.",
    "partly_signed": "Not in force: signed by some, not by all.",
    "signed": "In force: signed by all.",
    "outdated": "Not in force: its terms have changed since they were signed.",
}
_OPENING = "The parties run the joint campaign “{name}” on the terms of this charter."
_HOW = {"base": "in the base", "form": "form", "signed_document": "signed document", "email": "e-mail"}
_GRIDS: Mapping[str, tuple[str, str, tuple[int, ...]]] = {
    "Deliverables": ("", "Deliverable", (21, 8, 20, 14, 25, 20)),
    "MDF Budgets": ("Approved MDF requests", "Request", (26, 12, 12, 8, 14, 8)),
}
"""Tables shown as one table: its title, the heading of its first column, the widths of all; others row by row."""


def charter_document(view: View, campaign: Row, policy: Policy) -> Paper:
    """The charter of a campaign as it stands on the view's day."""
    stands = standing(view, campaign)
    name = campaign.text("campaign_name") or campaign.id
    return Paper(
        title="Joint campaign charter",
        subtitle=f"{name} ({campaign.id})" if name != campaign.id else name,
        running=f"Charter of {campaign.id}, version {stands.version} ({_state(stands)}), {stands.digest[:16]}",
        about=tuple(_about(view, stands)),
        notices=(Words(text=_OPENING.format(name=name)), *_notices(stands)),
        sections=tuple(_sections(view, stands, policy)),
        as_of=view.as_of.date(),
        data=_data(view, stands, policy),
    )


def _state(stands: Standing) -> str:
    return "signed by all" if stands.status == "signed" else "not signed by all"


def _about(view: View, stands: Standing) -> Iterator[tuple[str, str]]:
    parties = stands.terms.parties
    ours = [party.agreement.text("our_entity") for party in parties if party.agreement is not None]
    theirs = [(party.agreement.text("partner_entity") if party.agreement else "") or party.name for party in parties]
    yield "Between", "\n".join(dict.fromkeys(name for name in (*ours, *theirs) if name)) or BLANK
    yield "Version", str(stands.version)
    yield "Status", _STATUS[stands.status]
    yield "Hash of the terms (SHA-256)", stands.digest
    yield "As of", day_text(view.as_of.date())


def _notices(stands: Standing) -> Iterator[Words]:
    if stands.in_force is not None and stands.in_force.version != stands.version:
        yield Words(
            text=f"Version {stands.in_force.version} stays in force until everybody has signed version "
            f"{stands.version}. “Changes since version {stands.in_force.version}” lists what differs.",
            tone="warning",
        )
    if stands.unsigned:
        yield Words(text="Signatures that are missing:\n" + "\n".join(map(str, stands.unsigned)), tone="warning")
    if stands.too_long:
        yield Words(text="The terms are too long for the base to keep, so they cannot come into force.", tone="warning")
    if count := len(stands.terms.missing):
        text = f"{count} required setting{'s are' if count > 1 else ' is'} missing; “Missing settings” names each."
        yield Words(text=text, tone="warning")


def _sections(view: View, stands: Standing, policy: Policy) -> Iterator[Section]:
    for clause in policy.charter.clauses:
        blocks = tuple(_clause(view, stands, clause))
        yield Section(title=clause.title, blocks=blocks or (Words(text="Nothing is stated."),))
    yield Section(title="Deadlines", blocks=(_deadlines(stands, policy),))
    yield Section(title="Who approves what", blocks=(_matrix(view, stands, policy),))
    if stands.terms.missing:
        rows = tuple((m.clause, m.label, m.where or "the campaign", _filled_in(m)) for m in stands.terms.missing)
        grid = Grid(columns=("Clause", "Setting", "For", "Where it is filled in"), rows=rows, widths=(20, 25, 18, 35))
        yield Section(title="Missing settings", blocks=(grid,))
    if stands.in_force is not None and stands.moved:
        changes = tuple(_change(m, policy.charter.label(m.table, m.field)) for m in stands.moved)
        grid = Grid(columns=("Row", "Term", "As signed", "Now"), rows=changes, widths=(22, 22, 27, 27))
        yield Section(title=f"Changes since version {stands.in_force.version}", blocks=(grid,))
    yield Section(title="Signatures", blocks=tuple(_signatures(stands)), own_page=True)


def _change(moved: Moved, label: str) -> tuple[str, ...]:
    return f"{moved.table}\n{moved.id}", label, _excerpt(moved.signed), _excerpt(moved.now)


def _excerpt(text: str) -> str:
    return (text or BLANK) if len(text) <= EXCERPT else f"{text[:EXCERPT]}… ({len(text)} characters; whole in the JSON)"


def _filled_in(missing: Missing) -> str:
    return "\n".join("the programme's rules" if cell == PROGRAMME else cell for cell in missing.cells)


# ---------------------------------------------------------------- clauses


def _clause(view: View, stands: Standing, clause: Clause) -> Iterator[Block]:
    whole, of_party = [], []
    tables: dict[str, list[tuple[str, str]]] = {}
    for setting in clause.settings:
        for table, name in setting.cells:
            if table in OF_PARTNER:
                of_party.append(setting)
            elif table in stands.terms.rows and table != "Campaigns":
                tables.setdefault(table, []).append((setting.label, name))
            else:
                whole.append(setting)
    if rows := tuple(_of_campaign(view, stands, dict.fromkeys(whole))):
        yield Pairs(rows=rows)
    for party in stands.terms.parties if of_party else ():
        if rows := tuple(_of_party(view, stands, party, dict.fromkeys(of_party))):
            yield Pairs(title=party.name, rows=rows)
    for table, cells in tables.items():
        if table in _GRIDS:
            yield _grid(view, stands, table, cells)
            continue
        for row in stands.terms.rows[table]:
            rows = tuple((label, text) for label, name in cells if (text := shown(view, row, name)) != BLANK)
            yield Pairs(title=_title(row), rows=rows)


def _of_campaign(view: View, stands: Standing, settings: Iterable[Setting]) -> Iterator[tuple[str, str]]:
    """What is settled for the campaign as a whole. A blank is shown where the charter needs it and nothing else will
    do."""
    for setting in settings:
        texts = []
        for table, name in setting.cells:
            if table == "Campaigns" and (text := shown(view, stands.terms.campaign, name)) != BLANK:
                texts.append(text)
            texts += [
                of[name] for of in stands.terms.values.get(table, {}).values() if table == _PROGRAMMES and of[name]
            ]
        if texts or (setting.required and not any(table in OF_PARTNER for table, _ in setting.cells)):
            yield setting.label, "\n".join(texts) or BLANK


def _of_party(view: View, stands: Standing, party: Party, settings: Iterable[Setting]) -> Iterator[tuple[str, str]]:
    """What is settled for one partner; of several cells, every one that says something."""
    for setting in settings:
        rows = [(party.row(table), name) for table, name in setting.cells if table in OF_PARTNER]
        texts = [text for row, name in rows if row is not None and (text := shown(view, row, name)) != BLANK]
        whole = any(stands.terms.campaign.text(name) for table, name in setting.cells if table == "Campaigns")
        if texts or (setting.required and not whole):
            yield setting.label, "\n".join(dict.fromkeys(texts)) or BLANK


def _grid(view: View, stands: Standing, table: str, cells: list[tuple[str, str]]) -> Block:
    rows = stands.terms.rows[table]
    if not rows:
        return Words(
            text=f"No {'deliverable is planned' if table == 'Deliverables' else 'MDF request stands approved'}."
        )
    title, heading, widths = _GRIDS[table]
    columns = (heading, *(label for label, _ in cells))
    lines = tuple((_title(row), *(shown(view, row, name) for _, name in cells)) for row in rows)
    return Grid(title=title, columns=columns, rows=lines, widths=widths if len(widths) == len(columns) else ())


def _title(row: Row) -> str:
    names = ("deliverable_title", "request_title", "fund_name", "agreement_number")
    name = next((text for field in names if (text := row.text(field))), "")
    return f"{name} ({row.id})" if name else row.id


# ---------------------------------------------------------------- deadlines, approvals, signatures


def _deadlines(stands: Standing, policy: Policy) -> Block:
    """Every date among the terms, in order, with the zone in which the day ends."""
    own = stands.terms.campaign.text("charter_time_zone") or BLANK
    found: list[tuple[date, str, str]] = []
    for clause in policy.charter.clauses:
        for setting in clause.settings:
            for table, name in setting.cells:
                spec = policy.dictionary.tables[table].fields.get(name) if table in policy.dictionary.tables else None
                if spec is None or spec.kind != "date":
                    continue
                for row in stands.terms.rows.get(table, ()):
                    if day := row.day(name):
                        what = (clause.title, setting.label) if table == "Campaigns" else (setting.label, _title(row))
                        found.append((day, ": ".join(what), row.text("programme_time_zone") or own))
    if not found:
        return Words(text="No date is stated.")
    rows = tuple((day_text(day), what, zone) for day, what, zone in sorted(found))
    return Grid(columns=("Day", "What", "The day ends in"), rows=rows, widths=(22, 50, 26))


def _approvers(view: View, stands: Standing, policy: Policy) -> Iterator[tuple[Gate, dict[str, tuple[str, ...]]]]:
    """Each gate with its roles, and who holds them in this campaign on the view's day."""
    matrix, on = policy.approvals, view.as_of.date().isoformat()
    partners = tuple(who for party in stands.terms.parties if (who := party.part.text("partner_campaign_owner")))
    cells = stands.terms.campaign.fields
    for gate in matrix.gates.values():
        outside = {role for role in gate.roles if matrix.roles[role].outside}
        yield gate, {r: partners if r in outside else matrix.holders(r, cells, on=on) for r in gate.roles}


def _matrix(view: View, stands: Standing, policy: Policy) -> Block:
    titles = {role: holders.title for role, holders in policy.approvals.roles.items()}
    rows = [
        (gate.title, "\n".join(f"{titles[role]}: {', '.join(who) or 'nobody named'}" for role, who in people.items()))
        for gate, people in _approvers(view, stands, policy)
    ]
    return Grid(columns=("What is approved", "Each of"), rows=tuple(rows), widths=(30, 68))


def _signatures(stands: Standing) -> Iterator[Block]:
    text = (
        f"Whoever signs agrees to version {stands.version}, whose terms have the hash {stands.digest[:16]}… (in full "
        "on the first page). A signature given outside of the base counts with accepted evidence."
    )
    yield Words(text=text)
    if stands.signatures:
        rows = tuple(_signed(n, signature) for n, signature in stands.signatures)
        columns = ("For", "Signed by", "On", "How", "Evidence", "Version")
        yield Grid(columns=columns, rows=rows, widths=(20, 28, 17, 14, 16, 8))
    if stands.unsigned:
        yield SignHere(places=tuple((u.signer.title, u.signer.person or "name") for u in stands.unsigned))


def _signed(version: int, signature: Signature) -> tuple[str, ...]:
    on = day_text(date.fromisoformat(signature.on)) if signature.on else BLANK
    how = _HOW.get(signature.method, signature.method)
    evidence = signature.evidence_id or f"approval {signature.row.id}"
    return signature.title, signature.by, on, how, evidence, str(version)


# ---------------------------------------------------------------- for machines


def _data(view: View, stands: Standing, policy: Policy) -> Mapping[str, Any]:
    return {
        "document": "charter",
        "joint_campaign_id": stands.terms.campaign.id,
        "as_of": view.as_of.date().isoformat(),
        "policy": {"version": policy.version, "digest": policy.digest},
        "version": stands.version,
        "digest": stands.digest,
        "status": stands.status,
        "terms": stands.terms.values,
        "missing": [
            {"clause": m.clause, "setting": m.label, "for": m.where or None, "cells": list(m.cells)}
            for m in stands.terms.missing
        ],
        "approval_matrix": [
            {"gate": gate.gate, "roles": {role: list(who) for role, who in people.items()}}
            for gate, people in _approvers(view, stands, policy)
        ],
        "signatures": [
            {"for": s.title, "by": s.by, "on": s.on or None, "method": s.method, "evidence_id": s.evidence_id or None,
             "row": str(s.row), "version": n}
            for n, s in stands.signatures
        ],
        "not_signed": [
            {"for": u.signer.title, "person": u.signer.person or None, "reason": u.why} for u in stands.unsigned
        ],
        "in_force": None if stands.in_force is None else {
            "version": stands.in_force.version, "digest": stands.in_force.digest, "terms": stands.in_force.terms,
        },
        "changes_since_in_force": [
            {"table": m.table, "row": m.id, "field": m.field, "signed": m.signed or None, "now": m.now or None}
            for m in stands.moved
        ],
    }  # fmt: skip
