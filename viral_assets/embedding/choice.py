"""Which embedder a project gets, and what its languages mean to it. The embedders themselves are built in
``embedding``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from viral_assets.text.language import canonical, detected

AUTO: Final = "auto"
ENGLISH = frozenset({"en"})


def embedder_name(chosen: str, languages: Collection[str]) -> str:
    """The name of the embedder for a project with these languages; none at all stand for every language.

    Args:
        chosen: ``auto``, or an embedder for all projects.
        languages: codes, as project files have them.
    """
    if chosen != AUTO:
        return chosen
    return "wordllama" if {canonical(code) for code in languages} == ENGLISH else "multilingual"


def unknown_languages(known: frozenset[str] | None, languages: Iterable[str]) -> list[str]:
    """Codes of those of the languages that an embedder does not know, sorted."""
    codes = {code for language in languages if (code := canonical(language))}
    return [] if known is None else sorted(codes - known)


def language_warnings(
    known: frozenset[str] | None, *, embedder: str, languages: Collection[str], topics: dict[str, list[str]]
) -> list[str]:
    """One line for each language of a project that its embedder does not know, and for each topic written in one.

    Args:
        known: the embedder's languages; None for all.
        embedder: its name.
        languages: of the tweets that the project wants.
        topics: the texts that stand for each topic, by label.
    """
    other = "VIRAL_ASSETS_EMBEDDER=gemini knows it" if embedder == "multilingual" else "set VIRAL_ASSETS_EMBEDDER=auto"
    warnings = [
        f"the embedder {embedder} does not know the language {code}: the relevance of tweets in it is unknown, and "
        f"none of them is chosen ({other}; weights.relevance: 0 does without)"
        for code in unknown_languages(known, languages)
    ]
    for label, texts in topics.items():
        written = detected(" ".join(texts))
        if written and unknown_languages(known, [written]):
            warnings.append(
                f"the topic {label!r} seems to be written in {written}, which the embedder {embedder} does not know: "
                f"no tweet will be near it ({other})"
            )
    return warnings
