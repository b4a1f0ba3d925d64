"""The tab of what was left out, and taking a tweet after all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.embedding.stored import stored_vectors
from viral_assets.errors import ConfigurationError
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.hours import HOUR
from viral_assets.projects.loader import Projects
from viral_assets.projects.model import Project
from viral_assets.store.audit import last_event_of
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, comment_suggestions, suggestion_events, tweet_scores
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Jobs
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.queries.worked_on import AT, GOOD, ingest, project, tweet, work_on
from viral_assets_tests.store.rows import stored
from viral_assets_tests.tables import Rows, put_rows, rows_made_by
from viral_assets_tests.waiting import until
from viral_assets_tests.web.conftest import Reviewer

NOW = AT + 2 * HOUR
OF = project(max_candidates=2)
TEXTS = (
    "Our kids scroll on their phone through every dinner, what rules about screen time worked for you?",
    "Deleted every app, and my screen time fell from six hours to one. Anyone else tried it?",
    "Is reading on a phone at night also screen time, or am I fooling myself?",
    "My phone says 7 hours of screen time today. How is that even possible?",
)
ROWS = [
    *(tweet(number, text) for number, text in enumerate(TEXTS)),
    tweet(10, author_followers=3),
    tweet(11, GOOD + " <script>alert(1)</script>", is_retweet=True),
    tweet(12, "Which apps steal your screen time before work?", at=AT - 48 * HOUR),
    tweet(13, TEXTS[1], at=AT - 48 * HOUR, author_followers=5),
]
MaraOf = Callable[..., Reviewer]


@pytest.fixture(scope="module")
def worked_on() -> Rows:
    """Two good tweets more than the hour may have, two that cannot be chosen, and an hour of two days before."""

    def make(database: Database) -> None:
        ingest(database, ROWS)
        work_on(database, OF, [AT - 48 * HOUR, AT])

    return rows_made_by(make)


@pytest.fixture
def worked(database: Database, worked_on: Rows) -> Database:
    """With these rows."""
    put_rows(database, worked_on)
    return database


@pytest.fixture
def mara_of(worked: Database) -> Iterator[MaraOf]:
    sites: list[Site] = []

    def make(*, script: bool = False, vectors_of: Any = lambda _: stored_vectors("wordllama", None)) -> Reviewer:
        generator = lambda priority: AsyncCommentGenerator(provider="offline", database=worked, priority=priority)  # noqa: E731
        site = Site(
            worked,
            AccessRules("mara"),
            lambda: Projects({OF.name: OF}),
            Jobs(generator),
            vectors_of,
            clock=lambda: NOW,
        )
        sites.append(site)
        return Reviewer(create_app(site, HostNames.of("127.0.0.1")), script=script)

    yield make
    for site in sites:
        site.jobs.close()


def shown(reviewer: Reviewer) -> list[tuple[str, str]]:
    """Tweet and reason of each card."""
    cards = [given for tag, given in reviewer.page.tags if tag == "article"]
    return [(given["data-tweet"], given["data-reason"]) for given in cards]


def chosen(database: Database) -> list[str]:
    return [row["tweet_id"] for row in stored(database, comment_opportunities)]


def wait_for_drafts(database: Database) -> None:
    until(lambda: len(stored(database, comment_suggestions)) == 3, "the drafts of one tweet")


@BOTH_DATABASES
def test_near_misses_come_first_with_their_reason_in_words(mara_of: MaraOf, worked: Database) -> None:
    mara = mara_of()
    page = mara.get("/left-out")
    assert mara.status == 200
    found = shown(mara)
    assert found[-1][1] == "gate"
    assert sorted(reason for _, reason in found) == ["gate", "minima", "over_the_cap", "over_the_cap"]
    assert not {tweet_id for tweet_id, _ in found} & set(chosen(worked))
    assert "3 followers of the 1,000 that minima.followers asks for" in page.words
    assert "4 of 6 left out: 2 more than the project takes in an hour" in page.words
    assert "(max_candidates: 2)" in page.words
    assert "<script>alert(1)" not in page.html


def test_of_a_language_that_the_embedder_does_not_know_no_topic_and_no_relevance_is_pretended(
    mara_of: MaraOf, worked: Database
) -> None:
    left_out = tweet(11)["tweet_id"]
    with worked.begin() as connection:
        scores = tweet_scores.c
        changed = sa.update(tweet_scores).where(scores.tweet_id == left_out)
        connection.execute(changed.values(gate="unknown_language", relevance=0.0, topic="bread"))
    card = mara_of().get("/left-out").html.split(f'data-tweet="{left_out}"')[1].split("</article>")[0]
    assert "which the project&#39;s embedder does not know" in card
    assert "<bdi>bread</bdi>" not in card
    assert "<dt>Relevance</dt>" not in card
    assert "<dt>Openness</dt>" in card


@BOTH_DATABASES
@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("?recent=72", 5),
        ("?start=2026-11-19T20:00&end=2026-11-19T21:00", 1),
        ("?recent=6&project=example", 4),
        ("?project=nobody", 0),
        ("?start=2026-11-20T20:00&end=2026-11-20T21:00", 0),
    ],
)
def test_hours_and_project_are_chosen(mara_of: MaraOf, address: str, count: int) -> None:
    mara = mara_of()
    mara.get(f"/left-out{address}")
    assert (mara.status, len(shown(mara))) == (200, count)
    if not count:
        assert "No tweets were looked at" in mara.page.words


@pytest.mark.parametrize(
    "address", ["?recent=720", "?start=2020-01-01", "?after=nowhere", "?end=2020-01-01&start=2026-01-01"]
)
def test_what_cannot_be_shown_is_a_page_that_says_so(mara_of: MaraOf, address: str) -> None:
    mara = mara_of()
    mara.get(f"/left-out{address}")
    assert mara.status == 422


@BOTH_DATABASES
def test_pages_go_on_where_the_last_one_ended(mara_of: MaraOf, monkeypatch: pytest.MonkeyPatch) -> None:
    mara = mara_of()
    mara.get("/left-out")
    whole = shown(mara)
    monkeypatch.setattr("viral_assets.web.left_out.PAGE", 2)
    mara.get("/left-out")
    first = shown(mara)
    (onward,) = [each for each in mara.page.all("href") if "after=" in each]
    mara.get(onward)
    assert (first, shown(mara)) == (whole[:2], whole[2:])


def test_without_the_embedder_the_rest_of_the_page_is_there(mara_of: MaraOf) -> None:
    def not_installed(_: Project) -> Any:
        raise ConfigurationError("not installed")

    mara = mara_of(vectors_of=not_installed)
    page = mara.get("/left-out")
    assert (mara.status, len(shown(mara))) == (200, 4)
    assert "cannot be told here" in page.words


@BOTH_DATABASES
@pytest.mark.parametrize("script", [False, True])
def test_a_tweet_that_is_taken_is_drafted_audited_and_kept(mara_of: MaraOf, worked: Database, script: bool) -> None:
    mara = mara_of(script=script)
    mara.get("/left-out")
    tweet_id = shown(mara)[0][0]
    page = mara.send(mara.form("take", tweet_id))
    assert mara.status == 200
    assert "Taken after all" in page.words
    assert tweet_id in chosen(worked)
    wait_for_drafts(worked)
    (event,) = stored(worked, suggestion_events)
    assert (event["who"], event["action"], event["from_status"], event["suggestion_type"]) == (
        "mara",
        "reopen",
        "left out",
        "",
    )
    assert event["reason"].startswith("more than the project takes in an hour: number")
    ranks = [row["rank"] for row in stored(worked, comment_opportunities) if row["window_start"] == AT]
    assert sorted(ranks) == [1, 2, 3]
    assert "took it although it was left out" in mara.get(f"/tweet?project=example&tweet_id={tweet_id}").words
    mara.get("/left-out")
    assert tweet_id not in dict(shown(mara))
    work_on(worked, OF)
    assert tweet_id in chosen(worked)


def test_it_is_kept_also_where_nothing_could_be_written(mara_of: MaraOf, worked: Database) -> None:
    mara = mara_of()
    mara.get("/left-out")
    tweet_id = shown(mara)[-1][0]
    mara.send(mara.form("take", tweet_id))
    wait_for_drafts(worked)
    with worked.begin() as connection:
        connection.execute(sa.delete(comment_suggestions))
    work_on(worked, OF)
    assert tweet_id in chosen(worked)


@BOTH_DATABASES
def test_taking_twice_changes_nothing_more(mara_of: MaraOf, worked: Database) -> None:
    mara = mara_of()
    mara.get("/left-out")
    form = mara.form("take", shown(mara)[0][0])
    mara.send(form)
    wait_for_drafts(worked)
    mara.send(form)
    assert len(stored(worked, suggestion_events)) == 1
    assert len(chosen(worked)) == 4
    with worked.read() as connection:
        assert last_event_of(connection, "mara") is None, "an undo is about a suggestion"


def test_a_foreign_form_and_a_tweet_that_nobody_scored_are_refused(mara_of: MaraOf, worked: Database) -> None:
    mara = mara_of()
    mara.get("/left-out")
    form = mara.form("take", shown(mara)[0][0])
    before = chosen(worked)
    mara.send(form, token="wrong")
    assert mara.status == 403
    mara.send(form, tweet_id="77")
    assert mara.status == 404
    mara.send(form, project="nobody")
    assert mara.status == 422
    assert chosen(worked) == before
