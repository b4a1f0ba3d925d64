"""Whether a tweet is for a project at all: one result per tweet, ``pass`` or the first reason against it.

How good it is is in ``components``; minima for followers, likes and views are applied by ``selection``, because a
command may override them without scoring again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from viral_assets.projects.model import Project
from viral_assets.scoring.components import listed
from viral_assets.scoring.languages import in_other_languages
from viral_assets.text.language import canonical
from viral_assets.text.phrases import LINK, UNSPACED, BoolArray, FloatArray, TextColumn
from viral_assets.vocabulary import GATE_PASSED, LEAVE_OUT

RETWEET = "retweet"
PROMOTED = "promoted"
EMPTY = "empty"
BLOCKED_HANDLE = "blocked_handle"
BLOCKED_KEYWORD = "blocked_keyword"
LINK_SPAM = "link_spam"
LANGUAGE = "language"
UNKNOWN_LANGUAGE = "unknown_language"
OFF_TOPIC = "off_topic"
NOT_SAFE = "not_safe"

GATE_RESULTS = (
    *(GATE_PASSED, RETWEET, PROMOTED, EMPTY, BLOCKED_HANDLE, BLOCKED_KEYWORD, LINK_SPAM),
    *(LANGUAGE, UNKNOWN_LANGUAGE, OFF_TOPIC, NOT_SAFE),
)
"""In order of precedence: the first that applies is the result."""

MANY_LINKS = 3
"""An article and its picture are two."""

MIN_RELEVANCE = 0.1
"""Below it a tweet is off topic, however viral: without this, likes alone could carry it over the yellow threshold."""

# The mark comes first, for the search to skip to it, and what must not stand before it is looked for afterwards.
_ENTITY = re.compile(rf"{LINK}|[@#](?<![\w@#][@#])\w+")
_LEADING_HANDLES = re.compile(r"(?:\s*@\w+)+")
_OLD_STYLE_RETWEET = re.compile(r"rt @\w+:")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")

_LINK_STARTS = ("http", "www.")

# Two characters of a script without spaces say about as much as a word.
_CHARACTERS_A_WORD = 2


@dataclass(frozen=True, slots=True)
class Composition:
    """What a folded text is made of: links, entities (links, handles, hashtags) and other words."""

    links: int
    entities: int
    words: int

    @property
    def is_link_spam(self) -> bool:
        """Many links, or more links, handles and hashtags than words."""
        return self.links >= MANY_LINKS or self.entities > self.words


def composition(folded: str) -> Composition:
    """Take a folded text apart. The handles a reply begins with are its addressees and count as nothing."""
    addressees = _LEADING_HANDLES.match(folded)
    body = folded[addressees.end() :] if addressees else folded
    entities = _ENTITY.findall(body)
    rest = _ENTITY.sub(" ", body)
    words = sum(1 for word in rest.split() if _LETTER_OR_DIGIT.search(word))
    if not rest.isascii():
        words = max(words, len(UNSPACED.findall(rest)) // _CHARACTERS_A_WORD)
    return Composition(sum(entity[0] not in "@#" for entity in entities), len(entities), words)


def plainly_has_words(folded: str) -> bool:
    """Whether a text has words, few links and more words than links, handles and hashtags.

    A quick test: False only means that it takes :func:`composition` to tell.
    """
    links = folded.count("http") + folded.count("www.")
    missing = links + folded.count("#") + folded.count("@") + 1
    if links >= MANY_LINKS:
        return False
    # Words mostly come first: there is no need to look at all of them.
    for word in folded.split(maxsplit=2 * missing)[: 2 * missing]:
        if word[0].isalnum() and not word.startswith(_LINK_STARTS):
            missing -= 1
            if missing == 0:
                return True
    return False


def apply_gate(
    tweets: pd.DataFrame,
    column: TextColumn,
    handles: Sequence[str],
    relevance: FloatArray,
    project: Project,
    not_understood: BoolArray,
) -> npt.NDArray[np.object_]:
    """What the gate says (n,) of each tweet, one of :data:`GATE_RESULTS` but the last: whether it is safe to answer is
    found out of those that pass.

    Args:
        tweets: with columns ``is_retweet``, ``is_promoted`` and ``lang``.
        column: their texts.
        handles: their authors' (n,), as :func:`~viral_assets.scoring.components.normalised_handles` gives them.
        relevance: (n,); not looked at by a project that gives relevance no weight.
        project: whose lists and languages.
        not_understood: (n,) whose language the embedder does not know, so that nobody knows their relevance.
    """
    sources = project.sources
    retweet, empty, spam = _suspicions(column.folded)
    found: dict[str, BoolArray] = {
        RETWEET: tweets["is_retweet"].to_numpy(dtype=np.bool_) | retweet,
        PROMOTED: tweets["is_promoted"].to_numpy(dtype=np.bool_) & (sources.promoted == LEAVE_OUT),
        EMPTY: empty,
        BLOCKED_HANDLE: listed(handles, sources.block_handles),
        BLOCKED_KEYWORD: column.contains(sources.blocked_keywords),
        LINK_SPAM: spam,
    }
    result = np.zeros(len(column), dtype=np.int64)
    for name, applies in found.items():
        result[applies & (result == 0)] = GATE_RESULTS.index(name)

    wanted = {canonical(code) for code in sources.languages}
    if wanted:
        open_rows = np.flatnonzero(result == 0)
        unwanted = in_other_languages(tweets["lang"].iloc[open_rows], column.texts, open_rows, wanted)
        result[open_rows[unwanted]] = GATE_RESULTS.index(LANGUAGE)
    if project.weights.relevance > 0:
        result[not_understood & (result == 0)] = GATE_RESULTS.index(UNKNOWN_LANGUAGE)
        result[(relevance < MIN_RELEVANCE) & (result == 0)] = GATE_RESULTS.index(OFF_TOPIC)
    return np.array(GATE_RESULTS, dtype=np.object_)[result]


def _suspicions(folded: Sequence[str]) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Which texts are old-style retweets, which have no words, and which are link spam."""
    retweet, empty, spam = (np.zeros(len(folded), dtype=np.bool_) for _ in range(3))
    suspicious = [
        "http" in text or "#" in text or "@" in text or "www." in text or not text[:1].isalnum() for text in folded
    ]
    for row in np.flatnonzero(suspicious).tolist():
        text = folded[row]
        retweet[row] = text.startswith("rt @") and _OLD_STYLE_RETWEET.match(text) is not None
        if not plainly_has_words(text):
            parts = composition(text)
            empty[row] = parts.words == 0
            spam[row] = parts.is_link_spam
    return retweet, empty, spam
