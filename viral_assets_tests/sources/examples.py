"""Hand-written pieces of X API v2 answers and tables, valid unless a test changes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from viral_assets.sources.base import ReadOptions, Reject
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.parsers.fields import UnusableError
from viral_assets.sources.parsers.snowflakes import EPOCH
from viral_assets.sources.tweet import Tweet

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)

Object = dict[str, Any]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
"""Values of any type and shape, as a broken or hostile source may give them."""


def id_at(created_at: Any = None, number: int = 1) -> str:
    """An id that says this time, as real ones do; of the usual one where there is none in ISO 8601."""
    with suppress(TypeError, ValueError):
        since = datetime.fromisoformat(created_at) - EPOCH
        return str(((since // timedelta(milliseconds=1)) << 22) + number)
    return str(2_124_232_631_000_000_000 + number)


def tweet(number: int = 1, **changes: Any) -> Object:
    """A tweet as X's API v2 gives it; ``...`` as a value takes the key away."""
    full = {
        "id": id_at(changes.get("created_at"), number),
        "text": f"How much screen time is too much? ({number})",
        "created_at": "2026-11-21T20:05:00.000Z",
        "author_id": "42",
        "conversation_id": str(2_124_232_631_000_000_000 + number),
        "lang": "en",
        "public_metrics": {"retweet_count": 2, "reply_count": 3, "like_count": 50, "quote_count": 1},
        **changes,
    }
    return {key: value for key, value in full.items() if value is not ...}


def apify_item(number: int = 1, **changes: Any) -> Object:
    """A tweet as Apify's tweet-scraper writes it; ``...`` as a value takes the key away."""
    identity = str(2_124_232_631_000_000_000 + number)
    full = {
        "type": "tweet",
        "id": identity,
        "url": f"https://x.com/mara_writes_here/status/{identity}",
        "text": "How much screen time…",
        "fullText": f"How much screen time is too much? ({number})",
        "createdAt": "Sat Nov 21 20:05:00 +0000 2026",
        "lang": "en",
        "likeCount": 50,
        "retweetCount": 2,
        "replyCount": 3,
        "quoteCount": 1,
        "viewCount": 900,
        "bookmarkCount": 4,
        "isReply": False,
        "isRetweet": False,
        "isQuote": False,
        "conversationId": identity,
        "author": {
            "type": "user",
            "userName": "mara_writes_here",
            "id": "42",
            "name": "Mara",
            "followers": 1234,
            "isVerified": False,
            "isBlueVerified": True,
            "createdAt": "Mon Jan 05 09:00:00 +0000 2015",
        },
        **changes,
    }
    return {key: value for key, value in full.items() if value is not ...}


def status(number: int = 1, **changes: Any) -> Object:
    """A tweet as X's API v1.1 gave it; ``...`` as a value takes the key away."""
    identity = 2_124_232_631_000_000_000 + number
    full = {
        "created_at": "Sat Nov 21 20:05:00 +0000 2026",
        "id": identity,
        "id_str": str(identity),
        "text": f"How much screen time is too much? ({number})",
        "truncated": False,
        "favorite_count": 50,
        "retweet_count": 2,
        "lang": "en",
        "in_reply_to_status_id": None,
        "in_reply_to_user_id": None,
        "is_quote_status": False,
        "user": {
            "id": 42,
            "id_str": "42",
            "screen_name": "mara_writes_here",
            "name": "Mara",
            "followers_count": 1234,
            "verified": True,
        },
        **changes,
    }
    return {key: value for key, value in full.items() if value is not ...}


def user(**changes: Any) -> Object:
    return {
        "id": "42",
        "username": "mara_writes_here",
        "name": "Mara",
        "verified": True,
        "public_metrics": {"followers_count": 1234, "following_count": 1, "tweet_count": 9, "listed_count": 0},
        **changes,
    }


def page(*tweets: Any, **changes: Any) -> Object:
    return {"data": list(tweets), "includes": {"users": [user()]}, "meta": {"result_count": len(tweets)}, **changes}


def json_lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


def written(path: Path, content: Any) -> Path:
    """The file, with bytes as they are, and anything else as JSON."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def read(path: Path, now: datetime = NOW) -> tuple[list[Tweet], list[Reject], Counter[str]]:
    """All tweets, rejects and remarks of a file."""
    tweets: list[Tweet] = []
    rejects: list[Reject] = []
    remarks: Counter[str] = Counter()
    for batch in detect_format(probe_file(path), ReadOptions(now)):
        for record in batch.records:
            if isinstance(record, Reject):
                rejects.append(record)
            else:
                tweets.append(record)
        remarks += batch.remarks
    return tweets, rejects, remarks


def reasons(rejects: Sequence[Reject]) -> list[str]:
    return [reject.reason for reject in rejects]


def reason(function: Any, *values: Any) -> str:
    """Why a function refuses the values."""
    with pytest.raises(UnusableError) as error:
        function(*values)
    assert error.value.detail
    return error.value.reason


def outcome(function: Any, value: Any) -> Any:
    """What a function gives, or the reason why not."""
    try:
        return function(value)
    except UnusableError as error:
        problem = error
    assert 0 < len(problem.detail) < 500
    return problem.reason
