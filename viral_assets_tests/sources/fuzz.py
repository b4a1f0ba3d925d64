"""Damaged files and mutated records by the thousand: nothing crashes, nothing disappears, each reject has its reason.

The suite runs a few of each (``test_fuzz``). More of them, with another seed:

    python -m viral_assets_tests.sources.fuzz --files 20000 --records 20000 --seed 7
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from viral_assets.errors import SourceError
from viral_assets.sources.base import Reject
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.every_shape import LEFT_OUT, SHAPES
from viral_assets_tests.sources.examples import Object, read
from viral_assets_tests.sources.formats_at_hand import DAMAGES, FILES, NUMBERS, PACKINGS, flat, table

ODD_VALUES: tuple[Any, ...] = (
    *(None, "", " ", 0, -1, 1, 1.5, 1e18, -1e300, 2**31, 2**63, 10**30, True, False, "0", "nan", "null", "1.92797E+18"),
    *(
        "2036-01-01T00:00:00Z",
        "2026-11-21",
        "yesterday",
        "\0",
        "\ud83d",
        "\u202e",
        "&amp;",
        "x" * 30_000,
        "9" * 5_000,
        "=1+1",
        "🔥",
    ),
    *([], {}, [[]], [None], {"id": 5}, {"": ""}, [{"id": 1, "text": 2}], ["a"] * 50),
)


def damaged_file(rng: random.Random) -> tuple[str, bytes]:
    """A file of any format and packing, damaged inside, outside, or not at all."""
    name = rng.choice(list(FILES))
    content = FILES[name]
    if rng.random() < 0.8:
        content = rng.choice(DAMAGES)(rng, content)
    if rng.random() < 0.3:
        packing = rng.choice(list(PACKINGS))
        name, content = f"{name}, {packing}", PACKINGS[packing](content)
        if rng.random() < 0.5:
            content = rng.choice(DAMAGES)(rng, content)
    return name, content


def mutated_record(rng: random.Random) -> tuple[str, Object]:
    """A record of one of the shapes with some of its values, at any depth, replaced, removed or doubled."""
    shape = rng.choice(list(SHAPES))
    return shape, mutated(rng, SHAPES[shape]())


def mutated(rng: random.Random, record: Object) -> Object:
    """A copy of it with some of its values replaced, removed or doubled."""
    record = copy.deepcopy(record)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        place: Object = record
        while True:
            key = rng.choice(list(place))
            if isinstance(place[key], dict) and place[key] and rng.random() < 0.6:
                place = place[key]
                continue
            break
        action = rng.random()
        if action < 0.7:
            place[key] = copy.deepcopy(rng.choice(ODD_VALUES))
        elif action < 0.9 and len(place) > 1:
            del place[key]
        else:
            place[rng.choice(("data", "user", "author", "id", "text", "statuses", "full_text", "tweet", "x"))] = place[
                key
            ]
    return record


def check_file(content: bytes, path: Path) -> tuple[int, int] | None:
    """Read a damaged file; None where it is refused as a whole. Returns how many tweets and rejects it has.

    Raises:
        AssertionError: something of it has disappeared, or a reject does not say why.
    """
    path.write_bytes(content)
    try:
        tweets, rejects, _ = read(path)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a refusal is as good as records
        return None
    assert all(reject.reason and reject.detail and reject.locator for reject in rejects), rejects
    assert len({reject.locator for reject in rejects}) == len(rejects)
    for each in tweets:
        assert each.text.strip()
        assert each.tweet_id.isdigit()
    return len(tweets), len(rejects)


def check_records(records: list[Object], path: Path) -> tuple[list[Tweet], list[Reject]]:
    """Read records from a file of lines: each is a tweet, a reject, or told in a remark."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    tweets, rejects, remarks = read(path)
    no_records = sum(remarks[remark] for remark in LEFT_OUT)
    lines = {reject.locator.split(",")[0] for reject in rejects}
    assert len(tweets) + len(rejects) + no_records >= len(records), remarks
    assert len(lines) <= len(records)
    assert all(reject.reason and reject.detail for reject in rejects)
    return tweets, rejects


def check_rows(records: list[Object], path: Path) -> None:
    """The same records as rows of a table: each row that is not blank is a tweet, a reject, or told in a remark."""
    rows = [{name: str(value) for name, value in flat(record).items()} for record in records]
    names = dict.fromkeys(name for row in rows for name in row)
    clean = [{name: row.get(name, "").encode("utf-8", "replace").decode() for name in names} for row in rows]
    filled = sum(any(cell.strip("\0 \t\r\n") for cell in row.values()) for row in clean)
    path.write_bytes(table(*clean))
    try:
        tweets, rejects, remarks = read(path)
    except SourceError:
        return
    assert len(tweets) + len(rejects) + sum(remarks[remark] for remark in LEFT_OUT) >= filled


def survivors(content: bytes, path: Path) -> int:
    """Of the three tweets of a file, how many are read or in quarantine."""
    path.write_bytes(content)
    tweets, rejects, _ = read(path)
    found = " ".join([*(each.text for each in tweets), *(reject.raw for reject in rejects)])
    return sum(f"({number})" in found for number in NUMBERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    ends: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for _ in range(options.files):
            _, content = damaged_file(rng)
            found = check_file(content, path)
            ends["refused" if found is None else "read" if found[0] else "all rejected"] += 1
        for at in range(0, options.records, 100):
            records = [mutated_record(rng)[1] for _ in range(min(100, options.records - at))]
            tweets, rejects = check_records(records, path)
            check_rows(records, path)
            ends["tweets"] += len(tweets)
            reasons.update(reject.reason for reject in rejects)
    print(f"{options.files:,} files: {dict(ends)}")
    print(f"{options.records:,} records, rejected for: {dict(reasons.most_common())}")


if __name__ == "__main__":
    main()
