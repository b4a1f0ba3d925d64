"""What ``viral-assets check`` says would be chosen is what runs of Dagster choose, and nothing is written for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from viral_assets.choosing.check import Pricing, check_project
from viral_assets.choosing.rehearsal import EXAMPLES, rehearse
from viral_assets.embedding import build_embedder
from viral_assets.embedding.cache import UnsavedEmbedder
from viral_assets.generation.opportunity import Opportunity
from viral_assets.hours import HOUR, HourRange
from viral_assets.llm.prices import Price
from viral_assets.projects.loader import load_project
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.safety.exemplar_vectors import resemblance_of
from viral_assets.store.tables import metadata
from viral_assets.vocabulary import CHOSEN, LABELS
from viral_assets_tests.home import BAKING, BREAD_TWEETS, FIRST, Home, make_home, tweet, tweets_of

# Whole runs of Dagster: seconds each.
pytestmark = pytest.mark.slow

HOURS = 24
RANGE = HourRange(FIRST, FIRST + HOURS * HOUR)
PRICING = Pricing(Limits(max_requests=15), "gemini-2.5-flash-lite", lambda _model: Price(input=1.0, output=4.0))

MORE = """
max_candidates: 3
engagement: {active_hours: "03:00-23:59", replies_per_day: 30}
"""

SEVERAL_HOURS = (0, 1, 5, 20)
"""Of two days."""


@contextmanager
def with_tweets(folder: Path) -> Iterator[Home]:
    with make_home(folder, projects={"baking": BAKING + MORE}) as made:
        rows = [each for hour in SEVERAL_HOURS for each in tweets_of(FIRST + hour * HOUR, 6)]
        # What was said in the first hour already, a retweet in all but name, and what nobody asked about.
        rows.append(tweet(30, FIRST + 5 * HOUR, rows[0]["text"]))
        rows.append(tweet(31, FIRST + 5 * HOUR, f"RT @somebody: {BREAD_TWEETS[0]}"))
        rows.append(tweet(32, FIRST + 5 * HOUR, "The parliament voted about the budget today"))
        rows.append(tweet(33, FIRST + 5 * HOUR, "Bread for 3 people, any idea?", followers=3))
        # An author who was answered in the first hour, and an hour in which nobody answers.
        rows.append(
            tweet(34, FIRST + 5 * HOUR, "Which pan for a rye loaf with a soft crust?") | {"author": rows[0]["author"]}
        )
        rows += tweets_of(FIRST + 17 * HOUR, 2)
        made.drop("tweets.json", rows)
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """No hour has been run."""
    with with_tweets(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A day has been run; nobody writes there."""
    with with_tweets(tmp_path_factory.mktemp("ran")) as made:
        made.run(HOURS)
        yield made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    path = tmp_path_factory.mktemp("project") / "baking.yml"
    path.write_text(BAKING + MORE, encoding="utf-8")
    return load_project(path)


def unsaved(home: Home) -> UnsavedEmbedder:
    return UnsavedEmbedder(build_embedder("wordllama"), home.database)


def stored(home: Home) -> dict[str, list[sa.Row[tuple[object, ...]]]]:
    with home.database.read() as connection:
        return {name: list(connection.execute(sa.select(table))) for name, table in metadata.tables.items()}


