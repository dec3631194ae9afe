"""The tables of the local state, as SQLAlchemy Core sees them.

Everything that must be exact is text: money and instants never meet a database number or timestamp type
(SQLite keeps neither), JSON is text so that one schema serves SQLite and PostgreSQL. The tables are made and
changed only by the migrations in `migrations/`; a test compares them with this file. It holds no query and no
connection. Edge of the flow, below `state_store`.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

HEAD = "0002"
"""The revision these tables correspond to: the newest file in `migrations/versions`."""

metadata = MetaData()

source_rows = Table(
    "source_rows",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("sha", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("observed_at", Text),
    Column("fetched_at", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("first_seen_at", Text, nullable=False),
    Column("gone_at", Text),
)

sources = Table(
    "sources",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("cursor", Text),
    Column("scope", Text, nullable=False, server_default="{}"),
    Column("last_pull_at", Text),
    Column("last_accepted_at", Text),
    Column("last_sha", Text, nullable=False, server_default=""),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("held_reason", Text, nullable=False, server_default=""),
    Column("held_sha", Text, nullable=False, server_default=""),
    Column("absent_reason", Text, nullable=False, server_default=""),
    Column("cut_off", Text, nullable=False, server_default="[]"),
)

pulls = Table(
    "pulls",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("source_id", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("counted", Integer, nullable=False),
)
Index("pulls_by_source", pulls.c.source_id, pulls.c.seq)

releases = Table(
    "releases",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("sha", Text, primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
)

bases = Table(
    "bases",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("table_name", Text, primary_key=True),
    Column("stable_id", Text, primary_key=True),
    Column("cells", Text, nullable=False),
)

bindings = Table(
    "bindings",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("table_name", Text, primary_key=True),
    Column("stable_id", Text, primary_key=True),
    Column("record_id", Text, nullable=False),
)

feeds = Table(
    "feeds",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
)

edits = Table(
    "edits",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("base_id", Text, nullable=False),
    Column("edit_id", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("prior", Text),
    Column("value", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("origin", Text, nullable=False),
)
Index("edits_once", edits.c.base_id, edits.c.edit_id, unique=True)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("base_id", Text, nullable=False),
    Column("entry_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("outcome", Text, nullable=False, server_default=""),
)
Index("journal_once", journal.c.base_id, journal.c.entry_id, unique=True)
Index("journal_by_outcome", journal.c.base_id, journal.c.outcome, journal.c.seq)

chain = Table(
    "chain",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("change_id", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("row_sha", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("redacted_by", Text, nullable=False, server_default=""),
)
Index("chain_once", chain.c.base_id, chain.c.change_id, unique=True)

chain_heads = Table(
    "chain_heads",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("base_id", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, server_default=""),
    Column("report", Text, nullable=False, server_default=""),
)
Index("runs_by_base", runs.c.base_id, runs.c.started_at)

calls = Table(
    "calls",
    metadata,
    Column("month", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("count", Integer, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

kv = Table(
    "kv",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("base_id", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
)
