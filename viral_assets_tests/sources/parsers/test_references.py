"""What records say of the posts that their tweets answer and quote, and of pictures, in every shape they come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from viral_assets.context import ALT_CHARACTERS, DELETED, POST_CHARACTERS, PROTECTED, Post, References
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import apify_item, id_at, read, tweet

PARENT, QUOTED, OWN = id_at(number=7), id_at(number=8), id_at("2026-11-21T20:05:00.000Z", 1)
USERS = [{"id": "42", "username": "mara_of_the_example"}, {"id": "43", "username": "ben_of_the_example"}]


def one(tmp_path: Path, value: Any, name: str = "x.json") -> Tweet:
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    tweets, rejects, _ = read(path)
    assert not rejects
    return tweets[0]


def page(posts: list[Any] = [], errors: list[Any] = [], media: list[Any] = [], **changes: Any) -> dict[str, Any]:  # noqa: B006
    return {"data": [tweet(**changes)], "includes": {"users": USERS, "tweets": posts, "media": media}, "errors": errors}


def referring(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"type": kind, "id": post_id} for kind, post_id in pairs]


def test_a_page_has_the_post_that_is_quoted_with_its_pictures(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        page(
            [
                {
                    "id": QUOTED,
                    "text": "Screens &amp; sleep…",
                    "note_tweet": {"text": "Screens &amp; sleep: what we found in a year."},
                    "author_id": "43",
                    "attachments": {"media_keys": ["3_1"]},
                }
            ],
            media=[
                {"media_key": "3_1", "alt_text": "A chart"},
                {"media_key": "3_2", "alt_text": "Me"},
            ],
            referenced_tweets=referring(("quoted", QUOTED), ("replied_to", PARENT)),
            attachments={"media_keys": ["3_2"]},
        ),
    )
    quoted = Post(
        QUOTED, "ben_of_the_example", "Screens & sleep: what we found in a year.", ("A chart",), author_id="43"
    )
    assert found.refers_to == References(PARENT, QUOTED, ("Me",), (quoted,))


@pytest.mark.parametrize(
    ("title", "state"), [("Not Found Error", DELETED), ("Authorization Error", PROTECTED), (None, DELETED)]
)
def test_a_page_says_which_posts_are_gone(tmp_path: Path, title: str | None, state: str) -> None:
    error = {"resource_type": "tweet", "resource_id": PARENT, "parameter": "referenced_tweets.id", "title": title}
    noise = {"resource_type": "user", "resource_id": "9"}
    found = one(tmp_path, page(errors=[error, noise], referenced_tweets=referring(("replied_to", PARENT))))
    assert found.refers_to is not None
    assert [(post.post_id, post.state, post.text) for post in found.refers_to.posts] == [(PARENT, state, "")]


def test_a_flattened_tweet_has_everything_inside(tmp_path: Path) -> None:
    inside = {
        "type": "replied_to",
        **tweet(number=7, id=PARENT, text="Ask me anything", author=USERS[1]),
    }
    media = {"media": [{"type": "photo", "alt_text": " A hallway "}, {"type": "photo"}]}
    found = one(tmp_path, tweet(author=USERS[0], referenced_tweets=[inside], attachments=media))
    assert found.refers_to == References(
        PARENT, None, ("A hallway",), (Post(PARENT, "ben_of_the_example", "Ask me anything", author_id="43"),)
    )


def status(**changes: Any) -> dict[str, Any]:
    return {
        "id_str": OWN,
        "full_text": "So true",
        "created_at": "Sat Nov 21 20:05:00 +0000 2026",
        "user": {"id_str": "42", "screen_name": "mara_of_the_example", "followers_count": 9},
        **changes,
    }


def test_a_status_has_the_quoted_one_and_descriptions(tmp_path: Path) -> None:
    quoted = status(id_str=QUOTED, full_text="No phones at dinner", user={"screen_name": "ben_of_the_example"})
    pictures = {"media": [{"type": "photo", "ext_alt_text": "An empty table"}, {"ext_alt_text": None}]}
    found = one(
        tmp_path,
        status(
            is_quote_status=True,
            quoted_status=quoted,
            in_reply_to_status_id_str=PARENT,
            extended_entities=pictures,
        ),
    )
    assert found.refers_to == References(
        PARENT, QUOTED, ("An empty table",), (Post(QUOTED, "ben_of_the_example", "No phones at dinner"),)
    )


def result(number: int, text: str, **beside: Any) -> dict[str, Any]:
    return {
        "__typename": "Tweet",
        "rest_id": id_at("2026-11-21T20:05:00.000Z", number),
        "core": {"user_results": {"result": {"rest_id": "43", "core": {"screen_name": "ben_of_the_example"}}}},
        "legacy": {"full_text": text, "created_at": "Sat Nov 21 20:05:00 +0000 2026", **beside.pop("legacy", {})},
        **beside,
    }


def test_the_web_page_nests_results_and_a_circle_ends_after_one_step(tmp_path: Path) -> None:
    outer = result(1, "Look", legacy={"is_quote_status": True})
    inner = result(2, "Inner", quoted_status_result={"result": result(1, "Look")})
    found = one(tmp_path, {"tweet_results": {"result": {**outer, "quoted_status_result": {"result": inner}}}})
    assert found.refers_to is not None
    assert [(post.text, post.author_handle) for post in found.refers_to.posts] == [("Inner", "ben_of_the_example")]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("This Post was deleted by the Post author. Learn more", DELETED),
        ("You’re unable to view this Post because this account owner limits who can view their Posts.", PROTECTED),
    ],
)
def test_a_tombstone_of_the_web_page_is_a_post_that_is_gone(tmp_path: Path, words: str, state: str) -> None:
    stone = {"__typename": "TweetTombstone", "tombstone": {"text": {"text": words}}}
    outer = result(1, "Look", legacy={"is_quote_status": True, "quoted_status_id_str": QUOTED})
    found = one(tmp_path, {"tweet_results": {"result": {**outer, "quoted_status_result": {"result": stone}}}})
    assert found.refers_to == References(None, QUOTED, (), (Post(QUOTED, state=state),))  # type: ignore[arg-type]


def test_items_of_services_nest_what_is_quoted(tmp_path: Path) -> None:
    quoted = apify_item(
        number=8, id=QUOTED, fullText="Quoted words", text=..., author={"userName": "ben_of_the_example", "id": "43"}
    )
    for key in ("quote", "quoted_tweet"):
        changes: dict[str, Any] = {"isQuote": True, "inReplyToId": PARENT, key: quoted}
        found = one(tmp_path, [apify_item(**changes)])
        assert found.refers_to == References(
            PARENT, QUOTED, (), (Post(QUOTED, "ben_of_the_example", "Quoted words", author_id="43"),)
        )


BRIGHT_DATA = {
    "id": OWN,
    "user_posted": "mara_of_the_example",
    "description": "So true",
    "date_posted": "2026-11-21T20:05:00.000Z",
    "quoted_post": {"post_id": QUOTED, "description": "Quoted words", "profile_id": "ben_of_the_example"},
    "parent_post_details": {"post_id": OWN, "profile_id": "mara_of_the_example"},
}


def test_bright_data_has_the_quoted_post_as_an_object_or_in_a_cell(tmp_path: Path) -> None:
    expected = References(None, QUOTED, (), (Post(QUOTED, "ben_of_the_example", "Quoted words"),))
    assert one(tmp_path, [BRIGHT_DATA]).refers_to == expected
    names = list(BRIGHT_DATA)
    cells = [json.dumps(value) if isinstance(value, dict) else value for value in BRIGHT_DATA.values()]
    quoted = ['"' + str(cell).replace('"', '""') + '"' for cell in cells]
    assert one(tmp_path, "\n".join([",".join(names), ",".join(quoted)]) + "\n", "x.csv").refers_to == expected


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("in_reply_to_status_id", PARENT, References(PARENT)),
        ("in_reply_to_user_id", "43", None),
        ("quoted_status_id", f"{QUOTED}.0", References(None, QUOTED)),
        ("quoted_post_url", f"https://x.com/ben/status/{QUOTED}", References(None, QUOTED)),
        ("referenced_tweets", f"[{{'type': 'quoted', 'id': '{QUOTED}'}}]", References(None, QUOTED)),
        ("referenced_tweets", f'[{{"id": "{PARENT}", "type": "replied_to"}}]', References(PARENT)),
        ("referenced_tweets", f'[{{"id": "{OWN}", "type": "quoted"}}]', None),
    ],
)
def test_a_table_has_ids(tmp_path: Path, column: str, cell: str, expected: References | None) -> None:
    cell = '"' + cell.replace('"', '""') + '"'
    text = f"id,created_at,username,text,{column}\n{OWN},2026-11-21T20:05:00Z,mara_of_the_example,So true,{cell}\n"
    assert one(tmp_path, text, "x.csv").refers_to == expected


@pytest.mark.parametrize("reference", [OWN, "", None, 0, -1, True, {"a": 1}, [1], "x" * 40])
def test_what_makes_no_sense_is_as_good_as_missing(tmp_path: Path, reference: Any) -> None:
    address = f"https://x.com/mara_of_the_example/status/{OWN}"
    own = apify_item(id=OWN, url=address, twitterUrl=address, isQuote=True)
    for found in (
        one(tmp_path, page(id=OWN, referenced_tweets=[{"type": "quoted", "id": reference}, reference])),
        one(tmp_path, status(is_quote_status=True, quoted_status_id_str=reference, quoted_status={"id": reference})),
        one(tmp_path, [own | {"quoteId": reference, "quote": {"id": reference, "text": 7}}]),
    ):
        assert found.refers_to is None


def test_a_retweet_refers_to_nothing_besides_its_original(tmp_path: Path) -> None:
    original = status(id_str=PARENT, quoted_status=status(id_str=QUOTED))
    assert one(tmp_path, status(retweeted_status=original, is_quote_status=True)).refers_to is None


def test_articles_and_descriptions_are_bounded(tmp_path: Path) -> None:
    quoted = status(id_str=QUOTED, full_text="word &amp; " * 20_000)
    pictures = {"media": [{"ext_alt_text": "p" * 5_000}] * 9}
    found = one(tmp_path, status(is_quote_status=True, quoted_status=quoted, extended_entities=pictures)).refers_to
    assert found is not None
    assert len(found.posts[0].text) == POST_CHARACTERS
    assert found.posts[0].text.endswith("…")
    assert [len(text) for text in found.alt_texts] == [ALT_CHARACTERS]
