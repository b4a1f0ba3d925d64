"""``viral-assets why``: what became of a tweet, and what was the first thing against it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import console, plain, print_json, say
from viral_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from viral_assets.queries.why import ProjectAnswer, TweetAnswer

SHOWN_TEXT = 100

_ID = re.compile(r"[0-9]{1,20}")
_ADDRESS = re.compile(
    r"(?:https?://)?(?:(?:www|mobile)\.)?(?:x|twitter)\.com/(?:\w+|i/web)/status(?:es)?/([0-9]{1,20})(?:[/?#].*)?",
    re.IGNORECASE,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        why,
        "viral-assets why 1990000000000000001",
        "viral-assets why https://x.com/someone/status/1990000000000000001 --project demo",
        "viral-assets why 1990000000000000001 1990000000000000002 --json",
    )


def why(
    tweet: Annotated[
        list[str], typer.Argument(metavar="TWEET...", help="The tweet's id or address; several may be named.")
    ],
    project: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Tell of this project; may be repeated; all by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a tweet was chosen for a reply, or what was the first thing against it.

    For each project: when the tweet was read, its scores and what the gate said, chosen or left out with the
    particular (which minimum, which word, which other tweet), and what came of the drafts. A tweet that could not be
    read is found in the quarantine. What was against it is worked out from what is stored with the project file as it
    is now; nothing is written, and nobody is asked.
    """
    from viral_assets.cli.embedders import stored_vectors_of
    from viral_assets.cli.options import pick_projects
    from viral_assets.queries.why import why as answer_for
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    ids = list(dict.fromkeys(map(tweet_id_of, tweet)))
    settings = load_settings()
    projects = pick_projects(settings, project)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        with database.read() as connection:
            answers = [answer_for(connection, each, projects, stored_vectors_of(settings)) for each in ids]
    finally:
        database.dispose()
    where = console(as_json=as_json)
    for answer in answers:
        _show(where, answer)
    if as_json:
        print_json({"tweets": [_payload(answer) for answer in answers]})


def tweet_id_of(written: str) -> str:
    """The id in what a person typed: an id, or the address of a tweet.

    Raises:
        ConfigurationError: it is neither.
    """
    found = _ADDRESS.fullmatch(written.strip())
    tweet_id = found[1] if found else written.strip()
    if not _ID.fullmatch(tweet_id):
        raise ConfigurationError(
            f"{written[:80]!r} is no tweet; give its id, like 1990000000000000001, or its address, like "
            "https://x.com/someone/status/1990000000000000001"
        )
    return tweet_id


def _show(where: Console, answer: TweetAnswer) -> None:
    row = answer.tweet
    if row is None:
        never = "is in quarantine" if answer.rejected else "was never read"
        say(where, f"Tweet {answer.tweet_id} {never}.")
    else:
        text = plain(" ".join(row["text"].split()))
        shown = text if len(text) <= SHOWN_TEXT else f"{text[:SHOWN_TEXT]}…"
        say(where, f"Tweet {answer.tweet_id} by @{plain(row['author_handle'] or '?')}: {shown}")
        say(where, f"    posted {_time(row['created_at'])}, of the hour {_time(row['window_start'])}")
        seen = f"    first seen {_time(answer.first_seen or row['collected_at'])}"
        places = ", ".join(f"{plain(each.name)} (read {_time(each.at)})" for each in answer.read_from)
        say(where, f"{seen}; read from {'one of ' if len(answer.read_from) > 1 else ''}{places}" if places else seen)
    for record in answer.rejected:
        found = f"    in quarantine: {record.reason}: {plain(record.detail)}"
        say(
            where, f"{found} ({plain(record.source)}, {plain(record.locator)}; `viral-assets rejects --id {record.id}`)"
        )
    for each in answer.projects:
        _show_project(where, each)
    if row is not None and not answer.projects:
        say(where, "  It came for none of these projects.")


def _show_project(where: Console, answer: ProjectAnswer) -> None:
    from viral_assets.store.suggestion_status import in_words
    from viral_assets.vocabulary import CHOSEN

    against = answer.against
    say(where, f"  {answer.project}: {_verdict(answer)}")
    if answer.scores:
        numbers = ", ".join(
            f"{name.replace('_', ' ')} {'unknown' if value is None else format(value, '.2f')}"
            for name, value in answer.scores.items()
        )
        say(where, f"    {answer.label}; {numbers}; gate: {answer.gate}")
        say(where, f"    {plain(answer.why)}")
    if answer.outcome or answer.suggestions:
        counts = ", ".join(f"{count} {in_words(status)}" for status, count in answer.suggestions.items()) or "none"
        reason = f" ({plain(answer.outcome_reason)})" if answer.outcome_reason else ""
        say(where, f"    drafts: {answer.outcome or 'written'}{reason}; suggestions: {counts}")
    elif against.reason == CHOSEN:
        say(where, "    drafts: not asked for yet")


def _verdict(answer: ProjectAnswer) -> str:
    from viral_assets.vocabulary import CHOSEN

    if answer.against.reason != CHOSEN:
        return f"left out: {plain(answer.against.words)}"
    if (taken := answer.taken) is None:
        return f"chosen, number {answer.rank} of its hour"
    although = f", although it was left out: {plain(taken.reason)}" if taken.reason else ""
    return f"taken after all by {plain(taken.who)} at {_time(taken.at)}{although}"


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _payload(answer: TweetAnswer) -> dict[str, Any]:
    from dataclasses import asdict

    from viral_assets.vocabulary import CHOSEN

    row = answer.tweet or {}
    return {
        "tweet_id": answer.tweet_id,
        "read": answer.tweet is not None,
        **{name: row.get(name) for name in ("created_at", "window_start", "collected_at", "author_handle", "text")},
        "first_seen": answer.first_seen,
        "read_from": [asdict(each) for each in answer.read_from],
        "quarantine": [asdict(each) for each in answer.rejected],
        "projects": [{**asdict(each), "chosen": each.against.reason == CHOSEN} for each in answer.projects],
    }
