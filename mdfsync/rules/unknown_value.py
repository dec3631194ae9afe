"""A choice that nobody defined.

What it protects: filters, deadlines and approvals go by closed vocabularies (lifecycle states, verdicts,
classes), and amounts by the currency beside them. A value outside of them falls out of every view and every
sum unnoticed.

When it fires: a field with allowed values in the field dictionary holds something else (a choice added in
Airtable by hand, a state that an older version knew), the currency of an amount is no ISO 4217 code of money
("Euro", "XXX"), or the time zone in which days end is none ("Berlin").

When it does not: a column whose choices were renamed or deleted in Airtable is one cause and one exception
(`schema_drift`, which names the choices that are missing and those that stand there instead), not one per row
that shows a new name.

What clears it: the cell gets an allowed value, or the dictionary's owner releases a version that allows
this one.
"""

from __future__ import annotations

from collections.abc import Iterator

from mdfsync.currencies import is_currency
from mdfsync.model import Finding
from mdfsync.policy.rulebook import RuleSetting
from mdfsync.rules.rule import sources_of, speak
from mdfsync.view import View
from mdfsync.view.charter import zone_of

ID = "unknown_value"
TABLES: tuple[str, ...] = ()


def check(view: View, setting: RuleSetting) -> Iterator[Finding]:
    for table, spec in view.dictionary.tables.items():
        closed = [
            (name, frozenset(field.allowed))
            for name, field in spec.fields.items()
            if field.allowed and (table, name) not in view.lacking_choices
        ]
        for row in view.rows(table):
            for name, allowed in closed:
                if not row.fields.get(name) or row.text(name) in allowed:
                    continue
                strange = [item for item in row.items(name) if item not in allowed]
                if strange:
                    yield speak(
                        setting,
                        row.place,
                        f"{name} of this {table} row is outside its allowed values.",
                        evidence={name: ", ".join(strange), "allowed": ", ".join(sorted(allowed))},
                        sources=sources_of(view, table, name),
                        key=name,
                    )
        currencies = sorted({f.currency_field for f in spec.fields.values() if f.currency_field})
        zones = sorted(name for name in spec.fields if name.endswith("time_zone"))
        for row in view.rows(table) if currencies or zones else ():
            unknown = {n: "ISO 4217 currency" for n in currencies if row.text(n) and not is_currency(row.text(n))}
            unknown |= {n: "time zone (as Europe/Berlin)" for n in zones if row.text(n) and not zone_of(row.text(n))}
            for name, what in unknown.items():
                yield speak(
                    setting,
                    row.place,
                    f"{name} of this {table} row is no {what}.",
                    evidence={name: row.text(name)},
                    sources=sources_of(view, table, name),
                    key=name,
                )
