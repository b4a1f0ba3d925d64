"""The first hour that has a partition does not move from one process, or from one day, to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.defs.build import build_defs
from viral_assets.hours import hour_key
from viral_assets.settings import Settings, load_settings
from viral_assets.store.engine import Database
from viral_assets.store.kept_values import kept_first_hour
from viral_assets.store.tables import kept_values

NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("START", "END", "DATABASE_URL"):
        monkeypatch.delenv(f"VIRAL_ASSETS_{name}", raising=False)
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(tmp_path / "home"))
    return load_settings()


def thirty_days_before(now: datetime) -> datetime:
    return (now - timedelta(days=30)).replace(hour=0, minute=0, second=0, microsecond=0)


def made(settings: Settings) -> Database:
    database = Database(settings.resolved_database_url)
    database.ensure_ready()
    return database


def test_without_a_database_it_is_thirty_days_ago_and_none_is_made(settings: Settings) -> None:
    assert settings.first_hour(NOW) == thirty_days_before(NOW)
    assert not settings.home.exists()


def test_a_month_later_it_is_still_the_same(settings: Settings) -> None:
    made(settings).dispose()
    today = settings.first_hour(NOW)
    assert today <= thirty_days_before(NOW), "a code server from before the database counted back so far"
    assert settings.first_hour(NOW + timedelta(days=40)) == today


def test_the_setting_has_the_last_word(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made(settings).dispose()
    monkeypatch.setenv("VIRAL_ASSETS_START", "2026-01-01")
    assert load_settings().first_hour(NOW) == datetime(2026, 1, 1, tzinfo=UTC)


def test_it_is_kept_in_either_database(database: Database) -> None:
    kept = kept_first_hour(database)
    assert kept is not None
    assert kept.hour == 0
    assert timedelta(days=31) <= datetime.now(UTC) - kept < timedelta(days=33)


def test_a_database_that_does_not_answer_or_is_older_tells_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as connection:
        connection.execute(sa.schema.DropTable(kept_values))
    assert kept_first_hour(sqlite_database) is None
    assert kept_first_hour(Database("postgresql://nobody:secret@127.0.0.1:1/none")) is None
    assert kept_first_hour(Database(f"sqlite:///{tmp_path / 'none' / 'x.db'}")) is None
    assert not (tmp_path / "none").exists()


def test_definitions_loaded_on_a_later_day_have_the_oldest_hours_of_those_before(settings: Settings) -> None:
    """A code server asks for an hour; the run is another process, that may begin after midnight."""
    database = made(settings)
    long_ago = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(days=90)
    with database.begin() as connection:
        connection.execute(sa.update(kept_values).values(value=hour_key(long_ago)))
    database.dispose()
    partitions = build_defs().resolve_job_def("hourly_pipeline").partitions_def
    assert partitions is not None
    assert partitions.get_first_partition_key() == hour_key(long_ago)
