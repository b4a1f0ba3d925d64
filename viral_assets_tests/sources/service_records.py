"""Records as services of 2026 give them, hand-written and valid unless a test changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from viral_assets_tests.sources.examples import Object, id_at

TIME = "2026-11-21T20:05:00Z"
ID, OTHER = id_at(TIME, 1), id_at("2026-11-20T09:00:00Z", 2)
"""Of the record's post, and of another one that it refers to."""


def bright_data_record(**changes: Any) -> Object:
    """A post as Bright Data gives it, which neither quotes nor answers anything."""
    return {
        "id": ID,
        "user_posted": "mara_writes",
        "name": "Mara",
        "description": "hi",
        "date_posted": TIME,
        "url": f"https://x.com/mara_writes/status/{ID}",
        "quoted_post": {"photos": None, "videos": None},
        "replies": 3,
        "reposts": 2,
        "likes": 50,
        "views": 900,
        "quotes": 1,
        "bookmarks": 4,
        "followers": 1234,
        "is_verified": True,
        "parent_post_details": {"post_id": ID, "profile_id": "42", "profile_name": "Mara", "date_posted": TIME},
        "is_repost": False,
        "timestamp": "2026-11-21T21:00:00.000Z",
        **changes,
    }


def rapid_tweet(**changes: Any) -> Object:
    """A tweet as RapidAPI's twitter-api45 gives it."""
    return {
        "type": "tweet",
        "tweet_id": ID,
        "screen_name": "mara_writes",
        "bookmarks": 4,
        "favorites": 50,
        "created_at": "Sat Nov 21 20:05:00 +0000 2026",
        "text": "hi",
        "lang": "en",
        "quotes": 1,
        "replies": 3,
        "retweets": 2,
        "views": "900",
        "user_info": {"screen_name": "mara_writes", "name": "Mara", "followers_count": 1234, "verified": True},
        **changes,
    }


def web_entry(number: int, **beside: Any) -> Object:
    """An entry of a timeline of X's web page.

    Args:
        beside: the keys beside the result.
    """
    result = {
        "rest_id": id_at(TIME, number),
        "legacy": {"created_at": "Sat Nov 21 20:05:00 +0000 2026", "full_text": f"hi ({number})"},
        "core": {"user_results": {"result": {"rest_id": "42", "core": {"screen_name": "mara", "name": "Mara"}}}},
    }
    return {"content": {"itemContent": {"tweet_results": {"result": result}, **beside}}}


def gallery_dl_post() -> Object:
    """A post as gallery-dl writes it."""
    return {
        "tweet_id": int(ID),
        "author": {"id": 42, "name": "mara", "nick": "Mara Reads", "followers_count": 12},
        "content": "hi",
        "date": "2026-11-21 20:05:00",
        "favorite_count": 5,
        "retweet_id": 0,
        "quote_id": 0,
        "reply_id": 0,
        "user": {"id": 42, "name": "mara", "nick": "Mara Reads"},
    }


def minet_row(**changes: Any) -> Object:
    """A row as minet writes it."""
    return {
        "id": ID,
        "timestamp_utc": int(datetime.fromisoformat(TIME).timestamp()),
        "local_time": "2026-11-21T21:05:00",
        "user_screen_name": "mara_writes",
        "text": "hi",
        "retweet_count": 2,
        "like_count": 50,
        "reply_count": 3,
        "lang": "en",
        "to_username": "",
        "to_userid": "",
        "to_tweetid": "",
        "user_id": "42",
        "user_name": "Mara",
        "user_verified": "1",
        "user_followers": 1234,
        "user_created_at": "2015-01-05T09:00:00",
        "user_timestamp_utc": 1420448400,
        "retweeted_id": "",
        "retweeted_user": "",
        "quoted_id": "",
        "quoted_user": "",
        "collection_time": "2026-11-21T20:45:00.000000",
        "url": f"https://twitter.com/mara_writes/status/{ID}",
        **changes,
    }
