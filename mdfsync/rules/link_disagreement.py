"""A row whose id text says one thing and whose link says another.

What it protects: people follow the link, the worker and every document follow the text id. If the two
disagree, the page a reviewer looks at is not the one the number was counted for.

When it fires: both the text id and the link of a relation are filled, and they do not lead to the same
rows.

What clears it: a person corrects whichever is wrong. A blank side is filled by the worker and is no
disagreement.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, speak
from mdfsync.view import View

ID = "link_disagreement"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for table in view.dictionary.tables:
        for id_field, link, target in view.links(table):
            for row in view.rows(table):
                linked = {view.id_of(target, item) for item in row.items(link)}
                said = set(view.refs(row, id_field)) if row.text(id_field) else set()
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
