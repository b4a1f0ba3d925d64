"""Whether a suggestion is fit to be shown to a person: the rules, and the memory of what a run has accepted.

Pure and deterministic: the same texts in the same order get the same verdicts. Every rule is about what can be seen
in the text; whether a reply is witty is the reader's business.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Indel

from viral_assets.generation.drafting.prompt import system_instruction
from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project
from viral_assets.text.cleaning import models_reply
from viral_assets.text.language import REFUSED_FROM, canonical, most_likely
from viral_assets.text.x_rules import handles, hashtags, links, text_weight

NEAR_DUPLICATE = 0.92
"""Share of words (in order) two texts must have in common: of 12 words each none may differ, of 25 one may.

Texts that follow one pattern and differ in substance stay: numbers, codes and names with an underscore must all be
the same before two texts count as near-duplicates.
"""

MAY_LACK = 2 * (1 - NEAR_DUPLICATE) / (2 - NEAR_DUPLICATE)
"""Share of its words that a text may have and a near-duplicate of it not: all that is left of it is in the other."""

PARROTED_SHARE = 0.6
"""Share of a suggestion's words that may come from runs of four and more words of the tweet."""

PARROTED_SIMILARITY = 0.85
"""Similarity (word for word) from which a suggestion is the tweet said again."""

LEAKED_WORDS = 8
"""Words in a row shared with the instruction: nobody writes eight of them by chance."""

_WORD = re.compile(r"[^\W_]+(?:['’_-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?:\s+|$)")
_MARKUP = re.compile(
    r"</?[A-Za-z!][^<>]*>|```|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\)|^#{1,6} |\{\{|\}\}"
    r"|[\"'](?:type|text|suggestions|id)[\"']\s*:"
)
_PLACEHOLDER = re.compile(r"\[(?:your|insert|name|link|topic|product)\b[^\]]*\]", re.IGNORECASE)
_ASIDE = re.compile(
    r"\bas an? (?:ai\b|(?:large )?language model|chatbot)|\bsystem prompt\b"
    r"|\b(?:ignore|disregard|forget)\b.{0,20}\b(?:above|previous|prior|earlier)\b.{0,15}\b(?:instruction|prompt)"
    r"|\b(?:ignore|disregard) (?:all |everything )?(?:of )?the above\b"
    r"|\bhere (?:is|are) (?:a|the|your|my|some) (?:reply|replies|suggestions?)\s*:"
    r"|\bi (?:cannot|can['’]t|am unable to) (?:assist|comply|fulfill|help (?:you )?with (?:that|this))\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"
    r"|\b0x[0-9a-fA-F]{40}\b|\bbc1[0-9a-z]{25,60}\b|\b[13](?=\w*[A-Z])[1-9A-HJ-NP-Za-km-z]{25,34}\b"
    r"|\+\d[\d ()-]{8,}\d"
)
_FACT = re.compile(r"[\d_]")

