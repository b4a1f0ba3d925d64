"""Materializing hours from a command: the runs are Dagster's, the progress bar and the summary are here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from viral_assets.cli.home import prepare_instance
from viral_assets.cli.output import command, complain, duration, facts_table, plain, progress_bar, say
from viral_assets.defs.automation.launch import materialize_windows
from viral_assets.defs.automation.observer import LaunchObserver
from viral_assets.defs.automation.run_summary import combined
from viral_assets.generation.forced import begin_forced, end_forced, find_forced
from viral_assets.hours import HourRange, hour_key
from viral_assets.instance import open_instance
from viral_assets.llm.tiers import STANDARD
from viral_assets.queries.selection import SelectionFacts, selection_facts, what_became
from viral_assets.store.engine import Database
from viral_assets.text.amounts import full_count, how_many, money

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from viral_assets.defs.automation.run_summary import RunSummary
    from viral_assets.defs.resources.run_options import RunOptions
    from viral_assets.generation.run.planning.estimate import Estimate
    from viral_assets.generation.run.report import Progress
    from viral_assets.generation.run.stopping import Finishing
    from viral_assets.settings import Settings

FAILED = ("filtered", "blocked", "failed")
"""Outcomes of tweets that ended without suggestions."""


class Watcher(LaunchObserver):
    """Shows how far the runs have come, and keeps what ended well for the case that a later one does not."""

    def __init__(self, bar: Bar, hours: HourRange, finished: list[RunSummary]) -> None:
        self._finished = finished
        self._bar = bar
        self._hours = bar.add_task("hours", total=len(hours))
        self._step = bar.add_task("starting", total=None)

    def on_step_started(self, step: str) -> None:
        self._bar.remove_task(self._step)
        self._step = self._bar.add_task(step, total=None)

    def on_progress(self, progress: Progress) -> None:
        facts = [f"{60 * progress.finished / max(progress.elapsed_seconds, 0.001):,.0f} tweets/min"]
        facts.append(how_many(progress.requests, "request"))
        if progress.cost_usd:
            facts.append(money(progress.cost_usd))
        if progress.eta_seconds is not None:
            facts.append(f"about {duration(progress.eta_seconds)} left")
        self._bar.update(
            self._step,
            total=progress.total,
            completed=progress.finished,
            description=f"suggestions ({', '.join(facts)})",
        )

    def on_finishing(self, finishing: Finishing) -> None:
        complain(str(finishing))

    def on_run_finished(self, summary: RunSummary) -> None:
        self._finished.append(summary)
        self._bar.advance(self._hours, summary.windows)


def run_hours(settings: Settings, hours: HourRange, options: RunOptions, finished: list[RunSummary]) -> None:
    """Materialize every asset for ``hours`` through Dagster; each run that ends well is appended to ``finished``.

    Raises:
        ViralAssetsError: the database is not ready, or a run failed; ``finished`` holds the runs before it.
    """
    home = prepare_instance(settings)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
    finally:
        database.dispose()
    with progress_bar() as bar, open_instance(home) as instance:
        materialize_windows(instance, hours, options=options, observer=Watcher(bar, hours, finished))


def run_forced_hours(
    settings: Settings, hours: HourRange, options: RunOptions, finished: list[RunSummary], scope: str
) -> None:
    """As :func:`run_hours`, writing everything anew: what was interrupted of the same scope is gone on with.

    Raises:
        ViralAssetsError: as :func:`run_hours`.
    """
    prepare_instance(settings)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        forced = find_forced(database, scope)
        if not options.dry_run:
            begin_forced(database, forced, forced.id, datetime.now(UTC))
        if forced.remark:
            complain(forced.remark)
        run_hours(settings, hours, options.model_copy(update={"force_id": forced.id}), finished)
        if not options.dry_run and not any(summary.deferred for summary in finished):
            end_forced(database, forced.id, datetime.now(UTC))
    finally:
        database.dispose()


def read_selection(settings: Settings, finished: Sequence[RunSummary], projects: Sequence[str]) -> SelectionFacts:
    """What became of the tweets of the runs' hours."""
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            return selection_facts(connection, combined(finished).window, projects)
    finally:
        database.dispose()


