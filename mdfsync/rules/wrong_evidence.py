"""A document that a payer would send back.

What it protects: a claim is returned as a whole for one document that names another supplier, shows less than is
claimed, is dated outside the activity, or cannot be opened. Each of these can be put right while the claim is still
ours, and hardly ever afterwards.

When it fires, one hold per fault of a document that has arrived and that no reviewer has returned or rejected:
- `unreadable`: a file is empty, encrypted, cut off or damaged, or a reviewer marked the document as not readable.
- `file_type`: by its content a file is a web page, an archive, a program or of no known kind; a film or recording is no
  invoice and no payment.
- `vendor`, `payee`: the invoice is from, or the payment goes to, somebody else than the expense's supplier.
- `amount`: the invoices (payments) on record for the expenses show less than the expenses say was invoiced (paid).
- `currency`: the invoice is in another currency than its expense.
- `bill_to`: the invoice is made out to somebody else than who claims the cost; the claimant's own invoice, to somebody
  else than who pays the claim. Who that is stands on the request, its fund, or follows from who pays whom.
- `dates`: the days that the proof covers lie outside the activity, or it was made before the activity began.
- `future`: it says that it was made on a day to come.
- `brands`: a brand that the deliverable requires is not among those that the proof shows.
- `translation`: an invoice, payment or credit note is in a language that the rulebook does not list, and no translation
  is on record.
And one on a document that was returned or rejected without a word why (`no_reason`): whoever owes it cannot mend it.
What nobody has written down is no fault; whether it is asked for is the programme's to say.

What clears it: the right document is attached, the cell that is wrong is corrected at its source, or a reviewer returns
or rejects the document, with the reason. The hold blocks the expenses that the document stands for.

Params: `languages` = languages in which documents need no translation, by name or code.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.evidence.documents import FINANCIAL, behind, has_arrived, is_void
from mdfsync.evidence.faults import RULE, Fault, faults_of
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import lines_of, shown, sources_of, speak
from mdfsync.view import Row, View

ID = RULE
TABLES = ("Evidence",)
_TELLING = ("evidence_type", "evidence_title", "document_number")


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    languages = frozenset(word.casefold() for word in setting.params["languages"])
    for document in view.rows("Evidence"):
        if is_void(view, document):
            if not document.text("evidence_decision_reason"):
                yield _finding(view, setting, document, _unexplained(document))
            continue
        for fault in (*faults_of(view, document), *_untranslated(view, document, languages)):
            yield _finding(view, setting, document, fault)


def _finding(view: View, setting: RuleSetting, document: Row, fault: Fault) -> Finding:
    expenses = () if fault.key == "no_reason" else behind(view, document)
    return speak(
        setting,
        document.place,
        f"This document {fault.words}.",
        evidence={**shown(document, *_TELLING), **fault.values},
        sources=sources_of(view, "Evidence", "file", *fault.values),
        key=fault.key,
        blocks=[place for expense in expenses for place in (expense.place, *lines_of(view, expense.id))],
        required_action="Say why it was sent back." if fault.key == "no_reason" else "",
    )


def _unexplained(document: Row) -> Fault:
    decision = document.text("evidence_decision")
    words = f"was {decision}, and nobody says why"
    return Fault(key="no_reason", words=words, values={"evidence_decision": decision})


def _untranslated(view: View, document: Row, languages: frozenset[str]) -> Iterator[Fault]:
    language = document.text("language")
    if document.text("evidence_type") not in FINANCIAL or not language or language.casefold() in languages:
        return
    translation = view.row("Evidence", document.text("translation_evidence_id"))
    if translation is None or not has_arrived(translation) or is_void(view, translation):
        words = f"is in {language}, and no translation is on record"
        yield Fault(key="translation", words=words, values=shown(document, "language", "translation_evidence_id"))
