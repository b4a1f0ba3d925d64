"""``viral-assets more-like-this`` and ``never-like-this``: what a tweet teaches a project, as a change of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, plain, print_json, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from viral_assets.projects.edits import Add
    from viral_assets.projects.model import Project
    from viral_assets.queries.left_out import TweetAssessment

Tweet = Annotated[str, typer.Argument(metavar="TWEET", help="The tweet's id or address.")]
OfProject = Annotated[str, typer.Option(metavar="NAME", help="The project that learns; its file is changed.")]
Write = Annotated[bool, typer.Option("--write", help="Write what is shown to the project file; keeps a .bak of it.")]

_COLOURS = {"+": "green", "-": "red", " ": "dim"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(
        app,
        more_like_this,
        "viral-assets more-like-this 1990000000000000001 --project mine",
        'viral-assets more-like-this 1990000000000000001 --project mine --topic "screen time" --write',
    )
    add_command(
        app,
        never_like_this,
        'viral-assets never-like-this 1990000000000000001 --project mine --word "giveaway"',
        'viral-assets never-like-this 1990000000000000001 --project mine --word "giveaway" --write',
    )


def more_like_this(
    tweet: Tweet,
    project: OfProject,
    topic: Annotated[
        str | None, typer.Option(metavar="LABEL", help="The topic it is an example of; by default the nearest one.")
    ] = None,
    write: Write = False,
    as_json: Json = False,
) -> None:
    """Make a tweet one more example of a topic, so that more of its like are found.

    Shows the lines of the project file that would change, and with --write changes them and nothing else. It counts
    from the next hour on: hours that were scored stay what they are. `viral-assets check` shows what the project would
    choose with the file as it is then.
    """

    def change(chosen: Project, judged: TweetAssessment) -> Add:
        from viral_assets.learning.lessons import more_like

        return more_like(chosen, topic or judged.topic, judged.text, gate=judged.gate)

    _teach(tweet, project, change, write=write, as_json=as_json)


def never_like_this(
    tweet: Tweet,
    project: OfProject,
    word: Annotated[str, typer.Option(metavar="WORD", help="A word or phrase of the tweet to block.")],
    write: Write = False,
    as_json: Json = False,
) -> None:
    """Block a word or phrase of a tweet, so that no tweet with it is chosen again.

    Shows the lines of the project file that would change and how many of the tweets chosen in the last days have the
    word, and with --write changes the file. It counts from the next hour on: hours that were scored stay what they are.
    """

    def change(chosen: Project, judged: TweetAssessment) -> Add:
        from viral_assets.learning.lessons import never_like

        return never_like(chosen, word, judged.text)

    _teach(tweet, project, change, word=word, write=write, as_json=as_json)


def _teach(
    tweet: str,
    name: str,
    change_of: Callable[[Project, TweetAssessment], Add],
    *,
    word: str = "",
    write: bool,
    as_json: bool,
) -> None:
    from datetime import UTC, datetime

    from rich.text import Text

    from viral_assets.cli.options import pick_projects
    from viral_assets.cli.why import tweet_id_of
    from viral_assets.errors import ConfigurationError
    from viral_assets.learning.lessons import EFFECT, reach_of
    from viral_assets.learning.project_file import ProjectFolder, propose
    from viral_assets.queries.left_out import read_judged
    from viral_assets.settings import BUNDLED_PROJECTS, load_settings
    from viral_assets.store.engine import Database

    tweet_id = tweet_id_of(tweet)
    settings = load_settings()
    project = pick_projects(settings, [name])[name]
    path = ProjectFolder(settings.projects_dir, BUNDLED_PROJECTS).find_changeable(name)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        with database.read() as connection:
            judged = read_judged(connection, name, tweet_id)
            if judged is None:
                raise ConfigurationError(
                    f"{name} has scored no tweet {tweet_id}; `viral-assets why {tweet_id}` says what became of it"
                )
            change = change_of(project, judged)
            reach = reach_of(connection, name, change.texts[0], datetime.now(UTC)) if word else None
    finally:
        database.dispose()
    proposal = propose(path, [change], expected=project)
    where = console(as_json=as_json)
    lines = list(proposal.lines())
    say(where, "In ", command(str(path)), ":")
    for line in lines:
        say(where, Text(plain(f"{line.sign} {line.number:4}  {line.text}"), style=_COLOURS[line.sign]))
    if reach is not None:
        say(where, str(reach))
    if write:
        backup = proposal.write()
        say(where, "Written; as it was, it is in ", command(str(backup)), ". ", EFFECT.format(project=name))
    else:
        say(where, "Nothing is written yet: ", command("--write"), " changes the file. ", EFFECT.format(project=name))
    if as_json:
        shown: list[dict[str, Any]] = [{"sign": each.sign, "line": each.number, "text": each.text} for each in lines]
        print_json({"project": name, "file": str(path), "change": shown, "written": write})
