from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from lamb.model.errors import HomeUnusable
from lamb.store import migrations, schema
from lamb.store.database import Database


def structure(file) -> dict[str, object]:
    """Everything that SQLite knows of the tables of a file, however their SQL was written."""
    with closing(sqlite3.connect(file)) as connection:

        def rows(sql: str) -> list[tuple[object, ...]]:
            return sorted(connection.execute(sql).fetchall(), key=repr)

        tables = [name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, object] = {
            "others": rows("SELECT type, name, sql FROM sqlite_master WHERE type != 'table'")
        }
        for table in tables:
            found[str(table)] = [
                rows(f"SELECT * FROM pragma_table_xinfo('{table}')"),
                rows(f"SELECT * FROM pragma_foreign_key_list('{table}')"),
                # Without the number that says in which order they were made.
                rows(f"SELECT name, [unique], origin, partial FROM pragma_index_list('{table}')"),
            ]
            found[f"{table} counts"] = "AUTOINCREMENT" in str(
                rows(f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
            )
        return found


def older(file) -> None:
    """A database as it was before the first migration."""
    file.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.commit()


def test_a_fresh_database_equals_a_migrated_one(tmp_path, clock):
    older(tmp_path / "migrated.sqlite3")
    for name in ("fresh", "migrated"):
        Database(f"sqlite:///{tmp_path / name}.sqlite3", clock).close()
    assert structure(tmp_path / "fresh.sqlite3") == structure(tmp_path / "migrated.sqlite3")


def test_both_are_marked_with_the_newest_migration(tmp_path, clock):
    config = Config()
    config.set_main_option("script_location", str(migrations.folder()))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]
    older(tmp_path / "migrated.sqlite3")
    for name in ("fresh", "migrated"):
        Database(f"sqlite:///{tmp_path / name}.sqlite3", clock).close()
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite3")) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
                (schema.HEAD,)
            ]


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path, clock):
    file = tmp_path / "lamb.sqlite3"
    older(file)
    with closing(sqlite3.connect(file)) as connection:
        # In the way of the last table of the migration.
        connection.execute("CREATE TABLE alias_history (x)")
    before = structure(file)
    with pytest.raises(Exception, match="alias_history"):
        Database(f"sqlite:///{file}", clock)
    assert structure(file) == before


def test_a_database_of_a_newer_lamb_is_refused(file, clock):
    Database(f"sqlite:///{file}", clock).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(HomeUnusable, match=f"{file} was made by a newer lamb"):
        Database(f"sqlite:///{file}", clock)


def test_alembic_and_cryptography_are_not_imported_for_a_fresh_or_current_home(tmp_path):
    program = """
import sys
from lamb.model.clock import SystemClock
from lamb.core import functions, updates, versions, aliases, keys, invoke
from lamb.store.database import Database
for _ in range(2):
    Database(f"sqlite:///{sys.argv[1]}/lamb.sqlite3", SystemClock()).close()
print({"alembic", "mako", "sqlalchemy.orm", "cryptography"} & set(sys.modules) or "none")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "none\n"
