"""The checks in Dagster: every hour has its own, and a row deleted by hand is found in the hour it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.defs.assets.partitions import partition_tags
from viral_assets.defs.automation.run_summary import RunSummary
from viral_assets.defs.build import build_defs
from viral_assets.defs.checks.catalogue import CHECK_GROUPS
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    embeddings,
    generation_outcomes,
    quota_days,
    tweet_scores,
    tweets,
)
from viral_assets.upkeep.prune import prune
from viral_assets.upkeep.retention import Cutoffs
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow

HOURS = 4
WRONG_HOUR = FIRST + 2 * HOUR


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Four hours, finished."""
    with make_home(tmp_path_factory.mktemp("finished")) as made:
        made.drop("tweets.json", [each for number in range(HOURS) for each in tweets_of(FIRST + number * HOUR)])
        made.summaries.append(made.run(HOURS))
        yield made


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A whole day, finished. Hours without any tweet are hours too."""
    with make_home(tmp_path_factory.mktemp("day")) as made:
        made.drop("tweets.json", [each for number in range(20) for each in tweets_of(FIRST + number * HOUR, 2)])
        made.summaries.append(made.run(24))
        yield made


@pytest.fixture
def home(shared_home: Home, tmp_path: Path) -> Iterator[Home]:
    """For a test that runs hours again."""
    with shared_home.copied_to(tmp_path / "home") as made:
        yield made


@pytest.fixture
def checked(shared_home: Home) -> Iterator[Home]:
    """For a test that does harm to the tables and looks at it with the checks alone."""
    with shared_home.undone_afterwards():
        yield shared_home


@dataclass(frozen=True)
class Harmed:
    """A home where a suggestion of this tweet was deleted, after another run over its hours."""

    home: Home
    tweet_id: str
    summary: RunSummary


@pytest.fixture(scope="module")
def harmed(shared_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harmed]:
    assert shared_home.summaries[0].failed_checks == ()
    with shared_home.copied_to(tmp_path_factory.mktemp("harmed")) as made:
        tweet_id = _delete_one_suggestion(made)
        yield Harmed(made, tweet_id, made.run(HOURS))


def _delete_one_suggestion(home: Home) -> str:
    rows = home.rows("comment_suggestions")
    row = rows[rows["window_start"] == WRONG_HOUR].iloc[0]
    home.execute(
        sa.delete(comment_suggestions).where(
            comment_suggestions.c.tweet_id == row["tweet_id"],
            comment_suggestions.c.suggestion_type == row["suggestion_type"],
        )
    )
    return str(row["tweet_id"])


def test_a_deleted_suggestion_fails_exactly_the_check_of_its_hour_in_a_run_over_several(harmed: Harmed) -> None:
    failed = [each for each in harmed.home.evaluations(harmed.summary.run_ids[0]) if not each.passed]
    assert [(each.check_name, each.partition) for each in failed] == [
        ("every_opportunity_ends", hour_key(WRONG_HOUR)),
        ("every_opportunity_ends", None),
    ]
    hour, whole = failed
    assert harmed.tweet_id in str(hour.description)
    assert harmed.tweet_id in str(hour.metadata["what is wrong"].value)
    assert whole.metadata["failed hours"].value == hour_key(WRONG_HOUR)
    assert len(harmed.summary.failed_checks) == 1
    assert hour_key(WRONG_HOUR) in harmed.summary.failed_checks[0]


def test_the_latest_status_of_each_hour_can_be_asked_for(harmed: Harmed) -> None:
    key = dg.AssetCheckKey(dg.AssetKey("comment_suggestions"), "every_opportunity_ends")
    records = harmed.home.instance.event_log_storage.get_asset_check_partition_info([key])
    hours = [info for info in records if info.partition_key]
    assert all(info.is_current for info in hours)
    statuses = {info.partition_key: info.latest_execution_status.value for info in hours}
    assert statuses == {
        hour_key(FIRST + number * HOUR): "FAILED" if FIRST + number * HOUR == WRONG_HOUR else "SUCCEEDED"
        for number in range(HOURS)
    }


def test_a_deleted_suggestion_fails_the_check_of_its_hour_in_a_run_over_that_hour(harmed: Harmed) -> None:
    with harmed.home.pointed_at() as home:
        summary = home.run(1, start=WRONG_HOUR)
        failed = [each for each in home.evaluations(summary.run_ids[0]) if not each.passed]
        found = [(each.check_name, each.partition) for each in failed]
        assert found == [("every_opportunity_ends", hour_key(WRONG_HOUR))]
        assert harmed.tweet_id in str(failed[0].description)
        assert home.run(1, start=FIRST).failed_checks == ()


def test_writing_the_hour_again_repairs_it(home: Home) -> None:
    _delete_one_suggestion(home)
    assert home.run(1, start=WRONG_HOUR, force=True).failed_checks == ()


def _run_checks_alone(home: Home, hours: HourRange) -> list[dg.AssetCheckEvaluation]:
    """As the UI does it for an hour or a range that somebody is unsure about: nothing is materialized."""
    job = build_defs().resolve_job_def("hourly_checks")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    tags = partition_tags(hours)
    result = job.execute_in_process(instance=home.instance, tags=tags, run_config=quiet, raise_on_error=True)
    assert result.get_asset_materialization_events() == []
    return [event.asset_check_evaluation_data for event in result.filter_events(_is_evaluation)]


def _is_evaluation(event: dg.DagsterEvent) -> bool:
    return event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION


def _failed(evaluations: Sequence[dg.AssetCheckEvaluation]) -> set[tuple[str, str | None]]:
    return {(each.check_name, each.partition) for each in evaluations if not each.passed}


ALL_HOURS = HourRange(FIRST, FIRST + HOURS * HOUR)


def test_a_deleted_suggestion_fails_exactly_its_hour_when_the_checks_are_run_again(checked: Home) -> None:
    assert _failed(_run_checks_alone(checked, ALL_HOURS)) == set()
    tweet_id = _delete_one_suggestion(checked)
    found = _run_checks_alone(checked, ALL_HOURS)
    assert _failed(found) == {
        (name, hour)
        for name in ("every_opportunity_ends", "counts_as_reported")
        for hour in (hour_key(WRONG_HOUR), None)
    }
    by_name = {each.check_name: each for each in found if not each.passed and each.partition}
    assert tweet_id in str(by_name["every_opportunity_ends"].description)
    assert "1 of the 3 suggestions that the run reported are gone" in str(by_name["counts_as_reported"].description)


def test_a_deleted_suggestion_of_a_tweet_that_ended_without_all_of_them_is_found_by_the_count(checked: Home) -> None:
    """Nothing but the count says how many there were."""
    row = checked.rows("comment_suggestions").iloc[0]
    checked.execute(sa.update(generation_outcomes).values(outcome="filtered", reason="too long"))
    checked.execute(sa.delete(comment_suggestions).where(comment_suggestions.c.tweet_id == row["tweet_id"]))
    failed = _failed(_run_checks_alone(checked, HourRange(FIRST, FIRST + HOUR)))
    assert failed == {("counts_as_reported", hour_key(FIRST)), ("few_filtered", hour_key(FIRST))}


def test_what_was_pruned_is_not_taken_for_lost(checked: Home) -> None:
    midnight = FIRST.replace(hour=0) + timedelta(days=1)
    prune(checked.database, Cutoffs({"vectors": midnight, "undecided": midnight}))
    with checked.database.read() as connection:
        assert not connection.scalar(sa.select(sa.func.count()).select_from(comment_suggestions))
    evaluations = _run_checks_alone(checked, ALL_HOURS)
    assert _failed(evaluations) == set()
    assert any("not looked at" in each.metadata for each in evaluations)


def test_a_single_hour_is_checked_alone_too(checked: Home) -> None:
    _delete_one_suggestion(checked)
    found = _run_checks_alone(checked, HourRange(WRONG_HOUR, WRONG_HOUR + HOUR))
    assert {each.partition for each in found} == {hour_key(WRONG_HOUR)}
    assert {name for name, _ in _failed(found)} == {"every_opportunity_ends", "counts_as_reported"}


@dataclass(frozen=True)
class Harm:
    """What is done to the tables by hand in one hour, and what the checks of that hour make of it."""

    fails: set[str]
    statement: sa.Executable
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    says: str = ""


def _of_hour(number: int, table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.window_start == FIRST + number * HOUR


def _vectors_of_hour(number: int) -> sa.ColumnElement[bool]:
    return embeddings.c.text_sha256.in_(sa.select(tweets.c.text_sha256).where(_of_hour(number, tweets)))


# The first hours have opportunities.
HARM: dict[int, tuple[str, Harm]] = {
    0: (
        "a lost opportunity",
        Harm(
            {"no_suggestion_without_opportunity", "scored_and_ranked"},
            sa.delete(comment_opportunities).where(
                _of_hour(0, comment_opportunities), comment_opportunities.c.rank == 1
            ),
        ),
    ),
    1: (
        "an opportunity without a score",
        Harm({"scored_and_ranked"}, sa.delete(tweet_scores).where(_of_hour(1, tweet_scores))),
    ),
    2: (
        "tweets put off",
        Harm(
            {"few_unanswered"},
            sa.update(generation_outcomes)
            .values(outcome="deferred", reason="the day's requests are used up")
            .where(_of_hour(2, generation_outcomes)),
            dg.AssetCheckSeverity.WARN,
            "the day's requests are used up",
        ),
    ),
    3: (
        "a model that ends",
        Harm(
            {"models_stay"},
            sa.update(comment_suggestions).values(model="gemini-2.5-flash").where(_of_hour(3, comment_suggestions)),
            dg.AssetCheckSeverity.WARN,
            "gemini-3.5-flash-lite answers for it",
        ),
    ),
    4: (
        "a count below zero",
        Harm({"well_formed"}, sa.update(tweets).values(like_count=-1).where(_of_hour(4, tweets))),
    ),
    5: (
        "a time of another hour",
        Harm({"well_formed"}, sa.update(tweets).values(created_at=FIRST).where(_of_hour(5, tweets))),
    ),
    6: ("a lost vector", Harm({"every_text_has_a_vector"}, sa.delete(embeddings).where(_vectors_of_hour(6)))),
    7: (
        "a vector of zeros",
        Harm(
            {"every_text_has_a_vector"},
            sa.update(embeddings).values(vector=bytes(1024)).where(_vectors_of_hour(7)),
        ),
    ),
    8: (
        "a score above one",
        Harm({"scores_in_range"}, sa.update(tweet_scores).values(total=1.5).where(_of_hour(8, tweet_scores))),
    ),
}


def test_harm_done_by_hand_fails_the_checks_of_its_hour_and_of_no_other(day: Home) -> None:
    with day.undone_afterwards():
        for _, harm in HARM.values():
            day.execute(harm.statement)
        found = _run_checks_alone(day, HourRange(FIRST, FIRST + 10 * HOUR))
    failed = {(each.check_name, each.partition): each for each in found if not each.passed}
    hours = {hour_key(FIRST + number * HOUR): harm for number, harm in HARM.items()}
    assert {hour for _, hour in failed} == {*hours, None}
    fails = {what: {name for name, partition in failed if partition == hour} for hour, (what, _) in hours.items()}
    assert fails == {what: harm.fails for what, harm in HARM.values()}
    for hour, (what, harm) in hours.items():
        for name in harm.fails:
            assert failed[name, hour].severity == failed[name, None].severity == harm.severity, what
            assert hour in str(failed[name, None].metadata["failed hours"].value).split(", "), what
            assert harm.says in str(failed[name, hour].description), what


def test_spending_is_held_against_the_budget_of_the_day(checked: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DAILY_BUDGET_USD", "2.00")
    only_hour = HourRange(FIRST, FIRST + HOUR)
    severity = {}
    for spent in (1.0, 1.9, 2.5):
        checked.execute(sa.update(quota_days).values(cost_usd=spent))
        (found,) = (each for each in _run_checks_alone(checked, only_hour) if each.check_name == "within_budget")
        severity[spent] = None if found.passed else found.severity.value
    assert severity == {1.0: None, 1.9: "WARN", 2.5: "ERROR"}


def test_every_check_of_every_asset_has_an_evaluation_for_every_hour_of_a_day(day: Home) -> None:
    (summary,) = day.summaries
    assert summary.failed_checks == ()
    evaluations = day.evaluations(summary.run_ids[0])
    names = {check.name for group in CHECK_GROUPS for check in group.checks}
    assert {each.check_name for each in evaluations} == names
    assert len(names) == 14
    hours = [FIRST + number * HOUR for number in range(24)]
    expected = {(name, key) for name in names for key in [None, *map(hour_key, hours)]}
    assert {(each.check_name, each.partition) for each in evaluations} == expected
    assert len(evaluations) == len(expected)
    assert all(each.passed for each in evaluations)


def test_warnings_are_told_once_a_run_and_not_as_failures(home: Home) -> None:
    home.execute(sa.update(generation_outcomes).values(outcome="blocked", reason="a safety filter"))
    summary = home.run(HOURS)
    assert summary.failed_checks == ()
    (note,) = summary.notes
    assert note.startswith("few_unanswered warns")
