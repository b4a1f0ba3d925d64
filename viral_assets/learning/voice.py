"""What people change in drafts before they stand behind them, as sentences for the voice of a project.

Only what can be counted: the length, how a reply begins and ends, marks, emoji, single words. A habit of the drafts
becomes a sentence where people took it out of more than half of the drafts that had it, and chance does not explain
that (95 % interval); what they let stand counts against it. The idea, to read preferences off edits and to keep them as
short sentences that a person can check, is that of CIPHER (Gao and others, "Aligning LLM Agents by Learning Latent
Preference from User Edits", NeurIPS 2024), which has a model find the words.

Drafts were written by a model that had read untrusted tweets: of their text, nothing comes into a sentence but words.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from viral_assets.generation.drafting.words import words_of
from viral_assets.projects.model import Project
from viral_assets.queries.feedback import KeptReply
from viral_assets.queries.intervals import wilson
from viral_assets.text.parts import ends_as_question, exclaims, has_emoji, has_several_sentences

CONSIDERED = 2_000
"""Replies, the latest ones: what people wanted a year ago need not be what they want now."""

LEAST = 8
"""Drafts with a habit, before anything is said about it."""

MOST_NEW = 6
"""Sentences proposed at once: each is paid for with every request."""

MOST_WORDS = 3
"""Of these, sentences about single words and first words."""

SHORTER = 0.9
"""A reply of at most so much of its draft's length has been shortened; by its inverse, lengthened."""

LONGEST_WORD = 20


@dataclass(frozen=True, slots=True)
class Preference:
    """A sentence for ``voice.constraints``, and what speaks for it.

    Args:
        sentence: as the model would be told.
        drafts: that had the habit and were approved, changed or not.
        changed: of these, those that people took it out of.
        edits: those, the latest first, where they are few enough to be shown.
    """

    sentence: str
    drafts: int
    changed: int
    edits: tuple[KeptReply, ...] = ()

    @property
    def low(self) -> float:
        """The lower bound of the share changed."""
        return wilson(self.changed, self.drafts)[0]


Test = Callable[[str], bool]


def preferences(kept: Sequence[KeptReply], project: Project) -> list[Preference]:
    """What the voice does not say yet, at most :data:`MOST_NEW`, the surest first."""
    habits = [*_length(kept, project), *(_judged(kept, had, sentence) for had, sentence in _HABITS)]
    words = sorted(_sure((*_words(kept), *_first_words(kept))), key=_by_certainty)[:MOST_WORDS]
    said = {sentence.casefold() for sentence in project.voice.constraints}
    return surest(each for each in (*_sure(habits), *words) if each.sentence.casefold() not in said)


def surest(found: Iterable[Preference]) -> list[Preference]:
    """At most :data:`MOST_NEW`."""
    return sorted(found, key=_by_certainty)[:MOST_NEW]


def is_habit(each: Preference) -> bool:
    """Most of those who stood behind such a draft took it out, and chance does not explain that."""
    return each.low > 0.5


def _sure(found: Iterable[Preference]) -> Iterator[Preference]:
    return (each for each in found if each.drafts >= LEAST and is_habit(each))


def _by_certainty(each: Preference) -> tuple[float, str]:
    return -each.low, each.sentence


def _judged(kept: Iterable[KeptReply], had: Test, sentence: str) -> Preference:
    """How often people took out what ``had`` finds."""
    stayed = [had(each.text) for each in kept if had(each.draft)]
    return Preference(sentence, len(stayed), stayed.count(False))


def _length(kept: Sequence[KeptReply], project: Project) -> Iterator[Preference]:
    """Whether replies are made shorter, or longer, and how long they are in the end."""
    if not kept:
        return
    usual = round(statistics.median(len(each.text) for each in kept), -1)
    ratios = [len(each.text) / max(1, len(each.draft)) for each in kept]
    shorter = sum(ratio <= SHORTER for ratio in ratios)
    longer = sum(ratio >= 1 / SHORTER for ratio in ratios)
    if project.generation.min_length <= usual <= project.generation.max_length:
        sentence = f"Aim for about {usual:.0f} characters, even where more or fewer are allowed."
        yield Preference(sentence, len(ratios), max(shorter, longer))


def _words(kept: Sequence[KeptReply]) -> Iterator[Preference]:
    """Words that people take out, wherever they stand."""
    pairs = [(set(words_of(each.draft)), set(words_of(each.text))) for each in kept]
    return _more_than_others(pairs, 'Do without the word "{}".')


def _first_words(kept: Sequence[KeptReply]) -> Iterator[Preference]:
    """Words that people do not begin with, though drafts do."""
    pairs = [(set(words_of(each.draft)[:1]), set(words_of(each.text)[:1])) for each in kept]
    return _more_than_others(pairs, 'Do not begin with "{}".')


def _more_than_others(pairs: Sequence[tuple[set[str], set[str]]], sentence: str) -> Iterator[Preference]:
    """Words that surely go more often than other words do: who writes every reply anew dislikes none in particular."""
    used = Counter(word for draft, _ in pairs for word in draft)
    gone = Counter(word for draft, reply in pairs for word in draft - reply)
    for word in filter(_is_plain, gone):
        others = used.total() - used[word]
        usual = (gone.total() - gone[word]) / others if others else 0.0
        found = Preference(sentence.format(word), used[word], gone[word])
        if found.low > usual:
            yield found


def _is_plain(word: str) -> bool:
    return len(word) <= LONGEST_WORD and all(letter.isalpha() or letter in "'-" for letter in word)


def _has_dash(text: str) -> bool:
    return "—" in text or " – " in text or " - " in text


def _not(test: Test) -> Test:
    return lambda text: not test(text)


_HABITS: tuple[tuple[Test, str], ...] = (
    (ends_as_question, "Do not end with a question."),
    (_not(ends_as_question), "End with a question."),
    (exclaims, "No exclamation marks."),
    (_has_dash, "No dashes."),
    (has_emoji, "No emoji."),
    (_not(has_emoji), "One emoji belongs into each reply."),
    (has_several_sentences, "One sentence is enough."),
)
"""What a draft may have or lack, and what to say where people change that."""
