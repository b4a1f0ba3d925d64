"""Processes for tests that need real ones. A fork server imports once what takes long, and forks in a moment."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

PRELOADED = [
    "viral_assets_tests.loading",
    "viral_assets_tests.quota.hammer",
    "viral_assets_tests.generation.processes",
    "viral_assets_tests.instance.processes",
    "viral_assets_tests.cli.forked",
    "viral_assets_tests.sources.services.killed",
    "viral_assets_tests.store.processes",
    "viral_assets.generation.clients.google_genai",
    "viral_assets.generation.clients.google_generativeai",
    "viral_assets_tests.frozen",
]
"""There is one server for each process of the suite, and it knows what it was first told: so always all of it."""


def forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context
