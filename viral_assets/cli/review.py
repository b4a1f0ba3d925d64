"""``viral-assets review``: the page on which a person decides about suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.deciding import login, who_decides
from viral_assets.cli.options import From, Json, To, add_command, usable_projects
from viral_assets.cli.output import command, complain, console, print_json, say, say_what_counts
from viral_assets.vocabulary import REVIEW_PORT

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator
    from viral_assets.quota import Priority
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        review,
        "viral-assets review",
        "viral-assets review --project demo --who mara",
        "viral-assets review --from 2026-11-21T06:00 --to 2026-11-21T12:00",
        "viral-assets review --host 0.0.0.0 --allow-host review.example.com --no-open",
    )


def review(
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="Open the page with this project; all by default.")
    ] = None,
    start: From = None,
    end: To = None,
    who: Annotated[
        str | None, typer.Option(metavar="NAME", help="Your name in the record of decisions; your login by default.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Address to listen on. Any but this machine's own asks visitors for a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help=f"Port to listen on; {REVIEW_PORT} or the next free one by default.",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Another name people may open the page by; may be repeated."),
    ] = None,
    change_projects: Annotated[
        bool,
        typer.Option(
            "--change-projects",
            help="Let everybody with the token change project files from the page; on this machine alone that is so.",
        ),
    ] = False,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    as_json: Json = False,
) -> None:
    """Decide about suggestions in the browser: approve, edit, reject, open in X, say what is posted.

    It opens with the tweets of all hours, or with those of a range.

    The page is for this machine alone, unless --host says otherwise: then it asks for the token in
    VIRAL_ASSETS_REVIEW_TOKEN, or for one that is made and printed once. Where people have tokens of their own
    ("viral-assets people token NAME"), it asks for those and no other, and decisions have their names. Nothing is ever
    posted for you. Ctrl-C ends it.
    """
    import webbrowser
    from datetime import timedelta

    from viral_assets.cli.embedders import stored_vectors_of
    from viral_assets.cli.options import pick_projects
    from viral_assets.learning.project_file import ProjectFolder
    from viral_assets.projects.current import CurrentProjects
    from viral_assets.queries.filters import Filters
    from viral_assets.quota.from_settings import limits_from
    from viral_assets.settings import BUNDLED_PROJECTS, load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.people_tokens import any_token
    from viral_assets.web.access import AccessRules, new_token
    from viral_assets.web.app import create_app
    from viral_assets.web.jobs import Jobs
    from viral_assets.web.security import HostNames, is_loopback
    from viral_assets.web.server import listen, serve
    from viral_assets.web.sessions import SessionLimits
    from viral_assets.web.site import Site

    # Before anything is opened: a wrong hour is an error here and no page.
    page = Filters.read({"project": project or "", "start": start or "", "end": end or ""}).address()
    settings = load_settings()
    if project is not None:
        pick_projects(settings, [project])
    elif settings.projects_dir.is_dir():
        _say_what_is_left_out(settings)
    limits = limits_from(settings)
    say_what_counts(settings)
    here = is_loopback(host)
    given = settings.review_token.get_secret_value() if settings.review_token else None
    token = given if given is not None or here else new_token()
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        with database.read() as connection:
            own_tokens = any_token(connection)
        name = who or login() if own_tokens else who_decides(database, who)
        asks = own_tokens or token is not None
        listener = listen(host, REVIEW_PORT if port is None else port, more=port is None)
        port = listener.getsockname()[1]
        site = Site(
            database=database,
            access=AccessRules(who=name, token=token, port=port),
            projects=CurrentProjects(settings.projects_dir),
            jobs=Jobs(lambda priority: generator_of(settings, database, priority)),
            vectors_of=stored_vectors_of(settings),
            limits=limits,
            project_folder=(
                None if asks and not change_projects else ProjectFolder(settings.projects_dir, BUNDLED_PROJECTS)
            ),
            session_limits=SessionLimits(
                idle=timedelta(hours=settings.review_idle_hours), longest=timedelta(days=settings.review_session_days)
            ),
        )
        address = f"http://{_named(host)}:{port}"
        shown = None if own_tokens else token
        where = console(as_json=as_json)

        def ready() -> None:
            site.jobs.get_ready()
            as_whom = "" if own_tokens else f" as {site.access.who}"
            say(where, "Review page at ", command(f"{address}{page}"), f"{as_whom} (Ctrl-C ends it)")
            if own_tokens:
                say(where, "Everybody needs a token of their own: ", command("viral-assets people token NAME"))
            elif token is not None:
                made = "This token was made for now; set VIRAL_ASSETS_REVIEW_TOKEN for one that lasts: "
                say(where, *((made, command(token)) if given is None else ("Visitors need your token.",)))
            if not here and (own_tokens or not given):
                say(where, "What is sent can be read on the way: use a network you trust, or a proxy that adds TLS.")
            if as_json:
                print_json({"url": f"{address}{page}", "port": port, "token": shown if given is None else None})
            if open_page and not webbrowser.open(f"{address}{_first(page, shown)}"):
                say(where, "No browser could be opened here; open the address yourself.")

        serve(create_app(site, HostNames.of(host, allow_host or ())), listener, ready=ready)
    finally:
        database.dispose()


def _say_what_is_left_out(settings: Settings) -> None:
    """The page shows what is there, whatever is wrong with the project files."""
    from viral_assets.errors import ProjectFileError

    try:
        usable_projects(settings)
    except ProjectFileError as error:
        complain(str(error))


def _first(page: str, token: str | None) -> str:
    from urllib.parse import urlencode

    return page if token is None else f"/login?{urlencode({'token': token, 'next': page})}"


def _named(host: str) -> str:
    """What a browser on this machine can open."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 -- compared, not listened on
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def generator_of(settings: Settings, database: Database, priority: Priority) -> AsyncCommentGenerator:
    """What writes for a person who waits."""
    from viral_assets.generation.generator import AsyncCommentGenerator
    from viral_assets.projects.loader import load_projects
    from viral_assets.projects.models_in_use import models_in_use
    from viral_assets.quota.from_settings import limits_from

    models = models_in_use(load_projects(settings.projects_dir).values())
    return AsyncCommentGenerator(
        limits=limits_from(settings), database=database, models=models, run_id="review", priority=priority
    )
