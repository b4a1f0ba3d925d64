"""What a database is asked while something happens, and how SQLite goes about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa


class Statement(NamedTuple):
    """One that was sent, as the driver was given it."""

    text: str
    parameters: Any


@contextmanager
def statements_sent(target: sa.Engine | sa.Connection | type[sa.Engine]) -> Iterator[list[Statement]]:
    """The statements that go through an engine, that of a connection, or any engine of this process, as they come."""
    sent: list[Statement] = []
    # Its own events are not those of every version that is allowed.
    if isinstance(target, sa.Connection):
        target = target.engine

    def note(_connection: object, _cursor: object, text: str, parameters: Any, *_more: object) -> None:
        sent.append(Statement(text, parameters))

    sa.event.listen(target, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(target, "before_cursor_execute", note)


def plan_of(connection: sa.Connection, statements: Iterable[Statement]) -> list[str]:
    """The steps by which SQLite answers them."""
    return [
        row[3]
        for statement in statements
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.text}", statement.parameters)
    ]
