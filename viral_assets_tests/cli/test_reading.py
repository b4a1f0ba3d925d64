"""The commands for what is there: ``export-comments``, ``review`` and ``quota``; and ``db upgrade``."""

from __future__ import annotations

import csv
import os
import shlex
import webbrowser
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.cli.quota import effective_requests
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.hours import HOUR
from viral_assets.quota.from_settings import embedding_ledger, limits_from
from viral_assets.quota.ledger import GrantRequest, QuotaStatus
from viral_assets.quota.limits import Limits
from viral_assets.quota.posts import PostBudget, PostLedger, PostRequest, x_account
from viral_assets.settings import BUNDLED_PROJECTS, load_settings
from viral_assets.store.engine import Database
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.delivery.examples import opportunity, store, suggestion


@pytest.fixture
def three_tweets(home: Path, last_hour: datetime) -> None:
    """Of the project demo: a green one of the last hour, a yellow one of yesterday that more people saw, a rejected."""
    database = Database(load_settings().resolved_database_url)
    new, old = last_hour + timedelta(minutes=7), last_hour - timedelta(hours=20)
    rejected = (suggestion("You should not have said that, and here is why.", status="rejected"),)
    with database.begin() as connection:
        store(
            connection,
            [
                opportunity(project="demo", tweet_id="11", created_at=new, total=0.7, label="green", views=10),
                opportunity(project="demo", tweet_id="12", created_at=old, total=0.5, label="yellow", views=9_000),
                opportunity(project="demo", tweet_id="13", created_at=new, total=0.9, suggestions=rejected),
            ],
        )
    database.dispose()


def exported(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["tweet_id"] for row in csv.DictReader(file)]


@pytest.mark.usefixtures("three_tweets")
@pytest.mark.parametrize(
    ("arguments", "tweets"),
    [
        ([], ["11", "12"]),
        (["--project", "demo"], ["11", "12"]),
        (["--sort-by", "views"], ["12", "11"]),
        (["--limit", "1"], ["11"]),
        (["--hours-back", "6"], ["11"]),
        (["--label", "yellow"], ["12"]),
        (["--label", "yellow", "--label", "green"], ["11", "12"]),
        (["--status", "rejected"], ["13"]),
        (["--status", "posted"], []),
    ],
)
def test_an_export_has_the_tweets_asked_for(
    viral_assets: CommandLine, tmp_path: Path, arguments: list[str], tweets: list[str]
) -> None:
    path = tmp_path / "replies.csv"
    said = viral_assets("export-comments", "--out", path, *arguments, "--json")
    assert said.code == 0
    assert exported(path) == tweets
    assert (said.json["path"], said.json["rows"]) == (str(path), len(tweets))


@pytest.mark.usefixtures("three_tweets")
def test_an_export_goes_to_the_home_unless_told_otherwise(viral_assets: CommandLine) -> None:
    viral_assets("export-comments", "--project", "demo")
    assert exported(viral_assets.home / "exports" / "comments-demo.csv") == ["11", "12"]


@pytest.mark.usefixtures("three_tweets")
@pytest.mark.parametrize(
    ("arguments", "name", "kind"),
    [
        (["--out", "{}/r.json"], "{}/r.json", "json"),
        (["--out", "{}/r.parquet"], "{}/r.parquet", "parquet"),
        (["--out", "{}/replies"], "{}/replies", "csv"),
        (["--out", "{}/r.txt", "--format", "json"], "{}/r.txt", "json"),
        (["--format", "parquet", "--project", "demo"], "{}/exports/comments-demo.parquet", "parquet"),
    ],
)
def test_an_export_has_the_format_asked_for(
    viral_assets: CommandLine, arguments: list[str], name: str, kind: str
) -> None:
    said = viral_assets("export-comments", *(text.format(viral_assets.home) for text in arguments), "--json")
    path = Path(name.format(viral_assets.home))
    assert said.json == {
        "path": str(path),
        "format": kind,
        "rows": 2,
        "suggestions": 4,
        "marked": 4,
        "changed": 0,
        "kept": False,
    }
    begins = {"csv": b"rank,", "json": b"[\n{", "parquet": b"PAR1"}[kind]
    assert path.read_bytes().startswith(begins)


@pytest.mark.usefixtures("three_tweets")
def test_an_export_marks_what_it_contains_unless_told_not_to(viral_assets: CommandLine, tmp_path: Path) -> None:
    new = ("export-comments", "--status", "pending", "--out", tmp_path / "new.csv")
    looked = viral_assets(*new, "--no-mark", "--json")
    assert (looked.json["rows"], looked.json["marked"]) == (2, 0)

    said = viral_assets(*new)
    assert "4 suggestions are marked as exported." in said.out
    assert viral_assets(*new, "--json").json["rows"] == 0
    assert viral_assets("export-comments", "--out", tmp_path / "all.csv", "--json").json["rows"] == 2


