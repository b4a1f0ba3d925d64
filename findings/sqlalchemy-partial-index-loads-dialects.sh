#!/usr/bin/env bash
# SQLAlchemy 2.1.9: a program that only ever opens SQLite imports all of the PostgreSQL dialect as soon as it describes an
# index with postgresql_where, whether or not any table is made.
#
# The keyword looks like a note for later, for a dialect that may never be used. But the constructor asks the dialect which
# keywords it knows, and for that imports it: its base, psycopg, psycopg2, asyncpg, pg8000 and their types, some twenty
# modules, 20 ms of each process on a quiet machine. Both databases in one description, as an index that is partial on
# either takes, load both.
#
# Seen:
#   a table with a plain index: 0 modules of the PostgreSQL dialect
#   an index with postgresql_where: 19 modules of the PostgreSQL dialect
#   the condition in info, given to the dialect when tables are made: 0 modules of the PostgreSQL dialect, CREATE INDEX some_few ON some (id) WHERE id > 5
#
# The way round: keep the condition in the index's info, and set index.dialect_options[dialect]["where"] in a "before_create"
# event of the metadata, where the dialect is known and loaded.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sqlalchemy==2.1.9

cat >"$work/show.py" <<'PY'
import sys

import sqlalchemy as sa


def loaded():
    return sum(name.startswith("sqlalchemy.dialects.postgresql") for name in sys.modules)


metadata = sa.MetaData()
sa.Table("plain", metadata, sa.Column("id", sa.Integer), sa.Index("plain_id", "id"))
print(f"a table with a plain index: {(plain := loaded())} modules of the PostgreSQL dialect")

if sys.argv[1] == "keyword":
    sa.Table(
        "some", metadata, sa.Column("id", sa.Integer), sa.Index("some_few", "id", postgresql_where=sa.text("id > 5"))
    )
    print(f"an index with postgresql_where: {(found := loaded())} modules of the PostgreSQL dialect")
    assert plain == 0 < found, (plain, found)
else:
    table = sa.Table(
        "some", metadata, sa.Column("id", sa.Integer), sa.Index("some_few", "id", info={"where": "id > 5"})
    )

    @sa.event.listens_for(metadata, "before_create")
    def give(_metadata, connection, **_how):
        for index in table.indexes:
            index.dialect_options[connection.dialect.name]["where"] = sa.text(index.info["where"])

    said = []
    engine = sa.create_engine("sqlite://")
    sa.event.listen(engine, "before_cursor_execute", lambda *of: said.append(of[2]))
    metadata.create_all(engine)
    (made,) = [each for each in said if "some_few" in each]
    print(
        f"the condition in info, given to the dialect when tables are made: {loaded()} modules of the PostgreSQL dialect, "
        f"{made}"
    )
    assert loaded() == 0
    assert "WHERE id > 5" in made
PY
"$work/venv/bin/python" "$work/show.py" keyword
"$work/venv/bin/python" "$work/show.py" info
