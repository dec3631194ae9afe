"""A file in the base that could not be fetched.

What it protects: a proof is hashed and archived so that nobody can say later that it was another one. A file that was
never fetched is known by its name alone.

When it fires: an attached file could not be fetched in this run: its host did not answer, answered with an error, sent
other bytes than Airtable announced, lies elsewhere than with Airtable, or the file is larger than is fetched.

What clears it: the next run fetches it, or the file is replaced (a recording that is too large is better kept
elsewhere, with its address in `file_url`).
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import BASE, speak
from mdfsync.values import attachment_of
from mdfsync.view import View

ID = "file_not_read"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for field in view.dictionary.all_fields():
        if field.kind != "attachment":
            continue
        for row in view.rows(field.table):
            for item in row.items(field.name):
                id, name, _ = attachment_of(item)
                read = view.facts.files.get(id)
                if read is not None and read.lost:
                    yield speak(
                        setting,
                        row.place,
                        f"The file {name} could not be fetched: {read.lost}.",
                        evidence={"file": name, "reason": read.lost},
                        sources=(BASE,),
                        key=id,
                    )