def test_it_chooses_what_the_runs_choose_and_writes_nothing(ran: Home, project: Project) -> None:
    before = stored(ran)
    days: list[tuple[date, Sequence[Opportunity]]] = []
    done: list[tuple[int, int]] = []

    embedder = unsaved(ran)
    found = rehearse(
        ran.database,
        project,
        embedder,
        RANGE,
        resemblance=resemblance_of(embedder),
        on_day=lambda day, chosen: days.append((day, chosen)),
        on_hour=lambda number, of: done.append((number, of)),
    )

    assert stored(ran) == before
    chosen = ran.rows("comment_opportunities")
    assert sorted(each.tweet_id for _, some in days for each in some) == sorted(chosen["tweet_id"])
    assert [day for day, _ in days] == [FIRST.date(), (FIRST + 20 * HOUR).date()]
    assert done == [(number, 5) for number in range(1, 6)]
    counts = ran.rows("selection_counts").groupby("reason")["tweets"].sum().to_dict()
    assert dict(found.dropped) | {CHOSEN: found.chosen} == counts
    assert {"gate", "duplicate", "minima", "author", "quiet", "over_the_cap"} <= set(counts)
    assert found.read == 31 == found.chosen + found.dropped.total()
    scores = ran.rows("tweet_scores")
    assert dict(found.gate) == scores.loc[scores["gate"] != "pass", "gate"].value_counts().to_dict()
    passed = scores[scores["gate"] == "pass"]
    assert dict(found.labels) == passed["label"].value_counts().to_dict()
    assert dict(found.topics) == passed["topic"].value_counts().to_dict()
    assert dict(found.chosen_of_topics) == chosen["topic"].value_counts().to_dict()
    for label in LABELS:
        best = passed[passed["label"] == label].nlargest(EXAMPLES, "total")["total"].tolist()
        assert [example.total for example in found.examples[label]] == best
    ids = set(chosen["tweet_id"])
    examples = [each for some in found.examples.values() for each in some]
    assert all((each.tweet_id in ids) is each.chosen is not bool(each.against) for each in examples)
    said = " ".join(each.against for each in examples)
    assert "followers of the" in said
    assert "the author has had a turn: tweet " in said


def test_what_was_chosen_before_the_range_keeps_its_likes_out(ran: Home, project: Project) -> None:
    later = HourRange(FIRST + 5 * HOUR, RANGE.end)
    expected = ran.rows("comment_opportunities").query("window_start >= @later.start")["tweet_id"]
    found: list[str] = []
    rehearse(
        ran.database,
        project,
        unsaved(ran),
        later,
        on_day=lambda _day, chosen: found.extend(each.tweet_id for each in chosen),
    )
    assert sorted(found) == sorted(expected)


def test_the_file_as_it_is_now_decides_and_not_what_runs_made_of_it(ran: Home, project: Project) -> None:
    picky = project.model_copy(update={"minima": project.minima.model_copy(update={"followers": 10**9})})
    found = rehearse(ran.database, picky, unsaved(ran), RANGE)
    assert found.chosen == 0
    check = check_project(picky, unsaved(ran), "wordllama", ran.database, RANGE, PRICING)
    assert check.usd_a_day == 0
    assert any("none of the 31 tweets of the 24 hours" in each.message for each in check.findings)


def test_the_findings_and_the_cost_of_a_day(ran: Home, project: Project) -> None:
    check = check_project(project, unsaved(ran), "wordllama", ran.database, RANGE, PRICING)
    (message,) = [each.message for each in check.findings if each.kind == "topic"]
    assert message.startswith("no tweet of the 24 hours from 2026-03-02T06:00 (UTC) met the topic 'cakes'; describe")
    assert len(check.days) == 2
    first = check.days[0].estimate
    assert first.cost_usd == pytest.approx((first.input_tokens + 4 * first.output_tokens) / 1e6)
    rows = ran.rows("comment_opportunities")
    assert first.opportunities == (rows["window_start"].dt.date == FIRST.date()).sum() > 2
    costs = [each.estimate.cost_usd or 0.0 for each in check.days]
    assert check.usd_a_day == pytest.approx(sum(costs) / 2)

    tight = Pricing(Limits(max_requests=15, requests_per_day=1), PRICING.model, PRICING.price_of)
    few = project.model_copy(update={"generation": project.generation.model_copy(update={"max_tweets_per_request": 2})})
    check = check_project(few, unsaved(ran), "wordllama", ran.database, RANGE, tight)
    assert any(
        each.kind == "cost" and f"{first.opportunities - 2} tweets would wait" in each.message
        for each in check.findings
    )


def test_a_paid_embedder_is_not_asked_for_what_it_has_not_embedded(home: Home, project: Project) -> None:
    paid = UnsavedEmbedder(build_embedder("wordllama"), home.database, paid=True)
    check = check_project(project, paid, "gemini", home.database, RANGE, PRICING)
    assert (check.strays, check.rehearsal) == (None, None)
    (finding,) = check.findings
    assert "3 texts have no vector" in finding.message
    home.run(2)  # reads the whole inbox, and embeds two hours
    check = check_project(project, paid, "gemini", home.database, RANGE, PRICING)
    assert check.rehearsal is not None
    assert (check.rehearsal.hours, check.rehearsal.skipped, check.rehearsal.read) == (2, 3, 12)
    assert any("the tweets of 3 hours have no vectors" in each.message for each in check.findings)
