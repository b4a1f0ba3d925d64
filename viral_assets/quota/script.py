"""SQL written once for both databases, handed to the driver as it is.

That takes a tenth of the time that building and compiling a statement each time would, and what can be is sent
together, which saves PostgreSQL the way there and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

_PARAMETER = re.compile(r"(?<!:):(\w+)")
_FOR_SQLITE = {
    "{one_of_tweets}": "IN (SELECT value FROM json_each(:tweet_ids))",
    "{each_tweet}": "(SELECT DISTINCT value AS tweet_id FROM json_each(:tweet_ids))",
    "{one_of_requests}": "IN (SELECT value FROM json_each(:request_ids))",
    "{one_of_runners}": "IN (SELECT value FROM json_each(:runners))",
}
_FOR_POSTGRES = {
    "{one_of_tweets}": "= ANY (CAST(:tweet_ids AS text[]))",
    "{each_tweet}": "(SELECT DISTINCT unnest(CAST(:tweet_ids AS text[])) AS tweet_id)",
    "{one_of_requests}": "= ANY (CAST(:request_ids AS text[]))",
    "{one_of_runners}": "= ANY (CAST(:runners AS text[]))",
}
_LISTS = ("tweet_ids", "request_ids", "runners")


class Script:
    """Statements that share their parameters, written ``:name``; ``:tweet_ids``, ``:request_ids`` and ``:runners`` are
    lists."""

    def __init__(self, *statements: str) -> None:
        self._for_sqlite = tuple(_replaced(each, _FOR_SQLITE) for each in statements)
        self._for_postgres = tuple(_PARAMETER.sub(r"%(\1)s", _replaced(each, _FOR_POSTGRES)) for each in statements)

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> sa.CursorResult[Any]:
        """Execute all of them; more values than they need are fine.

        Returns:
            The result of the last one.
        """
        if connection.dialect.name == "sqlite":
            statements = self._for_sqlite
            values = _for_sqlite(values)
        elif connection.dialect.driver == "psycopg2":
            # It puts the values into the text, so that one message can hold several statements.
            statements = (";\n".join(self._for_postgres),)
        else:
            statements = self._for_postgres
        *others, last = statements
        for statement in others:
            connection.exec_driver_sql(statement, values)
        return connection.exec_driver_sql(last, values)

    def run_for_each(self, connection: sa.Connection, many: Sequence[Mapping[str, Any]]) -> None:
        """Execute the first statement with each of these values, then the next; which SQLite does faster."""
        if connection.dialect.name != "sqlite":
            for values in many:
                self.run(connection, values)
            return
        many = [_for_sqlite(values) for values in many]
        for statement in self._for_sqlite if many else ():
            connection.exec_driver_sql(statement, many)


def _for_sqlite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, **{name: json.dumps(values[name]) for name in _LISTS if name in values}}


def _replaced(statement: str, parts: Mapping[str, str]) -> str:
    for name, part in parts.items():
        statement = statement.replace(name, part)
    return statement
