"""Languages of tweets and topics, against those that a project wants and those that its embedder knows.

What a language is and how it is detected is in ``text.language``; what follows for a tweet, in ``gate``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from viral_assets.projects.model import Project
from viral_assets.scoring.topics import topic_texts
from viral_assets.text.language import canonical, detected
from viral_assets.text.phrases import BoolArray

Languages = Collection[str] | None
"""Canonical codes of the languages that an embedder knows; None for all that people write."""


def in_other_languages(
    declared: pd.Series, texts: Sequence[str], rows: npt.NDArray[np.int64], wanted: set[str | None]
) -> BoolArray:
    """Which of the rows are in another language than these. What X says is believed; only where it says nothing the
    text is read, and a text that does not tell either is in none.
    """
    codes, distinct = pd.factorize(declared)
    languages = [*(canonical(code) for code in distinct), None]  # the code of a missing value is -1
    known = np.array([language is not None for language in languages])
    unwanted = np.array([language is not None and language not in wanted for language in languages])
    result = unwanted[codes]
    for position in np.flatnonzero(~known[codes]):
        language = detected(texts[rows[position]])
        result[position] = language is not None and language not in wanted
    return result


def not_understood(declared: pd.Series, texts: Sequence[str], project: Project, known: Languages) -> BoolArray:
    """Which tweets (n,) are in a language that the embedder does not know: nobody knows how relevant they are.

    None where the project weighs no relevance, or wants only languages that are known: then the others are not for it
    anyway.
    """
    if known is None or project.weights.relevance == 0 or not unknown_languages(known, project):
        return np.zeros(len(texts), dtype=np.bool_)
    return in_other_languages(declared, texts, np.arange(len(texts)), set(known))


def unknown_languages(known: Languages, project: Project) -> list[str]:
    """What the project wants and the embedder does not know: codes, sorted, or that it wants every language."""
    if known is None:
        return []
    if not project.sources.languages:
        return ["every language"]
    return sorted(_codes(project.sources.languages) - set(known))


def language_warnings(project: Project, embedder: str, known: Languages) -> list[str]:
    """What a person should know before a run: languages of tweets and of topics that the embedder does not know.

    Args:
        embedder: its name among those of VIRAL_ASSETS_EMBEDDER.
        known: its languages.
    """
    if known is None or project.weights.relevance == 0:
        return []
    warnings = []
    if unknown := unknown_languages(known, project):
        wanted = "every language is wanted" if not project.sources.languages else f"{', '.join(unknown)} is wanted"
        warnings.append(
            f"{wanted}, and the embedder {embedder} knows {', '.join(sorted(known))}: the relevance of tweets in other "
            f"languages is unknown, so none of them is chosen. {_REMEDY[embedder == 'wordllama']}"
        )
    for node in project.taxonomy:
        written = detected(" ".join(topic_texts(node)))
        if written and written not in known:
            warnings.append(
                f"the topic {node.label!r} looks as if it were written in {written}, which the embedder {embedder} "
                f"does not know: nothing will be near it. Describe it in English, or set VIRAL_ASSETS_EMBEDDER to one "
                f"that does"
            )
    return warnings


_REMEDY = {
    True: "VIRAL_ASSETS_EMBEDDER=multilingual knows fifteen, gemini more than a hundred",
    False: "VIRAL_ASSETS_EMBEDDER=gemini knows more than a hundred; weights.relevance: 0 goes without relevance",
}


def _codes(languages: Iterable[str]) -> set[str]:
    return {code for language in languages if (code := canonical(language))}
