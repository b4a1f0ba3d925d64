"""More like this, never like this: the change is shown, and written when somebody agrees to what was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from viral_assets.embedding.stored import stored_vectors
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.hours import HOUR
from viral_assets.learning.project_file import ProjectFolder
from viral_assets.projects.loader import load_project, load_projects
from viral_assets.store.engine import Database
from viral_assets.store.tables import tweet_scores
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Jobs
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.queries.worked_on import AT, GOOD, ingest, tweet, work_on
from viral_assets_tests.store.rows import stored
from viral_assets_tests.web.conftest import Reviewer

PROJECT = """# ours
name: example
taxonomy:
  - label: screen time
    description: hours on the phone, screen time, scrolling at night
  - label: bread   # and rolls
    description: baking bread at home
    exemplars:
      - My sourdough has a hole you could live in.
voice: {persona: a friend}
thresholds: {yellow: 0.2, green: 0.5}
max_candidates: 2
"""
TEXTS = (
    "Our kids scroll on their phone through every dinner, what rules about screen time worked for you?",
    "Deleted every app, and my screen time fell from six hours to one. Anyone else tried it?",
    "@mum My phone says 7 hours of: screen time #today {{ 1 }}\n- how? https://example.com",
)
LEFT_OUT = "1990000000000000002"
MaraOf = Callable[..., Reviewer]


@pytest.fixture
def file(tmp_path: Path, database: Database) -> Path:
    path = tmp_path / "projects" / "ours.yml"
    path.parent.mkdir()
    path.write_text(PROJECT, encoding="utf-8")
    ingest(
        database, [tweet(number, text) for number, text in enumerate(TEXTS)] + [tweet(10, GOOD + " 𝓪", at=AT + HOUR)]
    )
    work_on(database, load_project(path))
    return path


@pytest.fixture
def mara_of(file: Path, database: Database) -> Iterator[MaraOf]:
    sites: list[Site] = []

    def make(*, may: bool = True) -> Reviewer:
        site = Site(
            database,
            AccessRules("mara"),
            lambda: load_projects(file.parent),
            Jobs(lambda priority: AsyncCommentGenerator(provider="offline", priority=priority)),
            lambda _: stored_vectors("wordllama", None),
            project_folder=ProjectFolder(file.parent) if may else None,
            clock=lambda: AT + HOUR,
        )
        sites.append(site)
        return Reviewer(create_app(site, HostNames.of("127.0.0.1")))

    yield make
    for site in sites:
        site.jobs.close()


def lesson(wish: str, **given: str) -> str:
    asked = {"wish": wish, "project": "example", "tweet_id": LEFT_OUT, "next": "/left-out?recent=6"}
    return f"/lesson?{urlencode(asked | given)}"


@BOTH_DATABASES
def test_what_was_left_out_and_every_card_lead_there(mara_of: MaraOf) -> None:
    mara = mara_of()
    page = mara.get("/left-out?recent=6")
    found = [given["href"] for tag, given in page.tags if tag == "a" and "data-wish" in given]
    assert [each.partition("&")[0] for each in found] == ["/lesson?wish=more", "/lesson?wish=never"]
    assert f"tweet_id={LEFT_OUT}" in found[0]
    page = mara.get("/?status=all&recent=")
    assert page.all("data-wish") == ["more", "never"] * 2


def test_an_example_is_shown_and_written_only_when_it_is_agreed_to(
    mara_of: MaraOf, file: Path, database: Database
) -> None:
    mara, scores = mara_of(), stored(database, tweet_scores)
    page = mara.get(lesson("more"))
    assert mara.status == 200
    exemplar = "My phone says 7 hours of: screen time #today {{ 1 }} - how?"
    assert f'+ 6 exemplars: + 7 - "{exemplar}"' in page.words
    assert "It counts from the next hour on" in page.words
    assert "viral-assets check example" in page.words
    assert file.read_text(encoding="utf-8") == PROJECT
    page = mara.send(mara.form("lesson", LEFT_OUT))
    assert (mara.status, mara.redirect) == (200, "/left-out?recent=6")
    assert "Written to ours.yml: it counts from the next hour on" in page.words
    added = f'    exemplars:\n      - "{exemplar}"\n'
    assert file.read_text(encoding="utf-8") == PROJECT.replace("  - label: bread", f"{added}  - label: bread")
    assert load_project(file).taxonomy[0].exemplars == (exemplar,)
    assert stored(database, tweet_scores) == scores, "what was scored stays"
    assert "This tweet is an example of 'screen time' already" in mara.get(lesson("more")).words


def test_another_topic_may_be_chosen_and_one_that_is_none_is_refused(mara_of: MaraOf, file: Path) -> None:
    mara = mara_of()
    mara.get(lesson("more", topic="bread"))
    mara.send(mara.form("lesson", LEFT_OUT))
    assert len(load_project(file).taxonomy[1].exemplars) == 2
    page = mara.get(lesson("more", topic="<b>"))
    assert "There is no topic '<b>' in example; its topics: screen time, bread." in page.words
    assert "<b>" not in page.html


@BOTH_DATABASES
def test_a_word_is_asked_for_counted_and_blocked(mara_of: MaraOf, file: Path) -> None:
    mara = mara_of()
    page = mara.get(lesson("never"))
    assert "lesson" not in [form.kind for form in page.forms], "there is nothing to write yet"
    page = mara.get(lesson("never", word=" Screen  TIME "))
    assert "Of the 2 tweets chosen in the last 7 days 2 have it." in page.words
    page = mara.get(lesson("never", word="#today"))
    assert "Of the 2 tweets chosen in the last 7 days 0 have it." in page.words
    mara.send(mara.form("lesson", LEFT_OUT))
    assert load_project(file).sources.blocked_keywords == ("#today",)
    assert "'#Today' is blocked already" in mara.get(lesson("never", word="#Today")).words


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dinner", "'dinner' is no word or phrase of this tweet"),
        ("!!", "Say which word or phrase"),
        ("w" * 61, "That is too long to come again"),
    ],
)
def test_a_word_that_would_not_do_is_refused_in_one_line(mara_of: MaraOf, word: str, said: str) -> None:
    assert said in mara_of().get(lesson("never", word=word)).words


def test_a_file_that_was_changed_since_the_page_was_made_is_left_alone(mara_of: MaraOf, file: Path) -> None:
    mara = mara_of()
    mara.get(lesson("more"))
    form = mara.form("lesson", LEFT_OUT)
    file.write_text(PROJECT + "# mine\n", encoding="utf-8")
    page = mara.send(form)
    assert mara.status == 409
    assert "was changed after this page was made, so nothing was written" in page.words
    assert file.read_text(encoding="utf-8") == PROJECT + "# mine\n"
    mara.send(mara.form("lesson", LEFT_OUT))
    assert file.read_text(encoding="utf-8").endswith("# mine\n")
    assert len(load_project(file).taxonomy[0].exemplars) == 1


def test_where_several_people_share_the_page_and_where_the_file_is_read_only_it_is_refused(
    mara_of: MaraOf, file: Path
) -> None:
    mara = mara_of()
    mara.get(lesson("more"))
    form = mara.form("lesson", LEFT_OUT)
    shared = mara_of(may=False)
    page = shared.get(lesson("more"))
    assert "Several people share this page, so it changes no project file" in page.words
    assert "lesson" not in [form.kind for form in page.forms]
    file.chmod(0o444)
    assert "ours.yml: is read-only here" in mara.get(lesson("more")).words.lower()
    page = mara.send(form)
    assert (mara.status, file.read_text(encoding="utf-8")) == (409, PROJECT)
    assert str(file.parent) not in page.html


def test_a_foreign_form_and_what_does_not_exist_are_refused(mara_of: MaraOf, file: Path) -> None:
    mara = mara_of()
    mara.get(lesson("more"))
    form = mara.form("lesson", LEFT_OUT)
    mara.send(form, token="wrong")
    assert mara.status == 403
    mara.send(form, tweet_id="77")
    assert mara.status == 404
    mara.send(form, wish="most")
    assert mara.status == 422
    assert file.read_text(encoding="utf-8") == PROJECT
