"""The bundled sample as a file of X API v2 pages that ends at any hour one likes.

The tweets themselves are data: ``tweets.jsonl`` (times in seconds before the end, counts as seen at the end of the
hour of posting) and ``authors.json``. All people are made up; their handles are longer than the 15 characters X
allows, so that none can belong to anybody. Nuisances are part of it: spam, reposts, other languages, small accounts,
authors who come up again and again, a bereavement, an election, and tweets that try to break a page, a spreadsheet or a
prompt. Some answer or quote others, of the sample or not: these come in ``includes``, but for one that was deleted and
one that the file does not have.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import orjson

from viral_assets.hours import HOUR, floor_hour

Object = dict[str, Any]

# An id is the milliseconds since this instant, 10 bits for the machine and 12 to count with
# (https://github.com/twitter-archive/snowflake/tree/snowflake-2010). The last machine keeps them apart from real ones.
_EPOCH_MS = 1_288_834_974_657
_MACHINE = 1023
_OF_OTHERS = 2048
"""From there on, the numbers of posts that are referred to and not part of the sample."""

_BESIDE = ("posts", "errors", "media")


def write_sample(path: Path, end_hour: datetime) -> int:
    """Write the sample so that its last tweets are of the hour before ``end_hour``.

    One line is what a search at the end of each hour would have answered, marked with the time of the search as
    twarc2 does. Written again for the same hour, the file is the same; for another hour, all ids are others.

    Args:
        path: the file to write (JSON lines); its folder is created.
        end_hour: aware; the full hour at or before it is the end.

    Returns:
        The number of tweets.
    """
    template, authors = _template()
    users = {handle: _user(number, handle, author) for number, (handle, author) in enumerate(authors.items(), 10**9)}
    end = floor_hour(end_hour)
    pages: defaultdict[datetime, list[tuple[Object, Around]]] = defaultdict(list)
    for posted, tweet, around in _tweets(template, users, end):
        pages[floor_hour(posted)].append((tweet, around))
    by_id = {user["id"]: user for user in users.values()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(_page(pages[hour], by_id, hour + HOUR)) + b"\n" for hour in sorted(pages)))
    return len(template)


@dataclass(slots=True)
class Around:
    """What a page has of one tweet besides the tweet: posts that it refers to, those that are gone, and pictures."""

    posts: list[Object] = field(default_factory=list)
    errors: list[Object] = field(default_factory=list)
    media: list[Object] = field(default_factory=list)

    def refer(self, post_id: str, post: Object, users: Mapping[str, Object]) -> None:
        """To a post by one of the authors, one that was deleted, or one that the page does not have."""
        if "text" in post:
            self.posts.append({"id": post_id, "author_id": users[post["by"]]["id"], "text": post["text"]})
        elif "deleted" in post:
            gone = {"resource_type": "tweet", "resource_id": post_id, "parameter": "referenced_tweets.id"}
            self.errors.append({**gone, "title": "Not Found Error"})

    def picture(self, tweet_id: str, descriptions: Sequence[str]) -> list[str]:
        """With descriptions. Returns their keys."""
        pictures = {f"3_{tweet_id}{number}": text for number, text in enumerate(descriptions)}
        self.media += [{"media_key": key, "type": "photo", "alt_text": text} for key, text in pictures.items()]
        return list(pictures)


@cache
def _template() -> tuple[list[Object], dict[str, Object]]:
    folder = resources.files(__package__)
    tweets = [orjson.loads(line) for line in folder.joinpath("tweets.jsonl").read_bytes().splitlines()]
    return tweets, orjson.loads(folder.joinpath("authors.json").read_bytes())


def _tweets(
    template: Sequence[Object], users: Mapping[str, Object], end: datetime
) -> Iterator[tuple[datetime, Object, Around]]:
    times = [end - timedelta(seconds=item["seconds_before_end"]) for item in template]
    ids = [_snowflake(posted, number) for number, posted in enumerate(times)]
    for number, (posted, tweet_id, item) in enumerate(zip(times, ids, template, strict=True)):
        around = Around()
        tweet: Object = {
            "id": tweet_id,
            "edit_history_tweet_ids": [tweet_id],
            "author_id": users[item["by"]]["id"],
            "created_at": posted.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "conversation_id": tweet_id,
            # X escapes these three characters in texts.
            "text": html.escape(item["text"], quote=False),
            "lang": item["lang"],
            "public_metrics": item["metrics"],
        }
        if "retweet_of" in item:
            tweet["referenced_tweets"] = [{"type": "retweeted", "id": ids[item["retweet_of"]]}]
        if "reply_to" in item:
            answered = item["reply_to"]
            tweet["referenced_tweets"] = [{"type": "replied_to", "id": ids[answered]}]
            tweet["in_reply_to_user_id"] = users[template[answered]["by"]]["id"]
            tweet["conversation_id"] = ids[answered]
        if "quote_of" in item:
            tweet["referenced_tweets"] = [{"type": "quoted", "id": ids[item["quote_of"]]}]
        for key, kind in (("quotes", "quoted"), ("answers", "replied_to")):
            if key in item:
                post_id = _snowflake(posted - 3 * HOUR, _OF_OTHERS + number)
                tweet["referenced_tweets"] = [{"type": kind, "id": post_id}]
                around.refer(post_id, item[key], users)
        if "pictures" in item:
            tweet["attachments"] = {"media_keys": around.picture(tweet_id, item["pictures"])}
        yield posted, tweet, around


def _snowflake(posted: datetime, number: int) -> str:
    milliseconds = int(posted.timestamp()) * 1000 - _EPOCH_MS
    return str(milliseconds << 22 | _MACHINE << 12 | number)


def _page(found: Sequence[tuple[Object, Around]], users: Mapping[str, Object], collected_at: datetime) -> Object:
    newest_first = sorted((tweet for tweet, _ in found), key=lambda tweet: int(tweet["id"]), reverse=True)
    posts, errors, media = ([each for _, around in found for each in getattr(around, name)] for name in _BESIDE)
    authors = dict.fromkeys(each["author_id"] for each in (*newest_first, *posts))
    beside = {name: values for name, values in (("tweets", posts), ("media", media)) if values}
    return {
        "data": newest_first,
        "includes": {"users": [users[author] for author in authors], **beside},
        **({"errors": errors} if errors else {}),
        "meta": {
            "newest_id": newest_first[0]["id"],
            "oldest_id": newest_first[-1]["id"],
            "result_count": len(newest_first),
        },
        "__twarc": {"retrieved_at": collected_at.isoformat(timespec="seconds")},
    }


def _user(number: int, handle: str, author: Object) -> Object:
    return {
        "id": str(number),
        "username": handle,
        "name": author["name"],
        "verified": author["verified"],
        "public_metrics": {"followers_count": author["followers"]},
    }
