"""What all tables stand in, and the parts that several have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, event, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ONLY_WHERE = "only_where"
"""In the ``info`` of an index: it has only the rows of which this holds."""


@event.listens_for(metadata, "before_create")
def _make_indexes_partial(_: MetaData, connection: Connection, **_how: Any) -> None:
    """As each dialect has it, and only where tables are made: to be told, SQLAlchemy loads the dialect, and every
    process on SQLite would load PostgreSQL's."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        if condition := index.info.get(ONLY_WHERE):
            index.dialect_options[connection.dialect.name]["where"] = text(condition)


def known(column: str, words: Iterable[str]) -> str:
    """The condition that a column holds one of these words, in the order of the migration that made it."""
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"{column} in ({quoted})"


def counts() -> list[Column[Any]]:
    """Null where no source said so: unknown, which is not 0."""
    return [Column(f"{name}_count", BigInteger) for name in ("like", "reply", "retweet", "quote", "view", "bookmark")]
