"""What the environment says of terminals: it is of whoever runs the tests, and not of what they run."""

from __future__ import annotations

import os

NAMES = (
    *("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERMINAL_WIDTH"),
    # Where typer finds it, help is in colours, and as narrow as a terminal.
    "GITHUB_ACTIONS",
)


def put_colours_aside() -> None:
    """Out of the environment of this process, and of all that it starts."""
    for name in NAMES:
        os.environ.pop(name, None)
