"""Second revision: the files of a source that end at an export limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("cut_off", sa.Text, nullable=False, server_default="[]"))
