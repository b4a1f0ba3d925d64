"""Whether a suggestion is fit to be shown to a person: the rules in their order, what a run has accepted, and what the
project has said of late.

Pure and deterministic: the same texts in the same order get the same results. Every rule is about what can be seen in
the text (``form_rules``, ``content_rules``, ``repeated_replies``); whether a reply is witty is the reader's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from viral_assets.generation.drafting import content_rules, form_rules, revising
from viral_assets.generation.drafting.prompt import system_instruction
from viral_assets.generation.drafting.repeated_replies import AcceptedTexts
from viral_assets.generation.drafting.studying import unusable
from viral_assets.generation.drafting.words import shortened
from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project
from viral_assets.text.cleaning import models_reply
from viral_assets.text.language import most_likely
from viral_assets.text.x_rules import handles, hashtags, links, text_weight

Rule = Callable[[Opportunity, str], str | None]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a suggestion will not be shown. ``rule`` is short and countable, ``detail`` one line for a person."""

    rule: str
    detail: str


class QualityFilter:
    """The rules of one project, what has been accepted in this run, and what was said before.

    One filter serves one run of one project; it is not meant for several threads at once.
    """

    def __init__(self, project: Project) -> None:
        self._accepted, self._said = AcceptedTexts(), AcceptedTexts()
        self._rules = _rules_of(project)

    def review(self, opportunity: Opportunity, type_name: str, text: str) -> Rejection | None:
        """None for a text that may be shown, which is then remembered; otherwise the first rule it breaks.

        Args:
            opportunity: the tweet it replies to.
            type_name: which kind of reply it is.
            text: as :func:`~viral_assets.text.cleaning.models_reply` returns it.
        """
        rejection = self.check(opportunity, text)
        if rejection or opportunity.study is not None:
            return rejection
        if repeated := self._accepted.near_duplicate_of(text):
            return Rejection("duplicate", f"nearly the same as {shortened(repeated)}")
        if repeated := self._said.near_duplicate_of(text):
            return Rejection("repeated", f"nearly the same as what was said lately: {shortened(repeated)}")
        self._accepted.add(text)
        return None

    def check(self, opportunity: Opportunity, text: str) -> Rejection | None:
        """The rules a text can break by itself. Nothing is remembered."""
        if opportunity.study is not None:
            problem = unusable(opportunity.study, text)
            return Rejection("form", problem) if problem else None
        for rule, breaks in self._rules:
            if detail := breaks(opportunity, text):
                return Rejection(rule, detail)
        return None

    def remember(self, text: str) -> None:
        """Accept a text of an earlier run, so that this one does not repeat it."""
        self._accepted.add(text)

    def already_said(self, text: str) -> None:
        """A reply that a person stands behind, to whomever: nobody wants to be seen saying the same every few days."""
        self._said.add(text)


def _rules_of(project: Project) -> tuple[tuple[str, Rule], ...]:
    """Their names and what they check, the cheap ones first."""
    limits, voice, languages = project.generation, project.voice, project.sources.languages
    allowed_links = tuple(map(form_rules.bare_link, voice.allowed_links))
    instruction = content_rules.Instruction(system_instruction(project))
    return (
        ("unchanged", revising.unchanged),
        ("length", lambda _, text: form_rules.length(text, limits)),
        ("markup", lambda _, text: form_rules.markup(text)),
        ("link", lambda tweet, text: form_rules.link(text, (*allowed_links, *revising.links_of(tweet)))),
        ("handle", lambda tweet, text: form_rules.handle(text, (*voice.allowed_handles, *revising.handles_of(tweet)))),
        (
            "hashtag",
            lambda tweet, text: form_rules.hashtag(text, (*voice.allowed_hashtags, *revising.hashtags_of(tweet))),
        ),
        ("contact", lambda _, text: form_rules.contact(text)),
        ("leak", lambda _, text: content_rules.leak(text, instruction)),
        ("praise", lambda _, text: content_rules.praise(text)),
        ("parroting", lambda tweet, text: content_rules.parroting(text, tweet.text)),
        (
            "language",
            lambda tweet, text: content_rules.language(
                text, tweet.text, tweet.lang, (*languages, *revising.languages_of(tweet))
            ),
        ),
    )


def load_detector() -> None:
    """Load and compile what the rules need, which takes half a second, before anybody waits for a result."""
    text = "Not for anybody to read."
    for load in (most_likely, models_reply, text_weight, links, handles, hashtags):
        load(text)
