"""What tweets refer to, kept once and read back, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from viral_assets.context import DELETED, MISSING, PROTECTED, Context, Post, References
from viral_assets.store.engine import Database
from viral_assets.store.references import posts_to_look_up, read_contexts, save_posts, save_references
from viral_assets.store.tables import referenced_posts, tweet_references
from viral_assets.store.tweets import forget_tweets, upsert_tweets
from viral_assets_tests.store.rows import POSTED, stored, tweet_row

QUOTED = Post("8", "ben", "Quoted words", ("A chart",), author_id="43")


def keep(database: Database, *found: tuple[str, References], later: int = 0, **changes: Any) -> None:
    """Tweets that refer to something, seen so many minutes later."""
    rows = [tweet_row(tweet_id, **changes) for tweet_id, _ in found]
    with database.begin() as connection:
        upsert_tweets(connection, rows)
        save_references(connection, [(each, POSTED + timedelta(minutes=later), to) for each, to in found])


def context(database: Database, tweet_id: str = "1") -> Context | None:
    with database.read() as connection:
        return read_contexts(connection, [tweet_id, "none"]).get(tweet_id)


def test_a_post_is_kept_once_however_many_tweets_quote_it(database: Database) -> None:
    to = References(None, "8", ("Mine",), (QUOTED,))
    keep(database, ("1", to), ("2", References(None, "8", (), (QUOTED,))), is_quote=True)
    keep(database, ("1", to), is_quote=True)
    assert context(database) == Context(None, QUOTED, ("Mine",))
    assert context(database, "2") == Context(None, QUOTED)
    assert len(stored(database, referenced_posts)) == 1
    assert len(stored(database, tweet_references)) == 2


def test_the_last_look_counts_in_whatever_order_files_are_read(database: Database) -> None:
    gone = Post("8", state=DELETED)
    keep(database, ("1", References(None, "8", (), (gone,))), later=60, is_quote=True)
    keep(database, ("1", References(None, "8", (), (QUOTED,))), later=30, is_quote=True)
    assert context(database) == Context(None, gone)
    keep(database, ("1", References(None, "8", (), (QUOTED,))), later=90, is_quote=True)
    assert context(database) == Context(None, QUOTED)
    keep(database, ("1", References(None, "8", (), (Post("8", state=PROTECTED),))), later=120, is_quote=True)
    assert [(row["text"], row["alt_texts"]) for row in stored(database, referenced_posts)] == [("", "")]


def test_what_a_later_record_lacks_stays(database: Database) -> None:
    keep(database, ("1", References("7", "8", ("Mine",))))
    keep(database, ("1", References("7")), later=60)
    assert context(database) == Context(Post("7", state=MISSING), Post("8", state=MISSING), ("Mine",))


def test_a_tweet_of_ours_is_read_where_it_is_and_may_be_by_the_same_author(database: Database) -> None:
    keep(database, ("2", References(None, None, ("A tablet",))), author_id="77", text="First part")
    keep(database, ("1", References("2")), author_id="77")
    parent = Post("2", "someone", "First part", ("A tablet",), author_id="77", same_author=True)
    assert context(database) == Context(parent)
    assert stored(database, referenced_posts) == []
    # Somebody has seen later that it is gone.
    with database.begin() as connection:
        save_posts(connection, [(Post("2", state=DELETED), POSTED + timedelta(hours=2))])
    found = context(database)
    assert found is not None
    assert found.answers is not None
    assert found.answers.state == DELETED


def test_two_that_quote_each_other_are_each_the_others_context(database: Database) -> None:
    keep(database, ("1", References(None, "2")), ("2", References(None, "1")), is_quote=True)
    for tweet_id, other in (("1", "2"), ("2", "1")):
        found = context(database, tweet_id)
        assert found is not None
        assert found.quotes is not None
        assert found.quotes.post_id == other


def test_a_reply_to_nobody_knows_what_says_so(database: Database) -> None:
    with database.begin() as connection:
        upsert_tweets(connection, [tweet_row("1", is_reply=True), tweet_row("2"), tweet_row("3", is_retweet=True)])
    assert context(database) == Context(Post(None, state=MISSING))
    assert context(database, "2") is None
    assert context(database, "3") is None


def test_what_nobody_refers_to_any_more_is_forgotten(database: Database) -> None:
    other = Post("9", "ben", "Other words")
    keep(database, ("1", References(None, "8", (), (QUOTED,))), ("2", References("9", "8", (), (other,))))
    with database.begin() as connection:
        forget_tweets(connection, ["2"])
    assert [row["post_id"] for row in stored(database, referenced_posts)] == ["8"]


def test_only_what_is_not_known_is_looked_up_in_the_order_of_the_tweets(database: Database) -> None:
    references = {
        "1": References("100"),
        "2": References(None, "8", (), (QUOTED,)),
        "3": References("300", "301"),
        "4": References("2"),
        "99": References("990"),
    }
    keep(database, *references.items())
    with database.begin() as connection:
        save_posts(connection, [(Post("301", state=MISSING), POSTED)])
        found = posts_to_look_up(connection, ["5", "4", "3", "2", "1"])
    assert found == ["300", "100"]
