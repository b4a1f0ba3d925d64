"""What a person should know of the projects' languages and embedders before a command works on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from viral_assets.cli.output import complain

if TYPE_CHECKING:
    from viral_assets.embedding.stored import StoredVectors
    from viral_assets.projects.model import Project
    from viral_assets.settings import Settings


def warn_of_languages(settings: Settings, projects: Mapping[str, Project]) -> None:
    """Say on standard error which languages of the projects their embedder does not know.

    Raises:
        ConfigurationError: the embedder that a project needs is not installed.
    """
    from viral_assets.embedding import build_embedder
    from viral_assets.embedding.choice import embedder_name
    from viral_assets.errors import ConfigurationError
    from viral_assets.scoring.languages import language_warnings

    for name, project in projects.items():
        embedder = embedder_name(settings.embedder, project.sources.languages)
        if embedder == "gemini":
            continue
        try:
            known = build_embedder(embedder).languages
        except ConfigurationError as error:
            raise ConfigurationError(f"project {name}: {error}") from None
        for warning in language_warnings(project, embedder, known):
            complain(f"project {name}: {warning}")


def stored_vectors_of(settings: Settings) -> Callable[[Project], StoredVectors]:
    """The stored vectors of a project's embedder, which is built once, when the first project needs it.

    The function raises ConfigurationError where the embedder is not installed, or needs a key.
    """
    from functools import cache

    from viral_assets.embedding.choice import embedder_name
    from viral_assets.embedding.stored import stored_vectors

    key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else None
    by_name = cache(lambda name: stored_vectors(name, key))
    return lambda project: by_name(embedder_name(settings.embedder, project.sources.languages))
