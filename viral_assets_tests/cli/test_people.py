"""``viral-assets people``, and the names and approvals of the other commands."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from viral_assets.safety.flag import Flag
from viral_assets.settings import load_settings
from viral_assets.store.engine import Database
from viral_assets.store.people_tokens import holder_of
from viral_assets.store.tables import comment_suggestions, people_tokens, suggestion_events
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.delivery.examples import opportunity, store, suggestion
from viral_assets_tests.queries.test_second_approval import ASKING
from viral_assets_tests.store.rows import stored


@pytest.fixture
def database(home: Path) -> Database:
    made = Database(load_settings().resolved_database_url)
    made.ensure_ready()
    return made


def test_a_token_is_made_listed_and_revoked_and_shown_once(viral_assets: CommandLine, database: Database) -> None:
    said = viral_assets("people", "list")
    assert "There is no list" in said.out
    said = viral_assets("people", "token", "mara")
    assert (said.code, said.complaints) == (
        2,
        ["viral-assets: 'mara' is nobody on the list of people; `viral-assets people add` puts one there"],
    )
    said = viral_assets("people", "add", "mara", "--json")
    assert (said.code, said.json) == (0, {"name": "mara", "added": True})
    assert viral_assets("people", "add", "MARA", "--json").json == {"name": "mara", "added": False}

    made = viral_assets("people", "token", "mara", "--json")
    token, token_id = made.json["token"], made.json["id"]
    with database.read() as connection:
        assert holder_of(connection, token) == (token_id, "mara")
    secret = token.removeprefix(f"va-{token_id}-")
    listed = viral_assets("people", "list")
    assert token_id in listed.out
    assert secret not in listed.out + viral_assets("people", "list", "--json").out
    assert secret not in str(stored(database, people_tokens))

    assert viral_assets("people", "revoke", token).code == 0
    with database.read() as connection:
        assert holder_of(connection, token) is None
    said = viral_assets("people", "revoke", token_id)
    assert (said.code, len(said.complaints)) == (2, 1)
    (row,) = viral_assets("people", "list", "--json").json["tokens"]
    assert row["revoked_at"]
    assert viral_assets("people", "remove", "Mara", "--json").json == {"name": "mara", "removed": True}
    assert viral_assets("people", "remove", "mara").code == 2
    assert viral_assets("people", "list", "--json").json == {"people": [], "tokens": []}


def test_two_people_decide_in_files_under_names_of_the_list(
    viral_assets: CommandLine, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What one has approved is in no export until another one has, too."""
    projects = tmp_path / "projects"
    projects.mkdir()
    (projects / "demo.yml").write_text(ASKING, encoding="utf-8")
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(projects))
    one = opportunity(project="demo", flags=(Flag("illness", 1.0, "“cancer”"),), suggestions=(suggestion("A drawer."),))
    with database.begin() as connection:
        store(connection, [one, replace(one, tweet_id="2", flags=(), suggestions=(suggestion("A box."),))])
    for name in ("mara", "tom"):
        viral_assets("people", "add", name)

    def decide(who: str) -> dict[str, object]:
        path = tmp_path / f"{who}.csv"
        assert viral_assets("export-decisions", "--out", str(path)).code == 0
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{**row, "decision": "approve" if "cancer" in row["why"] else ""} for row in csv.DictReader(file)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return viral_assets("import-decisions", str(path), "--who", who, "--json").json

    def exported() -> int:
        path = tmp_path / "out.json"
        path.unlink(missing_ok=True)
        return int(viral_assets("export-comments", "--out", str(path), "--no-mark", "--json").json["suggestions"])

    said = viral_assets("import-decisions", __file__, "--who", "eve")
    assert said.code == 2
    assert exported() == 1
    first = decide("Mara")
    assert (first["done"], first["awaiting"], exported()) == ({"approve": 1}, 1, 1)
    refused = decide("mara")
    assert "the first one was yours" in str(refused["problems"])
    second = decide("tom")
    assert (second["done"], second["awaiting"], exported()) == ({"approve": 1}, 0, 2)
    assert [row["who"] for row in stored(database, suggestion_events)] == ["mara", "tom"]
    assert sorted(row["status"] for row in stored(database, comment_suggestions)) == ["approved", "pending"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("review", "--who", "eve"),
        ("import-decisions", "FILE", "--who", "eve"),
        ("revise", "1", "shorter", "--who", "eve"),
    ],
)
def test_nobody_decides_under_a_name_that_is_not_on_the_list(
    viral_assets: CommandLine, database: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "decide.csv"
    file.write_text("decision,text,id\n")
    viral_assets("people", "add", "mara")
    said = viral_assets(*(str(file) if each == "FILE" else each for each in arguments))
    assert said.code == 2
    (line,) = said.complaints
    assert "'eve' is nobody on the list of people (mara); say who you are with --who" in line
    assert line.endswith("or add a name: `viral-assets people add eve`")
