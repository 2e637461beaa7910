"""From whatever a database holds to the tables of `schema`. Alembic is imported only for an older one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

import lamb
from lamb.model.errors import HomeUnusable

# The other tables enter themselves beside the schema's when they are imported.
from lamb.store import (  # noqa: F401
    access_tables,
    attachment_tables,
    event_tables,
    iam_tables,
    kms_tables,
    layer_tables,
    mapping_tables,
    queue_tables,
    schema,
    telemetry_tables,
)


def bring_up_to_date(connection: Connection, file: Path) -> None:
    """Within the transaction of `connection`: a kill leaves the database as it was.

    Raises HomeUnusable for a database that a newer lamb made, or another program.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        schema.create(connection)
        # What Alembic writes; importing it costs more than all else here.
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
        return
    if "alembic_version" not in tables:
        raise HomeUnusable(
            f"{file} is not a database of lamb's", hint="move it away, or point LAMB_HOME to another place"
        )
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if version != schema.HEAD:
        _upgrade(connection, file)


def folder() -> Path:
    """Where the migrations are: in a wheel inside the package, in a checkout beside it."""
    package = Path(lamb.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _upgrade(connection: Connection, file: Path) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise HomeUnusable(
            f"The database {file} was made by a newer lamb", hint="install that version of lamb"
        ) from error
