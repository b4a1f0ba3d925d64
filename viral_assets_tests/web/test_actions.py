"""What a person decides, with and without JavaScript; everything goes through the forms of the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn, cast

import pytest
import sqlalchemy as sa

from viral_assets.context import Post, References
from viral_assets.delivery.export_run import export_suggestions
from viral_assets.errors import DatabaseUnavailableError, ProjectFileError
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.run.report import GenerationReport
from viral_assets.projects.loader import Projects
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.quota import Limits, open_ledger
from viral_assets.quota.ledger import GrantRequest
from viral_assets.safety.flag import Flag, flags_as_text
from viral_assets.store import decisions
from viral_assets.store.engine import Database
from viral_assets.store.references import save_references
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import (
    comment_suggestions,
    generation_outcomes,
    llm_requests,
    suggestion_events,
    tweet_scores,
    tweets,
)
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import REJECTION_REASONS
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Job
from viral_assets.web.regenerate import summarise, wanted_types
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.delivery.examples import TYPES
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.waiting import until
from viral_assets_tests.web.conftest import Form, Html, Reviewer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FIRST, SECOND, THIRD = TYPES
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

TOO_LONG = "wörter " * 60


def state(database: Database, tweet_id: str = "101") -> dict[str, tuple[str, str]]:
    """Status and text of each suggestion for a tweet."""
    table = comment_suggestions.c
    with database.read() as connection:
        rows = connection.execute(
            sa.select(table.suggestion_type, table.status, table.text).where(table.tweet_id == tweet_id)
        )
        return {row.suggestion_type: (row.status, row.text) for row in rows}


def events(database: Database) -> list[tuple[str, str, str]]:
    table = suggestion_events.c
    with database.read() as connection:
        rows = connection.execute(sa.select(table.who, table.action, table.reason).order_by(table.id))
        return [(row.who, row.action, row.reason) for row in rows]


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [("approve", "approved", "Approved"), ("reject", "rejected", "Rejected"), ("post", "posted", "Marked as posted")],
)
def test_a_decision_is_kept_told_and_taken_back(
    mara: Reviewer, database: Database, action: str, status: str, said: str
) -> None:
    page = mara.decide(action, "101")
    assert mara.status == 200
    assert f"{said}: Add value" in page.words
    assert "by mara" in page.words
    assert state(database)[FIRST][0] == status
    assert events(database) == [("mara", action, "")]
    undo = next(form for form in page.forms if form.action == "/undo" and "event" in form.fields)
    assert "Undone: Add value is pending again" in mara.send(undo).words
    assert state(database)[FIRST][0] == "pending"


@BOTH_DATABASES
def test_after_an_export_of_everything_the_page_says_where_it_is(
    plain: Reviewer, database: Database, now: datetime, tmp_path: Path
) -> None:
    before = plain.get("/").all("data-tweet")
    export_suggestions(database, tmp_path / "all.csv", "csv", now=now)
    page = plain.get("/")
    assert "Nothing waits for a decision" in page.words
    assert "/?status=exported" in page.all("href")
    assert set(plain.get("/?status=exported").all("data-tweet")) >= set(before) != set()


def test_without_a_script_the_way_leads_back_to_the_tweet(plain: Reviewer) -> None:
    plain.get("/?status=all&sort=age")
    plain.decide("approve", "102")
    assert plain.redirect == "/?status=all&sort=age#o-demo-102"
    assert "Approved: Add value" in plain.page.words
    assert "Approved: Add value" not in plain.get("/?status=all").words, "a notice is shown once"


def test_a_card_says_what_nobody_knows(mara: Reviewer, database: Database) -> None:
    unknown = dict.fromkeys(("author_followers", "like_count", "retweet_count", "view_count"))
    with database.begin() as connection:
        connection.execute(sa.update(tweets).where(tweets.c.tweet_id == "101").values(unknown))
        connection.execute(sa.update(tweets).where(tweets.c.tweet_id == "102").values(like_count=0))
    words = mara.get("/tweet?project=demo&tweet_id=101").words
    assert "followers unknown" in words
    assert "187 replies likes, reposts, views unknown" in words
    assert " 0 likes" in mara.get("/tweet?project=demo&tweet_id=102").words


def test_a_card_says_what_the_author_was_told_before(mara: Reviewer) -> None:
    assert "You approved a reply to" not in mara.get("/?status=all").words
    mara.decide("approve", "101")
    page = mara.get("/tweet?project=demo&tweet_id=102")
    said = "You approved a reply to @mara_writes on 21 Nov: Put the charger in the kitchen, yours included."
    assert said in page.words
    assert said not in mara.get("/tweet?project=demo&tweet_id=101").words, "its own replies stand below it"
    assert said not in mara.get("/tweet?project=demo&tweet_id=103").words, "somebody else's"


def test_a_script_gets_the_card_alone_and_the_message_beside_it(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve(script=True)
    reviewer.get("/")
    page = reviewer.decide("approve", "101")
    assert page.html.lstrip().startswith('<article class="card green settled" id="o-demo-101"')
    assert '<div id="live" hx-swap-oob="innerHTML">' in page.html
    assert page.all("data-opportunity") == [""]


def test_a_reason_is_kept_and_may_be_one_of_the_common_ones(mara: Reviewer, database: Database) -> None:
    mara.decide("reject", "101", FIRST, reason="  sounds like\nan advert ")
    mara.get("/?status=all")
    form = mara.form("reject", "101", SECOND)
    offered = [value for name, value in form.buttons if name == "common"]
    assert offered == [reason.key for reason in REJECTION_REASONS]
    mara.send(form, button=("common", "tone"))
    assert [reason for _, _, reason in events(database)] == ["sounds like an advert", "tone"]


def test_an_edit_is_saved_and_counts_as_approved(mara: Reviewer, database: Database) -> None:
    page = mara.decide("edit", "101", text="  Mine \u202e is\r\nshorter.  ")
    assert state(database)[FIRST] == ("edited", "Mine is\nshorter.")
    assert "Put the charger in the kitchen" in page.words, "what was written first is still shown"


def test_an_edit_over_the_limit_is_refused_and_the_text_is_kept(mara: Reviewer, database: Database) -> None:
    page = mara.decide("edit", "101", text=TOO_LONG)
    assert mara.status == 422
    assert f"The reply has {text_weight(TOO_LONG.strip())} weighted characters and X takes 280" in page.words
    assert state(database)[FIRST] == ("pending", "Put the charger in the kitchen, yours included.")
    kept = mara.form("edit", "101", FIRST)
    assert kept.fields["text"].strip() == TOO_LONG.strip()
    mara.send(kept, text="Short.")
    assert state(database)[FIRST] == ("edited", "Short.")


@pytest.mark.parametrize("text", ["日本語" * 47, "👨‍👩‍👧" * 141, "See https://example.com/" + "a" * 4_100])
def test_the_limit_is_xs_own(mara: Reviewer, text: str) -> None:
    mara.decide("edit", "101", text=text)
    assert mara.status == 422


def test_a_link_counts_23_however_long_it_is(mara: Reviewer, database: Database) -> None:
    mara.decide("edit", "101", text="a" * 256 + " https://example.com/" + "b" * 300)
    assert mara.status == 200
    assert state(database)[FIRST][0] == "edited"


def test_the_server_counts_for_whoever_types(plain: Reviewer) -> None:
    plain.get("/")
    token = plain.page.all("data-form-token")[0]
    answer = plain.http.post(
        "/length", data={"token": token, "text": " 日本 https://example.com/aaaaaaaaaaaaaaaaaaaaaaaa 👍🏽 "}
    )
    assert answer.json() == {"length": 4 + 1 + 23 + 1 + 2}
    assert plain.http.post("/length", data={"token": token, "text": "a" * 60_000}).json() == {"length": 60_000}


def test_a_second_persons_change_is_shown_and_not_overwritten(
    serve: Callable[..., Reviewer], mara: Reviewer, database: Database
) -> None:
    tom = serve("tom <b>")
    tom.get("/?status=all")
    tom.decide("edit", "101", text="Tom was first.")
    page = mara.decide("edit", "101", text="Mara came second.")
    assert mara.status == 409
    assert "tom <b> changed this at 20:30 UTC: it is edited now" in page.words
    assert "<b> changed" not in page.html
    assert "Tom was first." in page.words
    kept = mara.form("edit", "101", FIRST)
    assert kept.fields["text"] == "Mara came second."
    assert state(database)[FIRST] == ("edited", "Tom was first.")
    mara.send(kept)
    assert state(database)[FIRST] == ("edited", "Mara came second.")


def test_what_was_written_for_a_posted_reply_is_not_lost(
    serve: Callable[..., Reviewer], mara: Reviewer, database: Database
) -> None:
    tom = serve("tom")
    tom.get("/?status=all")
    tom.decide("post", "101")
    page = mara.decide("edit", "101", text="Mara came second.")
    assert mara.status == 409
    assert "Mara came second." in page.text
    assert state(database)[FIRST][0] == "posted"


@pytest.mark.parametrize(
    ("wrong", "status"), [({"token": "of the server before"}, 403), ({"version": "x"}, 422), ({"tweet_id": "7"}, 404)]
)
def test_what_was_written_comes_back_with_whatever_went_wrong(
    plain: Reviewer, wrong: dict[str, str], status: int
) -> None:
    plain.get("/?status=all")
    form = plain.form("edit", "101")
    form.fields.update(wrong)
    page = plain.send(form, text="Typed </textarea> for a while.")
    assert plain.status == status
    assert "What you had written Typed </textarea> for a while." in page.words
    assert "What you had written" not in plain.get("/nowhere").words


class Locked(Database):
    """One that can be read while somebody else writes for too long."""

    def begin(self, *, dry_run: bool = False) -> NoReturn:
        raise DatabaseUnavailableError("the database is locked")


def test_what_was_written_comes_back_while_the_database_is_locked(
    make_site: Callable[..., Site], database: Database
) -> None:
    site = make_site()
    reviewer = Reviewer(create_app(site, HostNames.of("127.0.0.1")))
    reviewer.get("/?status=all")
    form = reviewer.form("reject", "101")
    site.database = Locked(str(database.url.render_as_string(hide_password=False)))
    page = reviewer.send(form, reason="Nobody asked for this.")
    assert reviewer.status == 503
    assert "What you had written Nobody asked for this." in page.words
    site.database.dispose()


def test_a_run_that_wrote_anew_is_named_as_such(mara: Reviewer, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(
            sa.update(comment_suggestions).values(text="Anew.", version=comment_suggestions.c.version + 1)
        )
    page = mara.decide("approve", "101")
    assert mara.status == 409
    assert "A run changed this at" in page.words


@BOTH_DATABASES
def test_undo_takes_back_ones_own_last_decision(
    serve: Callable[..., Reviewer], mara: Reviewer, database: Database
) -> None:
    mara.decide("approve", "101")
    tom = serve("tom")
    tom.get("/?status=all")
    tom.decide("approve", "102")
    mara.send(undo_of(mara))
    assert state(database, "101")[FIRST][0] == "pending"
    assert state(database, "102")[FIRST][0] == "approved"
    page = mara.send(undo_of(mara))
    assert "There is nothing of yours to undo" in page.words


def undo_of(mara: Reviewer) -> Form:
    mara.get("/?status=all")
    return mara.form("undo")


def test_an_undo_after_somebody_elses_change_is_refused(
    serve: Callable[..., Reviewer], mara: Reviewer, database: Database
) -> None:
    mara.decide("approve", "101")
    tom = serve("tom")
    tom.get("/?status=all")
    tom.decide("reject", "101")
    mara.get("/?status=all")
    page = mara.send(mara.form("undo"))
    assert "Not undone: tom changed this" in page.words
    assert state(database)[FIRST][0] == "rejected"


def greens_form(reviewer: Reviewer, path: str = "/approve-greens") -> Form:
    return next(form for form in reviewer.get(path).forms if form.kind == "greens")


@BOTH_DATABASES
def test_greens_are_listed_and_the_ticked_ones_approved(plain: Reviewer, database: Database) -> None:
    form = greens_form(plain, "/approve-greens?project=demo")
    page = plain.page
    assert "Approve which of the greens?" in page.words
    assert "Put the charger in the kitchen, yours included." in page.words, "what would be approved is shown"
    assert [given["value"] for _, given in page.tags if given.get("name") == "pick"] == [
        f'["demo", "{tweet}", "{FIRST}", 0]' for tweet in ("101", "103")
    ]
    assert state(database)[FIRST][0] == "pending"
    page = plain.send(form)
    assert plain.redirect == "/?project=demo"
    assert "Approved: 2 suggestions" in page.words
    assert [state(database, each)[FIRST][0] for each in ("101", "102", "103")] == ["approved", "pending", "approved"]
    assert state(database)[SECOND][0] == "pending"
    undo = next(form for form in page.forms if form.action == "/undo" and "batch" in form.fields)
    assert "Undone: 2 suggestions" in plain.send(undo).words
    assert state(database, "103")[FIRST][0] == "pending"


@BOTH_DATABASES
def test_flagged_and_offline_greens_are_offered_unticked(plain: Reviewer, database: Database) -> None:
    flags = (Flag("grief", 0.9, "“passed <b>away</b>”"),)
    with database.begin() as connection:
        scored = sa.update(tweet_scores).where(tweet_scores.c.tweet_id == "101")
        assert connection.execute(scored.values(flags=flags_as_text(flags))).rowcount == 1
    page = plain.get("/?project=demo")
    assert page.all("data-flags") == ["grief"]
    assert "Look twice. This may be about: grief and death “passed <b>away</b>”" in page.words
    form = greens_form(plain)
    assert "Look twice: this may be about grief and death." in plain.page.words
    assert [json.loads(pick)[1] for pick in form.fields["pick"]] == ["103"]
    with database.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(provider="offline", model="offline"))
    form = greens_form(plain)
    assert "pick" not in form.fields
    assert plain.page.words.count("offline draft ") == 2
    page = plain.send(form)
    assert plain.status == 422
    assert "Nothing is ticked, so nothing was approved." in page.words
    assert {status for status, _ in state(database).values()} == {"pending"}


@BOTH_DATABASES
def test_a_card_shows_what_its_tweet_stands_in(plain: Reviewer, database: Database) -> None:
    hostile = Post("8", "ben", "No phones <script>alert(1)</script>", ("A <b>chart</b>",))
    at = datetime(2026, 11, 21, 20, tzinfo=UTC)
    with database.begin() as connection:
        save_references(connection, [("101", at, References("7", "8", ("A hallway",), (hostile,)))])
    page = plain.get("/tweet?project=demo&tweet_id=101")
    assert page.all("data-referred") == ["answers", "quotes"]
    assert page.all("data-state") == ["missing", "present"]
    assert "Replies to a post that is not in the file." in page.words
    assert "Quotes @ben: No phones <script>alert(1)</script> Picture: A <b>chart</b>" in page.words
    assert "Picture: A hallway" in page.words
    assert "You have not replied to @" in page.words


@BOTH_DATABASES
def test_the_key_for_undo_takes_all_greens_back_too(plain: Reviewer, database: Database) -> None:
    plain.send(greens_form(plain))
    assert "Undone: 2 suggestions" in plain.send(plain.form("undo")).words
    assert {status for status, _ in state(database).values()} == {"pending"}


@BOTH_DATABASES
def test_what_was_decided_about_while_greens_were_ticked_stays(
    serve: Callable[..., Reviewer], plain: Reviewer, database: Database
) -> None:
    form = greens_form(plain)
    tom = serve("tom")
    tom.get("/")
    tom.decide("approve", "101", SECOND)
    page = plain.send(form)
    assert "Approved: 1 suggestion; 1 had been changed or decided about meanwhile and stays as it is" in page.words
    assert state(database, "101")[FIRST][0] == "pending", "one reply is enough"
    assert state(database, "103")[FIRST][0] == "approved"
    assert "Approved: 0 suggestions; 2 had been changed" in plain.send(form).words


def test_a_script_gets_the_cards_it_shows_and_the_count(serve: Callable[..., Reviewer], database: Database) -> None:
    reviewer = serve(script=True)
    reviewer.get("/approve-greens", **{"hx-request": "true"})
    form = reviewer.form("greens")
    assert "<html" not in reviewer.page.html, "the part for the dialog alone"
    page = reviewer.send(form, shown="o-demo-101 o-demo-999")
    assert reviewer.headers["hx-reswap"] == "none"
    assert page.all("data-tweet") == ["101"]
    assert "0 tweets to decide" not in page.words
    assert "1 tweet to decide" in page.words
    undo = next(form for form in page.forms if form.action == "/undo" and "batch" in form.fields)
    page = reviewer.send(undo, shown="o-demo-101")
    assert page.all("data-tweet") == ["101"]
    assert "3 tweets to decide 2 green" in page.words


@pytest.mark.parametrize(
    "pick", ["", "x", "[]", '["demo"]', '["demo","101","a","1"]', '["demo","101",5,1]', "[" * 9_000]
)
def test_what_is_no_suggestion_cannot_be_ticked(plain: Reviewer, pick: str) -> None:
    form = greens_form(plain)
    assert "What is ticked cannot be read." in plain.send(form, pick=pick).words
    assert plain.status == 422


def test_nothing_green_is_nothing_to_approve(plain: Reviewer) -> None:
    assert "Nothing to approve" in plain.get("/approve-greens?label=yellow").words


def test_the_count_moves_with_each_decision(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve(script=True)
    assert "3 tweets to decide" in reviewer.get("/").words
    assert "2 tweets to decide 1 green" in reviewer.decide("approve", "101").words
    reviewer.get("/?label=yellow")
    assert "0 tweets to decide" in reviewer.decide("approve", "102").words
    reviewer.get("/tweet?project=demo&tweet_id=103")
    assert "to decide" not in reviewer.decide("approve", "103").words, "that page has no list"


def test_an_error_stands_in_the_card_and_nowhere_else(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve(script=True)
    reviewer.get("/")
    page = reviewer.decide("edit", "101", text=TOO_LONG)
    assert reviewer.status == 422
    assert page.words.count("weighted characters") == 1


def test_a_text_that_a_person_rewrote_is_no_offline_draft(mara: Reviewer, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(provider="offline", model="offline"))
    shown = mara.get("/tweet?project=demo&tweet_id=101").words.count("offline draft")
    mara.decide("edit", "101", text="Mine.")
    assert mara.get("/tweet?project=demo&tweet_id=101").words.count("offline draft") == shown - 1


def test_undo_passes_over_what_is_gone_or_was_written_anew(mara: Reviewer, database: Database) -> None:
    mara.decide("approve", "101")
    mara.get("/?status=all")
    mara.decide("approve", "102")
    mara.get("/?status=all")
    mara.decide("approve", "103")
    table = comment_suggestions
    with database.begin() as connection:
        connection.execute(sa.delete(table).where(table.c.tweet_id == "103"))
        anew = {"status": "pending", "version": 1_800_000_000}
        connection.execute(sa.update(table).where(table.c.tweet_id == "102").values(anew))
    assert "Undone: Add value is pending again" in mara.send(undo_of(mara)).words
    assert state(database, "101")[FIRST][0] == "pending"
    assert "There is nothing of yours to undo" in mara.send(undo_of(mara)).words


def test_the_usual_list_is_of_the_last_days_and_says_where_older_ones_are(
    serve: Callable[..., Reviewer], database: Database, now: datetime, tmp_path: Path
) -> None:
    later = serve(clock=lambda: now + timedelta(days=8))
    page = later.get("/")
    assert page.all("data-tweet") == []
    assert "Nothing of the last 7 days" in page.words
    assert "/?recent=0" in page.all("href")
    assert len(later.get("/?recent=0").all("data-tweet")) > 1
    export_suggestions(database, tmp_path / "all.csv", "csv", now=now)
    assert "older ones, decided about" in later.get("/").words


def test_a_project_with_nothing_left_says_so(
    plain: Reviewer, database: Database, now: datetime, tmp_path: Path
) -> None:
    export_suggestions(database, tmp_path / "all.csv", "csv", now=now)
    page = plain.get("/?project=demo")
    assert "Nothing waits for a decision in " in page.words
    assert "/?project=demo&status=exported" in page.all("href")
    assert "Nothing matches" in plain.get("/?project=other").words


def test_the_history_of_a_tweet_tells_everything(mara: Reviewer) -> None:
    mara.decide("edit", "101", text="Mine.")
    mara.get("/?status=all")
    mara.decide("reject", "101", reason="too salesy")
    page = mara.get("/tweet?project=demo&tweet_id=101")
    assert page.all("data-action") == ["reject", "edit"]
    assert "Reason: too salesy" in page.words
    assert "Put the charger in the kitchen, yours included." in page.words
    assert "mara edited Add value: pending → edited" in page.words


@pytest.mark.parametrize(
    "broken",
    [{"version": "x"}, {"version": ""}, {"version": "9" * 40}, {"action": "export"}, {"action": ""}, {"type": ""}],
)
def test_a_broken_form_is_refused(mara: Reviewer, database: Database, broken: dict[str, str]) -> None:
    form = mara.form("decide", "101")
    mara.send(form, button=("action", "approve"), **broken)
    assert mara.status == 422
    assert events(database) == []


def test_a_suggestion_that_is_gone_is_said_to_be(mara: Reviewer) -> None:
    page = mara.send(mara.form("decide", "101"), button=("action", "approve"), type="nothing")
    assert mara.status == 422
    assert "a later run has removed it" in page.words.lower()


def test_everybody_can_have_a_name_of_their_own(plain: Reviewer, database: Database) -> None:
    plain.get("/")
    form = next(form for form in plain.page.forms if form.action == "/name")
    assert plain.send(form, who="  Zoë\u202e <b> ").words.count("Zoë <b>") >= 1
    plain.decide("approve", "101")
    assert events(database)[0][0] == "Zoë <b>"
    form = next(form for form in plain.page.forms if form.action == "/name")
    assert "mara" in plain.send(form, who="").words


def finished(reviewer: Reviewer, site: Site) -> Html:
    """Look until the job is over, as the page does."""
    until(lambda: all(job.over for job in site.jobs.all().values()), "the job to be over", every=0.02)
    return reviewer.get("/regeneration?project=demo&tweet_id=101&next=/", **{"hx-request": "true"})


def make_offline_drafts(database: Database) -> None:
    """Of all suggestions, as nobody has a key here and what a model wrote is not replaced without one."""
    with database.begin() as connection:
        for table in (comment_suggestions, generation_outcomes):
            connection.execute(sa.update(table).values(provider="offline"))


def test_a_card_tells_a_recorded_draft_from_one_of_the_offline_provider(mara: Reviewer, database: Database) -> None:
    make_offline_drafts(database)
    assert "offline draft" in mara.get("/").words
    assert "recorded draft" not in mara.get("/").words
    with database.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(model="recorded sample"))
    assert "recorded draft" in mara.get("/").words
    assert "offline draft" not in mara.get("/").words


def test_what_a_model_wrote_is_not_replaced_without_a_key(mara: Reviewer, database: Database) -> None:
    before = state(database)
    mara.send(mara.form("regenerate", "101"))
    page = finished(mara, site_of(mara))
    assert page.words.count("never replace what a model wrote") == 1
    assert state(database) == before


@BOTH_DATABASES
def test_suggestions_are_written_anew_but_for_what_was_decided(mara: Reviewer, database: Database) -> None:
    make_offline_drafts(database)
    mara.decide("approve", "101", SECOND)
    mara.get("/?status=all")
    before = state(database)
    page = mara.send(mara.form("regenerate", "101"))
    assert re.search("New suggestions are being written|2 new suggestions", page.words), "or they are there already"
    page = finished(mara, site_of(mara))
    assert len(re.findall(r"2 new suggestions by offline in [\d.]+ s", page.words)) == 1
    assert mara.headers["hx-reswap"] == "none"
    after = state(database)
    assert after[SECOND] == before[SECOND]
    assert all(after[kind][1] != before[kind][1] and after[kind][0] == "pending" for kind in (FIRST, THIRD))
    with database.read() as connection:
        run_ids = connection.execute(sa.select(llm_requests.c.purpose)).scalars().all()
        assert run_ids == ["generate"], "the request is in the ledger"
        assert (
            connection.execute(
                sa.select(generation_outcomes.c.outcome).where(generation_outcomes.c.tweet_id == "101")
            ).scalar_one()
            == "done"
        )


def site_of(reviewer: Reviewer) -> Site:
    guard = reviewer.http.app
    site: Site = guard._app.state.site  # type: ignore[attr-defined]
    return site


def test_an_edit_begun_before_new_suggestions_came_is_not_saved_over_them(mara: Reviewer, database: Database) -> None:
    make_offline_drafts(database)
    form = mara.form("edit", "101", FIRST)
    mara.send(mara.form("regenerate", "101"))
    finished(mara, site_of(mara))
    page = mara.send(form, text="On the old one.")
    assert mara.status == 409
    assert "A run changed this" in page.words
    assert mara.form("edit", "101", FIRST).fields["text"] == "On the old one."


def test_a_tweet_without_a_project_file_is_not_written_about(
    serve: Callable[..., Reviewer],
) -> None:
    reviewer = serve()
    site_of(reviewer).projects = lambda: Projects({})
    reviewer.get("/")
    page = reviewer.send(reviewer.form("regenerate", "101"))
    assert reviewer.status == 422
    assert "no project file for demo" in page.words


def test_a_wrong_project_file_is_told_where_it_is_missed(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve()
    wrong = ProjectFileError(Path("/home/mara/projects/demo.yml"), "is not a known key", key="voices", line=5)
    wrong.project = "demo"
    site_of(reviewer).projects = lambda: Projects({}, [wrong])
    page = reviewer.get("/")
    assert "nothing new comes for its project: demo.yml:5: voices: is not a known key" in page.words
    assert "/home/mara" not in page.words
    page = reviewer.send(reviewer.form("regenerate", "101"))
    assert reviewer.status == 422
    assert "demo.yml:5: voices: is not a known key" in page.words.replace("Demo", "demo")


def test_all_decided_is_nothing_to_write(tweets: list[OpportunityView], plain: Reviewer, database: Database) -> None:
    with database.begin() as connection:
        for kind in TYPES:
            decisions.decide(
                connection,
                SuggestionKey("demo", "101", kind),
                "reject",
                who="mara",
                at=datetime.now().astimezone(),
                version=0,
            )
    page = plain.get("/?status=all")
    page = plain.send(plain.form("regenerate", "101"))
    assert plain.status == 422
    assert "every suggestion for this tweet has been decided about" in page.words.lower()
    project = site_of(plain).projects()["demo"]
    assert wanted_types(tweets[1], project) == TYPES


@pytest.mark.parametrize(
    ("outcome", "good", "said"),
    [
        ("done", True, "3 new suggestions by m in 1.0 s."),
        ("blocked", False, "safety filter"),
        ("failed", False, "no usable answer"),
        (
            "deferred",
            False,
            "The quota of the day is used up: a later run takes this tweet up, from 21 Nov, 08:00 UTC on.",
        ),
    ],
)
def test_how_it_ended_is_told(outcome: str, good: bool, said: str) -> None:
    report = GenerationReport(outcomes={outcome: 1}, saved=3, seconds=1.0, provider="google-genai", model="m")
    report.quota_back_in = 20 * 3600.0 if outcome == "deferred" else None
    told_good, text = summarise(report, NOON)
    assert told_good is good
    assert said in text


def test_a_wait_for_the_quota_is_told(serve: Callable[..., Reviewer], monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = open_ledger(None, Limits(max_requests=1), "key")
    ledger.join("somebody", 1)
    ledger.ask(GrantRequest("r1", "somebody", tokens=10, tweet_ids=("1",)))
    job = Job("demo", "101", "mara", "gemini-2.5-flash-lite", state="running")
    job.generator = cast(AsyncCommentGenerator, SimpleNamespace(provider="google-genai", ledger_of=lambda _: ledger))
    assert 50 < job.quota_wait() <= 61
    reviewer = serve(script=True)
    monkeypatch.setattr(site_of(reviewer).jobs, "all", lambda: {("demo", "101"): job})
    page = reviewer.get("/regeneration?project=demo&tweet_id=101&next=/")
    assert re.search(r"Waiting for the quota: about \d+ s more", page.words)
    assert page.all("hx-trigger") == ["load delay:900ms"], "it goes on looking"
    assert "Waiting for the quota" in reviewer.get("/").words, "a page without a script tells it too"


def test_a_card_says_a_share_as_the_sentence_beside_it(mara: Reviewer, database: Database) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(tweet_scores).values(relevance=0.847_9))
    words = mara.get("/tweet?project=demo&tweet_id=101").words
    assert "Kids and phones (84 %)" in words
    assert "Relevance84" in words
