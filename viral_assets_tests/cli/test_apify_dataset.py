"""``viral-assets ingest apify:DATASET_ID``: the real apify-client and a local server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from viral_assets.hours import hour_key
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.sources.services.apify_server import TOKEN, ApifyServer, item

COUNTS = ("read", "new", "updated", "unchanged", "rejected")


@pytest.fixture
def server(last_hour: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApifyServer]:
    with ApifyServer(modified_at=last_hour + timedelta(minutes=59)) as started:
        started.datasets["aBc"] = [
            *(item(last_hour + timedelta(minutes=number), number) for number in range(30)),
            item(last_hour, 99, likeCount="many"),
        ]
        monkeypatch.setenv("APIFY_TOKEN", TOKEN)
        monkeypatch.setenv("APIFY_API_BASE_URL", started.url)
        yield started


def test_a_dataset_is_ingested_by_its_id(viral_assets: CommandLine, server: ApifyServer, last_hour: datetime) -> None:
    first, again = (viral_assets("ingest", "apify:aBc", "--json") for _ in range(2))
    assert first.code == 0
    assert [first.json[name] for name in COUNTS] == [31, 30, 0, 0, 1]
    assert first.json["windows"] == [hour_key(last_hour)]
    assert first.json["next"].startswith("viral-assets generate-comments")
    assert [again.json[name] for name in COUNTS] == [31, 0, 0, 30, 1]


def test_what_is_wrong_is_one_line_without_the_token(
    viral_assets: CommandLine, server: ApifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = viral_assets("ingest", "apify:nothing")
    assert said.code == 2
    assert said.complaints == ["viral-assets: Apify has no dataset nothing, or the token may not see it; check the id"]
    monkeypatch.setenv("APIFY_TOKEN", "an-expired-one")
    said = viral_assets("ingest", "apify:aBc")
    assert (said.code, len(said.complaints)) == (2, 1)
    assert "set APIFY_TOKEN to a new one" in said.complaints[0]
    assert "an-expired-one" not in said.out + said.err
    monkeypatch.delenv("APIFY_TOKEN")
    said = viral_assets("ingest", "apify:aBc")
    assert (said.code, len(said.complaints)) == (2, 1)
    assert "set APIFY_TOKEN" in said.complaints[0]
