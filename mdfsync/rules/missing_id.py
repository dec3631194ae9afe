"""Rows that cannot be told apart or cannot be tied to anything.

What it protects: every number in a packet or a review hangs on stable ids (campaign, partner, account,
request, expense). A row without its own id, or without the id of the campaign or partner it belongs to,
could be counted for the wrong partner or not at all. mdfsync never makes up an id.

When it fires: a row has no stable id, or an id that the field dictionary requires (its text and its link)
is blank.

What clears it: the source delivers the id, or its owner types it. Rows that are wholly empty are left
alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.eligibility import judged
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import shown, sources_of, speak
from mdfsync.view import Row, View

ID = "missing_id"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for table, spec in view.dictionary.tables.items():
        needed = [
            id_field
            for id_field, link, _ in view.links(table)
            if spec.fields[id_field].required or spec.fields[link].required
        ]
        for row in view.rows(table):
            if not row.fields:
                continue
            if not row.text(spec.id_field):
                yield speak(
                    setting,
                    row.place,
                    f"{table} row has no {spec.id_field}.",
                    evidence={"record": row.record_id, **shown(row, *sorted(row.fields)[:3])},
                    sources=sources_of(view, table, spec.id_field),
                    key=spec.id_field,
                )
            for name in needed:
                if not view.refs(row, name) and not _is_held_for_it(view, row, name):
                    yield speak(
                        setting,
                        row.place,
                        f"{table} row names no {name}.",
                        evidence={"blank": name},
                        sources=sources_of(view, table, name),
                        key=name,
                    )


def _is_held_for_it(view: View, row: Row, name: str) -> bool:
    """Whether the hold on money that was committed without a request says it already."""
    if (row.subject.table, name) != ("Expenses", "mdf_request_id") or not view.rules["ineligible_expense"].on:
        return False
    line = judged(view).get(row.id)
    return line is not None and any(cause.key == "not_approved" for cause in line.causes)
