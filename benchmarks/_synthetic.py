"""Synthetic tweets for the benchmarks: seeded, with heavy-tailed counts and texts that were said before."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

PAGE = 100
AUTHORS = 20_000
ABOUT_TOPICS = 0.9


def phrases(separated: str) -> list[str]:
    return separated.split("|")


SUBJECTS = phrases(
    "my kids|my phone|this app|our school|the tablet|my screen time report|my sleep|the class group chat|my daughter|"
    "her teacher|the market|my team|this game|the new album|our flight|the election|that recipe|the doctor|my boss"
)
VERBS = phrases(
    "broke|changed|ruined|fixed|keeps asking about|forgot|banned|replaced|saved|won against|lost|started|finished|"
    "reminds me of|makes me think of|is better than|costs more than|never stopped"
)
ENDINGS = phrases(
    "again last night|before school|and nobody noticed|for the third time this week|which says it all|in one hour|"
    "and I am not even sorry|while we were asleep|after four hours of scrolling|and it is only Tuesday|"
    "so we went outside instead|without a single notification"
)
SYLLABLES = phrases("ka|lo|mi|ner|su|ta|vel|or|an|di|pre|sto|ga|hu|lem|ri|con|ba|ze|fi")
OPENINGS = phrases(
    "|||||Anyone else? |I think |Not sure why, but |Unpopular opinion: |Breaking: |How do you deal with it when |"
    "Day 3 without Instagram and |Maybe it is me, but |Just saw that "
)
CLOSINGS = phrases("||||? Any tips?| 😂| 🔥🔥| #screentime| #kids #phones| https://t.co/{code}| @friend_{code}")


def tweets(count: int, seed: int, *, start: datetime, hours: int, told: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """So many tweets, spread evenly over the hours from ``start`` on; one text in twenty was said before.

    Args:
        told: examples of what tweets are about. Given some, most tweets are halves of two of them and something else.
    """
    rng = random.Random(seed)
    said: list[str] = []
    for number in range(count):
        yield _tweet(rng, number, start + timedelta(hours=hours) * (number / count), said, told)


def write_pages(path: Path, some: Iterable[dict[str, Any]], *, retrieved_at: datetime) -> None:
    """Write tweets to a file as the X API answers them, a page a line."""
    left = iter(some)
    with path.open("w", encoding="utf-8") as file:
        while page := list(islice(left, PAGE)):
            authors = sorted({tweet["author_id"] for tweet in page})
            content = {
                "data": page,
                "includes": {"users": [_author(int(author)) for author in authors]},
                "meta": {"result_count": len(page)},
                "__twarc": {"retrieved_at": f"{retrieved_at:%Y-%m-%dT%H:%M:%SZ}"},
            }
            file.write(json.dumps(content, ensure_ascii=False) + "\n")


def _tweet(
    rng: random.Random, number: int, created_at: datetime, said: list[str], told: Sequence[str]
) -> dict[str, Any]:
    if said and rng.random() < 0.05:
        text = rng.choice(said)
    else:
        clauses = [
            f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {_word(rng)} {rng.choice(ENDINGS)} {_word(rng)}"
            for _ in range(rng.choice((1, 2, 3, 3)))
        ]
        if told and rng.random() < ABOUT_TOPICS:
            one, other = rng.choice(told).split(), rng.choice(told).split()
            clauses[1:] = [" ".join(one[: len(one) // 2]), " ".join(other[len(other) // 2 :])]
        closing = rng.choice(CLOSINGS).format(code=rng.randrange(10**6))
        text = rng.choice(OPENINGS) + ", ".join(clauses) + closing
        if len(said) < 10_000:
            said.append(text)
    return {
        "id": tweet_id(created_at, number),
        "text": text,
        "created_at": f"{created_at:%Y-%m-%dT%H:%M:%S}.000Z",
        "author_id": str(rng.randrange(AUTHORS)),
        "lang": rng.choice(("en", "en", "en", "en", "en", "en", "en", "en", "es", "und")),
        "public_metrics": {
            "like_count": _heavy_tailed(rng, 0.7) - 1,
            "reply_count": _heavy_tailed(rng, 1) - 1,
            "retweet_count": _heavy_tailed(rng, 0.8) - 1,
            "quote_count": _heavy_tailed(rng, 1.2) - 1,
            "impression_count": 10 * _heavy_tailed(rng, 0.5),
        },
    }


def tweet_id(created_at: datetime, number: int) -> str:
    """An id that says when it was made, as real ones do: https://github.com/twitter-archive/snowflake."""
    milliseconds = int(created_at.timestamp()) * 1000 - 1_288_834_974_657
    return str((milliseconds << 22) + number)


def _word(rng: random.Random) -> str:
    """One of many made-up words, some of which are far more common than others."""
    rank = _heavy_tailed(rng, 0.5)
    return "".join(SYLLABLES[rank * 7_919 // 20**place % 20] for place in range(rank % 3 + 2))


def _heavy_tailed(rng: random.Random, alpha: float) -> int:
    return int(min(rng.paretovariate(alpha), 10_000_000))


def _author(number: int) -> dict[str, Any]:
    rng = random.Random(number)
    return {
        "id": str(number),
        "username": f"author_{number}",
        "name": f"Author {number}",
        "verified": rng.random() < 0.1,
        "public_metrics": {"followers_count": 10 * _heavy_tailed(rng, 0.4)},
    }
