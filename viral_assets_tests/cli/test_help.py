"""What the command line says of itself."""

from __future__ import annotations

import subprocess
import sys

from viral_assets import __version__
from viral_assets_tests.cli.conftest import CommandLine

COMMANDS = (
    "demo",
    "init",
    "check",
    "dev",
    "ingest",
    "rejects",
    "why",
    "generate-comments",
    "export-comments",
    "export-decisions",
    "import-decisions",
    "quota",
    "models",
    "review",
    "tune",
    "db upgrade",
)

FLAGS = (
    "--project",
    "--hours-back",
    "--from",
    "--to",
    "--min-followers",
    "--min-likes",
    "--min-views",
    "--max-candidates",
    "--batch-size",
    "--no-batch",
    "--use-gate",
    "--no-use-gate",
    "--skip-low-scores",
    "--no-skip-low-scores",
    "--greens-only",
    "--dry-run",
    "--json",
)


def test_the_front_page_lists_every_command(viral_assets: CommandLine) -> None:
    said = viral_assets("--help")
    assert said.code == 0
    assert all(command.split()[0] in said.out for command in COMMANDS)


def test_generate_comments_has_the_promised_flags(viral_assets: CommandLine) -> None:
    shown = viral_assets("generate-comments", "--help").out
    assert all(flag in shown for flag in FLAGS)


def test_the_version_is_told(viral_assets: CommandLine) -> None:
    assert viral_assets("--version").out == f"viral-assets {__version__}\n"


HEAVY = {"dagster", "numpy", "pandas", "alembic", "jinja2", "wordllama", "sklearn", "scipy"}


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by("--help").isdisjoint({*HEAVY, "sqlalchemy"})


def test_a_look_at_the_quota_loads_no_more_than_it_needs(viral_assets: CommandLine) -> None:
    viral_assets("db", "upgrade")
    loaded = loaded_by("quota")
    assert "sqlalchemy.dialects.sqlite" in loaded
    assert loaded.isdisjoint({*HEAVY, "sqlalchemy.dialects.postgresql"})


def loaded_by(command: str) -> set[str]:
    """The modules that a process with this command has at its end."""
    code = (
        f"import sys\nfrom viral_assets.cli import main\nsys.argv = ['viral-assets', {command!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ended.stderr.split())
