"""What sources of 2026 write, by hand and with made-up names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from viral_assets_tests.sources.examples import apify_item, id_at, read, tweet
from viral_assets_tests.sources.service_records import gallery_dl_post

TIME = "2026-11-21T20:05:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("none", ["0", "-1", "False", "0.0", "nan", ""])
def test_references_to_none(path: Path, none: str) -> None:
    path.write_text(
        "id,text,created_at,retweeted_status_id,in_reply_to_status_id,quoted_status_id\n"
        f"{id_at(TIME)},hi,{TIME},{none},{none},{none}\n"
    )
    ((found,), _, _) = read(path)
    assert (found.is_retweet, found.is_reply, found.is_quote) == (False, False, False)


@pytest.mark.parametrize(
    "beside",
    [
        {"username": "mara", "followers_count": 12},
        {"account": "mara", "followers": 12},
        {"account": {"username": "mara", "followers_count": 12}},
        {"author": "mara", "followers_count": "12"},
    ],
)
def test_the_author_beside_the_metrics(path: Path, beside: dict[str, Any]) -> None:
    ((found,), _, _) = read(write(path, [tweet(1, **beside)]))
    assert (found.author_handle, found.author_followers) == ("mara", 12)


def test_a_blue_mark_counts_whatever_else_is_said(path: Path) -> None:
    ((found,), _, _) = read(write(path, [tweet(1, username="mara", verified=False, blue=True)]))
    assert found.author_verified


@pytest.mark.parametrize(
    ("verification", "verified"), [({"verified_type": "Business"}, True), ({"verified": False}, False)]
)
def test_the_web_page_of_2026(path: Path, verification: dict[str, Any], verified: bool) -> None:
    user = {
        "rest_id": "42",
        "core": {"screen_name": "mara", "name": "Mara"},
        "relationship_counts": {"followers": 74_041, "following": 1},
        "verification": verification,
    }
    legacy = {"created_at": "Sat Nov 21 20:05:00 +0000 2026", "full_text": "hi", "favorite_count": 1}
    result = {"rest_id": id_at(TIME), "legacy": legacy, "core": {"user_results": {"result": user}}}
    ((found,), _, _) = read(write(path, [result]))
    assert (found.author_handle, found.author_followers, found.author_verified) == ("mara", 74_041, verified)


def test_placeholders_are_remarks(path: Path) -> None:
    stand_ins = [
        {"type": "mock_tweet", "id": -1, "text": "this stands for no result"},
        {"demo": True},
        {"error": "no posts were found", "error_code": "dead_page", "input": {"url": "https://x.com/gone"}},
        {"noResults": True},
    ]
    tweets, rejects, remarks = read(write(path, [apify_item(1), *stand_ins]))
    assert (len(tweets), rejects) == (1, [])
    assert remarks == {
        "a demonstration item in place of a tweet": 2,
        "an error in place of a tweet": 1,
        "a search that found nothing": 1,
    }


@pytest.mark.parametrize(
    "value",
    [gallery_dl_post(), [[2, gallery_dl_post()]], [[2, gallery_dl_post()], [3, "https://example.org/a.jpg", {}]]],
)
def test_gallery_dl(path: Path, value: Any) -> None:
    tweets, _, _ = read(write(path, value))
    found = tweets[0]
    assert (found.author_handle, found.author_name, found.author_followers) == ("mara", "Mara Reads", 12)
    assert (found.is_retweet, found.is_reply, found.is_quote, found.like_count) == (False, False, False, 5)
    assert found.reply_count is None


def test_tweets_within_data(path: Path) -> None:
    answer = {"status": "success", "data": {"pin_tweet": None, "tweets": [apify_item(1), apify_item(2)]}}
    tweets, rejects, _ = read(write(path, answer))
    assert (len(tweets), rejects) == (2, [])


def test_an_object_around_a_count_in_a_cell(path: Path) -> None:
    path.write_text(f"id,text,created_at,views\n{id_at(TIME)},hi,{TIME},{{'count': '2001'}}\n")
    ((found,), _, _) = read(path)
    assert found.view_count == 2_001


def test_names_of_the_web_page_of_2026_within_other_records(path: Path) -> None:
    user = {
        "username": "mara",
        "relationship_counts": {"followers": 74_041},
        "verification": {"verified": False, "verified_type": "Business"},
    }
    row = {"id": id_at(TIME), "text": "hi", "created_at": TIME, "user": user}
    for record in (tweet(1, author=user), row):
        ((found,), _, _) = read(write(path, [record]))
        assert (found.author_handle, found.author_followers) == ("mara", 74_041)
    ((found,), _, _) = read(write(path, [tweet(1, author=user)]))
    assert found.author_verified
    user["verification"] = {"verified": False, "verified_type": None}
    ((found,), _, _) = read(write(path, [tweet(1, author=user)]))
    assert not found.author_verified