# A sentence made of nothing but these two kinds of words, with at least one of the first, says nothing.
_PRAISE_WORDS = """
    great good nice awesome amazing excellent brilliant fantastic wonderful fabulous incredible superb love
    loved insightful inspiring thoughtful spot true agree agreed exactly totally absolutely perfect perfectly
    well nailed thanks thank wow yes fire gold facts preach
"""
_FILLER_WORDS = """
    a an the this that it its it's what such so very really truly just is was were i we you your yours for of on
    in and my all to with as here more couldn't could not said say says put point points post posts take takes
    tweet tweets thread share sharing shared read insight insights perspective idea thought thoughts question
    stuff work content way words word one 100 percent pure right always much must indeed completely
    wholeheartedly
"""
_PRAISE = frozenset(_PRAISE_WORDS.split())
_PRAISE_OR_FILLER = _PRAISE | frozenset(_FILLER_WORDS.split())
_PRAISE_OPENER = re.compile(
    r"^(?:wow|yes|oh)?[,! ]*(?:(?:what an?|such an?|this is(?: an?)?|that's an?|really|very|so|absolutely) )*"
    r"(?:(?:great|good|nice|excellent|brilliant|fantastic|wonderful|amazing|awesome|solid|valid|insightful) "
    r"(?:point|post|take|question|thread|tweet|insight|perspective|observation|reminder)"
    r"|well said|love this|so true|couldn['’]t agree more|spot on|nailed it|thanks? (?:you )?(?:so much )?for sharing)"
    r"\s*(?:[-–—:,;!.…]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a suggestion will not be shown. ``rule`` is short and countable, ``detail`` one line for a person."""

    rule: str
    detail: str


class QualityFilter:
    """The rules of one project, and what has been accepted in this run.

    One filter serves one run of one project; it is not meant for several threads at once.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._accepted = _AcceptedTexts()
        self._instruction = frozenset(_runs(_words(system_instruction(project)), LEAKED_WORDS))
        self._allowed_links = tuple(_bare_link(link) for link in project.voice.allowed_links)
        self._rules: tuple[tuple[str, Callable[[Opportunity, str], str | None]], ...] = (
            ("length", self._length),
            ("markup", self._markup),
            ("link", self._link),
            ("handle", self._handle),
            ("hashtag", self._hashtag),
            ("contact", self._contact),
            ("leak", self._leak),
            ("praise", self._praise),
            ("parroting", self._parroting),
            ("language", self._language),
        )

    def review(self, opportunity: Opportunity, type_name: str, text: str) -> Rejection | None:
        """None for a text that may be shown, which is then remembered; otherwise the first rule it breaks.

        Args:
            opportunity: the tweet it replies to.
            type_name: which kind of reply it is.
            text: as :func:`~viral_assets.text.cleaning.models_reply` returns it.
        """
        if rejection := self.check(opportunity, text):
            return rejection
        if twin := self._accepted.near_duplicate_of(text):
            return Rejection("duplicate", f"nearly the same as {_short(twin)}")
        self._accepted.add(text)
        return None

    def check(self, opportunity: Opportunity, text: str) -> Rejection | None:
        """The rules a text can break by itself. Nothing is remembered."""
        for rule, breaks in self._rules:
            if detail := breaks(opportunity, text):
                return Rejection(rule, detail)
        return None

    def remember(self, text: str) -> None:
        """Accept a text of an earlier run, so that this one does not repeat it."""
        self._accepted.add(text)

    def _length(self, opportunity: Opportunity, text: str) -> str | None:
        limits = self._project.generation
        # Weighing is slower than counting, and a character weighs at most 2; no text of X's length is longer.
        weight = text_weight(text) if len(text) <= 4_000 else len(text)
        if not text:
            return "empty"
        if weight < limits.min_length:
            return f"{weight} weighted characters, at least {limits.min_length} are due"
        if weight > limits.max_length:
            return f"{weight} weighted characters, at most {limits.max_length} are allowed"
        return None

    def _markup(self, opportunity: Opportunity, text: str) -> str | None:
        found = _MARKUP.search(text) or _PLACEHOLDER.search(text)
        return f"contains {_short(found[0])}" if found else None

    def _link(self, opportunity: Opportunity, text: str) -> str | None:
        for link in links(text):
            bare = _bare_link(link)
            if not any(bare == allowed or bare.startswith(allowed + "/") for allowed in self._allowed_links):
                return f"the link {_short(link)} is not among the project's allowed_links"
        return None

    def _handle(self, opportunity: Opportunity, text: str) -> str | None:
        strange = [handle for handle in handles(text) if handle not in self._project.voice.allowed_handles]
        return f"@{strange[0]} is not among the project's allowed_handles" if strange else None

    def _hashtag(self, opportunity: Opportunity, text: str) -> str | None:
        strange = [hashtag for hashtag in hashtags(text) if hashtag not in self._project.voice.allowed_hashtags]
        return f"#{_short(strange[0])} is not among the project's allowed_hashtags" if strange else None

    def _contact(self, opportunity: Opportunity, text: str) -> str | None:
        found = _CONTACT.search(text)
        return f"contains an address or number, {_short(found[0])}" if found else None

    def _leak(self, opportunity: Opportunity, text: str) -> str | None:
        if found := _ASIDE.search(text):
            return f"talks about itself: {_short(found[0])}"
        for run in _runs(_words(text), LEAKED_WORDS):
            if run in self._instruction:
                return f"repeats the instruction: {_short(' '.join(run))}"
        return None

    def _praise(self, opportunity: Opportunity, text: str) -> str | None:
        if opener := _PRAISE_OPENER.match(text):
            return f"opens with generic praise: {_short(opener[0])}"
        for sentence in _SENTENCE_END.split(text):
            words = set(_words(sentence))
            if words & _PRAISE and words <= _PRAISE_OR_FILLER:
                return f"generic praise: {_short(sentence)}"
        return None

    def _parroting(self, opportunity: Opportunity, text: str) -> str | None:
        said, tweet = _words(text), _words(opportunity.text)
        if not said or not tweet:
            return None
        runs = set(_runs(tweet, 4))
        copied: set[int] = set()
        for start, run in enumerate(_runs(said, 4)):
            if run in runs:
                copied.update(range(start, start + 4))
        share = len(copied) / len(said)
        if share > PARROTED_SHARE:
            return f"{share:.0%} of its words are the tweet's"
        similarity = Indel.normalized_similarity(said, tweet)
        return f"{similarity:.0%} the same as the tweet" if similarity >= PARROTED_SIMILARITY else None

    def _language(self, opportunity: Opportunity, text: str) -> str | None:
        # English is the language of models and of the offline client; whoever edits will see it.
        expected = {None, *map(canonical, ("en", *self._project.sources.languages, opportunity.lang))}
        language, certainty = most_likely(text)
        if language in expected or certainty < REFUSED_FROM or language == most_likely(opportunity.text)[0]:
            return None
        return f"written in another language ({language}) than the tweet"


def load_detector() -> None:
    """Load and compile what the rules need, which takes half a second, before somebody waits for a verdict."""
    text = "Not for anybody to read."
    for load in (most_likely, models_reply, text_weight, links, handles, hashtags):
        load(text)


class _AcceptedTexts:
    """Texts in which near-duplicates are found in a time that hardly grows with their number.

    What is compared are strings of one character a word. Of a text's words a near-duplicate may lack
    :data:`MAY_LACK`; only texts that lack no more of them are compared (the idea of "prefix filtering", Chaudhuri et
    al., A Primitive Operator for Similarity Joins in Data Cleaning, 2006, for all words instead of the rarest).
    """

    def __init__(self) -> None:
        self._characters = _Characters()
        self._groups: dict[tuple[str, ...], _LengthGroup] = {}

    def add(self, text: str) -> None:
        self._groups.setdefault(_facts(text), _LengthGroup()).add(self._characters.of(text), text)

    def near_duplicate_of(self, text: str) -> str | None:
        """The accepted text that is most nearly the same, if there is one; of several the first."""
        group = self._groups.get(_facts(text))
        return group.near_duplicate_of(self._characters.of(text)) if group else None


class _Characters(dict[str, str]):
    """A character for each word."""

    def of(self, text: str) -> str:
        return "".join(map(self.__getitem__, _words(text)))

    def __missing__(self, word: str) -> str:
        # From 0x10000 on there are no surrogates; a run never comes near a million different words.
        character = self[word] = chr(0x10000 + len(self) % 0x100000)
        return character


class _LengthGroup:
    """Texts with the same facts, in the order in which they came, and which of them have a word.

    Sets of texts are integers with a bit for each text: what would be a loop over thousands is one operation.
    """

    def __init__(self) -> None:
        self._coded: list[str] = []
        self._texts: list[str] = []
        self._with: defaultdict[str, int] = defaultdict(int)

    def add(self, coded: str, text: str) -> None:
        this = 1 << len(self._texts)
        # A text without words is found by the empty one.
        for character in set(coded) or ("",):
            self._with[character] |= this
        self._coded.append(coded)
        self._texts.append(text)

    def near_duplicate_of(self, coded: str) -> str | None:
        candidates = list(_word_positions(self._lacking_few(coded)))
        if not candidates:
            return None
        found = process.extractOne(
            coded,
            [self._coded[number] for number in candidates],
            scorer=Indel.normalized_similarity,
            score_cutoff=NEAR_DUPLICATE,
        )
        return self._texts[candidates[found[2]]] if found else None

    def _lacking_few(self, coded: str) -> int:
        """The texts that lack no more of the words than a near-duplicate may."""
        having = sorted((self._with.get(character, 0) for character in set(coded) or ("",)), key=int.bit_count)
        # lacking[n] are those that lack n words at most, of the words looked at; with the rarest first, soon none.
        lacking = [(1 << len(self._texts)) - 1] * (int(MAY_LACK * len(coded) + 1e-9) + 1)
        for with_word in having:
            for allowed in range(len(lacking) - 1, 0, -1):
                lacking[allowed] = lacking[allowed] & with_word | lacking[allowed - 1]
            lacking[0] &= with_word
            if not lacking[-1]:
                break
        return lacking[-1]


def _word_positions(bits: int) -> Iterator[int]:
    """Where an integer has its ones, from the lowest."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    """Words without case, accents' composition and punctuation; emoji are none."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("’", "'")))


@lru_cache(maxsize=1024)
def _facts(text: str) -> tuple[str, ...]:
    return tuple(sorted({word for word in _words(text) if _FACT.search(word)}))


def _runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """Every run of ``length`` words."""
    return zip(*(words[start:] for start in range(length)), strict=False)


def _bare_link(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link.strip().casefold()).rstrip("/")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
