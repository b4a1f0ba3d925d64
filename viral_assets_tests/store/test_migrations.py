"""How the tables come to be, on an empty database, on an old one, and when several processes try at once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from viral_assets.errors import SchemaOutOfDateError
from viral_assets.store import migrations
from viral_assets.store.engine import Database
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    llm_requests,
    metadata,
    quota_days,
    suggestion_events,
)
from viral_assets_tests.forks import forks
from viral_assets_tests.store.processes import be_first
from viral_assets_tests.store.rows import tweet_row, tweets_of_before
from viral_assets_tests.waiting import PATIENCE


def test_the_revision_written_down_is_the_newest_script() -> None:
    assert ScriptDirectory.from_config(migrations.configuration()).get_current_head() == migrations.HEAD


def test_an_empty_database_gets_all_tables_once(database_url: str) -> None:
    database = Database(database_url)

    assert database.upgrade() == (None, migrations.HEAD)
    assert database.upgrade() == (migrations.HEAD, migrations.HEAD)
    assert set(sa.inspect(database.engine).get_table_names()) == {*metadata.tables, migrations.VERSION_TABLE}
    database.dispose()


def test_the_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": migrations.VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_them_to_the_letter(database_url: str) -> None:
    """Also what Alembic does not compare: checks, partial indexes, defaults, SQLite's table options."""
    engine = sa.create_engine(database_url)
    metadata.create_all(engine)
    described = definitions(engine)
    metadata.drop_all(engine)
    database = Database(database_url)
    database.upgrade()

    assert definitions(engine) == described
    for opened in (engine, database):
        opened.dispose()


def test_the_way_back_leaves_nothing(database: Database) -> None:
    config = migrations.configuration()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    assert sa.inspect(database.engine).get_table_names() == [migrations.VERSION_TABLE]


