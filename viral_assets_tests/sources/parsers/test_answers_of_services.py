"""Answers that people keep as they came: with several lists, without tweets, or with an error in place of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.content.file_probe import HEAD_BYTES
from viral_assets.sources.parsers.placeholders import ERROR
from viral_assets.sources.parsers.remarks import NO_TWEETS
from viral_assets_tests.sources.examples import (
    Object,
    apify_item,
    json_lines,
    page,
    read,
    reasons,
    status,
    tweet,
    user,
    written,
)
from viral_assets_tests.sources.service_records import ID, web_entry

CURSOR: Object = {"entryId": "cursor-bottom-0", "content": {"entryType": "TimelineTimelineCursor", "value": "DAAC"}}
ACCOUNT: Object = {"__typename": "User", "rest_id": "42", "legacy": {"screen_name": "mara", "followers_count": 5}}
ACCOUNT_ENTRY: Object = {"content": {"itemContent": {"user_results": {"result": ACCOUNT}}}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def timeline(*entries: Object) -> Object:
    return {"data": {"search": {"timeline": {"instructions": [{"type": "TimelineAddEntries", "entries": entries}]}}}}


class TestSeveralLists:
    @pytest.mark.parametrize("inside", [True, False])
    def test_the_answers_to_a_tweet_are_read_beside_it(self, path: Path, inside: bool) -> None:
        part = {"tweets": [apify_item(1)], "replies": [apify_item(2), apify_item(3)]}
        tweets, rejects, _ = read(written(path, {"status": "success", **({"data": part} if inside else part)}))
        assert ([each.text[-3:] for each in tweets], rejects) == (["(1)", "(2)", "(3)"], [])

    def test_two_lists_of_which_none_is_the_usual_one(self, path: Path) -> None:
        tweets, _, _ = read(written(path, {"replies": [apify_item(1)], "quotes": [apify_item(2)]}))
        assert len(tweets) == 2

    def test_what_is_quoted_or_repeated_is_not_read_as_found(self, path: Path) -> None:
        value = {"tweets": [apify_item(1)], "quoted_tweets": [apify_item(2)], "retweeted_tweets": [apify_item(3)]}
        tweets, rejects, _ = read(written(path, value))
        assert ([each.text[-3:] for each in tweets], rejects) == (["(1)"], [])

    @pytest.mark.parametrize("each", [page(tweet(1)), timeline(web_entry(1))])
    def test_pages_under_a_key_of_ones_own(self, path: Path, each: Object) -> None:
        tweets, rejects, _ = read(written(path, {"account": "mara", "responses": [each, each]}))
        assert (len(tweets), rejects) == (2, [])


class TestTimelines:
    @pytest.mark.parametrize("around", [lambda answer: answer, lambda answer: {"url": "https://x.com", "body": answer}])
    def test_one_that_has_come_to_its_end_has_no_tweets(self, path: Path, around: Any) -> None:
        assert read(written(path, around(timeline(CURSOR)))) == ([], [], {NO_TWEETS: 1})

    def test_its_instructions_kept_by_themselves(self, path: Path) -> None:
        instructions = [
            {"type": "TimelineClearCache"},
            {"type": "TimelinePinEntry", "entry": web_entry(1)},
            {"type": "TimelineAddEntries", "entries": [CURSOR, ACCOUNT_ENTRY, web_entry(2), web_entry(3)]},
            {"type": "TimelineAddToModule", "moduleItems": [{"item": web_entry(4)["content"]}]},
        ]
        tweets, rejects, remarks = read(written(path, instructions))
        assert (len(tweets), rejects, remarks) == (4, [], {NO_TWEETS: 1})

    def test_one_behind_more_than_what_is_looked_at(self, path: Path) -> None:
        value = {"log": ["x" * 1000] * (HEAD_BYTES // 900), **timeline(web_entry(1), web_entry(2))}
        for content in (value, json.dumps(value, indent=1).encode(), [value, value]):
            tweets, _, _ = read(written(path, content))
            assert len({each.tweet_id for each in tweets}) == 2

    def test_what_else_has_instructions_is_no_timeline(self, path: Path) -> None:
        with pytest.raises(SourceError, match="JSON, but no tweets"):
            read(written(path, {"title": "Bread", "instructions": ["Mix", "Bake"]}))

    def test_accounts_alone_are_refused_in_one_line(self, path: Path) -> None:
        for content in (timeline(ACCOUNT_ENTRY, CURSOR), page(user(), user(id="43")), json_lines(user(), user())):
            with pytest.raises(SourceError, match="accounts and no tweets; give files with tweets"):
                read(written(path, content))

    def test_accounts_beside_tweets_are_rejected(self, path: Path) -> None:
        tweets, rejects, _ = read(written(path, json_lines(tweet(1), user(), timeline(ACCOUNT_ENTRY))))
        assert (len(tweets), reasons(rejects)) == (1, ["not_a_tweet"] * 2)


class TestErrors:
    ANSWERS: ClassVar[list[Object]] = [
        {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},  # X
        {"errors": [{"code": 88, "message": "Rate limit exceeded"}]},
        {
            "errors": [{"message": "Invalid 'query'"}],
            "title": "Invalid Request",
            "detail": "...",
            "type": "about:blank",
        },
        {"error": 400, "message": "invalid cursor"},  # twitterapi.io
        {"status": "error", "msg": "user not found", "message": "user not found"},
        {"message": "You are not subscribed to this API."},  # RapidAPI
        {"error": {"type": "record-not-found", "message": "Dataset was not found"}},  # Apify
        {"error": True, "url": "https://x.com/mara", "#debug": {"requestId": "a"}},
    ]

    @pytest.mark.parametrize("answer", ANSWERS)
    def test_an_answer_that_refuses_is_an_error_in_place_of_tweets(self, path: Path, answer: Object) -> None:
        for content in (answer, json_lines(answer)):
            assert read(written(path, content)) == ([], [], {ERROR: 1})
        tweets, rejects, remarks = read(written(path, json_lines(tweet(1), answer)))
        assert (len(tweets), rejects, remarks) == (1, [], {ERROR: 1})

    @pytest.mark.parametrize(
        "beside", [{"error": "cut off"}, {"error": True}, {"errors": [{"message": "one was gone"}]}, {"error_code": 0}]
    )
    def test_tweets_beside_an_error_are_read(self, path: Path, beside: Object) -> None:
        tweets, _, _ = read(written(path, {**beside, "tweets": [apify_item(1), apify_item(2)]}))
        assert len(tweets) == 2

    @pytest.mark.parametrize("said", [0, False, None, "", [], {}])
    def test_an_error_that_is_none_makes_no_placeholder_of_a_record(self, path: Path, said: Any) -> None:
        _, rejects, _ = read(written(path, json_lines(tweet(1), {"error": said, "id": ID})))
        assert len(rejects) == 1


class TestHandles:
    @pytest.mark.parametrize(
        "record",
        [
            tweet(1, url="https://x.com/mara_writes/status/{}"),
            status(1, user={}, url="https://x.com/mara_writes/status/{}"),
        ],
    )
    def test_the_address_beside_a_record_without_an_author_tells_the_handle(self, path: Path, record: Object) -> None:
        record = {**record, "url": record["url"].format(record["id"])}
        ((found,), _, _) = read(written(path, [record]))
        assert found.author_handle == "mara_writes"

    def test_the_address_of_another_tweet_does_not(self, path: Path) -> None:
        record = tweet(1, url=f"https://t.me/mara_writes/status/{ID[:-2]}99")
        ((found,), _, _) = read(written(path, [record]))
        assert found.author_handle == ""
