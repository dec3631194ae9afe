"""Which documents stand behind an expense or deliverable, and whether each of them counts as proof yet.

A document counts once it is there, nothing is wrong with it and a reviewer has accepted it; invoices and payments also
while finance's own files say them. What the row says of its own origin is not asked: people can type there. Sixth
layer, used by `case` and by the rule `missing_proof`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mdfsync.evidence.documents import decision_on, has_arrived, is_void
from mdfsync.evidence.faults import unusable
from mdfsync.view import Row, View

FINANCIAL = frozenset({"invoice", "payment"})


def documents_of(view: View, row: Row) -> tuple[Row, ...]:
    """Evidence that names the row, each once; for an expense also the proof of performance of its deliverable, and what
    was handed in for its request alone. Looked up once for each row."""
    known: dict[Row, tuple[Row, ...]] = view.memo.setdefault(("Evidence", "", "behind"), {})
    if row not in known:
        known[row] = _documents_of(view, row)
    return known[row]


def _documents_of(view: View, row: Row) -> tuple[Row, ...]:
    if row.subject.table == "Deliverables":
        return view.where("Evidence", "deliverable_ids", row.id)
    found = list(view.where("Evidence", "expense_ids", row.id))
    if deliverable := view.ref(row, "deliverable_id"):
        shared = view.where("Evidence", "deliverable_ids", deliverable)
        found += [document for document in shared if document.text("evidence_type") not in FINANCIAL]
    if request := view.ref(row, "mdf_request_id"):
        found += _of_requests(view).get(request, ())
    return tuple(dict.fromkeys(found))


def _of_requests(view: View) -> Mapping[str, list[Row]]:
    """What was handed in for requests alone, by request: a request may have more documents of its expenses than anybody
    wants to go through for each of them."""
    known: dict[str, list[Row]] | None = view.memo.get(("Evidence", "", "of requests"))
    if known is None:
        known = view.memo["Evidence", "", "of requests"] = {}
        for document in view.rows("Evidence"):
            if not view.refs(document, "expense_ids") and not view.refs(document, "deliverable_ids"):
                for request in view.refs(document, "mdf_request_id"):
                    known.setdefault(request, []).append(document)
    return known


def why_not(view: View, document: Row) -> str:
    """Why the document is no proof (yet), in words that follow its id; `""` when it counts. Asked once for each."""
    known: dict[Row, str] = view.memo.setdefault(("Evidence", "", "why not"), {})
    if document not in known:
        known[document] = _why_not(view, document)
    return known[document]


def _why_not(view: View, document: Row) -> str:
    decision = decision_on(view, document)
    if is_void(view, document):
        return f"was {decision}"
    if not has_arrived(document):
        return "is announced but has not arrived"
    if faults := unusable(view, document):
        return faults[0].words
    return "" if decision == "accepted" or from_finance(view, document) else "is not accepted yet"


def from_finance(view: View, document: Row) -> bool:
    """Whether finance's own files say the invoice or payment today."""
    behind = (view.facts.behind or {}).get(document.place, frozenset())
    of_money = document.text("evidence_type") in FINANCIAL
    return of_money and any(source.startswith("finance.") for source in behind)
