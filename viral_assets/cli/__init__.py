"""``viral-assets``, the command line: one module per command.

A command reads its options, calls the packages below and says what came of it. What it does lives in those; how it
speaks in ``output``; how errors become one line and an exit code in ``app``. Modules here import little at the top
and the rest inside their functions, so that ``--help`` answers at once.
"""

from viral_assets.cli.app import main

__all__ = ["main"]
