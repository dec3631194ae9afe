"""Relations stand twice, as a text id and as a link: whichever side is blank is filled from the other.

It refuses to choose when both sides are there and disagree; the rule `link_disagreement` reports that. A text id
whose row does not exist stays a text id. A pure function, between `compare` and `plan` in the flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mdfsync.model import Create, FillBlank, Observation, Snapshot, SourceRef
from mdfsync.policy.dictionary import Dictionary, FieldSpec
from mdfsync.values import list_items, list_text


def relate(
    snapshot: Snapshot,
    creates: Iterable[Create],
    fills: Iterable[FillBlank],
    dictionary: Dictionary,
    ref: SourceRef,
) -> tuple[Observation, ...]:
    """Observations that fill blank links and blank text ids of existing and planned rows."""
    creates = tuple(creates)
    exists = {table: {r.subject.id for r in rows} for table, rows in snapshot.tables.items()}
    for create in creates:
        exists.setdefault(create.subject.table, set()).add(create.subject.id)
    filled: dict[str, dict[str, str]] = {}
    for fill in fills:
        filled.setdefault(str(fill.subject), {})[fill.field] = fill.value
    out: list[Observation] = []
    for table, spec in dictionary.tables.items():
        links = [f for f in spec.fields.values() if f.kind == "link" and f.link_id_field]
        if not links:
            continue
        rows = [(r.subject, {**r.fields, **filled.get(str(r.subject), {})}) for r in snapshot.tables.get(table, ())]
        rows += [(c.subject, dict(c.fields)) for c in creates if c.subject.table == table]
        for subject, cells in rows:
            for link in links:
                id_field = spec.fields[link.link_id_field]
                for field, value in _missing_side(link, id_field, cells, exists.get(link.link_table, set())):
                    out.append(Observation(subject=subject, field=field, value=value, ref=ref))
    return tuple(out)


def _missing_side(
    link: FieldSpec, id_field: FieldSpec, cells: Mapping[str, str], exists: set[str]
) -> Iterable[tuple[str, str]]:
    linked, named = cells.get(link.name, ""), cells.get(id_field.name, "")
    if named and not linked:
        targets = [i for i in relation_ids(id_field, named) if i in exists]
        if targets:
            yield link.name, list_text(targets)
    elif linked and not named:
        targets = [i for i in list_items(linked) if i in exists]
        if len(targets) == len(list_items(linked)):
            yield id_field.name, list_text(targets) if id_field.kind == "multi_select" else ", ".join(targets)


def relation_ids(spec: FieldSpec, text: str) -> tuple[str, ...]:
    """The ids that a text relation names: one, or several separated by commas."""
    if spec.kind == "multi_select":
        return list_items(text)
    return tuple(part.strip() for part in text.split(",") if part.strip())
