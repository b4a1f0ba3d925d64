"""Which two commands do the same, and when one goes on with the other."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from viral_assets.generation.forced import begin_forced, end_forced, find_forced, is_over, scope_of
from viral_assets.projects.loader import load_projects
from viral_assets.settings import BUNDLED_PROJECTS
from viral_assets.store.engine import Database
from viral_assets_tests.generation.make import project

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_same_scope_goes_on_until_it_has_come_to_its_end(database: Database) -> None:
    first = find_forced(database, "scope")
    assert first.remark == ""
    begin_forced(database, first, "run-1", NOW)

    again = find_forced(database, "scope")
    assert (again.id, again.interrupted_at) == (first.id, NOW)
    assert "2026-11-22 00:00 UTC" in again.remark
    assert find_forced(database, "another").id != first.id

    begin_forced(database, again, "run-2", NOW + timedelta(hours=1))
    assert not is_over(database, first.id)
    end_forced(database, first.id, NOW + timedelta(hours=2))
    assert is_over(database, first.id)
    assert find_forced(database, "scope").id != first.id


def test_another_voice_provider_model_or_range_is_something_else() -> None:
    calm, louder = {"calm": project()}, {"calm": project(voice={"persona": "A loud one who shouts at everybody."})}
    scopes = [
        scope_of(calm, "6", provider="google-genai", model=None),
        scope_of(louder, "6", provider="google-genai", model=None),
        scope_of(calm, "7", provider="google-genai", model=None),
        scope_of(calm, "6", provider="offline", model=None),
        scope_of(calm, "6", provider="google-genai", model="another"),
        scope_of({}, "6", provider="google-genai", model=None),
    ]
    assert len(set(scopes)) == len(scopes)


def test_a_scope_is_the_same_in_every_process() -> None:
    program = (
        "from viral_assets.generation.forced import scope_of\n"
        "from viral_assets.projects.loader import load_projects\n"
        "from viral_assets.settings import BUNDLED_PROJECTS\n"
        "print(scope_of(load_projects(BUNDLED_PROJECTS), '6', provider='p', model=None))\n"
    )
    # Texts have other hashes there than here.
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{scope_of(load_projects(BUNDLED_PROJECTS), '6', provider='p', model=None)}\n"
