"""What gallery-dl writes: messages (``-j``), objects of its postprocessor ``metadata``, and JSON lines of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.parsers.remarks import NO_POST
from viral_assets_tests.sources.examples import Object, json_lines, read
from viral_assets_tests.sources.service_records import ID, OTHER, gallery_dl_post

POST = gallery_dl_post()
DIRECTORY, FILE, QUEUE, ERROR, VERSION = 2, 3, 6, -1, 1
PICTURE = {**POST, "num": 1, "extension": "jpg", "filename": "a", "description": "A sleeping dog"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def written(path: Path, value: Any) -> Path:
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value, indent=2).encode())
    return path


@pytest.mark.parametrize(
    ("value", "remark"),
    [
        ([[QUEUE, "https://x.com/mara/timeline", {}], [DIRECTORY, POST]], NO_POST),
        ([[VERSION, 1], [DIRECTORY, POST]], NO_POST),
        (
            [[DIRECTORY, POST], [ERROR, {"error": "AuthorizationError", "message": "log in"}]],
            "an error in place of a tweet",
        ),
        (json_lines([DIRECTORY, POST], [QUEUE, "https://x.com/mara/media", {}]), NO_POST),
    ],
)
def test_messages_without_a_post_are_remarks(path: Path, value: Any, remark: str) -> None:
    tweets, rejects, remarks = read(written(path, value))
    assert ([tweet.tweet_id for tweet in tweets], rejects, remarks[remark]) == ([ID], [], 1)


def test_a_file_of_addresses_to_go_on_with_has_no_posts_and_no_rejects(path: Path) -> None:
    value = [[QUEUE, "https://x.com/mara/timeline", {}], [QUEUE, "https://x.com/mara/media", {}]]
    assert read(written(path, value)) == ([], [], {NO_POST: 2})


def test_the_accounts_that_an_account_follows_are_called_so(path: Path) -> None:
    account = {"__typename": "User", "rest_id": "42", "core": {"screen_name": "mara"}, "legacy": {"followers_count": 3}}
    with pytest.raises(SourceError, match="accounts and no tweets"):
        read(written(path, [[QUEUE, "https://x.com/mara", account]]))
    tweets, (reject,), _ = read(written(path, [[DIRECTORY, POST], [QUEUE, "https://x.com/mara", account]]))
    assert (len(tweets), reject.detail) == (1, "an account, not a tweet")


@pytest.mark.parametrize("value", [PICTURE, [[DIRECTORY, POST], [FILE, "https://pbs.twimg.com/media/a.jpg", PICTURE]]])
def test_the_description_beside_a_picture_is_kept(path: Path, value: Any) -> None:
    tweets, _, _ = read(written(path, value))
    assert tweets[-1].refers_to is not None
    assert tweets[-1].refers_to.alt_texts == ("A sleeping dog",)


def test_quote_id_is_the_post_that_quotes_this_one(path: Path) -> None:
    """``_transform_tweet`` of gallery-dl 1.32 makes it of ``quoted_by_id_str``."""
    ((found,), _, _) = read(written(path, {**POST, "quote_id": int(OTHER), "quote_by": "tom"}))
    assert (found.is_quote, found.refers_to) == (False, None)


@pytest.mark.parametrize(("changes", "views"), [({}, None), ({"favorite_count": 0}, 0)])
def test_no_views_beside_likes_are_unknown(path: Path, changes: Object, views: int | None) -> None:
    """It writes 0 where the page has none."""
    ((found,), _, _) = read(written(path, {**POST, "view_count": 0, **changes}))
    assert found.view_count == views
