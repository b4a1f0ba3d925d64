"""Resources: what they read from the environment, and what they say when it cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.resources.comment_generator import CommentGeneratorResource
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.digest_folder import DigestFolderResource
from viral_assets.defs.resources.embedder import EmbedderResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_options import RunOptions, RunTier
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    ProjectFileError,
    QuotaError,
    SchemaOutOfDateError,
    UnknownProjectError,
)
from viral_assets.hours import HOUR, HourRange
from viral_assets_tests.generation.make import project
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

CONTEXT = dg.build_init_resource_context()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path) as made:
        yield made


def test_the_database_is_the_one_in_the_home_unless_named(home: Home) -> None:
    resource = DatabaseResource()
    resource.setup_for_execution(CONTEXT)
    assert (home.folder / "viral_assets.db").exists()
    resource.teardown_after_execution(CONTEXT)


def test_a_database_that_does_not_answer_is_told_in_one_line_without_its_password() -> None:
    resource = DatabaseResource(url="postgresql://user:secret@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailableError) as caught:
        resource.setup_for_execution(CONTEXT)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_empty_postgresql_names_the_command_to_run(postgres_url: str) -> None:
    with pytest.raises(SchemaOutOfDateError, match="viral-assets db upgrade"):
        DatabaseResource(url=postgres_url).setup_for_execution(CONTEXT)


@pytest.mark.slow
def test_a_run_works_on_postgresql(home: Home, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from viral_assets.store.engine import Database

    database = Database(postgres_url)
    database.upgrade()
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", postgres_url)
    home.drop("tweets.json", [*tweets_of(FIRST), *tweets_of(FIRST + HOUR)])
    first = home.run(2)
    assert first.saved > 0
    assert first.failed_checks == ()
    assert home.run(2).requests == 0
    database.dispose()


def test_projects_are_those_of_the_folder(home: Home) -> None:
    resource = ProjectsResource()
    resource.setup_for_execution(CONTEXT)
    assert list(resource.select([])) == ["baking"]
    with pytest.raises(UnknownProjectError, match="baking"):
        resource.select(["gardening"])


def test_a_broken_project_file_is_named(home: Home) -> None:
    (home.folder / "projects" / "broken.yml").write_text("name: [", encoding="utf-8")
    resource = ProjectsResource()
    resource.setup_for_execution(CONTEXT)
    usable = list(resource.select([]))
    assert usable
    (warning,) = resource.left_out([])
    assert "broken.yml:1: is not YAML" in warning
    assert resource.left_out(usable) == ()
    # Rows of a project that nobody can name stay, where everybody's would be replaced.
    assert resource.replaced([]) == usable
    with pytest.raises(ProjectFileError, match=r"broken\.yml"):
        resource.select(["broken"])


def test_where_no_project_file_can_be_used_nothing_begins(home: Home) -> None:
    for path in (home.folder / "projects").iterdir():
        path.write_text("name: [", encoding="utf-8")
    with pytest.raises(ProjectFileError, match="is not YAML"):
        ProjectsResource().setup_for_execution(CONTEXT)


def test_a_provider_without_a_key_says_which_variable_is_missing(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_API_KEY"):
        CommentGeneratorResource(provider="google-genai").setup_for_execution(CONTEXT)
    CommentGeneratorResource().setup_for_execution(CONTEXT)


@pytest.mark.parametrize(("provider", "times"), [("google-generativeai", 1), ("offline", 0)])
def test_which_of_two_keys_is_used_stands_in_the_run_s_log_once(
    home: Home, provider: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    monkeypatch.setenv("GOOGLE_API_KEY", "another-key-of-the-tests")
    monkeypatch.setenv("VIRAL_ASSETS_PROVIDER", provider)
    run_id = home.run(dry_run=True).run_ids[0]
    messages = [entry.user_message for entry in home.instance.all_logs(run_id)]
    assert len([message for message in messages if "GOOGLE_API_KEY" in message]) == times
    assert not any("key-of-the-tests" in message for message in messages)


def test_a_quota_that_cannot_work_is_found_at_the_start(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_RPM", "0")
    with pytest.raises(QuotaError):
        CommentGeneratorResource().setup_for_execution(CONTEXT)


def test_an_unknown_embedder_is_found_at_the_start(home: Home) -> None:
    with pytest.raises(ConfigurationError, match="wordllama"):
        EmbedderResource(name="word2vec").setup_for_execution(CONTEXT)


def test_a_quota_of_embeddings_that_cannot_work_is_found_at_the_start(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_EMBEDDING_RPD", "0.5")
    EmbedderResource().setup_for_execution(CONTEXT)
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    with pytest.raises(QuotaError, match="requests per day"):
        EmbedderResource(name="gemini").setup_for_execution(CONTEXT)


def test_options_of_a_run_reach_the_generator(home: Home) -> None:
    resource = CommentGeneratorResource()
    generator = resource.get_generator(home.database, RunOptions(batch_size=None, tweets_per_request=3), run_id="r")
    assert generator.provider == "offline"


@pytest.mark.parametrize(
    ("model", "provider"), [("gemini-2.5-flash-lite", "google-generativeai"), ("gemini-3.8-flash", "google-genai")]
)
def test_the_models_of_a_run_decide_which_sdk_auto_is(
    home: Home, monkeypatch: pytest.MonkeyPatch, model: str, provider: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    resource = CommentGeneratorResource()

    generator = resource.get_generator(home.database, RunOptions(), [project(generation={"model": model})], run_id="r")

    assert generator.provider == provider


def test_the_inbox_is_the_one_in_the_home_and_need_not_exist(home: Home) -> None:
    resource = TweetSourceResource()
    assert resource.folder == home.folder / "inbox"
    assert resource.open_inbox().files() == {}
    home.inbox.mkdir()
    assert resource.open_inbox().files() == {}
    path = home.drop("a.json", tweets_of(FIRST))
    assert [file.path for file in resource.open_inbox().files().values()] == [path]


def test_configured_hours_end_with_the_current_one_or_the_configured_end(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource, now = TweetSourceResource(), FIRST + 90 * HOUR / 60
    assert resource.configured_hours(now) == HourRange(FIRST, FIRST + 2 * HOUR)
    monkeypatch.setenv("VIRAL_ASSETS_END", "2026-03-02-07:00")
    assert resource.configured_hours(now) == HourRange(FIRST, FIRST + HOUR)
    assert resource.configured_hours(FIRST - HOUR) is None


def test_digests_are_named_by_their_hours(home: Home) -> None:
    resource = DigestFolderResource()
    hour = resource.page(HourRange(FIRST, FIRST + HOUR))
    assert hour == home.folder / "digests" / "2026-03-02" / "2026-03-02-06h.html"
    day = resource.page(HourRange(FIRST, FIRST + 24 * HOUR))
    assert day == home.folder / "digests" / "2026-03-02-06h_to_2026-03-03-05h.html"


def test_only_what_differs_from_the_defaults_is_configured() -> None:
    assert RunOptions().as_run_config() == {}
    config = RunOptions(projects=["baking"], greens_only=True, batch_size=None).as_run_config()
    assert config == {
        "resources": {"run_options": {"config": {"projects": ["baking"], "greens_only": True, "batch_size": None}}}
    }


def test_a_tier_goes_into_a_runs_configuration_and_comes_out_again() -> None:
    options = RunOptions(tier=RunTier.flex)
    config = options.as_run_config()["resources"]["run_options"]["config"]
    assert config == {"tier": "flex"}
    seen: list[RunOptions] = []

    @dg.op
    def look(run_options: RunOptions) -> None:
        seen.append(run_options)

    @dg.job(resource_defs={"run_options": RunOptions.configure_at_launch()})
    def one() -> None:
        look()

    assert one.execute_in_process(run_config=options.as_run_config()).success
    assert [each.tier for each in seen] == [RunTier.flex]
    assert options.describe() == "for all projects, with tier=flex"


def test_options_are_said_in_words() -> None:
    assert RunOptions().describe() == "for all projects"
    assert RunOptions(projects=["a", "b"]).describe() == "for a, b"
    assert RunOptions(force=True, batch_size=None).describe() == "for all projects, with batch_size=None, force=True"


def test_every_option_is_described() -> None:
    for name, field in RunOptions.model_fields.items():
        assert field.description, name
