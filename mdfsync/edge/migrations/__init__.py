"""The revisions of the local state, run from Python: no `alembic.ini`, nothing read from disk but this
package.

It only goes forward. A database with a revision this release does not know was written by a newer one and is
left untouched. Called by `state_store` in the transaction that it opened, so a revision is applied whole or
not at all.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from mdfsync.errors import Stopped


def configuration() -> Config:
    """Alembic's configuration for this package; also what a developer passes to
    `alembic.command.revision`."""
    config = Config()
    config.set_main_option("script_location", "mdfsync.edge:migrations")
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """The newest revision in `versions/`."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def upgrade(connection: Connection, name: str) -> None:
    """Bring the database behind `connection` to the newest revision; `name` is for the message. `Stopped`
    when the database is newer than this release."""
    config = configuration()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise Stopped(
            f"local state {name}: written by a newer mdfsync: install that release or point MDFSYNC_STATE_URL elsewhere"
        ) from None
