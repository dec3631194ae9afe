"""First revision: mirror, cursors, cell bases, feed, journal, change chain, runs, plans, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "source_rows",
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("external_id", sa.Text, primary_key=True),
        sa.Column("sha", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("observed_at", sa.Text),
        sa.Column("fetched_at", sa.Text, nullable=False),
        sa.Column("blob", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("first_seen_at", sa.Text, nullable=False),
        sa.Column("gone_at", sa.Text),
    )
    op.create_table(
        "sources",
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text),
        sa.Column("scope", sa.Text, nullable=False, server_default="{}"),
        sa.Column("last_pull_at", sa.Text),
        sa.Column("last_accepted_at", sa.Text),
        sa.Column("last_sha", sa.Text, nullable=False, server_default=""),
        sa.Column("rows", sa.Integer, nullable=False, server_default="0"),
        sa.Column("held_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("held_sha", sa.Text, nullable=False, server_default=""),
        sa.Column("absent_reason", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "pulls",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source_id", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
    )
    op.create_index("pulls_by_source", "pulls", ["source_id", "seq"])
    op.create_table(
        "releases",
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("sha", sa.Text, primary_key=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "bases",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("stable_id", sa.Text, primary_key=True),
        sa.Column("cells", sa.Text, nullable=False),
    )
    op.create_table(
        "bindings",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("stable_id", sa.Text, primary_key=True),
        sa.Column("record_id", sa.Text, nullable=False),
    )
    op.create_table(
        "feeds",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("cursor", sa.Text, nullable=False),
    )
    op.create_table(
        "edits",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("base_id", sa.Text, nullable=False),
        sa.Column("edit_id", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("prior", sa.Text),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
    )
    op.create_index("edits_once", "edits", ["base_id", "edit_id"], unique=True)
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("base_id", sa.Text, nullable=False),
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("journal_by_outcome", "journal", ["base_id", "outcome", "seq"])
    op.create_index("journal_once", "journal", ["base_id", "entry_id"], unique=True)
    op.create_table(
        "chain",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("row_sha", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("redacted_by", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("chain_once", "chain", ["base_id", "change_id"], unique=True)
    op.create_table(
        "chain_heads",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("base_id", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("started_at", sa.Text, nullable=False),
        sa.Column("finished_at", sa.Text, nullable=False, server_default=""),
        sa.Column("status", sa.Text, nullable=False, server_default=""),
        sa.Column("report", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("runs_by_base", "runs", ["base_id", "started_at"])
    op.create_table(
        "calls",
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
    )
    op.create_table(
        "kv",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("base_id", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
    )
