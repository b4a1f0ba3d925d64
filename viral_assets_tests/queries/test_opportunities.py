"""What is read for a person, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from viral_assets.delivery.export_table import write_csv
from viral_assets.errors import ConfigurationError
from viral_assets.queries import export as exports
from viral_assets.queries.digest import digest_rows, window_facts
from viral_assets.queries.export import rank_for_export, read_ranked
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.sort_keys import SORT_KEYS, SortBy, priority
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.vocabulary import UNKNOWN_AUDIENCE
from viral_assets_tests.delivery.examples import DAY, HOUR, TYPES, WINDOW, opportunity, request, store, suggestion
from viral_assets_tests.statements import statements_sent


def filled(database: Database, *views: OpportunityView) -> None:
    with database.begin() as connection:
        store(connection, views)


def export(database: Database, **choice: object) -> list[OpportunityView]:
    with database.read() as connection:
        ranked = rank_for_export(connection, **choice)  # type: ignore[arg-type]
        parts = read_ranked(connection, ranked, statuses=choice.get("statuses"))  # type: ignore[arg-type]
        return [view for part in parts for view in part]


def ids(views: list[OpportunityView]) -> list[str]:
    return [view.tweet_id for view in views]


def test_a_digest_reads_back_everything_that_was_stored(database: Database) -> None:
    whole = opportunity()
    bare = opportunity(
        rank=2,
        priority_score=41.0,
        total=0.41,
        label="yellow",
        tweet_id="7",
        author_name=None,
        author_followers=None,
        lang=None,
        views=None,
        velocity=None,
        relevance=None,
        openness=None,
        author_quality=None,
        suggestions=(),
        outcome=None,
    )
    filled(database, bare, whole)
    with database.read() as connection:
        rows = digest_rows(connection, WINDOW)
    assert [replace(row, priority_score=round(row.priority_score, 9)) for row in rows] == [whole, bare]
    assert all(row.created_at.utcoffset() == timedelta(0) for row in rows)


def test_a_digest_ranks_each_project_over_all_hours_by_label_and_total(database: Database) -> None:
    filled(
        database,
        opportunity(tweet_id="1", total=0.5, label="yellow"),
        opportunity(tweet_id="2", total=0.7, created_at=HOUR - timedelta(hours=3)),
        opportunity(tweet_id="3", total=0.9, label="yellow"),
        opportunity(tweet_id="4", total=0.1, label="red"),
        opportunity(tweet_id="5", total=0.7),
        opportunity(tweet_id="1", project="another", total=0.2, label="red"),
    )
    with database.read() as connection:
        rows = digest_rows(connection, DAY)
        assert ids(digest_rows(connection, DAY, "another")) == ["1"]
        assert ids(digest_rows(connection, WINDOW, "unplugged")) == ["5", "3", "1", "4"]
    assert [(row.project, row.rank, row.tweet_id) for row in rows] == [
        ("another", 1, "1"),
        *(("unplugged", rank, tweet_id) for rank, tweet_id in enumerate("25314", start=1)),
    ]


def test_an_empty_window_has_no_rows_no_tweets_and_no_cost(database: Database) -> None:
    with database.read() as connection:
        assert digest_rows(connection, WINDOW) == []
        assert (window_facts(connection, WINDOW).tweets, window_facts(connection, WINDOW).cost_usd) == (0, 0.0)
    assert export(database) == []


def test_the_hour_after_the_window_is_not_in_it(database: Database) -> None:
    filled(database, opportunity(tweet_id="1"), opportunity(tweet_id="2", created_at=WINDOW.end))
    assert ids(export(database, window=WINDOW)) == ["1"]


def test_what_a_person_chose_leads_and_what_was_refused_comes_last(database: Database) -> None:
    statuses = dict(zip(("a", "b", "c", "d"), ("rejected", "pending", "edited", "exported"), strict=True))
    filled(
        database,
        opportunity(suggestions=tuple(suggestion(k, type_name=k, status=s) for k, s in statuses.items())),
    )
    with database.read() as connection:
        (row,) = digest_rows(connection, WINDOW)
    assert [one.type_name for one in row.suggestions] == ["c", "b", "d", "a"]


def test_an_export_has_only_tweets_with_a_suggestion_somebody_may_still_post(database: Database) -> None:
    def with_status(tweet_id: str, *statuses: str) -> OpportunityView:
        several = (suggestion(s, type_name=f"{i}", status=s) for i, s in enumerate(statuses))
        return opportunity(tweet_id=tweet_id, suggestions=tuple(several))

    filled(database, with_status("1", "pending", "rejected"), with_status("2", "posted"), with_status("3"))
    (row,) = export(database)
    assert (row.tweet_id, [one.status for one in row.suggestions]) == ("1", ["pending"])
    assert ids(export(database, statuses=["posted"])) == ["2"]
    assert ids(export(database, statuses=["posted", "rejected"])) == ["1", "2"]
    assert export(database, statuses=[]) == []


def test_an_export_can_be_narrowed_by_project_label_and_number(database: Database) -> None:
    filled(
        database,
        opportunity(tweet_id="1", total=0.9),
        opportunity(tweet_id="2", total=0.5, label="yellow"),
        opportunity(tweet_id="3", total=0.8),
        opportunity(tweet_id="3", total=0.7, project="another"),
    )
    assert ids(export(database)) == ["1", "3", "3", "2"]
    assert ids(export(database, project="another")) == ["3"]
    assert ids(export(database, labels=["green"])) == ["1", "3", "3"]
    assert ids(export(database, labels=[])) == []
    assert [(row.rank, row.tweet_id) for row in export(database, limit=2)] == [(1, "1"), (2, "3")]


@pytest.mark.parametrize(("sort_by", "order"), [("score", "123"), ("views", "321"), ("balanced", "213")])
def test_an_export_is_sorted_by_its_priority(database: Database, sort_by: SortBy, order: str) -> None:
    filled(
        database,
        opportunity(tweet_id="1", total=0.9, views=100),
        opportunity(tweet_id="2", total=0.8, views=10_000),
        opportunity(tweet_id="3", total=0.2, views=1_000_000, label="red"),
    )
    rows = export(database, sort_by=sort_by)
    assert ids(rows) == list(order)
    assert [row.rank for row in rows] == [1, 2, 3]
    assert sorted((row.priority_score for row in rows), reverse=True) == [row.priority_score for row in rows]


def test_equal_priorities_come_in_the_same_order_each_time(database: Database) -> None:
    filled(database, *(opportunity(tweet_id=tweet_id, views=None) for tweet_id in "2413"))
    assert ids(export(database, sort_by="views")) == list("1234")


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"labels": ["blue"]}, "no label 'blue'.*green, yellow, red"),
        ({"statuses": ["new"]}, "no status 'new'.*pending"),
        ({"sort_by": "age"}, "no sort key 'age'.*balanced"),
        ({"limit": 0}, "limit is 0"),
    ],
)
def test_a_choice_that_does_not_exist_is_named(sqlite_database: Database, choice: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        export(sqlite_database, **choice)


counts = st.none() | st.integers(0, 10**10)


@given(st.floats(0, 1), counts, counts, st.sampled_from(SORT_KEYS))
def test_a_priority_is_never_negative_and_a_share_never_above_a_hundred(
    total: float, views: int | None, followers: int | None, sort_by: SortBy
) -> None:
    score = priority(sort_by, total=total, views=views, followers=followers)
    assert score >= 0
    assert sort_by == "views" or score <= 100


def test_the_balanced_priority_is_score_times_reach() -> None:
    def balanced(views: int | None, followers: int | None = None) -> float:
        return priority("balanced", total=0.8, views=views, followers=followers)

    assert balanced(None) == balanced(None, UNKNOWN_AUDIENCE) > 0, "unknown is not nobody"
    assert balanced(999_999) == pytest.approx(80)
    assert balanced(999) == pytest.approx(40)
    assert balanced(50_000_000) == 80
    assert balanced(None, 999) == pytest.approx(40)
    assert balanced(0, 999) == 0


def test_the_facts_count_what_belongs_to_the_project(database: Database) -> None:
    filled(
        database,
        opportunity(tweet_id="1"),
        opportunity(tweet_id="2", project="another"),
        opportunity(tweet_id="3", created_at=WINDOW.end),
    )
    with database.begin() as connection:
        store(connection, [replace(opportunity(tweet_id="4"), project=tables.EVERY_PROJECT)])
    with database.read() as connection:
        assert window_facts(connection, WINDOW).tweets == 3
        assert window_facts(connection, WINDOW, "unplugged").tweets == 2


def test_the_facts_count_what_was_left_out_in_words(database: Database) -> None:
    counted = [("unplugged", "minima", 3), ("unplugged", "gate", 2), ("unplugged", "chosen", 1), ("another", "gate", 4)]
    with database.begin() as connection:
        for hour, more in ((WINDOW.start, 0), (WINDOW.end, 100)):
            rows = [
                {"project": project, "window_start": hour, "reason": reason, "tweets": number + more}
                for project, reason, number in counted
            ]
            connection.execute(sa.insert(tables.selection_counts), rows)
    with database.read() as connection:
        everybody, one = (window_facts(connection, WINDOW, project).left_out for project in (None, "unplugged"))
    assert list(one.items()) == [("did not pass the gate", 2), ("below a minimum of followers, likes or views", 3)]
    assert everybody["did not pass the gate"] == 6


def test_a_request_that_packs_tweets_of_two_hours_is_shared_out(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [opportunity(tweet_id="1"), opportunity(tweet_id="2")], request_id="r1")
        store(connection, [opportunity(tweet_id="3", created_at=WINDOW.end)], request_id="r1")
        store(connection, [opportunity(tweet_id="4")], request_id="r2")
        connection.execute(
            insert(tables.llm_requests), [request("r1", ["1", "2", "3"], 0.3), request("r2", ["4"], 0.1)]
        )
    with database.read() as connection:
        assert window_facts(connection, WINDOW).cost_usd == pytest.approx(0.3)
        assert window_facts(connection, DAY).cost_usd == pytest.approx(0.4)
        assert window_facts(connection, WINDOW, "another").cost_usd == 0


@pytest.mark.parametrize("known", [False, True], ids=["no row", "no price"])
def test_a_cost_that_is_not_known_is_none(database: Database, known: bool) -> None:
    with database.begin() as connection:
        store(connection, [opportunity()], request_id="r1")
        if known:
            connection.execute(insert(tables.llm_requests), [request("r1", [opportunity().tweet_id], None)])
    with database.read() as connection:
        assert window_facts(connection, WINDOW).cost_usd is None


def test_offline_drafts_cost_nothing(database: Database) -> None:
    filled(database, opportunity(suggestions=(suggestion("a", provider="offline"),)))
    with database.read() as connection:
        assert window_facts(connection, WINDOW).cost_usd == 0


@pytest.mark.parametrize("parts", [1, 5])
def test_an_export_reads_part_by_part_with_a_few_statements_each(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    """Neither one statement for each tweet nor the rows of all of them at once."""
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 20)
    replies = tuple(suggestion("A reply of the usual length. " * 5, type_name=kind) for kind in TYPES)
    filled(
        database,
        *(opportunity(tweet_id=str(10**18 + n), total=n % 97 / 97, suggestions=replies) for n in range(20 * parts)),
    )
    with database.read() as connection, statements_sent(connection) as statements:
        ranked = rank_for_export(connection, sort_by="balanced")
        ranking = len(statements)
        read = list(read_ranked(connection, ranked))
    assert [len(part) for part in read] == [20] * parts
    assert (ranking, len(statements) - ranking) == (1, 5 * parts)
    views = [view for part in read for view in part]
    assert views == export(database, sort_by="balanced")
    assert write_csv(tmp_path / "out.csv", views) == 20 * parts
