"""The rows that belong to a campaign, table by table, and the rows that tell what became of them.

A row belongs that names the campaign, and one that such a row stands on: the claim of a line, the fund of a request,
the partner and agreement of its part in the campaign, a document of its expense. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdfsync.view import Row, View

HISTORY = "Change History"
OWN_CELLS = frozenset({"archive_location", "archive_digest"})
"""What the base says of the archive: no part of it, or each would differ from the one before."""
_ABOUT = (HISTORY, "Holds", "Exceptions")
_OWN = frozenset({*_ABOUT, "Actions", "Sources", "Sync Runs"})
_THROUGH = (
    ("Reimbursement Lines", "reimbursement_id", "Reimbursements"),
    ("MDF Ledger", "mdf_request_id", "MDF Budgets"),
    ("Evidence", "mdf_request_id", "MDF Budgets"),
    ("Evidence", "expense_ids", "Expenses"),
    ("Evidence", "deliverable_ids", "Deliverables"),
    ("Attributions", "opportunity_id", "Opportunities"),
)
"""Rows that belong because of what they name, beside the campaign itself."""
_GROUND = (
    ("Campaign Partners", "partner_id", "Partners"),
    ("Campaign Partners", "agreement_id", "Agreements"),
    ("MDF Budgets", "fund_id", "MDF Funds"),
)
"""Rows on which those of the campaign stand."""

SHARED = frozenset(table for _, _, table in _GROUND)
"""Tables whose rows are of several campaigns."""
Rows = Mapping[str, tuple[Row, ...]]


def rows_of(view: View, campaign: Row) -> Rows:
    """Rows by table, in the order of the dictionary and of their ids."""
    found: dict[str, dict[str, Row]] = {"Campaigns": {campaign.place.id: campaign}}

    def add(row: Row) -> None:
        found.setdefault(row.subject.table, {})[row.place.id] = row

    for table, spec in view.dictionary.tables.items():
        if "joint_campaign_id" in spec.fields and table not in _OWN:
            for row in view.where(table, "joint_campaign_id", campaign.id):
                add(row)
    for table, name, named in _THROUGH:
        for id in [row.id for row in found.get(named, {}).values() if row.id]:
            for row in view.where(table, name, id):
                add(row)
    for table, name, named in _GROUND:
        for id in [id for row in found.get(table, {}).values() for id in view.refs(row, name)]:
            if (ground := view.row(named, id)) is not None:
                add(ground)
    for row in _telling(view, campaign, found):
        add(row)
    order = [table for table in view.dictionary.tables if table in found]
    return {table: tuple(found[table][id] for id in sorted(found[table])) for table in order}


def _telling(view: View, campaign: Row, found: Mapping[str, Mapping[str, Row]]) -> Iterator[Row]:
    """Changes, holds, exceptions and actions of these rows; a shared row (a partner, a fund) brings only what names the
    campaign."""
    shared = {named for _, _, named in _GROUND}
    for table in (*_ABOUT, "Actions"):
        for row in view.rows(table):
            about = row.text("table"), row.text("record")
            own = about[0] not in shared and about[1] in found.get(about[0], {})
            if table == HISTORY and row.text("field") in OWN_CELLS:
                continue
            if own or row.text("joint_campaign_id") == campaign.id:
                yield row
