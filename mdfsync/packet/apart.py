"""Words of a packet without anything of another partner: a packet leaves the house, and a hold may name whose invoice
came twice.

Ids of other partners' rows and the names of other partners are replaced by what they are; nothing else of a sentence is
touched. It decides nothing about which lines or files enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mdfsync.view import View

_TABLES: Mapping[str, str] = {
    "Expenses": "an expense of another partner", "Evidence": "a document of another partner",
    "MDF Budgets": "a request of another partner", "Reimbursements": "a claim of another partner",
    "Reimbursement Lines": "a claim line of another partner", "MDF Funds": "a fund of another partner",
    "Agreements": "an agreement of another partner", "Deliverables": "a deliverable of another partner",
    "Leads": "a lead of another partner",
}  # fmt: skip
_PARTNER = "another partner"
_WORD = re.compile(r"[^\s,;:()“”\"']+")


def kept_apart(view: View, partner_id: str) -> Callable[[str], str]:
    """What a sentence becomes for a reader on the side of this partner."""
    names = {_bare(row.id): _PARTNER for row in view.rows("Partners") if row.id and row.id != partner_id}
    own = {row.id for row in view.rows("Reimbursements") if view.ref(row, "partner_id") == partner_id}
    for table, words in _TABLES.items():
        for row in view.rows(table):
            whose = view.ref(row, "partner_id")
            claim = view.ref(row, "reimbursement_id") if table == "Reimbursement Lines" else ""
            foreign = claim not in own if claim else bool(whose) and whose != partner_id
            if row.id and foreign:
                names[_bare(row.id)] = words
    called = sorted(
        {
            text
            for row in view.rows("Partners")
            if row.id != partner_id
            for name in ("partner_name", "legal_entity")
            if (text := row.text(name))
        },
        key=len, reverse=True,
    )  # fmt: skip
    by_name = re.compile("|".join(map(re.escape, called)), re.IGNORECASE) if called else None

    def apart(text: str) -> str:
        text = by_name.sub(_PARTNER, text) if by_name else text
        return _WORD.sub(lambda word: _instead(word[0], names), text)

    return apart


def _instead(word: str, names: Mapping[str, str]) -> str:
    """The word, or what stands for it; a full stop at its end stays."""
    bare = _bare(word)
    return word if bare not in names else names[bare] + word[len(bare) :]


def _bare(word: str) -> str:
    return word.rstrip(".!?")
