"""``viral-assets generate-comments``, with real runs on a real Dagster instance."""

from __future__ import annotations

import re
import shlex
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.cli.generate import whole_or_auto
from viral_assets.defs.assets.generation import STOPPING
from viral_assets.errors import ConfigurationError
from viral_assets.generation.opportunity import Edit
from viral_assets.hours import HOUR, HourRange
from viral_assets.settings import load_settings
from viral_assets.store.bulk import upsert
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, llm_requests, tweets
from viral_assets.text.hashing import text_hash
from viral_assets_tests.cli.conftest import CommandLine, hour_arguments, write_tweets
from viral_assets_tests.gemini_emulator import INVALID_KEY, GeminiEmulator
from viral_assets_tests.learning.test_voice import PLAIN
from viral_assets_tests.store.rows import tweet_row
from viral_assets_tests.store.test_decisions import row_of
from viral_assets_tests.waiting import PATIENCE, until

PROMISED = {"windows", "opportunities", "generated", "saved", "failed", "requests", "tokens", "cost_usd", "seconds"}


@pytest.fixture
def hours(viral_assets: CommandLine, tmp_path: Path, last_hour: datetime) -> tuple[str, ...]:
    """The arguments for one hour, whose tweets have been ingested."""
    assert viral_assets("ingest", write_tweets(tmp_path / "tweets.json", last_hour)).code == 0
    return hour_arguments(HourRange(last_hour, last_hour + HOUR))


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


@pytest.mark.slow
def test_a_range_of_hours_becomes_suggestions_and_a_second_run_asks_for_nothing(
    viral_assets: CommandLine, hours: tuple[str, ...]
) -> None:
    first = viral_assets("generate-comments", *hours, "--json")
    assert first.code == 0, first.err
    assert first.json.keys() >= PROMISED
    assert first.json["windows"] == 1
    assert first.json["opportunities"] > 0
    assert first.json["saved"] == 3 * first.json["opportunities"]
    assert first.json["failed"] == 0
    assert first.json["failed_checks"] == []
    assert first.json["provider"] == "offline"
    assert first.out.count("\n") == 1
    assert first.json["read"] == first.json["opportunities"] + sum(first.json["left_out"].values()) == 4
    assert (first.json["hours_without_tweets"], first.json["hours_with_none_chosen"]) == (0, 0)

    again = viral_assets("generate-comments", *hours, "--json")
    assert again.code == 0
    assert (again.json["requests"], again.json["saved"]) == (0, 0)
    assert again.json["already_done"] == first.json["opportunities"]

    with dg.DagsterInstance.from_config(str(viral_assets.home / "dagster")) as instance:
        runs = instance.get_runs()
    assert {run.run_id for run in runs} == {*first.json["run_ids"], *again.json["run_ids"]}
    assert all(run.is_success for run in runs)


@pytest.mark.slow
def test_hours_without_tweets_look_unlike_hours_with_none_chosen(
    viral_assets: CommandLine, hours: tuple[str, ...], last_hour: datetime
) -> None:
    both = hour_arguments(HourRange(last_hour - HOUR, last_hour + HOUR))
    said = viral_assets("generate-comments", *both, "--min-followers", "900000000").out
    assert re.search("tweets looked at +4 *$", said, re.MULTILINE), said
    assert re.search("left out +4 below a minimum of followers, likes or views *$", said, re.MULTILINE)
    assert re.search("hours without tweets +1 of 2 *$", said, re.MULTILINE)
    assert re.search("hours with none chosen +1 of 2 *$", said, re.MULTILINE)
    dry = viral_assets("generate-comments", *hours, "--min-followers", "900000000", "--dry-run").out
    assert "worth a reply (all 4 left out: 4 below a minimum of followers, likes or views)" in dry


@pytest.mark.slow
def test_every_command_that_is_printed_is_one(viral_assets: CommandLine, hours: tuple[str, ...]) -> None:
    outputs = [
        viral_assets("generate-comments", *hours, "--dry-run").out,
        viral_assets("generate-comments", *hours).out,
        viral_assets("export-comments", "--status", "posted").out,
        viral_assets("quota").out,
    ]
    printed = {line.strip() for out in outputs for line in re.findall(r"viral-assets ([a-z][^`\n(]*)", out)}
    assert any(each.startswith("review --from") for each in printed), printed
    for each in printed:
        # The options are read before the help is shown: one that does not exist is an error.
        said = viral_assets(*shlex.split(each.rstrip(".")), "--help")
        assert said.code == 0, (each, said.err)


