"""From the folder that ``DAGSTER_HOME`` names to an instance that can be opened, with errors of one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import yaml

from viral_assets.defs.dagster_internals import (
    NO_CAPTURE,
    DagsterSqliteStorage,
    InstanceRef,
    configurable_storage_data,
    pg_config,
    process_config,
    resolve_to_config_type,
)
from viral_assets.errors import ConfigurationError
from viral_assets.instance.sqlite import make_folder_ready

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import ConfigurableClassData

INSTANCE_FILE = "dagster.yaml"

SEPARATE_STORAGES = ("run_storage", "event_log_storage", "schedule_storage")
"""The older keys that say where runs, events and schedules are kept, one by one. Dagster alone creates their tables."""


_made_ready: ContextVar[Path | None] = ContextVar("made_ready", default=None)
"""The folder that whoever is opening it right now has seen to already."""


class Instance(dg.DagsterInstance):
    """Dagster's own instance, whose tables are seen to before anything opens them.

    For ``instance_class`` in a ``dagster.yaml``: the two class methods are what Dagster asks such a class for, in every
    process that reads the file and before that process opens a storage.
    """

    @classmethod
    def config_schema(cls) -> Mapping[str, Any]:
        """No keys of its own."""
        return {}

    @classmethod
    def config_defaults(cls, base_dir: str) -> Mapping[str, ConfigurableClassData | None]:
        """Dagster's defaults.

        Raises:
            ViralAssetsError: see :func:`make_ready`.
        """
        if _made_ready.get() != Path(base_dir):
            make_ready(Path(base_dir))
        return InstanceRef.config_defaults(base_dir)


@contextmanager
def open_instance(dagster_home: Path, *, to_execute: bool = True) -> Iterator[dg.DagsterInstance]:
    """The instance of a folder.

    Args:
        dagster_home: the folder.
        to_execute: runs are executed in this process, and their steps share the terminal with the caller's progress
            bar, which capturing what they print would take away.

    Raises:
        ViralAssetsError: its ``dagster.yaml`` cannot be used (a variable that it wants and is not set is named), or its
            tables, see :func:`make_ready`.
    """
    make_ready(dagster_home)
    # The file may name the class above, which would see to the same tables again.
    before = _made_ready.set(dagster_home)
    try:
        ref = InstanceRef.from_dir(str(dagster_home), overrides=dict(NO_CAPTURE) if to_execute else None)
    except dg.DagsterError as error:
        raise _unusable(dagster_home, error) from error
    finally:
        _made_ready.reset(before)
    with dg.DagsterInstance.from_ref(ref) as instance:
        yield instance


def make_ready(dagster_home: Path) -> None:
    """See to it that Dagster's tables are there and whole, in SQLite or PostgreSQL, as ``dagster.yaml`` says.

    Several processes may do so at once: one creates, the others wait. Once they are whole it costs a few milliseconds.

    Raises:
        ViralAssetsError: ``dagster.yaml`` cannot be used, or the tables cannot be made; the message says what to do.
    """
    try:
        storage = _storage(dagster_home)
        if storage is None:
            return
        if storage.class_name == "DagsterSqliteStorage":
            make_folder_ready(Path(_resolved(storage, DagsterSqliteStorage.config_type())["base_dir"]))
        elif storage.class_name == "DagsterPostgresStorage":
            from viral_assets.instance.postgres import make_database_ready

            make_database_ready(_resolved(storage, pg_config()))
    except dg.DagsterError as error:
        raise _unusable(dagster_home, error) from error


def _storage(dagster_home: Path) -> ConfigurableClassData | None:
    """The storage that Dagster will open."""
    file = dagster_home / INSTANCE_FILE
    config = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}
    if any(config.get(key) for key in SEPARATE_STORAGES):
        return None
    return configurable_storage_data(config.get("storage") or {}, InstanceRef.config_defaults(str(dagster_home)))[0]


def _resolved(storage: ConfigurableClassData, schema: Any) -> Any:
    """The configuration of a storage, with variables of the environment filled in."""
    result = process_config(resolve_to_config_type(schema), storage.config_dict)
    if not result.success:
        raise dg.DagsterInvalidConfigError("the storage", result.errors, storage.config_dict)
    return result.value


def _unusable(dagster_home: Path, error: dg.DagsterError) -> ConfigurationError:
    """What Dagster says about a ``dagster.yaml``, in one line."""
    reason = " ".join(str(error).split())
    if unset := re.search(r'the environment variable "(\w+)" which is not set', reason):
        reason = f"the environment variable {unset[1]} is not set"
    return ConfigurationError(f"{dagster_home / INSTANCE_FILE} cannot be used: {reason}")
