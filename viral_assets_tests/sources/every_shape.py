"""A record of each shape that sources have, and the remarks that stand for records which are no tweets."""

from __future__ import annotations

from collections.abc import Callable

from viral_assets_tests.sources.examples import Object, apify_item, status, tweet, user
from viral_assets_tests.sources.service_records import (
    ID,
    TIME,
    bright_data_record,
    gallery_dl_post,
    minet_row,
    rapid_tweet,
    web_entry,
)

LEFT_OUT = (
    "a search that found nothing",
    "a demonstration item in place of a tweet",
    "an error in place of a tweet",
    "page without tweets",
    "notice of a stream",
    "promoted post, left out",
    "tweet that the page has not shown",
    "repeated header row",
)
"""Remarks for what is no record of a tweet, one each."""

SHAPES: dict[str, Callable[[], Object]] = {
    "X API v2": lambda: tweet(author=user()),
    "X API v1.1": status,
    "Apify": apify_item,
    "X web page": lambda: web_entry(1)["content"]["itemContent"]["tweet_results"]["result"],
    "Bright Data": bright_data_record,
    "twitter-api45": rapid_tweet,
    "gallery-dl": gallery_dl_post,
    "minet": minet_row,
    "unknown make": lambda: {
        "id": ID,
        "text": "hi",
        "date": TIME,
        "url": f"https://x.com/mara/status/{ID}",
        "likes": "5",
    },
}
