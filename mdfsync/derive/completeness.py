"""How far each row of a governed table may be relied upon, and what is still missing.

`review_status` is a person's decision unless an open hold stands against it: a held row is held whatever
was decided. `confidence` is high when every source that is authoritative for the row's filled fields and
has delivered agrees and the ids are there; medium when the row is credible but incomplete; low when sources
contradict, an id is wanting, or nobody stands behind it. `missing_information` names the facts whose
arrival would change that. Staleness is told on the Sources row and in reports, not here: one late delivery
would otherwise rewrite every row that rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mdfsync.derive.computed import NOTHING, Computed, cells
from mdfsync.model import Finding, Subject
from mdfsync.policy.dictionary import TableSpec
from mdfsync.view import Row, View

RULE = "completeness"
BASE = "airtable.base"
_CONTRADICTED = frozenset(
    {"source_conflict", "duplicate_id", "missing_id", "link_disagreement", "vanished_from_source", "identity_changed"}
)
_DISPUTED = frozenset({"disputed_ownership", "unsupported_influence"})


def completeness(view: View, findings: Iterable[Finding]) -> Iterator[Computed]:
    """Computed cells of every governed table. `findings` are those that nobody let pass."""
    on_row = _by_row(findings)
    for table, spec in view.dictionary.tables.items():
        if "review_status" not in spec.fields:
            continue
        behind = _Behind(view, spec)
        for row in view.rows(table):
            about = on_row.get(row.place, ())
            sources, blank = behind.of(row)
            level, reason = _confidence(sources, blank, about)
            values = {
                "review_status": _status(row, about),
                "confidence": level,
                "confidence_reason": reason,
                "missing_information": _missing(blank, about),
                "evidence_source_ids": ", ".join(sources) or NOTHING,
            }
            yield from cells(row.place, values, rule=RULE, inputs=sources)


def _by_row(findings: Iterable[Finding]) -> dict[Subject, tuple[Finding, ...]]:
    """Findings of each row: those about it, and the holds that block it."""
    out: dict[Subject, list[Finding]] = {}
    for finding in findings:
        for place in dict.fromkeys((finding.subject, *finding.blocks)):
            out.setdefault(place, []).append(finding)
    return {
        place: tuple(sorted(found, key=lambda f: (f.kind, f.rule_id, f.key, f.subject))) for place, found in out.items()
    }


class _Behind:
    """Which sources stand behind a row, and which of its required fields are blank.

    The sources are those that gave it a value; where nobody kept count, the first in authority of each
    filled field that has rows at all. What follows from the filled cells alone is worked out once for
    all rows alike."""

    def __init__(self, view: View, spec: TableSpec) -> None:
        there = {source for source, rows in view.mirror.items() if rows}
        self._behind = view.facts.behind
        self._typed = frozenset(name for name, field in spec.fields.items() if field.write == "operator")
        self._sources = {
            name: next((BASE if s == "operator" else s for s in field.sources if s == "operator" or s in there), "")
            for name, field in spec.fields.items()
        }
        self._mirrors = {link: id_field for id_field, link, _ in view.links(spec.name)}
        self._required = tuple(name for name, field in spec.fields.items() if field.required)
        self._known: dict[frozenset[str], tuple[frozenset[str], bool, tuple[str, ...]]] = {}
        self._sorted: dict[frozenset[str], tuple[str, ...]] = {}

    def of(self, row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(source ids, blank required fields); the base counts where people typed, or where nobody else spoke."""
        filled = frozenset(row.fields)
        known = self._known.get(filled)
        if known is None:
            known = self._known[filled] = self._weigh(filled)
        said, typed, blank = known
        if self._behind is not None:
            said = self._behind.get(row.subject, frozenset())
        key = said | {BASE} if typed or not said else said
        sources = self._sorted.get(key)
        if sources is None:
            sources = self._sorted[key] = tuple(sorted(key))
        return sources, blank

    def _weigh(self, filled: frozenset[str]) -> tuple[frozenset[str], bool, tuple[str, ...]]:
        """Stand-in sources, whether people typed anything, and the required fields that are blank."""
        sources = frozenset(self._sources.get(name, "") for name in filled) - {"", BASE}
        there = filled | {self._mirrors[name] for name in filled if name in self._mirrors}
        blank = tuple(name for name in self._required if name not in there)
        return sources, bool(filled & self._typed), blank


def _status(row: Row, about: Iterable[Finding]) -> str:
    decided = row.text("review_decision")
    if decided == "held" or any(finding.kind == "hold" for finding in about):
        return "held"
    return "approved" if decided == "approved" else "needs-review"


def _confidence(sources: tuple[str, ...], blank: tuple[str, ...], about: tuple[Finding, ...]) -> tuple[str, str]:
    if not about and not blank:
        return "high", f"ids are there and nothing contradicts {', '.join(sources)}"
    doubts = tuple(dict.fromkeys(f.rule_id for f in about if f.rule_id in _CONTRADICTED))
    if doubts:
        return "low", f"contradicted or not tied down: {', '.join(doubts)}"
    disputed = tuple(dict.fromkeys(f.rule_id for f in about if f.rule_id in _DISPUTED))
    if disputed:
        return "low", f"disputed: {', '.join(disputed)}"
    open_ = tuple(dict.fromkeys(f.rule_id for f in about))
    parts = (f"blank: {', '.join(blank)}" if blank else "", f"open: {', '.join(open_)}" if open_ else "")
    return "medium", "incomplete; " + "; ".join(part for part in parts if part)


def _missing(blank: tuple[str, ...], about: tuple[Finding, ...]) -> str:
    if not blank and not about:
        return NOTHING
    lines = [f"{name} is blank" for name in blank]
    lines += [f"{finding.rule_id}: {finding.message}" for finding in about]
    return "\n".join(dict.fromkeys(lines))
