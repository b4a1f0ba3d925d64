"""A Gemini API for tests and benchmarks: a real HTTP server that both SDKs talk to.

It enforces its quotas itself, as sliding windows over what arrived, answers like the API (bodies of errors included),
takes a latency of a + b per tweet, and misbehaves on request. What arrived is recorded.

In a test::

    with GeminiEmulator(EmulatorConfig(requests_per_window=15, window_seconds=2)) as emulator:
        ...  # endpoint=emulator.url, any key
        assert emulator.max_in_any_window() <= 15

To catch a run in the middle, however fast or slow the machine is, its requests are held until they are let go::

    with emulator.holding(after=2) as hold:
        ...  # start the run
        hold.wait_for(1)  # two are answered, the third is under way
        ...  # interrupt it
        hold.release()

Within the test's own event loop, on a clock that nobody has to wait for, it is asked by ``InProcessClient``.

By itself: ``python -m viral_assets_tests.gemini_emulator --port 8787 --rpm 15 --latency 0.5,3.5 --faults 503=0.05``;
then ``GET /_log`` shows what arrived and ``POST /_reset`` forgets it.

It knows of the prompt only what any service would: JSON in the user's turn with ``"id"`` fields, and the schema's
enum of types.
"""

from __future__ import annotations

from viral_assets_tests.gemini_emulator.access import FORBIDDEN_KEY, INVALID_KEY, UNAUTHENTICATED_KEY
from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import BatchConfig, EmulatorConfig, FlexConfig
from viral_assets_tests.gemini_emulator.connections import BrokenConnection, Trickle
from viral_assets_tests.gemini_emulator.faults import BLOCKED_MARKER, FAULTS, FINISHES, REJECTED_MARKER
from viral_assets_tests.gemini_emulator.holding import Hold
from viral_assets_tests.gemini_emulator.refusals import REFUSALS
from viral_assets_tests.gemini_emulator.server import GeminiEmulator

__all__ = [
    "BLOCKED_MARKER",
    "FAULTS",
    "FINISHES",
    "FORBIDDEN_KEY",
    "INVALID_KEY",
    "REFUSALS",
    "REJECTED_MARKER",
    "UNAUTHENTICATED_KEY",
    "Arrival",
    "BatchConfig",
    "BrokenConnection",
    "EmulatorConfig",
    "FlexConfig",
    "GeminiEmulator",
    "Hold",
    "Trickle",
]
