"""What decisions about replies say of a tweet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.learning.judged_tweets import Decisions, Judgement, read_decisions, worth_a_reply
from viral_assets.learning.rejection_reasons import concerns_wording
from viral_assets.learning.tuning import Setting, ThresholdCounts, Volume, volume
from viral_assets.projects.model import Thresholds, Weights
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import tweet_scores
from viral_assets.vocabulary import REJECTION_REASONS, RejectionReason
from viral_assets_tests.delivery.examples import HOUR, opportunity, store, suggestion

YES, OPEN = Judgement(approved=True, rejected=False), Judgement(approved=False, rejected=False)


def no(reason: str = "") -> Judgement:
    return Judgement(approved=False, rejected=True, reason=reason)


@pytest.mark.parametrize(
    ("suggestions", "verdict"),
    [
        ([YES, no("off topic")], True),
        ([YES, OPEN], True),
        ([no(), no()], False),
        ([no("off topic"), no("wording")], False),
        ([no("too generic"), no()], None),
        ([no("tone"), no("too salesy")], None),
        ([no(), OPEN], None),
        ([OPEN], None),
        ([], None),
    ],
)
def test_the_decisions_about_a_tweet_are_taken_together(suggestions: list[Judgement], verdict: bool | None) -> None:
    assert worth_a_reply(suggestions) is verdict


@pytest.mark.parametrize("reason", ["wording", "Sounds like a robot", "way too long", "typo in line one"])
def test_reasons_about_the_wording_are_told(reason: str) -> None:
    assert concerns_wording(reason)


@pytest.mark.parametrize("reason", ["", "no", "author", "the author's tone is awful", "политика", "\x00" * 5])
def test_other_reasons_count_against_the_tweet(reason: str) -> None:
    assert not concerns_wording(reason)


@pytest.mark.parametrize("reason", REJECTION_REASONS, ids=lambda reason: reason.key)
def test_every_reason_the_page_offers_is_learnt_from(reason: RejectionReason, database: Database) -> None:
    with database.begin() as connection:
        store(connection, [tweet(1)])
    judge(database, 1, "reject", at=HOUR, reason=reason.key)
    with database.read() as connection:
        taught = read_decisions(connection, "unplugged", HOUR)
    assert taught.good.tolist() == ([False] if reason.about == "tweet" else [])


def tweet(number: int, *, day: int = 0, project: str = "unplugged") -> OpportunityView:
    texts = tuple(suggestion(f"Reply {number} {name}", type_name=name) for name in ("a", "b"))
    created = HOUR - timedelta(days=day)
    changes = {"velocity": number / 10, "suggestions": texts, "project": project}
    return opportunity(tweet_id=str(number), created_at=created, **changes)


def judge(database: Database, number: int, action: str, types: str = "ab", *, at: datetime, reason: str = "") -> None:
    with database.begin() as connection:
        for name in types:
            key = SuggestionKey("unplugged", str(number), name)
            decide(connection, key, action, who="mara", at=at, version=0, reason=reason)


def test_decisions_are_read_in_the_order_in_which_they_were_made(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [*(tweet(number) for number in range(1, 7)), tweet(7, day=40), tweet(8, project="garden")])
    later = HOUR + timedelta(hours=5)
    judge(database, 1, "approve", "a", at=later)
    judge(database, 2, "reject", at=HOUR, reason="off topic")
    judge(database, 3, "reject", at=HOUR, reason="too generic")
    judge(database, 4, "reject", "a", at=HOUR)
    judge(database, 5, "export", at=HOUR)
    judge(database, 6, "post", "b", at=later + timedelta(hours=1))
    judge(database, 7, "approve", at=HOUR)
    with database.read() as connection:
        found = read_decisions(connection, "unplugged", HOUR - timedelta(days=30))
        nothing = read_decisions(connection, "x' OR 1=1 --", datetime(2000, 1, 1, tzinfo=UTC))
    assert found.tweet_ids == ("2", "1", "6")
    assert found.good.tolist() == [False, True, True]
    assert found.components[:, 0].tolist() == [0.2, 0.1, 0.6]
    assert isinstance(nothing, Decisions)
    assert (len(nothing), nothing.components.shape) == (0, (0, 4))


def test_nothing_is_learnt_from_a_score_with_a_part_that_nobody_could_measure(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [tweet(1), tweet(2)])
    for number in (1, 2):
        judge(database, number, "approve", "a", at=HOUR)
    with database.begin() as connection:
        connection.execute(sa.update(tweet_scores).where(tweet_scores.c.tweet_id == "2").values(velocity=None))
        assert read_decisions(connection, "unplugged", HOUR - timedelta(days=30)).tweet_ids == ("1",)


def test_the_database_counts_what_would_be_green(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [tweet(number) for number in (1, 5, 9)])
    only_velocity = Weights(velocity=0.5, relevance=0, openness=0, author_quality=0)
    setting = Setting(only_velocity, Thresholds(yellow=0.5, green=0.9), ThresholdCounts(0, 0), ThresholdCounts(0, 0))
    with database.read() as connection:
        assert volume(connection, "unplugged", HOUR, setting) == Volume(green=1, yellow=2)
        assert volume(connection, "unplugged", HOUR + timedelta(hours=1), setting) == Volume(0, 0)
