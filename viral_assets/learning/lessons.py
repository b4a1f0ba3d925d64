"""What one tweet teaches a project: more of its like, as one more example of a topic, or none, as a word that no tweet
may have. Pure functions to changes of the project file; writing them is in ``project_file``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from viral_assets.errors import ConfigurationError
from viral_assets.projects.edits import Add
from viral_assets.projects.model import Project
from viral_assets.scoring.gate import UNKNOWN_LANGUAGE
from viral_assets.store.opportunities import read_chosen_texts
from viral_assets.text.cleaning import text_for_prompt
from viral_assets.text.phrases import TextColumn, fold, normalised, without_links_and_handles
from viral_assets.vocabulary import GATE_PASSED

if TYPE_CHECKING:
    from sqlalchemy import Connection

Wish = Literal["more", "never"]

LONGEST_EXEMPLAR = 280
LONGEST_WORD = 60

COUNTED_DAYS = 7
"""Of what was chosen, to say how much a word would keep away."""

EFFECT = (
    "It counts from the next hour on; hours that were scored stay what they are. Once it is written, "
    "`viral-assets check {project}` shows what the project would choose."
)


def more_like(project: Project, topic: str, text: str, *, gate: str = GATE_PASSED) -> Add:
    """A tweet's text as one more example of a topic: on one line, without links and handles, which say nothing about
    the subject, and no longer than a tweet usually is.

    Args:
        gate: what it said of the tweet.

    Raises:
        ConfigurationError: there is no such topic, the text says nothing, also to the project's embedder, or it is an
            example of it already.
    """
    if gate == UNKNOWN_LANGUAGE:
        raise ConfigurationError(
            "the project's embedder does not know the language of this tweet, so that it would be an example of "
            "nothing; VIRAL_ASSETS_EMBEDDER=gemini knows more languages"
        )
    labels = [node.label for node in project.taxonomy]
    if topic not in labels:
        raise ConfigurationError(f"there is no topic {topic!r} in {project.name}; its topics: {', '.join(labels)}")
    exemplar = _shortened(text_for_prompt(without_links_and_handles(text)))
    if not any(map(str.isalnum, exemplar)):
        raise ConfigurationError(
            "without its links and handles this tweet has no words, so it is an example of nothing"
        )
    place = labels.index(topic)
    if normalised(exemplar) in map(normalised, project.taxonomy[place].exemplars):
        raise ConfigurationError(f"this tweet is an example of {topic!r} already")
    return Add(("taxonomy", place, "exemplars"), (exemplar,))


def never_like(project: Project, word: str, text: str) -> Add:
    """A word or phrase of a tweet that is blocked from then on.

    Raises:
        ConfigurationError: the word is none, is not in the tweet as the gate looks for words, or is blocked already.
    """
    word = text_for_prompt(word)
    if not any(map(str.isalnum, word)):
        raise ConfigurationError("say which word or phrase of the tweet should never come again")
    if len(word) > LONGEST_WORD:
        raise ConfigurationError(f"that is too long to come again: choose at most {LONGEST_WORD} characters")
    if not TextColumn([text]).contains([word])[0]:
        raise ConfigurationError(f"{word!r} is no word or phrase of this tweet, so blocking it would not keep it away")
    blocked = project.sources.blocked_keywords
    if fold(word) in map(fold, blocked):
        raise ConfigurationError(f"{word!r} is blocked already (sources.blocked_keywords)")
    return Add(("sources", "blocked_keywords"), (word,))


@dataclass(frozen=True, slots=True)
class WordReach:
    """Of so many tweets ``chosen`` in the last days, those ``with_word``: what blocking it would have kept away."""

    with_word: int
    chosen: int

    def __str__(self) -> str:
        have = "has" if self.with_word == 1 else "have"
        return f"Of the {self.chosen:,} tweets chosen in the last {COUNTED_DAYS} days {self.with_word:,} {have} it."


def reach_of(connection: Connection, project: str, word: str, now: datetime) -> WordReach:
    """How many of the tweets that were chosen lately have a word."""
    texts = read_chosen_texts(connection, project, now - timedelta(days=COUNTED_DAYS), now)["text"].tolist()
    return WordReach(int(TextColumn(texts).contains([word]).sum()), len(texts))


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_EXEMPLAR:
        return text
    space = text.rfind(" ", LONGEST_EXEMPLAR // 2, LONGEST_EXEMPLAR)
    return text[: space if space > 0 else LONGEST_EXEMPLAR]