def show_summary(
    where: Console, finished: Sequence[RunSummary], projects: Sequence[str], selection: SelectionFacts
) -> None:
    """What came of the runs, and where to look at it."""
    total = combined(finished)
    where.print(
        facts_table(
            [
                ("hours", f"{total.windows:,}: {hour_key(total.window.start)} to {hour_key(total.window.end)} (UTC)"),
                *_facts_of(selection),
                ("tweets worth a reply", full_count(total.opportunities)),
                ("already done before", full_count(total.already_done)),
                ("suggestions written", full_count(total.saved)),
                ("tweets without any", _failures(total)),
                *([("the model would not answer", full_count(total.declined))] if total.declined else []),
                ("left for a later run", full_count(total.deferred)),
                ("requests", f"{total.requests:,} ({how_many(total.tokens, 'token')}, {money(total.cost_usd)})"),
                *(
                    [("half price", f"{money(total.spared_usd)} less than at the standard tier")]
                    if total.spared_usd
                    else []
                ),
                ("written by", ", ".join(dict.fromkeys([total.provider, total.model]))),
                ("took", duration(total.seconds)),
            ]
        )
    )
    for note in total.notes:
        say(where, f"Note: {plain(note)}")
    for check in total.failed_checks:
        complain(f"check failed: {check}")
    if total.opportunities:
        say(where, "Read them: ", command(_following("review", projects, total.window)))
    say(where, "The runs, their checks and counts: ", command("viral-assets dev"))


def show_estimate(where: Console, finished: Sequence[RunSummary], selection: SelectionFacts) -> None:
    """What the runs would take."""
    estimate = combined(finished).estimate
    if estimate is None or estimate.opportunities == 0:
        became = what_became(selection.read, selection.left_out)
        say(where, f"No tweet of these hours is worth a reply ({became}); there is nothing to ask about.")
        return
    packs = sorted(set(estimate.packs))
    shown = facts_table(
        [
            *_facts_of(selection),
            ("tweets worth a reply", full_count(estimate.opportunities)),
            ("already done before", full_count(estimate.already_done)),
            ("to ask about", full_count(estimate.opportunities - estimate.already_done)),
            ("requests", full_count(estimate.requests)),
            ("tweets per request", " to ".join(dict.fromkeys([str(packs[0]), str(packs[-1])])) if packs else "none"),
            ("tokens", f"{estimate.input_tokens:,} in, {estimate.output_tokens:,} out"),
            ("cost", cost_of(estimate)),
            ("time", f"about {duration(estimate.seconds)}"),
            *([("left for a later run", waiting_of(estimate))] if estimate.deferred else []),
        ]
    )
    where.print(shown)
    say(where, "The model was not asked. The same command without ", command("--dry-run"), " does it.")


def waiting_of(estimate: Estimate) -> str:
    """How many tweets would have to wait, which, and why."""
    because = f": {estimate.deferred_because}" if estimate.deferred_because else ""
    all_wait = estimate.deferred == estimate.opportunities - estimate.already_done
    return f"{estimate.deferred:,}{'' if all_wait else ', the least promising ones'}{because}"


def cost_of(estimate: Estimate) -> str:
    """The estimated cost, and what it would be at the standard tier where that is another."""
    cost = money(estimate.cost_usd)
    tiers = [tier for tier in estimate.tiers if tier != STANDARD]
    return f"{cost} ({', '.join(tiers)}; {money(estimate.standard_cost_usd)} at the standard tier)" if tiers else cost


def _facts_of(selection: SelectionFacts) -> list[tuple[str, str]]:
    """What was read and why most of it was left out; hours without tweets, and hours with some and none chosen."""
    facts = [("tweets looked at", full_count(selection.read))]
    if selection.left_out:
        facts.append(("left out", what_became(selection.read, selection.left_out).partition(": ")[2]))
    if selection.empty_hours:
        facts.append(("hours without tweets", f"{selection.empty_hours:,} of {selection.hours:,}"))
    if selection.refused_hours:
        facts.append(("hours with none chosen", f"{selection.refused_hours:,} of {selection.hours:,}"))
    return facts


def _failures(total: RunSummary) -> str:
    reasons = [f"{number:,} {name}" for name, number in total.outcomes.items() if number and name in FAILED]
    return f"{total.failed:,} ({', '.join(reasons)})" if reasons else full_count(total.failed)


def _following(name: str, projects: Sequence[str], hours: HourRange) -> str:
    project = f"--project {projects[0]} " if len(projects) == 1 else ""
    return f"viral-assets {name} {project}--from {hours.start:%Y-%m-%dT%H:%M} --to {hours.end:%Y-%m-%dT%H:%M}"
