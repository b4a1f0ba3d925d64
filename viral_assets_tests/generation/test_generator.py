"""The public Python API, as a script uses it: with and without a key, a database, a project."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pytest
import sqlalchemy as sa

import viral_assets.generation
from viral_assets.errors import ConfigurationError, DatabaseUnavailableError, QuotaError, UnknownProjectError
from viral_assets.generation import (
    AsyncCommentGenerator,
    AsyncRateLimiter,
    Opportunity,
    Progress,
    engine,
    generate_comments_async,
)
from viral_assets.generation.run.items import Suggestion
from viral_assets.projects.model import TaxonomyNode
from viral_assets.quota import Limits
from viral_assets.quota.from_settings import limits_from
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import quota_runners
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import HOUR, TYPES, opportunity, pack, project
from viral_assets_tests.generation.running import on_virtual_time, outcomes_of, requests_of, suggestions_of
from viral_assets_tests.virtual_clock import VirtualClock

T = TypeVar("T")

TEXT = "Dinner without phones lasted eleven minutes tonight, which is a new family record."
KEY = "AIza-not-a-real-key"
ENVIRONMENT = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_ENDPOINT", "GEMINI_MODEL", "OPENAI_BASE_URL")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name in ("PROVIDER", "RPM", "TPM", "RPD", "DAILY_BUDGET_USD", "DATABASE_URL", "QUOTA_WINDOW_SECONDS"):
        monkeypatch.delenv(f"VIRAL_ASSETS_{name}", raising=False)
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(tmp_path / "home"))


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def types_of(suggestions: list[Suggestion]) -> list[str]:
    return [each.suggestion_type for each in suggestions]


# ---- the names


def test_the_names_and_defaults_are_those_that_were_promised() -> None:
    def parameters(of: Any) -> dict[str, Any]:
        return {name: each.default for name, each in inspect.signature(of).parameters.items() if name != "self"}

    nothing = inspect.Parameter.empty
    assert list(parameters(AsyncCommentGenerator).items())[:4] == [
        ("api_key", None),
        ("max_requests_per_minute", 15),
        ("batch_size", 5),
        ("max_workers", 10),
    ]
    assert parameters(AsyncRateLimiter)["max_per_minute"] == 15
    assert list(parameters(AsyncCommentGenerator.generate_suggestions_async)) == ["tweet", "topic", "config"]
    assert list(parameters(AsyncCommentGenerator.generate_batch_async)) == ["tweets", "topics", "config"]
    assert parameters(AsyncCommentGenerator.generate_and_save_batch_async) == {
        "project_id": nothing,
        "tweets_with_scores": nothing,
        "config": None,
        "progress_callback": None,
    }
    assert parameters(AsyncCommentGenerator.cleanup) == {}
    assert parameters(generate_comments_async) == {
        "project_id": nothing,
        "tweets_with_scores": nothing,
        "config": None,
        "batch_size": 5,
        "max_requests_per_minute": 15,
        "progress_callback": None,
    }
    assert set(viral_assets.generation.__all__) >= {
        "AsyncCommentGenerator",
        "AsyncRateLimiter",
        "generate_comments_async",
    }


# ---- without a key, without a database


def test_without_a_key_drafts_are_written_offline_and_say_so() -> None:
    generator = AsyncCommentGenerator()

    suggestions = run(generator.generate_suggestions_async(TEXT, "Screen time"))

    assert generator.provider == "offline"
    assert types_of(suggestions) == list(TYPES)
    assert {each.provider for each in suggestions} == {"offline"}


@pytest.mark.parametrize("provider", ["google-genai", "google-generativeai"])
def test_with_a_key_the_service_is_asked(provider: str, emulator: GeminiEmulator) -> None:
    async def asked() -> list[list[Suggestion]]:
        async with AsyncCommentGenerator(KEY, provider=provider, endpoint=emulator.url) as generator:
            return await generator.generate_batch_async([TEXT, {"text": TEXT + " Again."}], ["Dinner", "Sleep"])

    first, second = run(asked())

    assert types_of(first) == types_of(second) == list(TYPES)
    assert {each.provider for each in [*first, *second]} == {provider}
    # They are sent at once, so either may arrive first.
    assert sorted(arrival.tweet_ids for arrival in emulator.arrivals) == [["tweet-1"], ["tweet-2"]]
    assert {arrival.key for arrival in emulator.arrivals} == {KEY}


def test_answers_come_in_the_order_of_the_tweets(emulator: GeminiEmulator) -> None:
    emulator.script("reordered")
    tweets = [{"tweet_id": str(number), "text": f"{TEXT} {number}", "lang": "en"} for number in range(6)]
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url, tweets_per_request=6)

    batches = run(generator.generate_batch_async(tweets, ["Dinner"]))
    singles = [run(generator.generate_suggestions_async(tweet, "Dinner"))[0].text for tweet in tweets]

    assert [batch[0].text for batch in batches] == singles
    assert len(set(singles)) == 6


def test_a_tweet_without_suggestions_is_an_empty_list(emulator: GeminiEmulator) -> None:
    emulator.script("safety")
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url, batch_size=1)

    assert [len(each) for each in run(generator.generate_batch_async([TEXT], ["Dinner"]))] == [0]


@pytest.mark.parametrize(
    "topic",
    [
        "Sleep",
        {"label": "Sleep", "description": "Of children"},
        {"name": "Sleep"},
        TaxonomyNode(label="Sleep", description="?"),
    ],
)
def test_a_topic_is_a_label_or_says_more(topic: Any, emulator: GeminiEmulator) -> None:
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url)

    assert len(run(generator.generate_suggestions_async(TEXT, topic))) == 3
    assert '"topic": "Sleep"' in str(emulator.bodies[0])


@pytest.mark.parametrize(
    "config",
    [
        None,
        project(suggestion_types=[{"name": "funny", "instruction": "Make them laugh."}]),
        {"suggestion_types": [{"name": "funny", "instruction": "Make them laugh."}]},
    ],
)
def test_a_config_is_a_project_or_parts_of_one(config: Any) -> None:
    suggestions = run(AsyncCommentGenerator().generate_suggestions_async(TEXT, "Sleep", config))

    assert types_of(suggestions) == (list(TYPES) if config is None else ["funny"])


def test_nothing_in_nothing_out() -> None:
    assert run(AsyncCommentGenerator().generate_batch_async([], [])) == []


def test_a_generator_can_be_used_again_after_it_was_cleaned_up(emulator: GeminiEmulator) -> None:
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url)

    for _ in range(2):
        assert run(generator.generate_suggestions_async(TEXT, "Sleep"))
        run(generator.cleanup())
    run(generator.cleanup())


def test_several_calls_at_once_that_cannot_share_a_request_share_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    service = on_virtual_time(requests_per_window=2, latency=(1.0, 0.1))
    monkeypatch.setattr(engine, "build_client", lambda *_, **__: InProcessClient(service))
    assert isinstance(service.clock, VirtualClock)

    async def both() -> None:
        async with AsyncCommentGenerator(KEY, limits=Limits(max_requests=2), clock=service.clock) as generator:
            await asyncio.gather(
                *(generator.generate_suggestions_async(TEXT, f"Sleep {number}") for number in range(5))
            )
            assert generator.ledger.status().window_requests <= 2

    service.clock.run(both())

    assert [arrival.status for arrival in service.arrivals] == [200] * 5
    assert service.max_in_any_window() <= 2


# ---- what cannot work


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": "many"}, "batch_size"),
        ({"batch_size": 2.5}, "batch_size"),
        ({"tweets_per_request": -1}, "tweets_per_request"),
        ({"max_workers": 0}, "max_workers"),
        ({"provider": "openai"}, "openai"),
        ({"provider": "google-genai"}, "GEMINI_API_KEY"),
        ({"provider": "google-generativeai"}, "GEMINI_API_KEY"),
        ({"api_key": KEY, "endpoint": "localhost:1"}, "GEMINI_API_ENDPOINT"),
    ],
)
def test_a_setting_that_cannot_work_is_named(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        AsyncCommentGenerator(**arguments)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("rate", [0, -5, 1.5, float("nan")])
def test_a_rate_that_cannot_work_is_an_error(rate: float) -> None:
    with pytest.raises(QuotaError, match="whole number"):
        AsyncCommentGenerator(max_requests_per_minute=rate)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tweets", "topics", "config", "says"),
    [
        ([TEXT, TEXT], ["a", "b", "c"], None, "2 tweets need as many topics"),
        ([TEXT], [], None, "topics"),
        ([{"text": "  "}], ["a"], None, "needs 'tweet_id' and 'text'"),
        ([{"text": None}], ["a"], None, "needs 'tweet_id' and 'text'"),
        ([{"text": TEXT, "tweet_id": "1" * 33}], ["a"], None, "not a tweet's id"),
        ([{"text": TEXT, "tweet_id": 1.92797e18}], ["a"], None, "not a tweet's id"),
        ([{"text": TEXT, "created_at": "some day"}], ["a"], None, "not a time"),
        ([TEXT], [{}], None, "label"),
        ([TEXT], ["a"], {"voice": {}}, "config: voice.persona"),
        ([TEXT], ["a"], {"moods": 1}, "config: moods"),
    ],
)
def test_input_that_cannot_be_used_is_named(tweets: Any, topics: Any, config: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        run(AsyncCommentGenerator().generate_batch_async(tweets, topics, config))


def test_saving_needs_a_database() -> None:
    with pytest.raises(ConfigurationError, match="needs a database"):
        run(AsyncCommentGenerator().generate_and_save_batch_async("calm", [], project()))


# ---- with a database


SCORED: list[dict[str, Any]] = [
    {"tweet_id": "11", "text": TEXT, "created_at": "2026-11-21T20:05:00Z", "topic": "Dinner", "total": 0.9},
    {"tweet_id": "12", "text": TEXT + " Two.", "created_at": "2026-11-21T21:59:59Z", "topic": "Sleep", "total": 0.8},
]


def as_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame["created_at"] = pd.to_datetime(frame["created_at"])
    return frame


def as_pairs(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], Any]]:
    return [({key: row[key] for key in ("tweet_id", "text", "created_at", "topic")}, row["total"]) for row in rows]


def as_pairs_with_scores(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        ({"id": row["tweet_id"], "text": row["text"], "created_at": row["created_at"]}, {"best_topic": row["topic"]})
        for row in rows
    ]


@pytest.mark.parametrize("shape", [list, as_frame, as_pairs, as_pairs_with_scores])
def test_scored_tweets_come_as_rows_or_pairs_and_are_saved(shape: Any, sqlite_database: Database) -> None:
    reported: list[Progress] = []
    generator = AsyncCommentGenerator(database=sqlite_database)

    result = run(generator.generate_and_save_batch_async("calm", shape(SCORED), project(), reported.append))

    assert (result["generated"], result["saved"], result["failed"]) == (6, 6, 0)
    assert (result["opportunities"], result["requests"], result["provider"]) == (2, 1, "offline")
    assert set(result["windows"]) == {datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (20, 21)}
    assert reported[-1].finished == 2
    assert suggestions_of(sqlite_database) == {"11": set(TYPES), "12": set(TYPES)}


def test_a_second_call_makes_no_request(sqlite_database: Database) -> None:
    generator = AsyncCommentGenerator(database=sqlite_database)
    run(generator.generate_and_save_batch_async("calm", SCORED, project()))

    again = run(generator.generate_and_save_batch_async("calm", SCORED, project()))

    assert (again["already_done"], again["requests"], again["saved"]) == (2, 0, 0)


def test_what_pandas_puts_where_nothing_is_counts_as_nothing(sqlite_database: Database) -> None:
    frame = as_frame([{**row, "lang": None, "author_handle": None, "topic": None} for row in SCORED])
    frame["window_start"] = pd.NaT
    frame["lang"] = float("nan")

    result = run(
        AsyncCommentGenerator(database=sqlite_database).generate_and_save_batch_async("calm", frame, project())
    )

    assert result["generated"] == 6


def test_without_a_config_the_project_file_of_that_name_counts(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "garden.yml").write_text(
        "name: garden\ntaxonomy: [{label: Roses, description: Growing roses}]\nvoice: {persona: A gardener.}\n"
        "suggestion_types: [{name: funny, instruction: Make them laugh.}]\n"
    )
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(tmp_path))
    generator = AsyncCommentGenerator(database=sqlite_database)

    result = run(generator.generate_and_save_batch_async("garden", SCORED))

    assert result["saved"] == 2
    with pytest.raises(UnknownProjectError, match="garden"):
        run(generator.generate_and_save_batch_async("gardn", SCORED))


def test_a_script_that_only_wants_answers_leaves_no_results_behind(
    emulator: GeminiEmulator, sqlite_database: Database
) -> None:
    tweets = [{"tweet_id": "11", "text": TEXT}]
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url, database=sqlite_database)
    run(generator.generate_and_save_batch_async("calm", SCORED[:1], project()))

    (suggestions,) = run(generator.generate_batch_async(tweets, ["Dinner"], project()))

    assert len(suggestions) == 3, "that it is done in the database is no matter"
    assert outcomes_of(sqlite_database) == {"11": "done"}
    assert len(requests_of(sqlite_database)) == 2, "but the quota is one"
    assert generator.ledger.unparsed("calm") == []


def test_a_key_is_in_no_row_and_two_generators_with_it_share_its_quota(
    emulator: GeminiEmulator, sqlite_database: Database
) -> None:
    first = AsyncCommentGenerator(KEY, endpoint=emulator.url, database=sqlite_database)
    second = AsyncCommentGenerator(f" {KEY} ", endpoint=emulator.url, database=sqlite_database)
    other = AsyncCommentGenerator(KEY + "2", endpoint=emulator.url, database=sqlite_database)

    run(first.generate_and_save_batch_async("calm", SCORED, project()))

    assert second.ledger.status().window_requests == 2
    assert other.ledger.status().window_requests == 0
    with sqlite_database.read() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                assert KEY not in str(row)


def test_a_generator_announces_itself_until_it_has_run_or_is_let_go(
    emulator: GeminiEmulator, sqlite_database: Database
) -> None:
    def announced() -> int:
        with sqlite_database.read() as connection:
            return len(connection.execute(sa.select(quota_runners)).all())

    first, second = (AsyncCommentGenerator(KEY, endpoint=emulator.url, database=sqlite_database) for _ in range(2))
    assert announced() == 2

    run(first.cleanup())
    assert announced() == 1
    run(second.generate_and_save_batch_async("calm", SCORED, project()))
    assert announced() == 0


def test_a_database_that_is_not_there_is_the_runs_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    generator = AsyncCommentGenerator(KEY, database=Database(f"sqlite:///{tmp_path}/file/va.db"))

    with pytest.raises(DatabaseUnavailableError):
        run(generator.generate_and_save_batch_async("calm", SCORED, project()))


def test_opportunities_of_several_projects_share_a_run(emulator: GeminiEmulator, sqlite_database: Database) -> None:
    projects = {"calm": project(), "other": project("other")}
    tweets: list[Opportunity] = [*pack(5), *(opportunity(str(number), project="other") for number in range(4))]
    generator = AsyncCommentGenerator(KEY, endpoint=emulator.url, database=sqlite_database, run_id="run-7")

    report = run(generator.generate_opportunities(tweets, projects))

    assert report.outcomes == {"done": 9}
    assert (report.provider, report.model) == ("google-generativeai", project().generation.model)
    assert {row.run_id for row in requests_of(sqlite_database)} == {"run-7"}


def test_the_one_call_of_the_environment(emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    monkeypatch.setenv("GEMINI_MODEL", "gemini-2.5-flash")
    monkeypatch.setenv("VIRAL_ASSETS_PROVIDER", "google-genai")
    monkeypatch.setenv("VIRAL_ASSETS_RPD", "1")

    call: dict[str, Any] = {"config": project(), "batch_size": 1, "max_requests_per_minute": 9}
    result = run(generate_comments_async("calm", as_frame(SCORED[:1]), **call))
    second = run(generate_comments_async("calm", as_frame(SCORED[1:]), **call))

    assert (result["generated"], result["saved"], result["failed"]) == (3, 3, 0)
    assert (second["deferred"], second["requests"]) == (1, 0), "the day's one request is used up"
    assert (result["provider"], result["model"]) == ("google-genai", "gemini-2.5-flash")
    assert emulator.arrivals[0].model == "gemini-2.5-flash"
    assert load_settings().home.joinpath("viral_assets.db").exists()


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("RPM", "0", "requests per window"),
        ("RPM", "1.5", "requests per window"),
        ("TPM", "-1", "tokens per window"),
        ("RPD", "nan", "requests per day"),
        ("DAILY_BUDGET_USD", "-0.5", "daily budget"),
        ("DAILY_BUDGET_USD", "inf", "daily budget"),
        ("QUOTA_WINDOW_SECONDS", "0", "quota window"),
    ],
)
def test_limits_of_the_environment_that_cannot_work_are_named(
    variable: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"VIRAL_ASSETS_{variable}", value)

    with pytest.raises((QuotaError, ConfigurationError), match=says):
        limits_from(load_settings())


def test_limits_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in {"RPM": "10", "TPM": "1e6", "RPD": "", "DAILY_BUDGET_USD": "2.5"}.items():
        monkeypatch.setenv(f"VIRAL_ASSETS_{variable}", value)

    assert limits_from(load_settings()) == Limits(max_requests=10, max_tokens=1_000_000, daily_budget_usd=2.5)


@pytest.mark.parametrize(
    ("arguments", "variable", "provider"),
    [
        ({}, "", "google-generativeai"),
        ({"models": ["gemini-2.5-flash-lite", "gemini-3.8-flash"]}, "", "google-genai"),
        ({"model": "gemini-2.5-flash"}, "", "google-genai"),
        ({"models": ["gemini-3.8-flash"], "model": "gemini-2.5-flash-lite"}, "", "google-generativeai"),
        ({"models": ["gemini-2.5-flash-lite"]}, "gemini-2.5-pro", "google-genai"),
    ],
)
def test_auto_is_the_sdk_that_can_turn_down_the_thinking_of_the_model_that_is_asked(
    arguments: dict[str, Any], variable: str, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_MODEL", variable)

    assert AsyncCommentGenerator(KEY, **arguments).provider == provider


def test_hours_are_those_of_the_tweets() -> None:
    assert {tweet.window_start for tweet in pack(3)} == {HOUR}
