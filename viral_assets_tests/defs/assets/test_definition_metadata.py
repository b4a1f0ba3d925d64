"""What the UI says of an asset before anything has run: columns and where they come from, code, freshness."""

from __future__ import annotations

import inspect
import linecache
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.assets.code_links import web_address
from viral_assets.defs.assets.columns import DESCRIPTIONS, LINEAGE
from viral_assets.defs.assets.decisions import decisions
from viral_assets.defs.assets.scoring import tweet_scores
from viral_assets.defs.build import build_defs
from viral_assets.hours import HOUR
from viral_assets.store.tables import metadata
from viral_assets_tests.home import FIRST, clean_environment


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clean_environment(monkeypatch)
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(tmp_path))


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in build_defs().resolve_all_asset_specs()}


def columns_of(spec: dg.AssetSpec) -> dict[str, str | None]:
    schema = spec.metadata.get("dagster/column_schema")
    return {column.name: column.description for column in schema.columns} if schema else {}


def test_every_column_says_what_it_means() -> None:
    described = {name: columns_of(spec) for name, spec in specs().items()}
    assert sum(bool(columns) for columns in described.values()) == 5
    assert [(name, column) for name, columns in described.items() for column in columns if not columns[column]] == []


def test_no_description_is_of_a_column_that_is_not_there() -> None:
    for known in (DESCRIPTIONS, LINEAGE):
        for table, columns in known.items():
            assert set(columns) <= set(metadata.tables[table].c.keys()), table


def test_columns_come_from_columns_of_the_assets_before() -> None:
    known = specs()
    for spec in known.values():
        lineage = spec.metadata.get("dagster/column_lineage")
        for column, sources in (lineage.deps_by_column if lineage else {}).items():
            assert column in columns_of(spec)
            for source in sources:
                assert source.column_name in columns_of(known[source.asset_key.to_user_string()]), source


def test_an_asset_links_to_the_function_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made_here = {name: spec for name, spec in specs().items() if name != decisions.key.to_user_string()}
    for name, spec in made_here.items():
        (here,) = spec.metadata["dagster/code_references"].code_references
        lines = [linecache.getline(here.file_path, here.line_number + offset) for offset in range(40)]
        assert any(line.startswith(f"def {name}(") for line in lines), name
    monkeypatch.setenv("VIRAL_ASSETS_CODE_URL", "https://github.com/acme/viral_assets/tree/main/")
    (web,) = specs()["tweet_scores"].metadata["dagster/code_references"].code_references
    line = inspect.getsourcelines(inspect.unwrap(tweet_scores.op.compute_fn.decorated_fn))[1]  # type: ignore[union-attr]
    assert web.url == f"https://github.com/acme/viral_assets/tree/main/viral_assets/defs/assets/scoring.py#L{line}"
    assert web_address(Path(__file__), 3, "https://x").endswith(
        "/viral_assets_tests/defs/assets/test_definition_metadata.py#L3"
    )


def test_the_two_ends_of_the_chain_get_stale_unless_the_data_set_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=24), warn_window=timedelta(hours=3))
    policies = {name: spec.freshness_policy for name, spec in specs().items() if spec.freshness_policy}
    assert policies == {"tweets": wanted, "suggestion_digest": wanted}
    closed = build_defs(begins=FIRST, end=FIRST + HOUR)
    assert not any(spec.freshness_policy for spec in closed.resolve_all_asset_specs())


def test_every_resource_says_what_it_is_for() -> None:
    resources = build_defs().get_repository_def().get_top_level_resources()
    assert [name for name, resource in resources.items() if not resource.description] == []
