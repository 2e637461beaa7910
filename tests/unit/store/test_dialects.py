"""The SQL is one that PostgreSQL speaks, too: it is compiled for it here."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from lamb.store import schema, versions


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=str)
def test_every_table_can_be_made_in_postgresql(table):
    assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_what_is_read_most_is_said_the_same_to_both():
    compiled = str(versions._ONE.statement.compile(dialect=postgresql.dialect()))
    assert "SELECT" in compiled
