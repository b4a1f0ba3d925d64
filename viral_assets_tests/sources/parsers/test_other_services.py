"""Posts of services that are not X, as programs export them: named without a host, or in columns of any name."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.parsers.addresses import service_of
from viral_assets_tests.sources.examples import read
from viral_assets_tests.sources.service_records import ID, TIME

AT_URI = "at://did:plc:z72i7hdynmk6r22z27h6tvur/app.bsky.feed.post/3l6oveex3ii2l"
TWEET = f"https://x.com/mara_writes/status/{ID}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def table(*rows: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(
    ("service", "row"),
    [
        ("Bluesky", {"uri": AT_URI, "cid": "bafy", "text": "hi", "created_at": TIME, "like_count": 3}),
        ("Bluesky", {"id": AT_URI, "text": "hi", "created_at": TIME}),
        ("Bluesky", {"post_uri": AT_URI, "handle": "mara.bsky.social", "content": "hi", "indexed_at": TIME}),
        (
            "Bluesky",
            {"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "rkey": "3l6oveex3ii2l", "text": "hi", "createdAt": TIME},
        ),
        (
            "Facebook",
            {
                "post_id": "10001_98765",
                "message": "hi",
                "created_time": TIME,
                "permalink_url": "https://www.facebook.com/10001/posts/98765",
            },
        ),
        ("LinkedIn", {"id": "urn:li:activity:7265912345678901234", "text": "hi", "created_at": TIME}),
    ],
)
def test_a_table_is_refused_as_what_it_is(path: Path, service: str, row: dict[str, Any]) -> None:
    for count in (1, 3):
        path.write_text(table(*[row] * count))
        with pytest.raises(SourceError, match=f"no file of X: a post of {service}, not of X; give files with tweets"):
            read(path)


@pytest.mark.parametrize(
    "value",
    [
        [{"uri": AT_URI, "text": "hi", "createdAt": TIME}],
        {"feed": [{"post": {"uri": AT_URI, "record": {"text": "hi", "createdAt": TIME}}}], "cursor": "x"},
        {"posts": [{"uri": AT_URI, "record": {"text": "hi", "createdAt": TIME}}]},
    ],
)
def test_answers_of_bluesky_are_refused_as_such(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))
    with pytest.raises(SourceError, match="posts of Bluesky"):
        read(path)


def test_among_tweets_it_is_rejected_alone(path: Path) -> None:
    tweet = {"id": ID, "url": TWEET, "text": "hi", "created_at": TIME}
    path.write_text(table(tweet, {**tweet, "id": AT_URI, "url": AT_URI}))
    tweets, (reject,), _ = read(path)
    assert ([each.tweet_id for each in tweets], reject.reason) == ([ID], "not_of_x")
    assert reject.detail == "a post of Bluesky, not of X"


def test_addresses_of_other_things_say_nothing(path: Path) -> None:
    row = {"id": "1.5", "text": "hi", "created_at": TIME, "author_url": "https://www.youtube.com/mara"}
    path.write_text(table(row, row, row))
    _, rejects, _ = read(path)
    assert {reject.reason for reject in rejects} == {"bad_id"}


@pytest.mark.parametrize("address", [TWEET, "https://example.org/at://x", "at home: //", "did you know", ""])
def test_what_is_no_address_of_another_service(address: str) -> None:
    assert service_of(address) is None
