"""``viral-assets revise``: have one suggestion changed as you wish, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, OneProject, add_command
from viral_assets.cli.output import command, console, plain, print_json, say
from viral_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from viral_assets.projects.model import Project
    from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database
    from viral_assets.store.revisions import Revision
    from viral_assets.store.suggestion_keys import SuggestionKey


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        revise,
        'viral-assets revise 1990000000000000001 --type add_value "shorter"',
        'viral-assets revise 1990000000000000001 --type add_value "shorter" --take',
        'viral-assets revise 1990000000000000001 --type ask_question "less salesy, and no question" --project demo',
    )


def revise(
    tweet: Annotated[str, typer.Argument(metavar="TWEET", help="The tweet's id or address.")],
    wish: Annotated[str, typer.Argument(metavar="WISH", help='What should change, like "shorter"; a sentence or two.')],
    kind: Annotated[
        str | None,
        typer.Option("--type", metavar="TYPE", help="Which suggestion, like add_value; not needed if there is one."),
    ] = None,
    project: OneProject = None,
    take: Annotated[bool, typer.Option("--take", help="Put the new text in the place of the old one.")] = False,
    who: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who asks, for the record; your login by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Have one suggestion revised as you wish, and show the old text and the new one.

    Nothing changes until you take it: with the same command and --take, which asks for nothing anew, or on the review
    page, where it can be undone. What was pending stays pending. The request counts against the quota as every other;
    without a key, only what can be counted is done: "shorter", and without hashtags, emoji, exclamation marks or a
    question. Another wish about the same suggestion goes on from the new text.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.deciding import asks_for_two, who_decides
    from viral_assets.cli.options import pick_projects
    from viral_assets.cli.why import tweet_id_of
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.revisions import ask, decide_revision
    from viral_assets.store.suggestion_status import in_words
    from viral_assets.vocabulary import ASKED, OFFERED, TAKE_REVISION

    settings = load_settings()
    projects = pick_projects(settings, [project] if project else None)
    database = Database(settings.resolved_database_url)
    where, later = console(as_json=as_json), ""
    try:
        database.ensure_ready()
        name, second = who_decides(database, who), asks_for_two(settings)
        row, suggestion, key = _found(database, tweet_id_of(tweet), kind, projects)
        # The same wish is about what was written for it; another one goes on from there.
        open_one = suggestion.revision
        shown = open_one.id if open_one is not None and open_one.offered and open_one.wish != wish.strip() else ""
        with database.begin() as connection:
            now, version = datetime.now(UTC), suggestion.version
            revision = ask(connection, key, version=version, wish=wish, who=name, at=now, shown=shown)
        if revision.state == ASKED:
            revision, later = _written(settings, database, row, projects[row.project], revision)
        status = ""
        if revision.state == OFFERED and take:
            with database.begin() as connection:
                now, which = datetime.now(UTC), revision.id
                done = decide_revision(
                    connection, which, TAKE_REVISION, who=name, at=now, version=version, second=second
                )
            status = done.status
    finally:
        database.dispose()
    say(where, f"Old ({suggestion.weighted_length}): {plain(suggestion.text)}")
    if revision.state == OFFERED:
        say(where, f"New ({revision.weighted_length}): {plain(revision.text or '')}")
    if status:
        say(where, f"Taken: {key.suggestion_type} is {in_words(status)}. The review page takes it back.")
    elif revision.state == OFFERED:
        say(where, "Take it on the review page, or with ", command("--take"), " at the end of the same command.")
    elif revision.state == ASKED:
        why = plain(revision.reason) or "it was interrupted"
        say(where, f"Not written yet: {why}; the same command goes on{later}.")
    else:
        say(where, f"Not revised: {plain(revision.reason)}.")
    if as_json:
        print_json(_payload(suggestion, revision, "taken" if status else revision.state))
    if revision.state != OFFERED:
        raise typer.Exit(1)


def _found(
    database: Database, tweet_id: str, kind: str | None, projects: Mapping[str, Project]
) -> tuple[OpportunityView, SuggestionView, SuggestionKey]:
    """The suggestion that is meant, and its tweet.

    Raises:
        ConfigurationError: there is none, or it could be one of several.
    """
    from viral_assets.queries.pages import read_opportunities
    from viral_assets.store.suggestion_keys import SuggestionKey

    with database.read() as connection:
        rows = read_opportunities(connection, [(name, tweet_id) for name in projects])
    rows = [row for row in rows if row.suggestions]
    if not rows:
        raise ConfigurationError(f"tweet {tweet_id} has no suggestions; `viral-assets why {tweet_id}` says why")
    if len(rows) > 1:
        names = ", ".join(row.project for row in rows)
        raise ConfigurationError(f"tweet {tweet_id} has suggestions of {names}; say which with --project")
    (row,) = rows
    types = {each.type_name: each for each in row.suggestions}
    if kind is None and len(types) == 1:
        (kind,) = types
    if kind not in types:
        wanted = "say which with --type" if kind is None else f"there is none of type {kind!r}"
        raise ConfigurationError(f"tweet {tweet_id} has suggestions of type {', '.join(types)}; {wanted}")
    return row, types[kind], SuggestionKey(row.project, tweet_id, kind)


def _written(
    settings: Settings, database: Database, row: OpportunityView, project: Project, revision: Revision
) -> tuple[Revision, str]:
    """The revision once it was tried to have it written, and when the quota allows more, where that held it up."""
    import asyncio
    from datetime import UTC, datetime

    from viral_assets.cli.review import generator_of
    from viral_assets.quota import Priority
    from viral_assets.store.revisions import read_revision
    from viral_assets.web.regenerate import asked_about, back_at

    async def write() -> str:
        async with generator_of(settings, database, Priority.PERSON) as generator:
            report = await generator.revise(revision, asked_about(row, (revision.key.suggestion_type,)), project)
        return back_at(report, datetime.now(UTC))

    later = asyncio.run(write())
    with database.read() as connection:
        return read_revision(connection, revision.id) or revision, later


def _payload(suggestion: SuggestionView, revision: Revision, state: str) -> dict[str, Any]:
    return {
        "tweet_id": revision.key.tweet_id,
        "project": revision.key.project,
        "type": revision.key.suggestion_type,
        "wish": revision.wish,
        "state": state,
        "old": suggestion.text,
        "new": revision.text,
        "model": revision.model,
        "reason": revision.reason,
    }
