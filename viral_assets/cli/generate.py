"""``viral-assets generate-comments``: suggestions for a range of hours, through Dagster."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from viral_assets.cli.options import MOST_HOURS, From, Json, To, add_command
from viral_assets.cli.output import console, print_json, say_what_counts, without_secrets
from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.garbage import loading
from viral_assets.hours import HOUR, HourRange, floor_hour

if TYPE_CHECKING:
    from viral_assets.defs.automation.run_summary import RunSummary
    from viral_assets.llm.tiers import Tier


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        generate_comments,
        "viral-assets generate-comments",
        "viral-assets generate-comments --project demo --from 2026-11-21T08:00 --to 2026-11-21T20:00 --dry-run",
        "viral-assets generate-comments --hours-back 24 --greens-only --json",
    )


def generate_comments(
    project: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Work for this project; may be repeated; all by default.")
    ] = None,
    hours_back: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_HOURS, metavar="N", help="The last N full hours; 6 by default.", show_default=False
        ),
    ] = None,
    start: From = None,
    end: To = None,
    min_followers: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Followers an author needs; by default what the project says (1,000)."),
    ] = None,
    min_likes: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Likes a tweet needs; by default what the project says (0)."),
    ] = None,
    min_views: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Views a tweet needs; by default what the project says (0)."),
    ] = None,
    min_relevance: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, metavar="X", help="Relevance a tweet needs, 0 to 1; by default what the project says (0)."
        ),
    ] = None,
    max_candidates: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Opportunities per project and hour; by default what the project says (150).",
        ),
    ] = None,
    batch_size: Annotated[
        str, typer.Option(metavar="N|auto", help="Requests under way at the same time; auto: as many as help.")
    ] = "5",
    tweets_per_request: Annotated[
        str, typer.Option(metavar="N|auto", help="Tweets in one request; auto: as few as the quota forces.")
    ] = "auto",
    no_batch: Annotated[bool, typer.Option("--no-batch", help="One tweet a request, one request at a time.")] = False,
    use_gate: Annotated[
        bool,
        typer.Option(help="Leave out retweets, other languages, blocked words and handles, and link spam."),
    ] = True,
    skip_low_scores: Annotated[bool, typer.Option(help="Leave out tweets labelled red.")] = True,
    greens_only: Annotated[bool, typer.Option("--greens-only", help="Leave out everything but green.")] = False,
    tier: Annotated[
        str | None,
        typer.Option(
            metavar="standard|flex|batch",
            help="Of the service: flex (minutes) and batch (hours) cost half. By default as the project says.",
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Write new suggestions where some are pending; what a person decided stays."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Choose the tweets and say what it would take; ask for nothing."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Score the tweets of a range of hours, choose those worth a reply, and have the replies drafted.

    The hours are materialized through Dagster, so the runs show in its UI. What is already there is not asked for
    again: a second run of the same hours makes no request. Interrupt it whenever you like; the same command goes on.
    Ctrl-C lets what is under way be answered and saved; a second one gives it up.
    """
    from datetime import UTC

    with loading():
        from viral_assets.cli.embedders import warn_of_languages
        from viral_assets.cli.notify import tell_after_a_run
        from viral_assets.cli.options import DEFAULT_HOURS, choose_hours, pick_projects
        from viral_assets.generation.forced import scope_of
        from viral_assets.generation.generator import AsyncCommentGenerator
        from viral_assets.quota.from_settings import limits_from
        from viral_assets.settings import load_settings

    settings = load_settings()
    now = datetime.now(UTC)
    hours = choose_hours(settings, now, hours_back=hours_back, start=start, end=end)
    refuse_future(hours, now)
    size = whole_or_auto(batch_size, "--batch-size", most=1000)
    pack = whole_or_auto(tweets_per_request, "--tweets-per-request", most=100)
    selected = pick_projects(settings, project)
    # A missing embedder, a missing key or a wrong limit is told before any run.
    warn_of_languages(settings, selected)
    generator = AsyncCommentGenerator(limits=limits_from(settings), tier=tier_option(tier))
    say_what_counts(settings)

    with loading():
        from viral_assets.cli.runs import read_selection, run_forced_hours, run_hours, show_estimate, show_summary
        from viral_assets.defs.resources.run_options import RunOptions, RunTier

    options = RunOptions(
        projects=project or [],
        min_followers=min_followers,
        min_likes=min_likes,
        min_views=min_views,
        min_relevance=min_relevance,
        max_candidates=max_candidates,
        batch_size=None if size == "auto" else size,
        tweets_per_request=None if pack == "auto" else pack,
        sequential=no_batch,
        tier=None if tier is None else RunTier(tier),
        use_gate=use_gate,
        skip_low_scores=skip_low_scores,
        greens_only=greens_only,
        force=force,
        dry_run=dry_run,
    )
    finished: list[RunSummary] = []
    as_asked = json.dumps([start, end, hours_back or DEFAULT_HOURS])
    _, access = settings.access()
    scope = scope_of(selected, as_asked, provider=generator.provider, model=access.model)
    try:
        if force:
            run_forced_hours(settings, hours, options, finished, scope)
        else:
            run_hours(settings, hours, options, finished)
    except ViralAssetsError as error:
        if as_json:
            print_json(payload(finished, hours, dry_run=dry_run, error=without_secrets(str(error))))
        raise
    selection = read_selection(settings, finished, project or [])
    where = console(as_json=as_json)
    if dry_run:
        show_estimate(where, finished, selection)
    else:
        show_summary(where, finished, project or [], selection)
    told = 0 if dry_run else tell_after_a_run(settings, selected, where)
    if as_json:
        print_json(payload(finished, hours, dry_run=dry_run) | selection.as_json() | {"told": told})


