"""Alembic's entry: runs the revisions on the connection that `migrations.upgrade` put into the configuration.

There is no offline mode and no URL here: the caller owns connection and transaction. Below `state_store`.
"""

from __future__ import annotations

from alembic import context

from mdfsync.edge.state_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
