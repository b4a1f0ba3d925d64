"""What ``viral-assets check`` found, for a person and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viral_assets.cli.output import command, facts_table, plain, say, table
from viral_assets.text.amounts import full_count, money
from viral_assets.text.display import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from viral_assets.choosing.check import ProjectCheck
    from viral_assets.choosing.rehearsal import Rehearsal
    from viral_assets.hours import HourRange
    from viral_assets.projects.model import Project

TEXT_CHARACTERS = 90
"""Of a tweet, in the list of examples."""


def show(
    where: Console,
    project: Project,
    embedder: str,
    provider: str,
    model: str,
    hours: HourRange,
    check: ProjectCheck,
) -> None:
    """Print it.

    Args:
        embedder, provider, model: by name, as the environment and the project choose them.
    """
    rehearsal = check.rehearsal
    if rehearsal is not None and rehearsal.read:
        _show_choice(where, project, embedder, hours, rehearsal)
        _show_examples(where, rehearsal)
        _show_cost(where, provider, model, check)
    if not check.findings:
        say(where, "Nothing speaks against it.")
        return
    say(where, f"{full_count(len(check.findings))} things to look at:")
    for finding in check.findings:
        say(where, f"  - {plain(one_line(finding.message))}")


def _show_choice(where: Console, project: Project, embedder: str, hours: HourRange, found: Rehearsal) -> None:
    from viral_assets.hours import hour_key
    from viral_assets.scoring.gate import NOT_SAFE
    from viral_assets.vocabulary import DROP_REASONS, LABELS

    facts = [
        ("hours with tweets", f"{found.hours:,} of {hour_key(hours.start)} to {hour_key(hours.end)} (UTC)"),
        ("embedder", embedder),
        ("tweets", full_count(found.read)),
        *((f"{label}, past the gate", full_count(found.labels[label])) for label in LABELS),
        ("would be chosen", full_count(found.chosen)),
    ]
    where.print(facts_table(facts))
    left_out = table(["left out", "tweets"], numbers=("tweets",))
    for reason, count in found.dropped.most_common():
        left_out.add_row(DROP_REASONS.get(reason, reason), full_count(count))
        if reason == "gate":
            # What is not safe to answer counts under its category.
            for name, of_gate in found.gate.most_common():
                if name != NOT_SAFE:
                    left_out.add_row(f"  {name}", full_count(of_gate))
    if found.dropped:
        where.print(left_out)
    met = table(["topic", "past the gate", "chosen"], numbers=("past the gate", "chosen"))
    for node in project.taxonomy:
        counts = found.topics[node.label], found.chosen_of_topics[node.label]
        met.add_row(_literal(node.label), *map(full_count, counts))
    where.print(met)


def _show_examples(where: Console, found: Rehearsal) -> None:
    for label, examples in found.examples.items():
        if not examples:
            continue
        shown = table(
            ["total", "chosen, or why not", "topic", "tweet"], title=f"The best {label} tweets", numbers=("total",)
        )
        for each in examples:
            text = each.text
            cut = text if len(text) <= TEXT_CHARACTERS else text[: TEXT_CHARACTERS - 1].rstrip() + "…"
            shown.add_row(f"{each.total:.2f}", _literal(each.against or "chosen"), _literal(each.topic), _literal(cut))
        where.print(shown)


def _literal(text: str) -> Text:
    from rich.text import Text

    return Text(plain(one_line(text)))


def _show_cost(where: Console, provider: str, model: str, check: ProjectCheck) -> None:
    from viral_assets.vocabulary import OFFLINE

    numbers = ("tweets", "requests", "tokens", "cost")
    shown = table(["day (UTC)", *numbers], title=f"Drafts by {plain(model)}", numbers=numbers)
    for each in check.days:
        planned = each.estimate
        counts = (planned.opportunities, planned.requests, planned.tokens)
        shown.add_row(str(each.day), *map(full_count, counts), money(planned.cost_usd))
    if check.days:
        where.print(shown)
    say(where, f"Drafting them would cost about {money(check.usd_a_day)} a day with tweets.")
    if provider == OFFLINE:
        say(
            where,
            "There is no key: as it is, drafts are offline ones and cost nothing. ",
            command(model),
            " needs one.",
        )


def payload(
    project: Project, embedder: str, provider: str, model: str, hours: HourRange, check: ProjectCheck
) -> dict[str, Any]:
    """The JSON object; what could not be looked at is null."""
    from dataclasses import asdict

    rehearsal = check.rehearsal
    return {
        "project": project.name,
        "embedder": embedder,
        "from": hours.start.isoformat(),
        "to": hours.end.isoformat(),
        "findings": [asdict(each) for each in check.findings],
        "exemplars": None if check.strays is None else [asdict(each) for each in check.strays],
        "tweets": None if rehearsal is None else _choice(project, rehearsal),
        "cost": {
            "provider": provider,
            "model": model,
            "usd_a_day": check.usd_a_day,
            "days": [
                {
                    "day": each.day.isoformat(),
                    **{
                        name: getattr(each.estimate, name)
                        for name in (
                            "opportunities",
                            "requests",
                            "input_tokens",
                            "output_tokens",
                            "cost_usd",
                            "deferred",
                        )
                    },
                    "deferred_because": each.estimate.deferred_because,
                }
                for each in check.days
            ],
        },
    }


def _choice(project: Project, found: Rehearsal) -> dict[str, Any]:
    from dataclasses import asdict

    from viral_assets.vocabulary import LABELS

    return {
        "hours": found.hours,
        "days": len(found.days),
        "hours_without_vectors": found.skipped,
        "read": found.read,
        "chosen": found.chosen,
        "dropped": dict(found.dropped),
        "gate": dict(found.gate),
        "labels": {label: found.labels[label] for label in LABELS},
        "topics": {
            node.label: {"met": found.topics[node.label], "chosen": found.chosen_of_topics[node.label]}
            for node in project.taxonomy
        },
        "examples": {
            label: [asdict(each) | {"window_start": each.window_start.isoformat()} for each in examples]
            for label, examples in found.examples.items()
        },
    }
