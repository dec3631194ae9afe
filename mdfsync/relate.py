"""Relations stand twice, as a text id and as a link: a blank side is filled from the other, and a link that the worker
set follows its text id when that moves.

It refuses to choose otherwise: a link that a person set, or that nobody can be shown to have left alone, stays, and the
rule `link_disagreement` reports it. A text id whose row does not exist stays a text id. A pure function, between
`compare` and `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from mdfsync.model import Bases, CellBase, Change, Create, Observation, Snapshot, SourceRef, Subject
from mdfsync.policy.dictionary import Dictionary, FieldSpec
from mdfsync.values import list_items, list_text

FOLLOWS = frozenset({"track", "computed"})
_NEVER = CellBase()
Cell = tuple[Subject, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Which links the worker set and nobody touched since: both bases say what the cell says, and no person is known to
    have `typed` it (table, record id, field) last."""

    bases: Bases
    typed: Container[tuple[str, str, str]] = ()

    def __call__(self, subject: Subject, record_id: str, name: str, cell: str) -> bool:
        base = self.bases.get(subject, {}).get(name, _NEVER)
        return base.cell == base.source == cell and (subject.table, record_id, name) not in self.typed


def relate(
    snapshot: Snapshot,
    creates: Iterable[Create],
    cells: Iterable[Cell],
    dictionary: Dictionary,
    ref: SourceRef,
    ours: Ours,
) -> tuple[Observation, ...]:
    """Observations for blank links and text ids, and for links that follow, of existing and planned rows. `cells` are
    those that this plan writes anyway: subject, field, value."""
    creates = tuple(creates)
    exists = {table: {r.subject.id for r in rows} for table, rows in snapshot.tables.items()}
    for create in creates:
        exists.setdefault(create.subject.table, set()).add(create.subject.id)
    written: dict[Subject, dict[str, str]] = {}
    for subject, name, value in cells:
        written.setdefault(subject, {})[name] = value
    out: list[Observation] = []
    for table, spec in dictionary.tables.items():
        links = [f for f in spec.fields.values() if f.kind == "link" and f.link_id_field]
        if not links:
            continue
        there = snapshot.tables.get(table, ())
        rows = [(r.subject, r.record_id, {**r.fields, **written.get(r.subject, {})}) for r in there]
        rows += [(c.subject, "", dict(c.fields)) for c in creates if c.subject.table == table]
        for subject, record_id, known in rows:
            for link in links:
                id_field, targets = spec.fields[link.link_id_field], exists.get(link.link_table, set())
                linked, named = known.get(link.name, ""), known.get(id_field.name, "")
                if linked and named:
                    moved = _moved_to(link, id_field, linked, named, targets)
                    if moved and ours(subject, record_id, link.name, linked):
                        out.append(Observation(subject=subject, field=link.name, value=moved, ref=ref))
                    continue
                for field, value in _missing_side(link, id_field, linked, named, targets):
                    out.append(Observation(subject=subject, field=field, value=value, ref=ref))
    return tuple(out)


def _missing_side(
    link: FieldSpec, id_field: FieldSpec, linked: str, named: str, exists: set[str]
) -> Iterator[tuple[str, str]]:
    if named and not linked:
        targets = [i for i in relation_ids(id_field, named) if i in exists]
        if targets:
            yield link.name, list_text(targets)
    elif linked and not named:
        targets = [i for i in list_items(linked) if i in exists]
        if len(targets) == len(list_items(linked)):
            yield id_field.name, list_text(targets) if id_field.kind == "multi_select" else ", ".join(targets)


def _moved_to(link: FieldSpec, id_field: FieldSpec, linked: str, named: str, exists: set[str]) -> str:
    """What the link would say if it followed; blank where it may not, or where all of its rows are not there."""
    if link.write not in FOLLOWS or linked == f'["{named}"]':
        return ""
    ids = relation_ids(id_field, named)
    value = list_text(ids)
    return value if value != linked and exists.issuperset(ids) else ""


def resting(changes: Iterable[Change], dictionary: Dictionary) -> dict[str, str]:
    """Key of each link's change → key of the change of its text id in the same plan: it does not move alone."""
    cells = {c.key: c for c in changes if not isinstance(c, Create)}
    out: dict[str, str] = {}
    for key, change in cells.items():
        spec = dictionary.field(change.subject.table, change.field)
        text = f"{change.subject}.{spec.link_id_field}"
        if spec.kind == "link" and text in cells:
            out[key] = text
    return out


def relation_ids(spec: FieldSpec, text: str) -> tuple[str, ...]:
    """The ids that a text relation names: one, or several separated by commas."""
    if spec.kind == "multi_select":
        return list_items(text)
    return tuple(part.strip() for part in text.split(",") if part.strip())