@pytest.mark.usefixtures("three_tweets")
def test_a_file_that_was_changed_since_is_not_replaced_without_a_word(
    viral_assets: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "replies.csv"
    path.write_text("of somebody else, who named it")
    again = ("export-comments", "--out", path)
    assert viral_assets(*again).code == 0
    assert viral_assets(*again).code == 0, "as we left it"
    path.write_text("worked in")
    said = viral_assets(*again)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "replies.csv has been changed since an export wrote it on 20" in said.err
    assert "--replace" in said.err
    assert path.read_text() == "worked in"
    assert viral_assets(*again, "--replace").code == 0
    assert exported(path) != []
    path.unlink()
    assert viral_assets(*again).code == 0
    (viral_assets.home / "exports" / ".written.json").write_text("[not ours")
    assert viral_assets(*again).code == 0


@pytest.mark.usefixtures("three_tweets")
def test_decisions_made_in_a_file_are_taken_over(viral_assets: CommandLine) -> None:
    written = viral_assets("export-decisions", "--project", "demo", "--json")
    path = Path(written.json["path"])
    assert path == viral_assets.home / "exports" / "decisions-demo.csv"
    assert (written.json["suggestions"], written.json["tweets"]) == (4, 2)
    (printed,) = [line.partition(": ")[2] for line in written.err.splitlines() if "import-decisions" in line]
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["decision"], rows[1]["text"], rows[2]["decision"] = "yes", "Mine.", "perhaps"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    refused = viral_assets("export-decisions", "--project", "demo")
    assert refused.code == 2
    assert "has been changed since an export wrote it" in refused.err
    looked = viral_assets(*shlex.split(printed)[1:], "--dry-run")
    assert "Would be taken over: 1 approved, 1 edited. As they were: 1." in looked.out
    assert "line 4: there is no decision 'perhaps'" in looked.out
    said = viral_assets(*shlex.split(printed)[1:], "--who", "mara", "--json")
    assert (said.json["done"], said.json["untouched"], len(said.json["problems"])) == ({"approve": 1, "edit": 1}, 1, 1)
    assert viral_assets(*shlex.split(printed)[1:], "--json").json["done"] == {}


def test_a_file_of_decisions_that_is_none_is_one_line(viral_assets: CommandLine, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path):
        said = viral_assets("import-decisions", path)
        assert (said.code, said.err.count("\n")) == (2, 1)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    said = viral_assets("import-decisions", tmp_path / "other.csv")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "the file has no column decision, text, id" in said.err
    said = viral_assets("export-decisions", "--json")
    assert (said.code, said.json["suggestions"]) == (0, 0)
    assert not Path(said.json["path"]).exists()


def test_an_export_in_a_format_nobody_knows_is_one_line(viral_assets: CommandLine, tmp_path: Path) -> None:
    said = viral_assets("export-comments", "--out", tmp_path / "replies.xlsx")
    assert (said.code, len(said.complaints), said.err.count("\n")) == (2, 1, 1)
    assert "there is no export as .xlsx; name a .csv, .json or .parquet file" in said.err
    assert not (tmp_path / "replies.xlsx").exists()


def test_an_export_to_a_place_that_cannot_be_written_is_one_line(viral_assets: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = viral_assets("export-comments", "--out", tmp_path / "file" / "replies.csv")
    assert said.code == 2
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("three_tweets")
def test_digest_writes_a_page_and_opens_it(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def browser(address: str) -> bool:
        opened.append(Path(address.removeprefix("file://")))
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    said = viral_assets("digest", "--project", "demo")
    assert said.code == 0
    (page,) = opened
    assert str(page) in said.out
    assert "Put the charger in the kitchen" in page.read_text(encoding="utf-8")
    assert exported(page.with_suffix(".csv")) != []


@pytest.mark.usefixtures("three_tweets")
def test_digest_says_so_where_there_is_no_browser(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    said = viral_assets("digest")
    assert said.code == 0
    assert "open the page yourself" in said.out


@pytest.mark.usefixtures("three_tweets")
def test_digest_takes_the_hours_asked_for(viral_assets: CommandLine, last_hour: datetime) -> None:
    said = viral_assets("digest", "--from", f"{last_hour:%Y-%m-%dT%H:%M}", "--no-open", "--json")
    assert said.json["opportunities"] == 2
    assert said.json["to"] == (last_hour + HOUR).isoformat()


def test_digest_of_nothing_names_the_command_that_comes_before(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", pytest.fail)
    said = viral_assets("digest")
    assert said.code == 0
    assert "viral-assets generate-comments" in said.out


def test_quota_shows_what_is_used_and_free(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "GEMINI_API_KEY": "a-secret-key",
        "VIRAL_ASSETS_RPM": "12",
        "VIRAL_ASSETS_RPD": "500",
        "VIRAL_ASSETS_DAILY_BUDGET_USD": "2.5",
    }.items():
        monkeypatch.setenv(name, value)
    database = Database(load_settings().resolved_database_url)
    ledger = AsyncCommentGenerator(limits=limits_from(load_settings()), database=database).ledger
    ledger.block(3600, "the service said: enough\x1b[2J")
    database.dispose()

    said = viral_assets("quota", "--json")
    assert said.code == 0
    assert said.json["window"]["requests"] == {"used": 0, "limit": 12}
    assert said.json["day"]["requests"] == {"used": 0, "limit": 500}
    assert said.json["day"]["cost_usd"] == {"used": 0.0, "limit": 2.5}
    blocked = datetime.fromisoformat(said.json["blocked_until"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < blocked < timedelta(minutes=61)

    shown = viral_assets("quota").out
    assert "Blocked until" in shown
    assert "$2.50" in shown
    assert "a-secret-key" not in shown
    assert "\x1b" not in shown


def test_quota_shows_each_model_that_the_projects_use(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    text = (BUNDLED_PROJECTS / "demo.yml").read_text()
    two = text.replace("model: gemini-2.5-flash-lite", "model: [gemini-3.6-flash, gemini-2.5-flash-lite]")
    (folder / "demo.yml").write_text(two)
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(folder))
    monkeypatch.setenv("GEMINI_API_KEY", "a-secret-key")
    assert list(viral_assets("quota", "--json").json["models"]) == ["gemini-3.6-flash", "gemini-2.5-flash-lite"]
    shown = viral_assets("quota").out
    assert "gemini-3.6-flash requests in" in shown
    assert "gemini-2.5-flash-lite requests in" in shown

    monkeypatch.setenv("GEMINI_MODEL", "gemini-3.5-flash-lite")
    assert list(viral_assets("quota", "--json").json["models"]) == ["gemini-3.5-flash-lite"]


def test_quota_without_a_key_says_that_there_is_none_to_show(viral_assets: CommandLine) -> None:
    said = viral_assets("quota", "--json")
    assert said.json["provider"] == "offline"
    assert said.json["window"]["requests"]["limit"] is None
    assert "GEMINI_API_KEY" in said.err


def test_quota_shows_embeddings_and_posts_where_they_are_paid_for(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GEMINI_API_KEY": "a-secret-key",
        "X_BEARER_TOKEN": "a-secret-token",
        "VIRAL_ASSETS_EMBEDDER": "gemini",
        "VIRAL_ASSETS_RPM": "12",
        "VIRAL_ASSETS_EMBEDDING_RPM": "100",
        "VIRAL_ASSETS_DAILY_BUDGET_USD": "2.5",
        "VIRAL_ASSETS_X_POSTS_PER_DAY": "400",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    database = Database(settings.resolved_database_url)
    database.upgrade()
    ledger = embedding_ledger(settings, "a-secret-key", database)
    ledger.ask(GrantRequest("embedded", "runner", tokens=300, cost_usd=0.25, purpose="embed"))
    ledger.leave("runner")
    reading = PostLedger(database, PostBudget(x_account("a-secret-token"), "run"), "search", clock=lambda: now)
    now = datetime.now(UTC)
    reading.ask(PostRequest("read", "demo", 90))
    database.dispose()

    said = viral_assets("quota", "--json").json
    assert said["window"]["requests"] == {"used": 0, "limit": 12}
    assert said["day"]["cost_usd"] == {"used": 0.25, "limit": 2.5}, "one budget"
    assert said["embedding"]["window"]["requests"] == {"used": 1, "limit": 100}
    assert said["embedding"]["day"]["tokens"]["used"] == 300
    assert (said["embedding"]["cost_usd"], said["embedding"]["in_flight"]) == (0.25, 1)
    assert said["posts"]["day"]["posts"] == {"used": 90, "limit": 400}
    assert said["posts"]["day"]["name"] == f"{now:%F}"

    shown = viral_assets("quota").out
    assert "embedding requests in" in shown
    assert "posts read from X" in shown
    assert shown.count("spent on") == 1
    assert "a-secret" not in shown

    monkeypatch.setenv("VIRAL_ASSETS_PROVIDER", "offline")
    shown = viral_assets("quota").out
    assert "embedding requests in" in shown
    assert not any(line.strip(" │|").startswith("requests in") for line in shown.splitlines())


def test_quota_shows_nothing_that_is_not_paid_for(viral_assets: CommandLine) -> None:
    said = viral_assets("quota", "--json").json
    assert (said["embedding"], said["posts"]) == (None, None)


def test_a_limit_learned_from_the_service_counts_if_it_is_lower() -> None:
    status = QuotaStatus(Limits(max_requests=15), 0, 0, 0, "2026-11-21", 0, 0, 0, 0)
    assert effective_requests(status) == 15
    assert effective_requests(replace(status, learned_requests=4)) == 4
    assert effective_requests(replace(status, learned_requests=40)) == 15


def test_db_upgrade_shows_before_and_after_and_no_password(viral_assets: CommandLine, postgres_url: str) -> None:
    os.environ["VIRAL_ASSETS_DATABASE_URL"] = postgres_url + ("&" if "?" in postgres_url else "?") + "password=geheim"
    first, second = viral_assets("db", "upgrade", "--json"), viral_assets("db", "upgrade", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.json["before"] is None
    assert first.json["after"] == second.json["before"] == second.json["after"]
    assert "nothing to do" in second.err
    assert "geheim" not in first.out + first.err + second.out + second.err