def whole_or_auto(text: str, option: str, *, most: int) -> int | Literal["auto"]:
    """``auto``, or a whole number of at least 1."""
    if text == "auto":
        return "auto"
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise ConfigurationError(f"{option}: {text!r} is neither a whole number from 1 to {most:,} nor auto")
    return int(text)


def tier_option(text: str | None) -> Tier | None:
    """A tier that runs can ask at; None for what the projects say."""
    from viral_assets.llm.tiers import TIERS

    if text is None:
        return None
    for tier in TIERS:
        if text == tier:
            return tier
    raise ConfigurationError(f"--tier: {text!r} is none of {', '.join(TIERS)}")


def refuse_future(hours: HourRange, now: datetime) -> None:
    """Raise where an hour has not begun."""
    current = floor_hour(now)
    if hours.end > current + HOUR:
        raise ConfigurationError(
            f"--to {hours.end:%Y-%m-%dT%H:%M} lies in the future; "
            f"the last hour that can be worked on is the one that began at {current:%Y-%m-%dT%H:%M} (UTC)"
        )


def payload(finished: list[RunSummary], hours: HourRange, *, dry_run: bool, error: str | None = None) -> dict[str, Any]:
    """The JSON object. ``windows`` counts the hours of the runs that ended well."""
    from viral_assets.defs.automation.run_summary import combined

    summed = (
        "opportunities",
        "already_done",
        "generated",
        "saved",
        "failed",
        "declined",
        "deferred",
        "requests",
        "tokens",
        "spared_usd",
    )
    total = combined(finished) if finished else None
    result: dict[str, Any] = {
        "windows": total.windows if total else 0,
        **{name: getattr(total, name) if total else 0 for name in summed},
        "cost_usd": total.cost_usd if total else 0.0,
        "seconds": round(total.seconds, 3) if total else 0.0,
        "from": hours.start.isoformat(),
        "to": hours.end.isoformat(),
        "outcomes": dict(total.outcomes) if total else {},
        "provider": total.provider if total else "",
        "model": total.model if total else "",
        "answered_by": dict(total.answered_by) if total else {},
        "run_ids": list(total.run_ids) if total else [],
        "failed_checks": list(total.failed_checks) if total else [],
        "notes": list(total.notes) if total else [],
        "dry_run": dry_run,
    }
    if total and total.estimate:
        estimate = total.estimate
        result["estimate"] = {
            **{name: getattr(estimate, name) for name in ("opportunities", "already_done", "requests", "tokens")},
            "input_tokens": estimate.input_tokens,
            "output_tokens": estimate.output_tokens,
            "packs": list(estimate.packs),
            "cost_usd": estimate.cost_usd,
            "standard_cost_usd": estimate.standard_cost_usd,
            "tiers": list(estimate.tiers),
            "seconds": round(estimate.seconds, 3),
            "deferred": estimate.deferred,
            "deferred_because": estimate.deferred_because,
        }
    if error is not None:
        result["error"] = error
    return result
