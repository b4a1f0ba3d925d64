"""``viral-assets revise``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, llm_requests, suggestion_events
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion
from viral_assets_tests.store.rows import stored

TWEET = "1990000000000000001"
LONG = "Put the charger in the kitchen, yours included. After two weeks nobody even asks for it."
SHORT = "Put the charger in the kitchen, yours included."


@pytest.fixture
def database(home: Path) -> Database:
    made = Database(load_settings().resolved_database_url)
    made.ensure_ready()
    two = (suggestion(LONG), suggestion("Which part do they push back on?", type_name=TYPES[1]))
    view = opportunity(tweet_id=TWEET, project="demo", suggestions=two)
    with made.begin() as connection:
        store(connection, [view, replace(view, tweet_id="1990000000000000002", suggestions=two[:1])])
    return made


def texts(database: Database) -> list[tuple[str, str]]:
    return [(row["status"], row["text"]) for row in stored(database, comment_suggestions) if row["tweet_id"] == TWEET]


def test_old_and_new_are_shown_and_the_new_one_is_taken_with_the_same_command(
    viral_assets: CommandLine, database: Database
) -> None:
    asked = ("revise", TWEET, "shorter", "--type", TYPES[0], "--who", "mara")
    said = viral_assets(*asked)
    assert said.code == 0
    assert f"Old (88): {LONG}" in said.out
    assert f"New (47): {SHORT}" in said.out
    assert "with --take at the end of the same command" in " ".join(said.out.split())
    assert texts(database)[0] == ("pending", LONG)

    said = viral_assets(*asked, "--take", "--json")
    assert (said.code, said.json["state"], said.json["new"], said.json["model"]) == (0, "taken", SHORT, "offline")
    assert "Taken: add_value is pending" in said.err
    assert texts(database)[0] == ("pending", SHORT)
    assert len(stored(database, llm_requests)) == 1, "nothing was asked twice"
    (event,) = stored(database, suggestion_events)
    assert (event["who"], event["action"], event["reason"]) == ("mara", "revise", "shorter")


def test_another_wish_goes_on_from_the_new_text(viral_assets: CommandLine, database: Database) -> None:
    viral_assets("revise", TWEET, "shorter", "--type", TYPES[0])
    said = viral_assets("revise", TWEET, "Without exclamation marks", "--type", TYPES[0], "--json")
    assert (said.code, said.json["state"], said.json["new"]) == (1, "failed", None)
    assert "Not revised: there is not an exclamation mark in it." in said.err
    said = viral_assets("revise", TWEET, "shorter", "--type", TYPES[0], "--take", "--json")
    assert (said.code, said.json["state"]) == (0, "taken"), "the one before is there as long as nothing came of that"


def test_what_takes_a_model_is_said_to(viral_assets: CommandLine, database: Database) -> None:
    said = viral_assets("revise", f"https://x.com/a/status/{TWEET}", "less salesy", "--type", TYPES[0])
    assert said.code == 1
    assert "without a key only what can be counted is done" in " ".join(said.out.split())
    assert texts(database)[0] == ("pending", LONG)
    said = viral_assets("revise", "1990000000000000002", "shorter")
    assert said.code == 0, "of one suggestion, the type need not be said"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((TWEET, "shorter"), "has suggestions of type add_value, ask_question; say which with --type"),
        ((TWEET, "shorter", "--type", "poem"), "there is none of type 'poem'"),
        (("77", "shorter"), "tweet 77 has no suggestions; `viral-assets why 77` says why"),
        (("nothing", "shorter"), "'nothing' is no tweet"),
        ((TWEET, " ", "--type", TYPES[0]), "say what should change"),
        ((TWEET, "x" * 301, "--type", TYPES[0]), "at most 300 characters"),
        ((TWEET, "shorter", "--project", "nobody"), "there is no project 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    viral_assets: CommandLine, database: Database, arguments: tuple[str, ...], problem: str
) -> None:
    said = viral_assets("revise", *arguments)
    assert said.code in (1, 2)
    assert len(said.complaints) == 1
    assert problem in said.complaints[0]
