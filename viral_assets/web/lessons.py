"""More like this, never like this: what a tweet teaches is shown as the lines of the project file that would change,
and written only when somebody agrees to these very lines.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.errors import ConfigurationError, ProjectFileError
from viral_assets.queries.left_out import TweetAssessment, read_judged
from viral_assets.web.access import same_site_path
from viral_assets.web.forms import BadFormError, field, posted_form
from viral_assets.web.pages import NotFoundError
from viral_assets.web.regenerate import checked_project
from viral_assets.web.rendering import sentence
from viral_assets.web.site import Site

if TYPE_CHECKING:
    from viral_assets.learning.project_file import Proposal
    from viral_assets.projects.edits import Add
    from viral_assets.projects.model import Project

log = logging.getLogger("viral_assets")

NOT_HERE = (
    "several people share this page, so it changes no project file; start it with --change-projects, or type "
    "`viral-assets {command} {tweet_id} --project {project}`"
)

COMMANDS = {"more": "more-like-this", "never": "never-like-this"}

CHANGED = (
    "The project file was changed after this page was made, so nothing was written. This is what would change now."
)


def lesson(request: Request) -> Response:
    """What would change, and what for."""
    return _page(request, request.query_params)


async def write_lesson(request: Request) -> Response:
    """Change the project file as it was shown, or show what would change by now."""
    form = await posted_form(request)
    return await run_in_threadpool(_write, request, form)


def _write(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    project, tweet = _asked(site, form)
    try:
        proposal = _proposal(site, project, tweet, form)[1]
        if proposal.version != field(form, "version"):
            return _page(request, form, status=409, problem=CHANGED)
        backup = proposal.write()
    except ProjectFileError as error:
        return _page(request, form, status=409, problem=sentence(error.without_folder))
    except ConfigurationError as error:
        return _page(request, form, status=422, problem=sentence(str(error)))
    who = site.who(request)
    log.info("%r changed %s by what tweet %s teaches", who, proposal.path, field(form, "tweet_id"))
    response = RedirectResponse(same_site_path(form.get("next")), 303)
    text = f"Written to {proposal.path.name}: it counts from the next hour on. The old file is {backup.name}."
    site.access.leave_notice(request, response, {"kind": "done", "text": text})
    return response


def _page(request: Request, asked: Mapping[str, str], *, status: int = 200, problem: str = "") -> Response:
    from viral_assets.learning.lessons import EFFECT, reach_of

    site: Site = request.app.state.site
    project, tweet = _asked(site, asked)
    wish = asked["wish"]
    shown: dict[str, Any] = {"lines": (), "version": "", "file": "", "reach": None}
    if wish == "more" or asked.get("word"):
        try:
            change, proposal = _proposal(site, project, tweet, asked)
        except ProjectFileError as error:
            problem = problem or sentence(error.without_folder)
        except ConfigurationError as error:
            problem = problem or sentence(str(error))
        else:
            shown |= {"lines": tuple(proposal.lines()), "version": proposal.version, "file": proposal.path.name}
            if wish == "never":
                with site.database.read() as connection:
                    shown["reach"] = reach_of(connection, project.name, change.texts[0], site.clock())
    return site.page(
        request,
        "lesson.html",
        status=status,
        wish=wish,
        project=project,
        tweet_id=asked["tweet_id"],
        tweet=tweet,
        topic=asked.get("topic") or tweet.topic,
        word=asked.get("word", ""),
        problem=problem,
        effect=EFFECT.format(project=project.name),
        back=same_site_path(asked.get("next")),
        **shown,
    )


def _asked(site: Site, asked: Mapping[str, str]) -> tuple[Project, TweetAssessment]:
    """The project and the tweet.

    Raises:
        BadFormError: it is not said which, or what is wanted.
        NotFoundError: the project has not scored such a tweet.
        ConfigurationError: the project's file cannot be used.
    """
    if field(asked, "wish") not in COMMANDS:
        raise BadFormError("Say whether there should be more tweets like it, or never one.")
    project = checked_project(site.projects(), field(asked, "project"))
    with site.database.read() as connection:
        tweet = read_judged(connection, project.name, field(asked, "tweet_id"))
    if tweet is None:
        raise NotFoundError("There is no such tweet among those that were scored (any more).")
    return project, tweet


def _proposal(site: Site, project: Project, tweet: TweetAssessment, asked: Mapping[str, str]) -> tuple[Add, Proposal]:
    """The change, and the file with it.

    Raises:
        ConfigurationError: it cannot be, or may not be made from here.
    """
    from viral_assets.learning.lessons import more_like, never_like
    from viral_assets.learning.project_file import propose

    wish = asked["wish"]
    if site.project_folder is None:
        command = COMMANDS[wish]
        raise ConfigurationError(
            NOT_HERE.format(command=command, tweet_id=field(asked, "tweet_id"), project=project.name)
        )
    path = site.project_folder.find_changeable(project.name)
    if wish == "more":
        change = more_like(project, asked.get("topic") or tweet.topic, tweet.text, gate=tweet.gate)
    else:
        change = never_like(project, asked.get("word", ""), tweet.text)
    return change, propose(path, [change], expected=project)
