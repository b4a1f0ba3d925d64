"""Whole runs on a model of one's own: the same ledger, the same rows, without a key of Google."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from viral_assets.errors import FatalProviderError
from viral_assets.generation import AsyncCommentGenerator
from viral_assets.generation.run.report import GenerationReport
from viral_assets.llm.prices import Price
from viral_assets.quota import Limits
from viral_assets.quota.from_settings import configured_ledgers
from viral_assets.quota.keys import openai_account, part_of
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets_tests.generation.make import TYPES, pack, project
from viral_assets_tests.generation.running import outcomes_of, requests_of, suggestions_of
from viral_assets_tests.openai_emulator import MODEL, OpenAIConfig, OpenAIEmulator

PROJECTS = {"calm": project()}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GEMINI_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("PROVIDER", "RPM", "TPM", "RPD", "DAILY_BUDGET_USD", "QUOTA_WINDOW_SECONDS"):
        monkeypatch.delenv(f"VIRAL_ASSETS_{name}", raising=False)
    monkeypatch.setenv("OPENAI_MODEL", MODEL)


@pytest.fixture
def emulator() -> Iterator[OpenAIEmulator]:
    with OpenAIEmulator() as running:
        yield running


def generate(url: str | None, database: Database, tweets: int, **how: Any) -> GenerationReport:
    given = {"provider": "openai", "endpoint": url, "database": database, **how}

    async def run() -> GenerationReport:
        async with AsyncCommentGenerator(**given) as generator:
            return await generator.generate_opportunities(pack(tweets), PROJECTS)

    return asyncio.run(run())


def test_a_run_ends_every_tweet_and_writes_the_same_rows(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    report = generate(emulator.url, sqlite_database, 7, run_id="run-7")

    assert report.outcomes == {"done": 7}
    assert (report.provider, report.model) == ("openai", MODEL)
    assert report.cost_usd is None, "nobody said what this model costs"
    assert list(suggestions_of(sqlite_database).values()) == [set(TYPES)] * 7
    rows = requests_of(sqlite_database)
    assert {(row.provider, row.model, row.run_id, row.counted_cost_usd) for row in rows} == {
        ("openai", MODEL, "run-7", None)
    }
    assert {row.quota_key for row in rows} == {part_of(openai_account(None, emulator.url), MODEL)}
    assert sum(row.input_tokens for row in rows) == sum(each.input_tokens for each in emulator.arrivals)
    assert len(rows) == len(emulator.sent)


def test_what_is_done_is_not_asked_again(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    generate(emulator.url, sqlite_database, 3)
    asked = len(emulator.sent)
    generate(emulator.url, sqlite_database, 3)
    assert len(emulator.sent) == asked


def test_a_server_that_takes_nothing_but_words_serves_a_whole_run(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    refuses = frozenset({"json_schema", "json_object", "temperature", "max_tokens", "max_completion_tokens"})
    config = OpenAIConfig(refuses=refuses, thinks="Which of these first?")
    with OpenAIEmulator(config) as simple:
        report = generate(simple.url, sqlite_database, 5, limits=Limits(max_requests=1_000), batch_size=2)
        assert set(simple.sent[-1].body) == {"model", "messages"}
    assert report.outcomes == {"done": 5}
    assert "does not answer" not in caplog.text, "it does, and is not kept waiting"


def test_a_refusal_is_waited_for_and_costs_no_tweet(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    emulator.script("header_soon")
    limits = Limits(max_requests=100, window_seconds=1.0)
    assert generate(emulator.url, sqlite_database, 4, limits=limits).outcomes == {"done": 4}
    assert "refused" in {row.status for row in requests_of(sqlite_database)}


def test_the_limits_hold(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    limits = Limits(max_requests=2, requests_per_day=2)
    report = generate(emulator.url, sqlite_database, 4, limits=limits, tweets_per_request=1)
    assert report.outcomes == {"done": 2, "deferred": 2}
    assert len(emulator.sent) == 2


def test_a_wrong_model_ends_the_run_with_one_line(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    with pytest.raises(FatalProviderError, match="Set OPENAI_MODEL to one it has"):
        generate(emulator.url, sqlite_database, 2, model="another")
    assert outcomes_of(sqlite_database) == {each.tweet_id: "deferred" for each in pack(2)}


def test_a_budget_needs_a_price(emulator: OpenAIEmulator, sqlite_database: Database) -> None:
    limits = Limits(daily_budget_usd=1.0)
    unknown = generate(emulator.url, sqlite_database, 2, limits=limits)
    assert unknown.outcomes == {"deferred": 2}
    assert "known price" in unknown.notes[0]
    assert emulator.sent == []
    prices = {MODEL: Price(input=1.0, output=2.0)}
    report = generate(emulator.url, sqlite_database, 2, limits=limits, prices=prices)
    assert report.outcomes == {"done": 2}
    assert report.cost_usd is not None
    assert report.cost_usd > 0


@pytest.mark.parametrize(
    ("answered_by", "note"),
    [
        (MODEL, []),
        (f"ours/{MODEL}", []),
        ("/models/another-7b.gguf", [f"asked {MODEL}, answered by /models/another-7b.gguf"]),
    ],
)
def test_the_model_that_answers_is_kept_and_costs_what_the_one_that_is_asked_costs(
    sqlite_database: Database, answered_by: str, note: list[str]
) -> None:
    with OpenAIEmulator(OpenAIConfig(answered_by={MODEL: answered_by})) as emulator:
        report = generate(emulator.url, sqlite_database, 2, prices={MODEL: Price(input=1.0, output=2.0)})
    assert {row.model_version for row in requests_of(sqlite_database)} == {answered_by}
    assert report.notes == note
    assert report.cost_usd is not None


def test_a_model_that_answers_for_another_costs_its_own_price_where_that_is_known(sqlite_database: Database) -> None:
    with OpenAIEmulator(OpenAIConfig(answered_by={MODEL: "dear"})) as emulator:
        report = generate(
            emulator.url,
            sqlite_database,
            1,
            prices={MODEL: Price(input=0.0, output=0.0), "dear": Price(input=1e6, output=0.0)},
        )
        assert report.cost_usd == sum(each.input_tokens for each in emulator.arrivals)


def test_the_environment_alone_is_enough(
    emulator: OpenAIEmulator, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.url)
    report = generate(None, sqlite_database, 2, provider=None)
    assert (report.provider, report.outcomes) == ("openai", {"done": 2})
    assert "authorization" not in emulator.sent[0].headers


def test_commands_look_at_the_quota_that_runs_use(
    emulator: OpenAIEmulator, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(emulator.url, sqlite_database, 2)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{emulator.url}/")
    provider, ledgers = configured_ledgers(load_settings(), sqlite_database)
    (ledger,) = ledgers.values()
    assert (provider, ledger.status().day_requests) == ("openai", len(emulator.sent))


def test_the_quota_is_of_the_key_and_without_one_of_the_address() -> None:
    here, there = "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"
    assert openai_account(None, here) == openai_account("", f"{here}/") != openai_account(None, there)
    assert openai_account("sk-a", here) == openai_account("sk-a ", there) != openai_account("sk-b", here)
    assert "sk-a" not in openai_account("sk-a", here)


def test_the_key_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-of-somebody")
    assert "sk-a-key-of-somebody" in load_settings().secrets
    assert "sk-a-key-of-somebody" not in repr(load_settings())
