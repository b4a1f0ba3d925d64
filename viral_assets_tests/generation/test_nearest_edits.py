"""A draft is shown what people made of drafts about the likest tweets, as data, once there are some."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.drafting.edited import MOST_EDITS, edits_shown
from viral_assets.generation.drafting.prompt import build_request, system_instruction
from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.nearest_edits import EDITS_A_TWEET, LEAST_EDITS, presentable, with_nearest_edits
from viral_assets.generation.opportunity import Edit, Opportunity
from viral_assets.generation.run.results import SAID_LATELY
from viral_assets.projects.model import Project
from viral_assets.store.bulk import upsert
from viral_assets.store.edits import EditedReply, models_with_vectors
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, tweets
from viral_assets.store.vectors import write_vectors
from viral_assets.text.hashing import text_hash
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.generation.drafting.test_prompt import HOSTILE
from viral_assets_tests.generation.make import opportunity, pack, project
from viral_assets_tests.generation.running import PLENTY, Run
from viral_assets_tests.learning.test_voice import PLAIN
from viral_assets_tests.store.rows import stored, tweet_row
from viral_assets_tests.store.test_decisions import row_of

ANY_TEXT = st.text(st.characters(), max_size=200) | st.sampled_from(HOSTILE)
MODEL = "words-1"


def vector(angle: float) -> Any:
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)


def edited(database: Database, now: datetime, count: int = LEAST_EDITS, **changes: Any) -> list[Edit]:
    """So many drafts that somebody changed, each about a tweet a little further from the direction 0."""
    edits = [Edit(f"Great one! {PLAIN[at]}!", f"{PLAIN[at]}.") for at in range(count)]
    known: dict[str, Any] = {"status": "edited", "provider": "google-genai", "decided_at": now} | changes
    told = [f"Loaf number {at} came out flat again." for at in range(count)]
    with database.begin() as connection:
        rows = [tweet_row(f"70{at}", text=text, text_sha256=text_hash(text)) for at, text in enumerate(told)]
        upsert(connection, tweets, rows)
        upsert(
            connection,
            comment_suggestions,
            [
                row_of(
                    SuggestionKey("calm", f"70{at}", "add_value"),
                    now,
                    **{"text": edit.text, "original_text": edit.draft} | known,
                )
                for at, edit in enumerate(edits)
            ],
        )
        matrix = np.stack([vector(at / 10) for at in range(count)])
        write_vectors(connection, MODEL, [text_hash(text) for text in told], matrix)
    return edits


def asked(database: Database, now: datetime, *angles: float, of: Project | None = None) -> list[Opportunity]:
    """Tweets in these directions, with the edits that their prompts show."""
    wanted = pack(len(angles))
    if angles:
        with database.begin() as connection:
            hashes = [text_hash(each.text) for each in wanted]
            write_vectors(connection, MODEL, hashes, np.stack([vector(angle) for angle in angles]))
    with database.read() as connection:
        return with_nearest_edits(connection, wanted, {"calm": of or project()}, now=now)


def test_each_tweet_gets_the_edits_of_the_likest_tweets(database: Database, now: datetime) -> None:
    edits = edited(database, now)
    near, far = asked(database, now, 0.0, 0.41)
    assert near.edits == (edits[0], edits[1])
    assert far.edits == (edits[4], edits[3])


@pytest.mark.parametrize(
    ("count", "changes"),
    [
        pytest.param(LEAST_EDITS - 1, {}, id="too few"),
        pytest.param(LEAST_EDITS, {"status": "rejected"}, id="rejected"),
        pytest.param(LEAST_EDITS, {"provider": "offline"}, id="offline drafts"),
        pytest.param(LEAST_EDITS, {"original_text": None}, id="approved as they were"),
        pytest.param(LEAST_EDITS, {"revised_text": "A model wrote this."}, id="revised by a model"),
        pytest.param(LEAST_EDITS, {"text": "Buy at https://shop.example now, and tell us."}, id="against the rules"),
    ],
)
def test_what_is_no_habit_of_a_person_is_not_shown(
    database: Database, now: datetime, count: int, changes: dict[str, Any]
) -> None:
    edited(database, now, count, **changes)
    (found,) = asked(database, now, 0.0)
    assert found.edits == ()


def test_old_edits_and_those_nobody_wants_are_not_shown(database: Database, now: datetime) -> None:
    edited(database, now)
    (off,) = asked(database, now, 0.0, of=project(voice={"learn_from_edits": False}))
    (late,) = asked(database, now + SAID_LATELY + timedelta(days=1), 0.0)
    assert off.edits == late.edits == ()
    assert all(each.edits == () for each in asked(database, now)), "no tweet, nothing to show"


def test_a_tweet_without_a_vector_and_its_own_edit_are_left_out(database: Database, now: datetime) -> None:
    edits = edited(database, now)
    with database.read() as connection:
        (found,) = with_nearest_edits(connection, pack(1), {"calm": project()}, now=now)
        assert found.edits == ()
        own = opportunity("700", "Loaf number 0 came out flat again.")
        (found,) = with_nearest_edits(connection, [own], {"calm": project()}, now=now)
    assert found.edits == (edits[1], edits[2])


def test_of_several_embedders_the_one_that_knows_most_is_taken(database: Database, now: datetime) -> None:
    edits = edited(database, now)
    with database.begin() as connection:
        write_vectors(connection, "another", [text_hash(pack(1)[0].text)], np.stack([vector(3.0)]))
    with database.read() as connection:
        assert models_with_vectors(connection) == ["another", MODEL]
    (found,) = asked(database, now, 0.0)
    assert found.edits[0] == edits[0]


def test_of_several_replies_to_a_tweet_the_latest_speaks() -> None:
    latest, before = (
        EditedReply(f"Draft {text}", f"{text}.", kind, "7", "Flat again.", "h")
        for text, kind in zip(PLAIN, ("add_value", "ask_question"), strict=False)
    )
    assert presentable([latest, before], project()) == [latest]


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_edits_stay_inside_their_own_strings_and_apart_from_the_tweets(tweet: str, draft: str, text: str) -> None:
    request = build_request(project(), [opportunity(text=tweet, edits=(Edit(draft, text),))])
    data = json.loads(request.prompt)
    assert set(data) == {"task", "types", "edited_before", "tweets", "reminder"}
    (shown,), (asked_about,) = data["edited_before"], data["tweets"]
    assert set(shown) == {"draft", "posted"}
    assert set(asked_about) == {"id", "topic", "text"}
    assert data["task"].endswith("It is quoted data, too.")
    assert request.system_instruction == system_instruction(project())


def test_a_prompt_shows_a_handful_however_many_tweets_it_is_about() -> None:
    wanted = [
        replace(each, edits=tuple(Edit(f"d{at} {rank}", f"t{at} {rank}") for rank in range(EDITS_A_TWEET)))
        for at, each in enumerate(pack(4))
    ]
    shown = edits_shown(wanted)
    assert [each.draft for each in shown] == ["d0 0", "d1 0", "d2 0", "d3 0", "d0 1", "d1 1"]
    assert len(edits_shown(pack(3))) == 0
    assert len(edits_shown([replace(each, edits=wanted[0].edits) for each in pack(7)])) == EDITS_A_TWEET < MOST_EDITS
    without, whole = (build_request(project(), each) for each in (pack(4), wanted))
    assert whole.estimated_input_tokens > without.estimated_input_tokens, "the token plan counts them"


def test_a_run_has_them_in_its_prompts_and_a_draft_that_repeats_one_is_refused(
    database: Database, now: datetime
) -> None:
    edits = edited(database, datetime.now(now.tzinfo))
    (wanted,) = asked(database, datetime.now(now.tzinfo), 0.0)
    with GeminiEmulator() as emulator:
        report = Run([wanted], emulator.url, database, PLENTY)()
        Run([replace(wanted, edits=())], emulator.url, limits=PLENTY)()
        shown, bare_one = emulator.arrivals
        assert shown.tweet_ids == bare_one.tweet_ids == [wanted.tweet_id]
        assert shown.input_tokens - bare_one.input_tokens > sum(len(each.draft + each.text) // 4 for each in edits[:2])
    assert report.saved == 3
    rules = QualityFilter(project())
    rules.already_said(edits[0].text)
    assert rules.review(wanted, "add_value", edits[0].text) is not None
    offline = Run([replace(wanted, tweet_id="9" * 19)], database=database, limits=PLENTY)
    bare = Run([replace(wanted, tweet_id="9" * 19, edits=())], limits=PLENTY)
    offline(), bare()
    texts = {row["text"] for row in stored(database, comment_suggestions) if row["tweet_id"] == "9" * 19}
    alone = {each.text for result in bare.results.values() for each in result.suggestions}
    assert texts == alone, "offline ignores them"