def test_sqlite_makes_its_tables_on_first_use(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.ensure_ready()

    with database.read() as connection:
        assert migrations.current_revision(connection) == migrations.HEAD
    database.dispose()


def test_a_ready_database_is_looked_at_without_alembic(sqlite_database: Database) -> None:
    program = (
        "import sys\n"
        "from viral_assets.store.engine import Database\n"
        "Database(sys.argv[1]).ensure_ready()\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(sqlite_database.url)], check=True)


def test_postgresql_without_tables_names_the_command(postgres_url: str) -> None:
    database = Database(postgres_url)

    with pytest.raises(SchemaOutOfDateError, match="has no tables yet; run `viral-assets db upgrade`"):
        database.ensure_ready()
    database.upgrade()
    database.ensure_ready()
    database.dispose()


def test_postgresql_behind_the_code_names_the_command(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0001")

    with pytest.raises(SchemaOutOfDateError, match="at revision 0001 and this version needs"):
        database.ensure_ready()
    database.upgrade()
    database.ensure_ready()
    database.dispose()


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    pretend_to_be_at(database, "9999")
    reopened = Database(database.url.render_as_string(hide_password=False))

    for attempt in (reopened.ensure_ready, reopened.upgrade):
        with pytest.raises(SchemaOutOfDateError, match=r"revision 9999, which a newer version .* update viral_assets"):
            attempt()
    reopened.dispose()


def test_suggestions_of_before_there_were_decisions_are_kept(database_url: str) -> None:
    database = Database(database_url)
    before = {
        "project": "p",
        "tweet_id": "1",
        "suggestion_type": "add_value",
        "window_start": datetime(2026, 11, 21, 20, tzinfo=UTC),
        "position": 2,
        "text": "Übung macht den Meister.",
        "weighted_length": 24,
        "provider": "offline",
        "model": "offline-1",
        "request_id": "r1",
        "created_at": datetime(2026, 11, 21, 21, tzinfo=UTC),
        "status": "approved",
    }
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0003")
        connection.execute(sa.insert(comment_suggestions).values(before))
    database.upgrade()

    later = ("original_text", "decided_at", "decided_by", "revised_text", "revised_by")
    added = {"version": 0, **dict.fromkeys(later)}
    with database.read() as connection:
        (kept,) = connection.execute(sa.select(comment_suggestions)).mappings()
    assert dict(kept) == before | added

    config = migrations.configuration()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    with database.engine.connect() as connection:
        (back,) = connection.execute(sa.select(*(comment_suggestions.c[name] for name in before))).mappings()
    assert dict(back) == before
    database.dispose()


def test_the_audit_gets_more_words_and_stays_append_only(database_url: str) -> None:
    database = Database(database_url)
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0021")
        connection.execute(sa.insert(suggestion_events).values(event_row(1, "approve")))
    database.upgrade()
    with database.engine.begin() as connection:
        connection.execute(sa.insert(suggestion_events).values(event_row(2, "revise")))
        connection.execute(sa.insert(suggestion_events).values(event_row(3, "keep")))
    assert actions(database) == ["approve", "revise", "keep"]

    config = migrations.configuration()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0021")
    assert actions(database) == ["approve", "edit", "reopen"]
    database.dispose()


def test_what_awaits_a_second_approval_is_pending_for_an_older_version(database_url: str) -> None:
    database = Database(database_url)
    at = datetime(2026, 11, 21, 20, tzinfo=UTC)
    row = {"project": "p", "tweet_id": "1", "window_start": at, "position": 0, "text": "x", "weighted_length": 1}
    row |= {"provider": "offline", "model": "m", "request_id": "r", "created_at": at, "decided_at": at}
    database.upgrade()
    with database.begin() as connection:
        for status in ("awaiting", "approved"):
            values = {**row, "suggestion_type": status, "status": status, "decided_by": "mara"}
            connection.execute(sa.insert(comment_suggestions).values(values))
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.update(comment_suggestions).values(status="other"))
    config = migrations.configuration()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0028")
        columns = comment_suggestions.c
        query = sa.select(columns.status, columns.decided_by).order_by(columns.suggestion_type)
        assert connection.execute(query).all() == [("approved", "mara"), ("pending", None)]
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(sa.update(comment_suggestions).values(status="awaiting"))
    database.dispose()


def event_row(number: int, action: str) -> dict[str, Any]:
    names = ("project", "tweet_id", "suggestion_type", "who", "from_status", "to_status", "to_text", "reason")
    at = datetime(2026, 11, 21, 21, tzinfo=UTC)
    return {**dict.fromkeys(names, "x"), "id": number, "batch": number, "at": at, "action": action, "version": number}


def actions(database: Database) -> list[str]:
    """What is in the audit, which nobody can change."""
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(sa.delete(suggestion_events))
    with database.engine.connect() as connection:
        return list(
            connection.execute(sa.select(suggestion_events.c.action).order_by(suggestion_events.c.id)).scalars()
        )


def test_what_a_key_was_counted_for_is_divided_by_its_models(database_url: str) -> None:
    """A window and a day that have begun go on; what is spent stays spent."""
    database = Database(database_url)
    at = datetime(2026, 11, 29, 9, tzinfo=UTC).timestamp()  # 1:00 in US Pacific time
    models = ["gemini-a", "models/gemini-a", "gemini-b"]
    requests = [
        {"id": str(number), "quota_key": "gemini:f", "model": model, "granted_at": at, "counted_tokens": 10}
        | {"counted_cost_usd": 0.5, "purpose": "generate", "project": "p", "provider": "google-genai"}
        | {"run_id": "", "status": "answered", "tweet_ids": []}
        for number, model in enumerate(models)
    ]
    days = [
        {"quota_key": "gemini:f", "day": "2026-11-29", "requests": 3, "tokens": 30, "cost_usd": 1.5},
        {"quota_key": "gemini:f", "day": "2026-11-01", "requests": 7, "tokens": 70, "cost_usd": 7.0},
        {
            "quota_key": "gemini:f/gemini-embedding-001",
            "day": "2026-11-29",
            "requests": 1,
            "tokens": 1,
            "cost_usd": 1.0,
        },
        {"quota_key": "offline", "day": "2026-11-29", "requests": 9, "tokens": 9, "cost_usd": 0.0},
    ]
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0005")
        # The table as it was: later columns are not there yet.
        columns = [sa.column(name, llm_requests.c[name].type) for name in requests[0]]
        connection.execute(sa.insert(sa.table("llm_requests", *columns)), requests)
        connection.execute(sa.insert(quota_days), days)
    database.upgrade()

    with database.read() as connection:
        keys = connection.execute(sa.select(llm_requests.c.quota_key).order_by(llm_requests.c.id)).scalars().all()
        divided = counted_days(connection)
    assert keys == ["gemini:f/gemini-a", "gemini:f/gemini-a", "gemini:f/gemini-b"]
    assert divided == {
        ("gemini:f/gemini-a", "2026-11-29"): (2, 20, 1.0),
        ("gemini:f/gemini-b", "2026-11-29"): (1, 10, 0.5),
        ("gemini:f", "2026-11-01"): (7, 70, 7.0),
        ("gemini:f/gemini-embedding-001", "2026-11-29"): (1, 1, 1.0),
        ("offline", "2026-11-29"): (9, 9, 0.0),
    }

    config = migrations.configuration()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    with database.engine.connect() as connection:
        assert connection.execute(sa.select(llm_requests.c.quota_key).distinct()).scalars().all() == ["gemini:f"]
        assert counted_days(connection) == {
            (each["quota_key"], each["day"]): (each["requests"], each["tokens"], each["cost_usd"]) for each in days
        }
    database.dispose()


def counted_days(connection: sa.Connection) -> dict[tuple[str, str], tuple[int, int, float]]:
    rows = connection.execute(
        sa.select(*(quota_days.c[name] for name in ("quota_key", "day", "requests", "tokens", "cost_usd")))
    )
    return {(row.quota_key, row.day): (row.requests, row.tokens, row.cost_usd) for row in rows}


def test_it_is_found_out_which_tweets_the_offline_provider_had_ended(database_url: str) -> None:
    database = Database(database_url)
    hour = datetime(2026, 11, 21, 20, tzinfo=UTC)
    ended = {"project": "p", "window_start": hour, "reason": "", "attempts": 1, "updated_at": hour}
    outcomes = [("drafts", "done"), ("model", "done"), ("refused", "filtered"), ("refused by the model", "filtered")]
    suggestion = {
        "project": "p",
        "suggestion_type": "add_value",
        "window_start": hour,
        "position": 0,
        "text": "A reply.",
        "weighted_length": 8,
        "model": "one",
        "request_id": "r1",
        "created_at": hour,
        "status": "pending",
    }
    asked = {
        "quota_key": "k",
        "purpose": "generate",
        "project": "p",
        "model": "one",
        "run_id": "",
        "status": "answered",
        "granted_at": 1.0,
        "counted_tokens": 1,
    }
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0005")
        for tweet_id, outcome in outcomes:
            connection.execute(
                sa.insert(generation_outcomes).values({**ended, "tweet_id": tweet_id, "outcome": outcome})
            )
        for tweet_id, provider in (("drafts", "offline"), ("model", "google-genai")):
            connection.execute(
                sa.insert(comment_suggestions).values({**suggestion, "tweet_id": tweet_id, "provider": provider})
            )
        for tweet_ids, provider in ((["drafts", "refused"], "offline"), (["refused by the model"], "google-genai")):
            connection.execute(
                sa.insert(llm_requests).values({**asked, "id": provider, "tweet_ids": tweet_ids, "provider": provider})
            )
    database.upgrade()

    with database.read() as connection:
        found = dict(
            connection.execute(sa.select(generation_outcomes.c.tweet_id, generation_outcomes.c.provider)).all()
        )
    assert found == {"drafts": "offline", "model": "", "refused": "offline", "refused by the model": ""}
    database.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE tweets (in_the_way integer)"))
    database = Database(database_url)

    with pytest.raises(sa.exc.DBAPIError):
        database.upgrade()
    assert sa.inspect(engine).get_table_names() == ["tweets"]
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE tweets"))
    assert database.upgrade() == (None, migrations.HEAD)
    for opened in (engine, database):
        opened.dispose()


@pytest.mark.slow
def test_several_processes_may_be_the_first(database_url: str) -> None:
    start, found = forks().Barrier(3), forks().Queue()
    processes = [forks().Process(target=be_first, args=(database_url, start, found)) for _ in range(3)]
    for process in processes:
        process.start()
    assert [found.get(timeout=PATIENCE) for _ in processes] == [migrations.HEAD] * 3
    for process in processes:
        process.join(PATIENCE)
        assert process.exitcode == 0


def test_neither_the_working_directory_nor_odd_names_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "50% off; it's ünusual?"
    folder.mkdir()
    monkeypatch.chdir(folder)
    database = Database("sqlite:///" + os.path.join("data #1", "viral assets.db"))  # noqa: PTH118 - as typed
    monkeypatch.chdir(tmp_path)
    database.ensure_ready()

    assert (folder / "data #1" / "viral assets.db").exists()
    database.dispose()


def test_a_database_shared_with_dagster_keeps_both_revisions(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('of dagster')"))
    database = Database(postgres_url)
    database.upgrade()

    with database.read() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one() == "of dagster"
    engine.dispose()
    database.dispose()


def pretend_to_be_at(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        table = migrations.VERSION_TABLE
        connection.execute(sa.text(f"CREATE TABLE IF NOT EXISTS {table} (version_num varchar(32) PRIMARY KEY)"))
        connection.execute(sa.text(f"DELETE FROM {table}"))
        connection.execute(sa.text(f"INSERT INTO {table} VALUES (:revision)"), {"revision": revision})


def test_opportunities_of_before_are_told_who_wrote_them(database_url: str) -> None:
    database = Database(database_url)
    place = {"project": "p", "window_start": datetime(2026, 11, 21, 20, tzinfo=UTC)}
    rest = {"rank": 1, "total": 0.5, "label": "green", "topic": "t", "why": "w"}
    wrote = {"1": ("77", "@Some_One"), "2": (None, "other"), "3": ("78", "")}
    with database.engine.begin() as connection:
        migrations.upgrade(connection, "0015")
        opportunities = sa.Table("comment_opportunities", sa.MetaData(), autoload_with=connection)
        for tweet_id, (author_id, handle) in wrote.items():
            row = tweet_row(tweet_id, author_id=author_id, author_handle=handle)
            before = tweets_of_before(connection)
            connection.execute(sa.insert(before).values({column.name: row[column.name] for column in before.c}))
        for tweet_id in (*wrote, "gone"):
            connection.execute(sa.insert(opportunities).values(tweet_id=tweet_id, **place, **rest))
    database.upgrade()

    query = sa.select(*(comment_opportunities.c[name] for name in ("tweet_id", "from_id", "from_handle")))
    with database.read() as connection:
        assert {tuple(row) for row in connection.execute(query)} == {
            ("1", "77", "some_one"),
            ("2", None, "other"),
            ("3", "78", None),
            ("gone", None, None),
        }
    database.dispose()


def definitions(engine: sa.Engine) -> set[Any]:
    """What the database itself says the tables, columns, constraints and indexes are."""
    if engine.dialect.name == "sqlite":
        queries = ["SELECT name, tbl_name, sql FROM sqlite_master"]
    else:
        queries = [
            """SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length
            FROM information_schema.columns WHERE table_schema = 'public'""",
            """SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace""",
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        ]
    with engine.connect() as connection:
        rows = [tuple(row) for query in queries for row in connection.execute(sa.text(query))]
    ours = [row for row in rows if not any(migrations.VERSION_TABLE in str(value) for value in row)]
    # How a statement is broken into lines does not matter.
    return {tuple(" ".join(value.split()) if isinstance(value, str) else value for value in row) for row in ours}
