"""``viral-assets tune --voice --with-model``: a language model says what cannot be counted; first, what that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viral_assets.cli.output import complain, plain, say, table
from viral_assets.errors import ConfigurationError
from viral_assets.text.amounts import full_count, how_many, money

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.cli.tune_findings import Findings
    from viral_assets.learning.model_voice import LearntVoice, Sample
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database

SHOWN_EDITS = 2
"""Of those a rule stands on; all of them are in the JSON."""


def ask_model(
    settings: Settings, database: Database, where: Console, found: Findings, *, dry_run: bool
) -> LearntVoice | None:
    """Say what it takes, and have it done; None where there is too little, or that was all that was wanted.

    Raises:
        ConfigurationError: no language model is set up.
        ProviderError: the service cannot be used.
    """
    import asyncio

    from viral_assets.cli.review import generator_of
    from viral_assets.learning.model_voice import LEAST_EDITS, estimated, learn, sample_of
    from viral_assets.quota import Priority
    from viral_assets.vocabulary import OFFLINE

    project, counted, sample = found.project, found.counted, sample_of(found.kept or ())
    if not sample.enough:
        say(
            where,
            f"No model is asked: people changed {full_count(len(sample.changed))} of the drafts that they approved, "
            f"and it takes {LEAST_EDITS} to see what they have in common.",
        )
        return None

    async def ask() -> LearntVoice | None:
        async with generator_of(settings, database, Priority.PERSON) as generator:
            if generator.provider == OFFLINE:
                raise ConfigurationError(
                    "--with-model needs a language model: set GEMINI_API_KEY; without, --voice says what can be counted"
                )
            estimate = await estimated(generator, sample, project, counted)
            say(
                where,
                f"{_studied(sample)} go to the language model ({generator.provider}), without the tweets: at most "
                f"{how_many(estimate.requests, 'request')}, {how_many(estimate.tokens, 'token')}, "
                f"{money(estimate.cost_usd)}."
                if estimate.requests
                else "What the model has to say about these drafts is known already; nothing is asked.",
            )
            return None if dry_run else await learn(generator, sample, project, counted)

    return asyncio.run(ask())


def show_learnt(where: Console, learnt: LearntVoice) -> None:
    """The rules, each with what speaks for it."""
    if learnt.unfinished:
        complain(f"not everything could be asked ({learnt.unfinished}); the same command goes on")
    if not learnt.preferences:
        say(where, f"Of {learnt.candidates} rules that a model found, the edits carry none.")
        return
    numbers = ("edits", "for it", "at least")
    shown = table(["found by a model", *numbers], numbers=numbers)
    for each in learnt.preferences:
        shown.add_row(plain(each.sentence), f"{each.drafts:,}", f"{each.changed:,}", f"{each.low:.0%}")
    where.print(shown)
    for each in learnt.preferences:
        say(where, f"{plain(each.sentence)} Among the edits that speak for it:")
        for edit in each.edits[:SHOWN_EDITS]:
            say(where, f"  - {plain(edit.draft)}")
            say(where, f"    became: {plain(edit.text)}")


def _studied(sample: Sample) -> str:
    kept = f" and {full_count(len(sample.unchanged))} that they let stand" if sample.unchanged else ""
    return f"{how_many(len(sample.changed), 'draft')} that people changed{kept}"
