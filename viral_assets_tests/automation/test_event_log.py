"""Holding Dagster's event log open."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

from viral_assets.automation.event_log import INDEX, kept_open


def test_the_write_ahead_log_stays_while_other_connections_come_and_go(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, SqliteEventLogStorage)
        log = Path(f"{storage.path_for_shard(INDEX)}-wal")
        with kept_open(instance, INDEX):
            instance.add_dynamic_partitions("some", ["one"])
            assert log.exists()
        assert not log.exists()
        assert instance.get_dynamic_partitions("some") == ["one"]


def test_other_storages_are_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance, kept_open(instance, INDEX):
        assert list(instance.get_runs()) == []
