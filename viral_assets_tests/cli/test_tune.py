"""``viral-assets tune``: from decisions in the database to the project file."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.hours import floor_hour
from viral_assets.projects.loader import load_project
from viral_assets.projects.model import Weights
from viral_assets.settings import load_settings
from viral_assets.store import tables
from viral_assets.store.bulk import insert_ignore
from viral_assets.store.engine import Database
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.learning.examples import decisions_by
from viral_assets_tests.learning.test_examples import TEXTS

PROJECT = """
name: bakers              # of bread
taxonomy: [{label: bread, description: Baking bread at home}]
voice:
  persona: A patient home baker
weights:
  velocity: 0.35          # how fast
  relevance: 0.40
  openness: 0.15
  author_quality: 0.10
"""

OPENNESS_FIRST = Weights(openness=0.6, author_quality=0.25, velocity=0.1, relevance=0.05)


@pytest.fixture
def file(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = home / "projects" / "bakers.yml"
    path.parent.mkdir()
    path.write_text(PROJECT, encoding="utf-8")
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(path.parent))
    return path


def decide(count: int, *, certainty: float = 12.0) -> None:
    """Store tweets and what somebody decided about one suggestion for each."""
    decisions = decisions_by(OPENNESS_FIRST, count=count, certainty=certainty)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    stored: dict[str, list[dict[str, Any]]] = {"tweets": [], "tweet_scores": [], "comment_suggestions": []}
    for number, (tweet_id, components, good) in enumerate(
        zip(decisions.tweet_ids, decisions.components, decisions.good, strict=True)
    ):
        key = {"project": "bakers", "tweet_id": tweet_id, "window_start": hour}
        counts = dict.fromkeys(("like_count", "reply_count", "retweet_count", "quote_count"), 1)
        flags = dict.fromkeys(("author_verified", "is_retweet", "is_reply", "is_quote", "is_promoted"), False)
        text = "Why is it pale?"
        about = {"author_handle": "a", "text": text, "text_sha256": hashlib.sha256(text.encode()).hexdigest()}
        times = {"window_start": hour, "created_at": hour, "collected_at": hour}
        stored["tweets"].append({"tweet_id": tweet_id, **times, **about, **flags, **counts})
        said = {"total": 0.5, "label": "yellow", "topic": "bread", "gate": "pass", "why": ""}
        stored["tweet_scores"].append({**key, **dict(zip(COMPONENTS, components.tolist(), strict=True)), **said})
        written = {"position": 0, "weighted_length": 80, "provider": "offline", "model": "m", "request_id": "r"}
        status = {"text": TEXTS[number % len(TEXTS)], "status": "approved" if good else "rejected"}
        when = {"created_at": hour, "decided_at": hour + timedelta(minutes=number)}
        stored["comment_suggestions"].append({**key, "suggestion_type": "add_value", **written, **status, **when})
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        for name, rows in stored.items():
            insert_ignore(connection, getattr(tables, name), rows)
    database.dispose()


def decide_about_packs(approved: dict[int, float], requests: int = 30) -> None:
    """Requests about so many tweets each, of whose suggestions this share was approved."""
    hour = floor_hour(datetime.now(UTC)) - timedelta(hours=30)
    stored: dict[str, list[dict[str, Any]]] = {
        "llm_requests": [],
        "comment_suggestions": [],
        "generation_outcomes": [],
    }
    for tweets, share in approved.items():
        for number in range(requests):
            request_id = f"{tweets}-{number}"
            tweet_ids = [f"{request_id}-{place}" for place in range(tweets)]
            by = {"provider": "google-genai", "model": "m"}
            ledger = {"quota_key": "k", "purpose": "generate", "run_id": "r", "status": "answered", "counted_tokens": 1}
            asked = {"id": request_id, "project": "bakers", "tweet_ids": tweet_ids, "granted_at": hour.timestamp()}
            stored["llm_requests"].append({**asked, **by, **ledger})
            for place, tweet_id in enumerate(tweet_ids):
                key = {"project": "bakers", "tweet_id": tweet_id, "window_start": hour}
                written = {"suggestion_type": "add_value", "position": 0, "text": "A reply", "weighted_length": 7}
                good = (number * tweets + place) % 10 < round(10 * share)
                status = {"status": "approved" if good else "rejected", "created_at": hour, "decided_at": hour}
                stored["comment_suggestions"].append({**key, **written, **by, **status, "request_id": request_id})
                ended = {"outcome": "done", "reason": "", "attempts": 1, "updated_at": hour}
                stored["generation_outcomes"].append({**key, **ended})
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        for name, rows in stored.items():
            insert_ignore(connection, getattr(tables, name), rows)
    database.dispose()


@pytest.mark.slow
def test_old_and_new_stand_side_by_side_and_nothing_is_written_unasked(viral_assets: CommandLine, file: Path) -> None:
    decide(300)
    said = viral_assets("tune", "--project", "bakers")
    assert said.code == 0
    assert "weights.openness" in said.out
    assert "held-back" in said.out
    assert "Nothing is written yet" in said.out
    assert file.read_text(encoding="utf-8") == PROJECT
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.slow
def test_with_write_the_file_says_what_was_shown(viral_assets: CommandLine, file: Path) -> None:
    decide(300)
    said = viral_assets("tune", "--project", "bakers", "--write", "--examples", "--json")
    assert said.code == 0
    found = load_project(file)
    assert said.json["new"]["weights"] == found.weights.model_dump()
    assert said.json["new"]["thresholds"] == found.thresholds.model_dump()
    assert [each["text"] for each in said.json["examples"]] == list(found.voice.good_examples) != []
    assert (said.json["written"], said.json["refused"]) == (True, None)
    assert said.json["held_back"]["log_loss"]["low"] > 0
    assert found.weights.openness > 0.4
    assert "# how fast" in file.read_text(encoding="utf-8")
    assert file.with_name("bakers.yml.bak").read_text(encoding="utf-8") == PROJECT


@pytest.mark.slow
@pytest.mark.parametrize(("count", "certainty", "why"), [(20, 12.0, "too few decisions"), (300, 0.0, "keep them")])
def test_where_there_is_nothing_to_learn_one_line_says_so(
    viral_assets: CommandLine, file: Path, count: int, certainty: float, why: str
) -> None:
    decide(count, certainty=certainty)
    said = viral_assets("tune", "--project", "bakers", "--write")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert why in said.err
    assert file.read_text(encoding="utf-8") == PROJECT


def test_what_reads_json_is_told_in_json_that_there_is_nothing_to_learn(viral_assets: CommandLine, file: Path) -> None:
    decide(20)
    said = viral_assets("tune", "--project", "bakers", "--json")
    assert said.code == 1
    assert "too few decisions" in said.json["refused"]
    assert said.json["written"] is False


def test_examples_need_fewer_decisions_than_weights(viral_assets: CommandLine, file: Path) -> None:
    decide(20)
    said = viral_assets("tune", "--project", "bakers", "--examples", "--write")
    assert said.code == 0
    assert len(said.complaints) == 1
    found = load_project(file)
    assert 1 <= len(found.voice.good_examples) <= 5
    assert found.weights.velocity == 0.35


def test_sizes_of_requests_that_are_approved_less_lower_the_cap_and_nothing_else(
    viral_assets: CommandLine, file: Path
) -> None:
    file.write_text(PROJECT + "generation:\n  max_tweets_per_request: 10   # as it came\n", encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    decide_about_packs({2: 0.8, 5: 0.8, 8: 0.3})
    said = viral_assets("tune", "--project", "bakers")
    assert said.code == 0
    assert "generation.max_tweets_per_request: 10 to 6." in said.out
    assert "Nothing is written yet" in said.out
    assert file.read_text(encoding="utf-8") == before
    written = viral_assets("tune", "--project", "bakers", "--write", "--json")
    packing = written.json["packing"]
    assert (packing["old"], packing["new"], written.json["written"]) == (10, 6, True)
    last = packing["comparisons"][-1]
    assert (last["least_tweets"], last["most_tweets"], last["verdict"]) == (7, 10, "worse")
    assert last["larger"] == {"approved": 72, "decided": 240, "requests": 30}
    assert 0 < last["low"] < last["drop"] < last["high"] < 1
    changed = before.replace("max_tweets_per_request: 10 ", "max_tweets_per_request: 6 ")
    assert file.read_text(encoding="utf-8").split() == changed.split()


def test_the_cap_stays_where_the_decisions_do_not_tell_and_it_is_said_what_it_takes(
    viral_assets: CommandLine, file: Path
) -> None:
    decide(20)
    decide_about_packs({1: 0.9, 8: 0.1}, requests=5)
    said = viral_assets("tune", "--project", "bakers", "--examples", "--json", "--write")
    assert said.code == 0
    (only,) = said.json["packing"]["comparisons"]
    assert (said.json["packing"]["new"], only["verdict"], only["drop"]) == (10, "too few", None)
    assert "too few decisions: it takes 5 more requests of this size" in " ".join(said.err.split())
    assert "max_tweets_per_request stays 10" in said.err
    assert load_project(file).generation.max_tweets_per_request == 10


@pytest.mark.parametrize("name", ["nobody", "../bakers", "x'; DROP TABLE tweets; --", "\x1b[31mred"])
def test_a_project_that_is_none_is_told(viral_assets: CommandLine, file: Path, name: str) -> None:
    said = viral_assets("tune", "--project", name)
    assert said.code == 2
    assert len(said.complaints) == len(said.err.splitlines()) == 1
    assert "known projects: bakers" in said.err
    assert "\x1b" not in said.err


def test_a_broken_project_file_is_told_with_its_line(viral_assets: CommandLine, file: Path) -> None:
    file.write_text(PROJECT + "wieghts: {}\n", encoding="utf-8")
    said = viral_assets("tune", "--project", "bakers")
    assert said.code == 2
    assert "bakers.yml:11: wieghts: is not a known key" in said.err


@pytest.mark.usefixtures("file")
def test_targets_the_wrong_way_round_are_refused(viral_assets: CommandLine) -> None:
    said = viral_assets("tune", "--project", "bakers", "--green-precision", "0.3")
    assert said.code == 2
    assert "--green-precision must not be below --yellow-precision" in said.err


def decide_about_drafts(count: int = 20) -> None:
    """Store drafts of a model of which somebody took the exclamation marks out."""
    hour = floor_hour(datetime.now(UTC)) - timedelta(hours=30)
    rows = []
    for number in range(count):
        text = TEXTS[number % len(TEXTS)].rstrip(".?")
        key = {"project": "bakers", "tweet_id": str(number), "suggestion_type": "add_value", "window_start": hour}
        written = {"position": 0, "weighted_length": 80, "provider": "google-genai", "model": "m", "request_id": "r"}
        texts = {"text": f"{text}.", "original_text": f"{text}!", "status": "edited"}
        rows.append({**key, **written, **texts, "created_at": hour, "decided_at": hour})
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        insert_ignore(connection, tables.comment_suggestions, rows)
    database.dispose()


def test_what_people_change_becomes_constraints_of_the_voice_when_asked_to(
    viral_assets: CommandLine, file: Path
) -> None:
    decide_about_drafts()
    said = viral_assets("tune", "--project", "bakers", "--voice")
    assert said.code == 0
    assert "No exclamation marks." in said.out
    assert "--write puts this" in " ".join(said.out.split())
    assert file.read_text(encoding="utf-8") == PROJECT

    said = viral_assets("tune", "--project", "bakers", "--voice", "--write", "--json")
    assert said.json["constraints"] == [{"text": "No exclamation marks.", "drafts": 20, "changed": 20}]
    assert said.json["written"]
    assert load_project(file).voice.constraints == ("No exclamation marks.",)
    assert "weights:\n  velocity: 0.35          # how fast" in file.read_text(encoding="utf-8")

    said = viral_assets("tune", "--project", "bakers", "--voice")
    assert said.code == 0
    assert "nothing that can be counted" in " ".join(said.out.split())


def decide_about_habits(count: int = 12) -> None:
    """Store drafts of a model that hedge, and that somebody made plain."""
    hour = floor_hour(datetime.now(UTC)) - timedelta(hours=30)
    rows = []
    for number in range(count):
        text = TEXTS[number % len(TEXTS)].rstrip(".?")
        key = {"project": "bakers", "tweet_id": str(number), "suggestion_type": "add_value", "window_start": hour}
        written = {"position": 0, "weighted_length": 80, "provider": "google-genai", "model": "m", "request_id": "r"}
        texts = {"text": f"{text}, {number}.", "original_text": f"To say it honestly, {text}, {number}."}
        rows.append({**key, **written, **texts, "status": "edited", "created_at": hour, "decided_at": hour})
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        insert_ignore(connection, tables.comment_suggestions, rows)
    database.dispose()


HEDGE = "Say it without hedging first."


def test_a_model_says_what_cannot_be_counted_after_saying_what_it_takes(
    viral_assets: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide_about_habits()
    asked = ("tune", "--project", "bakers", "--voice", "--with-model")
    with GeminiEmulator() as emulator:
        monkeypatch.setenv("GEMINI_API_KEY", "a-key")
        monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
        said = viral_assets(*asked, "--dry-run")
        assert said.code == 0, said.err
        assert "12 drafts that people changed go to the language model" in said.out
        assert "at most 4 requests" in said.out
        assert emulator.arrivals == []

        said = viral_assets(*asked)
        assert said.code == 0, said.err
        out = " ".join(said.out.split())
        assert out.index("at most 4 requests") < out.index(HEDGE)
        assert f"{HEDGE} Among the edits that speak for it: - To say it honestly," in out
        assert 0 < len(emulator.arrivals) <= 4
        assert file.read_text(encoding="utf-8") == PROJECT, "nothing is written unasked"

        before = len(emulator.arrivals)
        said = viral_assets(*asked, "--write", "--json")
        assert "known already; nothing is asked" in said.err
        assert len(emulator.arrivals) == before, "nothing is paid for twice"
    found = {each["text"]: each for each in said.json["constraints"]}
    assert (found[HEDGE]["drafts"], found[HEDGE]["changed"], len(found[HEDGE]["edits"])) == (12, 12, 12)
    assert HEDGE in load_project(file).voice.constraints
    assert "a-key" not in said.out + said.err


def test_without_a_model_or_enough_edits_it_says_so(
    viral_assets: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("tune", "--project", "bakers", "--voice", "--with-model")
    decide_about_habits(3)
    said = viral_assets(*asked)
    assert "No model is asked: people changed 3 of the drafts" in " ".join(said.out.split())
    decide_about_habits(12)
    monkeypatch.setenv("VIRAL_ASSETS_PROVIDER", "offline")
    said = viral_assets(*asked)
    assert said.code == 2
    assert "--with-model needs a language model: set GEMINI_API_KEY" in said.err
    for wrong in (("--with-model",), ("--voice", "--dry-run"), ("--voice", "--with-model", "--dry-run", "--write")):
        assert viral_assets("tune", "--project", "bakers", *wrong).code == 2
    assert file.read_text(encoding="utf-8") == PROJECT


def post_replies(count: int) -> None:
    """Store posted replies that brought the more the more open their tweet is."""
    decide(count)
    database = Database(load_settings().resolved_database_url)
    with database.begin() as connection:
        posted_at = floor_hour(datetime.now(UTC)) - timedelta(hours=29)
        scores = connection.execute(sa.select(tables.tweet_scores)).all()
        connection.execute(sa.update(tables.comment_suggestions).values(status="posted"))
        replies, looks = [], []
        for row in scores:
            key = {"reply_id": f"9{row.tweet_id}", "tweet_id": row.tweet_id}
            told = {"posted_at": posted_at, "text": "", "found_by": "same_text", "noted_at": posted_at}
            replies.append({**key, "project": "bakers", "suggestion_type": "add_value", **told, "gone_at": None})
            counts = {"view_count": round(2_400 * row.openness), "like_count": 1}
            unknown = dict.fromkeys(("reply_count", "retweet_count", "quote_count", "bookmark_count"))
            seen = {"collected_at": posted_at + timedelta(hours=24), "source": "s", "author_answered": None}
            looks.append({**key, **seen, **counts, **unknown})
        insert_ignore(connection, tables.posted_replies, replies)
        insert_ignore(connection, tables.reply_snapshots, looks)
    database.dispose()


@pytest.mark.slow
def test_with_outcomes_as_the_target_weights_follow_what_replies_brought(viral_assets: CommandLine, file: Path) -> None:
    post_replies(200)
    asked = ("tune", "--project", "bakers", "--target", "outcomes")
    said = viral_assets(*asked)
    assert said.code == 0, said.err
    out = " ".join(said.out.split())
    assert "200 posted replies, 200 with the views of their first day." in out
    assert "It need not be their cause." in out
    assert "above the median" in out
    assert "worth a reply" not in out
    assert file.read_text(encoding="utf-8") == PROJECT
    said = viral_assets(*asked, "--write", "--json")
    found = load_project(file)
    assert (said.json["target"], said.json["outcomes"]["measure"]) == ("outcomes", "view_count")
    assert said.json["outcomes"]["together_with"]["openness"]["low"] > 0.9
    assert found.weights.openness > 0.8
    assert said.json["new"]["weights"] == found.weights.model_dump()
    assert said.json["decisions"] == {"tweets": 200, "above_the_median": 100}


def test_too_few_posted_replies_are_said_with_what_is_known(viral_assets: CommandLine, file: Path) -> None:
    post_replies(12)
    said = viral_assets("tune", "--project", "bakers", "--target", "outcomes")
    assert said.code == 1
    assert "12 posted replies, 12 with the views of their first day" in said.out
    assert "too few posted replies about bakers: 12 tweets" in said.err
    said = viral_assets("tune", "--project", "bakers", "--target", "outcomes", "--json")
    assert said.code == 1
    assert said.json["outcomes"]["replies"] == 12
    assert "too few posted replies" in said.json["refused"]
    assert file.read_text(encoding="utf-8") == PROJECT
