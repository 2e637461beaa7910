"""An index of the versions that are on their way to another state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    on_its_way = sa.text("state = 'Pending' OR last_update = 'InProgress'")
    op.create_index(
        "versions_unsettled",
        "versions",
        ["function_id"],
        sqlite_where=on_its_way,
        postgresql_where=on_its_way,
    )
