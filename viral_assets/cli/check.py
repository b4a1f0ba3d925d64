"""``viral-assets check``: what a person should know of a project before paying for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, complain, console, print_json, progress_bar, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from viral_assets.choosing.check import Pricing
    from viral_assets.embedding.base import Vectors
    from viral_assets.embedding.cache import UnsavedEmbedder
    from viral_assets.projects.model import Project
    from viral_assets.safety.closer_look import CloserLook
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database

HOURS_A_DAY = 24


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        check,
        "viral-assets check demo",
        "viral-assets check mine --days 2",
        "viral-assets check mine --json",
    )


def check(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Name of the project, as its file says.")],
    days: Annotated[
        int, typer.Option(min=1, max=3660, metavar="N", help="Look at what is stored of the last N days.")
    ] = 7,
    as_json: Json = False,
) -> None:
    """Look at a project before paying for it: its topics, and what it would choose of the tweets of the last days.

    Says which exemplars are nearer to another topic than to their own, which languages the embedder does not know,
    which topics no tweet met, how many tweets would be chosen and why the others would not, with ten examples of each
    label, and what drafting them would cost a day. Tweets are scored anew with the project file as it is now, whatever
    runs have made of them.

    Needs no account, asks nobody and writes nothing. Ends with 0 whatever it finds, and with 1 where the project file
    cannot be used.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.options import choose_hours, pick_projects
    from viral_assets.errors import ProjectFileError
    from viral_assets.settings import load_settings

    settings = load_settings()
    try:
        chosen = pick_projects(settings, [project])[project]
    except ProjectFileError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    hours = choose_hours(settings, datetime.now(UTC), hours_back=days * HOURS_A_DAY, start=None, end=None)

    # Only now: what scores takes a second to import, and a misspelt name should not.
    from viral_assets.choosing.check import check_project
    from viral_assets.cli.check_report import payload, show
    from viral_assets.store.gone import FORGET_THEM

    provider, pricing = _pricing(settings, chosen)
    database = _stored(settings)
    try:
        name, embedder = _embedder(settings, chosen, database)
        with progress_bar() as bar:
            task = bar.add_task("hours", total=None)
            found = check_project(
                chosen,
                embedder,
                name,
                database,
                hours,
                pricing,
                closer_look=_closer_look(settings, name, database),
                on_hour=lambda done, of: bar.update(task, completed=done, total=of),
            )
        gone = _gone(database, chosen.name)
    finally:
        if database is not None:
            database.dispose()
    show(console(as_json=as_json), chosen, name, provider, pricing.model, hours, found)
    if gone:
        say(
            console(as_json=as_json),
            f"{gone:,} chosen tweets are gone at X and not shown; let them go by ",
            command(FORGET_THEM),
        )
    if as_json:
        print_json({**payload(chosen, name, provider, pricing.model, hours, found), "gone": gone})


def _gone(database: Database | None, project: str) -> int:
    from viral_assets.store.gone import count_gone

    if database is None:
        return 0
    with database.read() as connection:
        return count_gone(connection, project)


def _embedder(settings: Settings, project: Project, database: Database | None) -> tuple[str, UnsavedEmbedder]:
    """The project's embedder and its name.

    Raises:
        ConfigurationError: it is not installed, or needs a key.
    """
    from viral_assets.embedding import build_embedder
    from viral_assets.embedding.cache import UnsavedEmbedder
    from viral_assets.embedding.choice import embedder_name

    name = embedder_name(settings.embedder, project.sources.languages)
    key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else None
    return name, UnsavedEmbedder(build_embedder(name, api_key=key), database, paid=name == "gemini")


def _closer_look(settings: Settings, embedder: str, database: Database | None) -> CloserLook | None:
    """What tells sensitive tweets better than the project's embedder, where runs use it too."""
    from viral_assets.embedding import build_embedder
    from viral_assets.embedding.cache import UnsavedEmbedder
    from viral_assets.embedding.choice import MULTILINGUAL, gets_closer_look
    from viral_assets.safety.closer_look import CloserLook
    from viral_assets.safety.exemplar_vectors import resemblance_of

    if database is None or not gets_closer_look(settings.embedder, embedder):
        return None
    closer = UnsavedEmbedder(build_embedder(MULTILINGUAL), database)

    def embed(texts: Sequence[str]) -> Vectors:
        # Each tweet is looked at once.
        vectors = closer.embed(texts)
        closer.forget()
        return vectors

    return CloserLook(embed, resemblance_of(closer))


def _pricing(settings: Settings, project: Project) -> tuple[str, Pricing]:
    """Who would write, as the environment is; offline, what the project's model would take with a key."""
    from viral_assets.choosing.check import Pricing
    from viral_assets.llm.prices import load_prices, price_of
    from viral_assets.quota.from_settings import limits_from

    models = project.generation.models
    provider, access = settings.access(models=models)
    prices = load_prices(settings.prices)
    model = access.model or models[0]
    return provider, Pricing(limits_from(settings), model, lambda name: price_of(prices, name))


def _stored(settings: Settings) -> Database | None:
    """The database; None for one that would have to be made first."""
    from pathlib import Path

    from viral_assets.store.engine import Database

    database = Database(settings.resolved_database_url)
    is_missing = database.dialect == "sqlite" and not Path(database.url.database or "").exists()
    return None if is_missing else database
