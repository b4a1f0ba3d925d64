"""Descriptions of pictures (alt texts) in the columns in which programs write them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from viral_assets.context import PICTURES
from viral_assets_tests.sources.examples import read
from viral_assets_tests.sources.formats_at_hand import table
from viral_assets_tests.sources.service_records import ID, TIME

MEDIA = [{"type": "photo", "url": "https://t.co/a", "ext_alt_text": "A dog, asleep"}, {"ext_alt_text": None}]


@pytest.mark.parametrize(
    ("column", "cell", "described"),
    [
        ("media_alt_texts", "A dog|A cat", ("A dog", "A cat")),  # minet
        ("media_alt_texts", "|", ()),
        ("media", json.dumps(MEDIA), ("A dog, asleep",)),  # twitter-web-exporter
        ("media", "[]", ()),
        ("media", "[Photo(previewUrl='https://a', altText='A dog'), Video(altText=None)]", ("A dog",)),  # snscrape
        ("attachments.media", "[{'media_key': '3_1', 'alt_text': 'A dog'}]", ("A dog",)),  # twarc2 csv
        ("extendedEntities/media/0/ext_alt_text", "A dog", ("A dog",)),  # Apify's CSV
        ("Alt Text", "A dog &amp; a | cat", ("A dog & a | cat",)),
        ("alt_texts", "|".join(f"picture {number}" for number in range(9)), 4),
        ("media", "[" * 5_000, ()),
        ("default_text", "A dog", ()),
    ],
)
def test_of_a_tweet(tmp_path: Path, column: str, cell: str, described: tuple[str, ...] | int) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(table({"id": ID, "text": "hi", "created_at": TIME, column: cell}))
    ((found,), _, _) = read(path)
    shown = found.refers_to.alt_texts if found.refers_to else ()
    assert len(shown) == PICTURES if isinstance(described, int) else shown == described
