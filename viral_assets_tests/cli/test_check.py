"""``viral-assets check``: what a person should know of a project before paying for it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from viral_assets.vocabulary import LABELS
from viral_assets_tests.cli.conftest import CommandLine, write_tweets
from viral_assets_tests.home import BAKING, BREAD_TWEETS, GARDEN


@pytest.fixture
def projects(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "projects"
    folder.mkdir()
    (folder / "baking.yml").write_text(BAKING)
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(folder))
    return folder


@pytest.fixture
def stored(viral_assets: CommandLine, projects: Path, tmp_path: Path, last_hour: datetime) -> Path:
    grief = "My grandma passed away in May and I still bake her sourdough bread every Sunday."
    texts = (*BREAD_TWEETS, "Bread [/bold] question: why is the crust [red]hard\x1b[31m?", grief)
    assert viral_assets("ingest", write_tweets(tmp_path / "tweets.json", last_hour, texts)).code == 0
    return projects


def test_without_tweets_it_looks_at_the_topics_and_makes_no_database(viral_assets: CommandLine, projects: Path) -> None:
    (viral_assets.home / "viral_assets.db").unlink()
    said = viral_assets("check", "baking", "--json")
    assert said.code == 0
    assert [each["kind"] for each in said.json["findings"]] == ["tweets"]
    assert said.json["exemplars"] == []
    assert said.json["tweets"]["read"] == 0
    assert list(projects.parent.rglob("*.db")) == []


def test_it_says_what_would_be_chosen_and_what_it_would_cost(viral_assets: CommandLine, stored: Path) -> None:
    said = viral_assets("check", "baking")
    assert said.code == 0
    for part in ("would be chosen", "The best", "Drafts by gemini", "a day with tweets", "There is no key", "'cakes'"):
        assert part in said.out
    assert "[/bold] question" in said.out
    assert "\x1b[31m?" not in said.out
    assert "not safe to answer: grief and death" in said.out
    assert "not_safe" not in said.out, "it would count twice"

    found = viral_assets("check", "baking", "--json", "--days", "1").json
    tweets = found["tweets"]
    assert tweets["read"] == 10 == tweets["chosen"] + sum(tweets["dropped"].values())
    assert tweets["chosen"] > 0
    assert set(tweets["labels"]) == set(tweets["examples"]) == set(LABELS)
    assert tweets["topics"]["cakes"] == {"met": 0, "chosen": 0}
    assert [each["kind"] for each in found["findings"]] == ["topic"]
    (day,) = found["cost"]["days"]
    assert day["opportunities"] == tweets["chosen"]
    assert day["cost_usd"] == found["cost"]["usd_a_day"] > 0
    assert (found["cost"]["provider"], day["deferred"]) == ("offline", 0)


def test_an_exemplar_in_the_wrong_place_and_an_unknown_language_are_told(
    viral_assets: CommandLine, projects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    astray = "exemplars: [Frosting and sponge for the birthday cake]"
    content = BAKING.replace("exemplars: [My sourdough starter will not rise and I do not know why]", astray)
    (projects / "baking.yml").write_text(content + "sources: {languages: [en, de]}\n")
    monkeypatch.setenv("VIRAL_ASSETS_EMBEDDER", "wordllama")
    found = viral_assets("check", "baking", "--json").json
    (stray,) = found["exemplars"]
    assert (stray["topic"], stray["nearest"]) == ("bread", "cakes")
    assert stray["cosine"] > stray["own"]
    assert [each["kind"] for each in found["findings"]] == ["language", "exemplar", "tweets"]
    assert "de is wanted, and the embedder wordllama knows en" in found["findings"][0]["message"]
    assert f"{stray['cosine']:.2f}" in found["findings"][1]["message"]


def test_a_project_that_cannot_be_used_is_one_line_and_1(viral_assets: CommandLine, projects: Path) -> None:
    (projects / "garden.yml").write_text(GARDEN + "voices: many\n")
    said = viral_assets("check", "garden")
    assert said.code == 1
    (line,) = said.complaints
    assert "voices: is not a known key" in line
    assert viral_assets("check", "baking").complaints == []
    said = viral_assets("check", "cooking")
    assert said.code == 2
    assert "known projects: baking; not usable: garden.yml" in said.complaints[0]