@pytest.mark.slow
def test_a_dry_run_asks_for_nothing_and_says_what_it_would_take(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    said = viral_assets("generate-comments", *hours, "--dry-run", "--json")
    assert said.code == 0, said.err
    assert emulator.arrivals == []
    estimate = said.json["estimate"]
    assert estimate["opportunities"] == said.json["opportunities"] > 0
    assert sum(estimate["packs"]) == estimate["opportunities"]
    assert estimate["cost_usd"] > 0
    assert said.json["requests"] == said.json["saved"] == 0
    assert "--dry-run" in said.err


@pytest.mark.slow
def test_the_drafts_of_an_hour_are_shown_what_people_made_of_earlier_ones(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    arguments = ("generate-comments", *hours, "--dry-run", "--json")
    before = viral_assets(*arguments)
    assert before.code == 0, before.err
    database = Database(load_settings().resolved_database_url)
    now = datetime.now(UTC)
    edits = [Edit(f"Great one! {text}!", f"{text}.") for text in PLAIN[:5]]
    rows = [
        row_of(
            SuggestionKey("demo", tweet_id, "add_value"),
            now,
            text=edit.text,
            original_text=edit.draft,
            status="edited",
            provider="google-genai",
            decided_at=now,
        )
        for tweet_id, edit in zip(map(str, range(5)), edits, strict=True)
    ]
    with database.begin() as connection:
        # About the same as the tweets of the hour: their vectors are known.
        texts = list(connection.execute(sa.select(tweets.c.text)).scalars()) * 2
        upsert(
            connection,
            tweets,
            [
                tweet_row(str(at), created_at=now - 9 * HOUR, text=text, text_sha256=text_hash(text))
                for at, text in enumerate(texts[:5])
            ],
        )
        upsert(connection, comment_suggestions, rows)
    database.dispose()
    after = viral_assets(*arguments)
    more = after.json["estimate"]["input_tokens"] - before.json["estimate"]["input_tokens"]
    assert after.json["estimate"]["requests"] == before.json["estimate"]["requests"]
    assert more > sum(len(each.draft + each.text) for each in edits[:2]) / 4
    said = viral_assets("generate-comments", *hours, "--json")
    assert said.code == 0, said.err
    assert said.json["failed"] == 0
    assert max(each.input_tokens for each in emulator.generated()) > more / 2


@pytest.mark.slow
def test_half_price_is_asked_for_and_said_before_and_after(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    arguments = ("generate-comments", *hours, "--tier", "flex", "--json")
    before = viral_assets(*arguments, "--dry-run")
    assert before.code == 0, before.err
    estimate = before.json["estimate"]
    assert estimate["tiers"] == ["flex"]
    assert estimate["standard_cost_usd"] == pytest.approx(2 * estimate["cost_usd"])
    assert "at the standard tier" in before.err
    after = viral_assets(*arguments)
    assert after.code == 0, after.err
    assert {each.tier for each in emulator.generated()} == {"flex"}
    assert after.json["spared_usd"] == pytest.approx(after.json["cost_usd"])
    assert "less than at the standard tier" in after.err


def test_a_tier_that_nobody_knows_is_one_line(viral_assets: CommandLine, hours: tuple[str, ...]) -> None:
    said = viral_assets("generate-comments", *hours, "--tier", "priority")
    assert said.code != 0
    assert "--tier: 'priority' is none of standard, flex, batch" in said.err


@pytest.mark.slow
def test_force_asks_again_and_a_fixed_size_of_requests_is_kept_to(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    arguments = ("generate-comments", *hours, "--tweets-per-request", "2", "--json")
    first = viral_assets(*arguments)
    assert first.code == 0, first.err
    assert {len(arrival.tweet_ids) for arrival in emulator.arrivals} <= {1, 2}

    estimate = viral_assets(*arguments, "--force", "--dry-run").json["estimate"]
    forced = viral_assets(*arguments, "--force")

    assert forced.json["requests"] == estimate["requests"] == first.json["requests"] > 0
    assert forced.json["already_done"] == 0
    assert forced.json["opportunities"] == first.json["opportunities"]


@pytest.mark.slow
def test_the_model_writes_the_suggestions_when_there_is_a_key(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
    said = viral_assets("generate-comments", *hours, "--json")
    assert said.code == 0, said.err
    assert said.json["provider"] == "google-generativeai"
    assert said.json["requests"] == len(emulator.generated()) > 0
    assert said.json["saved"] > 0
    assert said.json["cost_usd"] > 0
    assert said.json["answered_by"] == {said.json["model"]: said.json["requests"]}


@pytest.mark.slow
def test_a_wrong_key_is_one_line_without_the_key(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator
) -> None:
    said = viral_assets.in_a_process(
        "generate-comments", *hours, "--json", GEMINI_API_KEY=INVALID_KEY, GEMINI_API_ENDPOINT=emulator.url
    )
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert "GEMINI_API_KEY" in said.err
    assert INVALID_KEY not in said.err + said.out
    assert said.json["saved"] == 0
    assert said.json["error"] in said.err


def interrupted_while_it_asks(
    viral_assets: CommandLine, emulator: GeminiEmulator, *arguments: str, **environment: str
) -> str:
    """What a command says that is interrupted while its second request is under way, which is answered then."""
    answers_may_take_long(viral_assets)
    with emulator.holding(after=1) as hold:
        process = viral_assets.forked(*arguments, **environment)
        hold.wait_for(1, meanwhile=lambda: process.code is None)
        process.interrupt()
        with dg.DagsterInstance.from_config(str(viral_assets.home / "dagster")) as instance:
            until(lambda: was_told_to_stop(instance), "the run to be told", meanwhile=lambda: process.code is None)
        hold.release()
        code, _, err = process.ended(PATIENCE)
    assert code == 130, err
    return err


def was_told_to_stop(instance: dg.DagsterInstance) -> bool:
    """Whether the newest run was."""
    (run,) = instance.get_runs(limit=1)
    return any(STOPPING in entry.user_message for entry in instance.all_logs(run.run_id))


def answers_may_take_long(viral_assets: CommandLine) -> None:
    """As if the service had always been slow: a request is not given up while it is held."""
    database = Database(f"sqlite:///{viral_assets.home / 'viral_assets.db'}")
    with database.begin() as connection:
        connection.execute(sa.update(llm_requests).values(finished_at=llm_requests.c.granted_at + 60))
    database.dispose()


@pytest.mark.slow
def test_an_interrupt_saves_what_is_under_way_and_the_same_command_goes_on(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator
) -> None:
    environment = {"GEMINI_API_KEY": "a-key", "GEMINI_API_ENDPOINT": emulator.url}
    arguments = ["generate-comments", *hours, "--no-batch", "--json"]
    err = interrupted_while_it_asks(viral_assets, emulator, *arguments, **environment)
    said = err.splitlines()
    assert len(said) == 2, err
    assert re.fullmatch(r"viral-assets: finishing 1 request, about \d+ seconds?; again to give them up", said[0])
    assert said[1].startswith("viral-assets: interrupted")

    paid = set(emulator.answered())
    assert len(emulator.arrivals) == len(paid) == 2, "one before, and the one under way"
    emulator.reset()
    again = viral_assets.in_a_fork(*arguments, **environment)
    assert again.code == 0
    assert again.json["already_done"] == len(paid)
    assert not paid & set(emulator.answered())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "way"), [("google-generativeai", signal.SIGINT), ("google-genai", signal.SIGTERM)]
)
def test_a_second_interrupt_gives_up_what_is_under_way_and_waits_for_no_answer(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, provider: str, way: signal.Signals
) -> None:
    environment = {
        "GEMINI_API_KEY": "a-key",
        "GEMINI_API_ENDPOINT": emulator.url,
        "VIRAL_ASSETS_PROVIDER": provider,
        "VIRAL_ASSETS_RPM": "1000",
    }
    arguments = ["generate-comments", *hours, "--tweets-per-request", "1", "--batch-size", "2", "--json"]
    with emulator.holding(after=1) as hold:
        process = viral_assets.start(*arguments, **environment)
        hold.wait_for(2, meanwhile=lambda: process.poll() is None)
        with dg.DagsterInstance.from_config(str(viral_assets.home / "dagster")) as instance:
            for wanted in (lambda: was_told_to_stop(instance), lambda: process.poll() is not None):
                process.send_signal(way)
                until(wanted, "what an interrupt brings")
        _, err = process.communicate(timeout=PATIENCE)
        paid = set(emulator.answered())
        assert len(paid) == 1, "it has not waited for the others"

    assert process.returncode == 130, err
    assert re.match(r"viral-assets: finishing 2 requests, about \d+ seconds?; again to give them up\n", err), err
    assert err.splitlines()[1:] == [line for line in err.splitlines() if line.startswith("viral-assets: interrupted")]
    with dg.DagsterInstance.from_config(str(viral_assets.home / "dagster")) as instance:
        (run,) = instance.get_runs(limit=1)
        assert run.status == dg.DagsterRunStatus.CANCELED
    assert Counter(errors_of_requests(viral_assets)) == {None: 1, "cancelled while under way": 2}

    emulator.reset()
    again = viral_assets.in_a_fork(*arguments, **environment)
    assert again.code == 0, again.err
    assert again.json["already_done"] == 1
    assert not paid & set(emulator.answered())


def errors_of_requests(viral_assets: CommandLine) -> list[str | None]:
    database = Database(f"sqlite:///{viral_assets.home / 'viral_assets.db'}")
    with database.read() as connection:
        found = list(connection.execute(sa.select(llm_requests.c.error)).scalars())
    database.dispose()
    return found


@pytest.mark.slow
def test_a_forced_run_that_is_interrupted_goes_on_with_the_same_command(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator
) -> None:
    environment = {"GEMINI_API_KEY": "a-key", "GEMINI_API_ENDPOINT": emulator.url}
    arguments = ["generate-comments", *hours, "--no-batch", "--json"]
    first = viral_assets.in_a_fork(*arguments, **environment)
    emulator.reset()
    interrupted_while_it_asks(viral_assets, emulator, *arguments, "--force", **environment)

    paid = set(emulator.answered())
    assert len(emulator.arrivals) == len(paid) == 2, "one before, and the one under way"
    emulator.reset()
    estimate = viral_assets.in_a_fork(*arguments, "--force", "--dry-run", **environment).json["estimate"]
    again = viral_assets.in_a_fork(*arguments, "--force", **environment)
    assert again.code == 0
    assert "goes on with what was forced" in again.err
    assert again.json["already_done"] == estimate["already_done"] == len(paid)
    assert again.json["requests"] == first.json["opportunities"] - len(paid)
    assert not paid & set(emulator.answered())

    anew = viral_assets.in_a_fork(*arguments, "--force", **environment)
    assert anew.json["already_done"] == 0, "what has come to its end is forced anew"


@pytest.mark.slow
def test_a_key_after_a_trial_replaces_the_offline_drafts(
    viral_assets: CommandLine, hours: tuple[str, ...], emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = viral_assets("generate-comments", *hours, "--json")
    assert trial.json["provider"] == "offline"
    monkeypatch.setenv("GEMINI_API_KEY", "AQ.a-key-of-the-tests")
    monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)

    estimate = viral_assets("generate-comments", *hours, "--dry-run", "--json").json["estimate"]
    real = viral_assets("generate-comments", *hours, "--json")
    again = viral_assets("generate-comments", *hours, "--json")

    assert estimate["already_done"] == real.json["already_done"] == 0
    assert real.json["saved"] == trial.json["saved"] > 0
    assert real.json["failed_checks"] == []
    assert (again.json["already_done"], again.json["requests"]) == (trial.json["opportunities"], 0)


def test_a_provider_without_a_key_is_told_before_any_run(
    viral_assets: CommandLine, hours: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_PROVIDER", "google-genai")
    said = viral_assets("generate-comments", *hours)
    assert said.code == 2
    assert "GEMINI_API_KEY" in said.err
    assert said.err.count("\n") == 1
    assert not (viral_assets.home / "dagster" / "history" / "runs.db").exists()


@pytest.mark.parametrize(("text", "meant"), [("1", 1), ("5", 5), ("auto", "auto")])
def test_batch_sizes(text: str, meant: int | str) -> None:
    assert whole_or_auto(text, "--batch-size", most=1000) == meant


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "", "Auto", "٣", "1001", "9" * 5000])
def test_a_batch_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--batch-size"):
        whole_or_auto(text, "--batch-size", most=1000)
