"""Having a suggestion revised on the page, with and without JavaScript, through the forms of the pages."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.run.report import GenerationReport
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.quota import Limits, Priority
from viral_assets.store import revisions
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import hold
from viral_assets.store.revisions import Revision
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, llm_requests, suggestion_revisions
from viral_assets.vocabulary import COMMON_WISHES
from viral_assets.web.jobs import Job, Jobs
from viral_assets.web.regenerate import wanted_types
from viral_assets.web.revisions import summarise
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.store.rows import stored
from viral_assets_tests.waiting import PATIENCE, until
from viral_assets_tests.web.conftest import Form, Html, Reviewer
from viral_assets_tests.web.test_actions import (
    FIRST,
    SECOND,
    events,
    finished,
    site_of,
    state,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LONG = "Put the charger in the kitchen, yours included. After two weeks nobody even asks for it."
SHORT = "Put the charger in the kitchen, yours included."
KEY = SuggestionKey("demo", "101", FIRST)


@pytest.fixture(autouse=True)
def _a_text_that_can_be_shortened(make_site: Callable[..., Any], database: Database) -> None:
    with database.begin() as connection:
        table = comment_suggestions
        of_first = sa.update(table).where(table.c.suggestion_type == FIRST)
        connection.execute(of_first.values(text=LONG, weighted_length=len(LONG)))


def revise(reviewer: Reviewer, wish: str = "Shorter", tweet_id: str = "101", kind: str = FIRST) -> Html:
    """Press the wish where it is one of the common ones, else type it; the page when that is over."""
    form = reviewer.form("revise", tweet_id, kind)
    button = ("common", wish) if wish in COMMON_WISHES else None
    assert button is None or button in form.buttons
    reviewer.send(form, button=button, **({} if button else {"wish": wish}))
    return finished(reviewer, site_of(reviewer))


def choose(reviewer: Reviewer, action: str, tweet_id: str = "101", kind: str = FIRST) -> Html:
    form = reviewer.form("revision", tweet_id, kind)
    assert ("action", action) in form.buttons
    return reviewer.send(form, button=("action", action))


def undo(reviewer: Reviewer) -> Html:
    return reviewer.send(
        next(form for form in reviewer.page.forms if form.action == "/undo" and "event" in form.fields)
    )


def kinds(page: Html, kind: str = FIRST) -> list[str]:
    """The forms that are offered for a suggestion."""
    return [
        form.kind for form in page.forms if form.fields.get("tweet_id") == "101" and form.fields.get("type") == kind
    ]


@BOTH_DATABASES
def test_old_and_new_are_shown_side_by_side_and_the_new_one_is_taken_and_given_back(
    mara: Reviewer,
    database: Database,
) -> None:
    page = revise(mara)
    assert re.search(r"Revised by offline in [\d.]+ s: take it, or keep the text", page.words)
    assert f"As it is {len(LONG)}" in page.words
    assert f"Revised {len(SHORT)}" in page.words
    assert "Shorter · asked by mara · just now · written by offline" in page.words
    assert kinds(page) == ["revision", "revise"], "nothing else until one of the two is chosen"
    assert state(database)[FIRST] == ("pending", LONG)

    page = choose(mara, "revise")
    assert "Taken: Add value is pending" in page.words
    assert state(database)[FIRST] == ("pending", SHORT), "taken is not approved"
    assert "revised" in page.words
    assert events(database) == [("mara", "revise", "Shorter")]
    page = undo(mara)
    assert "Undone: Add value is pending again" in page.words
    assert state(database)[FIRST] == ("pending", LONG)
    assert "Take the new one" in page.words, "it is there to be decided about again"
    page = choose(mara, "keep")
    assert "Kept as it was: Add value is pending" in page.words
    assert kinds(page)[:2] == ["decide", "edit"]
    assert "Take the new one" in undo(mara).words
    assert [row["purpose"] for row in stored(database, llm_requests)] == ["revise"]


def test_a_wish_in_ones_own_words_goes_as_far_as_it_can(mara: Reviewer, database: Database) -> None:
    page = revise(mara, "make it sound less like an advert")
    assert "Not revised: Without a key only what can be counted is done" in page.words
    assert "set GEMINI_API_KEY and start again" in page.words
    assert state(database)[FIRST] == ("pending", LONG)
    assert kinds(page)[:2] == ["decide", "edit"]
    page = mara.get("/tweet?project=demo&tweet_id=101")
    assert "mara asked for make it sound less like an advert Add value: not written" in page.words


def test_the_offered_one_is_revised_further(mara: Reviewer, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(text=LONG.replace("included.", "included!")))
    revise(mara)
    revise(mara, "without exclamation marks")
    assert [row["state"] for row in stored(database, suggestion_revisions)].count("dropped") == 1
    choose(mara, "revise")
    assert state(database)[FIRST] == ("pending", SHORT)
    with database.read() as connection:
        pairs = [(each.wish, each.draft, each.text) for each in revisions.revisions_of(connection, "demo", "101")]
    assert sorted(pairs) == [
        ("Shorter", LONG.replace("included.", "included!"), SHORT.replace(".", "!")),
        ("without exclamation marks", SHORT.replace(".", "!"), SHORT),
    ]


def test_what_was_approved_is_edited_when_it_is_taken(mara: Reviewer, database: Database) -> None:
    mara.decide("approve", "101")
    revise(mara)
    assert "Open in X: suggestion 1" not in mara.get("/tweet?project=demo&tweet_id=101").words
    page = choose(mara, "revise")
    assert "Taken: Add value is edited" in page.words
    assert "take it, or keep the text" not in mara.get("/?status=all").words, "that is over"
    page = mara.page
    assert state(database)[FIRST] == ("edited", SHORT)
    assert "Open in X: suggestion 1" in page.words


@pytest.mark.parametrize("action", ["reject", "post"])
def test_what_was_rejected_or_posted_is_not_revised(mara: Reviewer, database: Database, action: str) -> None:
    form = mara.form("revise", "101", FIRST)
    page = mara.decide(action, "101")
    assert "revise" not in kinds(page)
    mara.send(form, version="1", wish="Shorter")
    assert mara.status == 422
    assert "It cannot be revised: it is" in mara.page.words
    assert stored(database, suggestion_revisions) == []


def test_a_wish_that_is_refused_is_kept_in_its_field(mara: Reviewer, database: Database) -> None:
    page = mara.send(mara.form("revise", "101", FIRST), wish="x" * 301)
    assert mara.status == 422
    assert "A wish has at most 300 characters" in page.words
    assert mara.form("revise", "101", FIRST).fields["wish"] == "x" * 301
    page = mara.send(mara.form("revise", "101", FIRST), wish="  ")
    assert "Say what should change" in page.words
    assert stored(database, suggestion_revisions) == []


def test_a_second_persons_change_is_shown_and_nothing_is_asked(
    mara: Reviewer,
    serve: Callable[..., Reviewer],
    database: Database,
) -> None:
    other = serve("tom")
    other.get("/?status=all")
    other.decide("edit", "101", text="Tom's words about this.")
    page = mara.send(mara.form("revise", "101", FIRST), wish="Shorter")
    assert mara.status == 409
    assert "tom changed this" in page.words
    assert mara.form("revise", "101", FIRST).fields["wish"] == "Shorter"
    assert stored(database, suggestion_revisions) == []


def test_another_person_decides_about_what_one_asked_for(
    mara: Reviewer,
    serve: Callable[..., Reviewer],
    database: Database,
) -> None:
    revise(mara)
    stale = mara.form("revision", "101", FIRST)
    tom = serve("tom")
    tom.get("/?status=all")
    choose(tom, "revise")
    assert events(database) == [("tom", "revise", "Shorter")]
    page = mara.send(stale, button=("action", "keep"))
    assert mara.status == 422
    assert "decided about already" in page.words
    words = tom.get("/tweet?project=demo&tweet_id=101").words
    assert "tom took a revision of Add value: pending → pending" in words
    assert "Wish: Shorter" in words
    assert "mara asked for Shorter Add value: taken" in words
    assert "Written by offline" in words


def test_an_edit_over_a_revision_is_a_persons(mara: Reviewer, database: Database) -> None:
    revise(mara)
    marked = "As somebody asked for; the history says who, and what"
    assert marked in choose(mara, "revise").all("title")
    page = mara.decide("edit", "101", text="Put it in the kitchen, yours included.")
    assert marked not in page.all("title")
    mara.get("/?status=all")
    mara.decide("reopen", "101")
    assert state(database)[FIRST] == ("pending", SHORT)


def test_what_was_revised_is_not_written_anew(
    mara: Reviewer,
    database: Database,
    tweets: list[OpportunityView],
) -> None:
    revise(mara)
    choose(mara, "revise")
    from viral_assets.queries.pages import read_opportunity

    with database.read() as connection:
        row = read_opportunity(connection, "demo", "101")
    assert row is not None
    assert FIRST not in wanted_types(row, site_of(mara).projects()["demo"])


def test_while_one_is_written_another_type_waits(mara: Reviewer, database: Database) -> None:
    site = site_of(mara)
    with database.begin() as connection:
        asked = revisions.ask(connection, KEY, version=0, wish="Shorter", who="tom", at=site.clock())
        assert hold(connection, asked.id, at=site.clock())
    page = mara.get("/?status=all")
    assert "Shorter · asked by tom · just now It is being written." in page.words
    page = mara.send(mara.form("revise", "101", FIRST), wish="Warmer")
    assert mara.status == 422
    assert "It is being revised already: “Shorter”; wait for that" in page.words


def test_a_tweet_is_written_about_once_at_a_time(mara: Reviewer, database: Database) -> None:
    site, started, go_on = site_of(mara), threading.Event(), threading.Event()
    made = site.jobs._make

    def slow(priority: Priority) -> AsyncCommentGenerator:
        started.set()
        go_on.wait(PATIENCE)
        return made(priority)

    site.jobs._make = slow
    mara.send(mara.form("revise", "101", FIRST), button=("common", "Shorter"))
    assert started.wait(PATIENCE)
    for wish, kind in (("Warmer", FIRST), ("Shorter", SECOND)):
        mara.get("/?status=all")
        mara.send(mara.form("revise", "101", kind), wish=wish)
        assert mara.status == 422
        assert "This tweet is being written about right now" in mara.page.words
    mara.get("/?status=all")
    assert "Add value is being revised: “Shorter”." in mara.page.words
    mara.send(mara.form("revise", "101", FIRST), wish="Shorter")
    assert mara.status == 200, "the same once more is the same"
    go_on.set()
    assert "Take the new one" in finished(mara, site).words
    assert len(stored(database, suggestion_revisions)) == 1


def test_while_one_is_revised_the_tweet_is_not_written_anew(
    mara: Reviewer,
    database: Database,
) -> None:
    site = site_of(mara)
    job = Job("demo", "101", "tom", "m", FIRST, "Shorter", state="running")
    site.jobs._jobs["demo", "101"] = job
    mara.get("/?status=all")
    assert "regenerate" not in [form.kind for form in mara.page.forms if form.fields.get("tweet_id") == "101"]
    mara.send(Form("/regenerate", "regenerate", mara.form("decide", "101", FIRST).fields, []))
    assert mara.status == 422
    assert "A suggestion for this tweet is being revised right now" in mara.page.words
    job.state = "finished"


def test_of_the_greens_what_somebody_wants_changed_is_not_ticked(
    plain: Reviewer,
    database: Database,
) -> None:
    with database.begin() as connection:
        revisions.ask(connection, KEY, version=0, wish="Shorter", who="tom", at=site_of(plain).clock())
    page = plain.get("/approve-greens")
    assert page.words.count("being revised") == 1
    (form,) = (form for form in page.forms if form.kind == "greens")
    assert [pick for pick in form.fields["pick"] if '"101"' in pick] == []


def test_what_was_interrupted_is_gone_on_with_or_given_up(mara: Reviewer, database: Database) -> None:
    site = site_of(mara)
    with database.begin() as connection:
        for key in (KEY, SuggestionKey("demo", "102", FIRST)):
            revisions.ask(connection, key, version=0, wish="Shorter", who="tom", at=site.clock() - timedelta(hours=1))
    page = mara.get("/?status=all")
    assert page.words.count("Shorter · asked by tom · 1 h ago Not written yet.") == 2
    choose(mara, "go-on")
    page = finished(mara, site)
    assert "Take the new one" in page.words
    mara.get("/?status=all")
    page = choose(mara, "give-up", "102")
    assert "Given up: Add value stays as it is" in page.words
    assert "Not written yet" not in page.words
    assert {row["state"] for row in stored(database, suggestion_revisions)} == {"offered", "dropped"}


@pytest.mark.parametrize(
    "broken", [{"action": "explode"}, {"version": ""}, {"version": "-1"}, {"revision": ""}, {"type": ""}]
)
def test_a_broken_form_is_refused(mara: Reviewer, database: Database, broken: Mapping[str, str]) -> None:
    revise(mara)
    before = stored(database, suggestion_revisions)
    form = mara.form("revision", "101", FIRST)
    form.fields |= {"action": "revise", **broken}
    mara.send(form)
    assert mara.status == 422
    assert stored(database, suggestion_revisions) == before


def test_a_quota_that_is_used_up_says_when_there_is_more(
    make_site: Callable[..., Any],
    database: Database,
) -> None:
    from viral_assets.web.app import create_app
    from viral_assets.web.security import HostNames

    with GeminiEmulator() as service:
        site = make_site()
        site.jobs = Jobs(
            lambda priority: AsyncCommentGenerator(
                "test-key",
                provider="google-genai",
                endpoint=service.url,
                database=database,
                priority=priority,
                limits=Limits(max_requests=100, requests_per_day=1),
            )
        )
        mara = Reviewer(create_app(site, HostNames.of("127.0.0.1")), script=True)
        mara.get("/?status=all")
        revise(mara)
        assert "Take the new one" in mara.page.words
        mara.get("/?status=all")
        page = revise(mara, kind=SECOND)
        said = r"Not written yet: the day's 1 request is used up; ask again, from (\d\d [A-Z]\w\w, )?\d\d:\d\d UTC on\."
        assert re.search(said, page.words)
        assert page.words.count("1 request is used up") == 1, "once, though the revision has it, too"
        site.jobs.forget("demo", "101")
        assert "Not written yet. The day's 1 request is used up." in mara.get("/?status=all").words
        assert ("action", "go-on") in mara.form("revision", "101", SECOND).buttons
        assert len(service.arrivals) == 1


@pytest.mark.parametrize(
    ("state", "reason", "good", "said"),
    [
        ("offered", "", True, "Revised by m in 2.0 s: take it, or keep the text."),
        ("failed", "it would not", False, "Not revised: It would not."),
        ("dropped", "", False, "Nobody waits for it any more."),
        ("dropped", "the suggestion was changed while it was written", False, "The suggestion was changed while"),
        ("asked", "the run was stopped", False, "Not written yet: the run was stopped; ask again."),
    ],
)
def test_how_it_ended_is_told(state: str, reason: str, good: bool, said: str) -> None:
    now = datetime(2026, 11, 21, 20, tzinfo=UTC)
    revision = Revision(
        *("r", KEY, now, "mara", "Shorter", LONG, LONG, state, SHORT, 40, "google-genai", "m", reason),
        *(None, None, None, None),
    )
    told_good, text = summarise(revision, GenerationReport(seconds=2.0, provider="google-genai"), now)
    assert told_good is good
    assert text.startswith(said)
    assert summarise(None, GenerationReport(), now) == (False, "The tweet is gone.")


def test_a_script_carries_on_where_the_job_is(serve: Callable[..., Reviewer]) -> None:
    """The card that is answered with looks for the end of the job by itself."""
    reviewer = serve("mara", script=True)
    reviewer.get("/?status=all")
    form = reviewer.form("revise", "101", FIRST)
    page = reviewer.send(form, button=("common", "Shorter"))
    assert re.search("Asked for: Add value, “Shorter”|Revised by offline", page.words), "or it is there already"
    site = site_of(reviewer)
    until(lambda: all(job.over for job in site.jobs.all().values()), "the job to be over", every=0.02)


def test_what_ends_before_the_answer_is_shown_is_told_in_it(
    serve: Callable[..., Reviewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then no card looks for its end."""
    reviewer = serve("mara", script=True)
    reviewer.get("/?status=all")
    jobs = site_of(reviewer).jobs
    begin = jobs.begin

    def at_once(job: Job, work: Any) -> Job:
        begun = begin(job, work)
        until(lambda: begun.over, "the job to be over", every=0.02)
        return begun

    monkeypatch.setattr(jobs, "begin", at_once)
    page = reviewer.send(reviewer.form("revise", "101", FIRST), wish="warmer")
    assert "Not revised: Without a key only what can be counted is done" in page.words
    assert "Asked for" not in page.words
