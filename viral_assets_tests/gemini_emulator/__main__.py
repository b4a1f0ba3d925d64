"""``python -m viral_assets_tests.gemini_emulator``."""

from __future__ import annotations

import sys

from viral_assets_tests.gemini_emulator.command_line import serve

if __name__ == "__main__":
    serve(sys.argv[1:])
