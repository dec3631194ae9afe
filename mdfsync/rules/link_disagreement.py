"""A row whose id text says one thing and whose link says another, or whose id text leads nowhere.

What it protects: people follow the link, the worker and every document follow the text id. If the two
disagree, the page a reviewer looks at is not the one the number was counted for. An id that no row carries
(`JC-9999`) has no link at all: what hangs on it is counted for nobody.

When it fires: both the text id and the link of a relation are filled, and they do not lead to the same rows;
or the text id names a row that neither stands in the base nor is made by this run. Then the missing id is the
cause, and no disagreement is told beside it.

What clears it: a person corrects whichever is wrong, or the missing row is added. A blank side is filled by the
worker and is no disagreement; a blank id is for `missing_id`. Ids of a row that a person removed or gave another id
are told once, with that row (`row_removed`, `identity_changed`). While a required source that makes the rows of a
table, or says which records are of a campaign, cannot be read or has never delivered, no id is said to lead nowhere
in it: `source_stale` tells the one cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding, Subject
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, shown, sources_of, speak
from mdfsync.view import Row, View
from mdfsync.view.people import CONTACTS

ID = "link_disagreement"
TABLES: tuple[str, ...] = ()
_JOINS = {"Opportunities": (CONTACTS,)}
"""Further sources by which a record becomes a row: many a deal is of a campaign by its contacts alone."""


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    unread = {table for table in view.dictionary.tables if _unread(view, table)}
    for table in view.dictionary.tables:
        for id_field, link, target in view.links(table):
            for row in view.rows(table):
                said = set(view.refs(row, id_field)) if row.text(id_field) else set()
                if nowhere := {id for id in said if view.row(target, id) is None}:
                    if target not in unread:
                        yield from _nowhere(view, setting, row, id_field, link, target, nowhere)
                    continue
                linked = {view.id_of(target, item) for item in row.items(link)}
                if not said or not linked or said == linked:
                    continue
                yield speak(
                    setting,
                    row.place,
                    f"{id_field} and the link {link} lead to different {target}.",
                    evidence={id_field: ", ".join(sorted(said)), link: ", ".join(sorted(linked))},
                    sources=(BASE,),
                    key=id_field,
                )


def _unread(view: View, table: str) -> bool:
    """Whether rows may be missing from the table only because a source of them is not known."""
    spec = view.dictionary.tables[table]
    sources = (*spec.fields[spec.id_field].sources, *_JOINS.get(table, ()))
    found = [view.health(source) for source in sources]
    return any(health.required and not health.known for health in found)


def _nowhere(
    view: View, setting: RuleSetting, row: Row, id_field: str, link: str, target: str, missing: set[str]
) -> Iterator[Finding]:
    unknown = ", ".join(sorted(id for id in missing if Subject(table=target, id=id) not in view.facts.removed))
    if unknown:
        yield speak(
            setting,
            row.place,
            f"{id_field} names {unknown}, and {target} has no such row.",
            evidence={**shown(row, id_field, link), "no such row": f"{target}: {unknown}"},
            sources=sources_of(view, row.subject.table, id_field),
            key=f"{id_field}: {unknown}",
            required_action=f"Correct {id_field} where it comes from, or add the row of {target} that it names.",
        )
