"""The emulator by itself, for benchmarks and for whoever tries the project without a key."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TypeVar

from viral_assets_tests.gemini_emulator.config import BatchConfig, EmulatorConfig, FlexConfig
from viral_assets_tests.gemini_emulator.faults import FAULTS, FINISHES, NAMES
from viral_assets_tests.gemini_emulator.refusals import REFUSALS
from viral_assets_tests.gemini_emulator.server import GeminiEmulator
from viral_assets_tests.gemini_emulator.thinking import LEVELS

T = TypeVar("T")

PROGRAM = "python -m viral_assets_tests.gemini_emulator"

EXAMPLES = f"""examples:
  {PROGRAM} --rpm 15 --latency 0.5,0.35
      the free plan's requests per minute, and an answer after half a second and a third of one for each tweet
  {PROGRAM} --faults 503=0.05,malformed=0.02,finish_RECITATION=0.01
      some requests go wrong
  {PROGRAM} --thinking MEDIUM=1000000,LOW=100 --least-level LOW
      a model that spends the whole cap on thoughts unless it is told not to, and has no level MINIMAL
  {PROGRAM} --model-days gemini-3.6-flash=0,gemini-2.5-flash-lite=250 --answered-by gemini-3.7-flash=gemini-3.8-flash
      one model that is not in the plan, one with a day of its own, one that another answers for
  {PROGRAM} --flex-latency 60,0 --flex-shed 0.3 --flex-refusal 429_no_details
      the cheaper tier answers after a minute, and refuses three requests of ten
  {PROGRAM} --batch-seconds 600 --batch-faults 503=0.1
      batches that take ten minutes, with an error in place of every tenth answer

GET /_log shows what arrived, POST /_reset forgets it.

faults: {", ".join([*FAULTS, *FINISHES, "shed"])}

refusals, which are faults too: {", ".join(REFUSALS)}
"""


def serve(arguments: Sequence[str]) -> None:
    given = _parser().parse_args(arguments)
    emulator = GeminiEmulator(config_of(given))
    emulator.script(*given.script)
    emulator.serve(given.host, given.port)


def parse(arguments: Sequence[str]) -> EmulatorConfig:
    """What a command line says about the service."""
    return config_of(_parser().parse_args(arguments))


def config_of(given: argparse.Namespace) -> EmulatorConfig:
    return EmulatorConfig(
        requests_per_window=given.rpm,
        tokens_per_window=given.tpm,
        requests_per_day=given.rpd,
        model_days=given.model_days,
        window_seconds=given.window_seconds,
        at_once=given.at_once,
        input_limit=given.input_limit,
        latency=given.latency,
        latency_spread=given.latency_spread,
        faults=given.faults,
        model_faults=given.model_faults,
        tweet_faults=given.tweet_faults,
        seed=given.seed,
        thought_tokens=given.thought_tokens,
        thinking=given.thinking,
        least_level=given.least_level,
        cached_tokens=given.cached_tokens,
        answered_by=given.answered_by,
        refusal=given.refusal,
        models=given.models,
        slow_seconds=given.slow_seconds,
        dimensions=given.dimensions,
        flex=FlexConfig(given.flex_latency, given.flex_shed, given.flex_refusal),
        batches=BatchConfig(
            queued_seconds=given.batch_queued_seconds,
            seconds=None if given.batch_never else given.batch_seconds,
            ends=given.batch_ends,
            kept=given.batch_kept,
            faults=given.batch_faults,
            most=given.batch_most,
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [options]",
        description="A Gemini API for tests and benchmarks. Prints its address and serves until it is stopped.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8787, help="0 is any free one (default: 8787)")
    parser.add_argument("--seed", type=int, default=0, help="of what goes wrong by chance")
    _add_quotas(parser.add_argument_group("quotas, per key and model"))
    _add_answers(parser.add_argument_group("answers"))
    _add_faults(parser.add_argument_group("what goes wrong"))
    _add_tiers_and_batches(parser.add_argument_group("half price"))
    return parser


def _add_quotas(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--rpm", type=int, metavar="N", help="requests per window; without it there is no limit")
    group.add_argument("--tpm", type=int, metavar="N", help="input tokens per window")
    group.add_argument("--rpd", type=int, metavar="N", help="requests per day")
    group.add_argument(
        "--model-days", type=_pairs(int), default={}, metavar="MODEL=N,...", help="requests per day; 0: not in the plan"
    )
    group.add_argument("--window-seconds", type=float, default=60.0, metavar="S")
    group.add_argument("--at-once", type=int, metavar="N", help="worked at together; one more is refused")
    group.add_argument("--input-limit", type=int, metavar="N", help="tokens that one request may hold")
    group.add_argument("--refusal", choices=REFUSALS, default="429", metavar="NAME", help="the body of a 429")


def _add_answers(group: argparse._ArgumentGroup) -> None:
    defaults = EmulatorConfig()
    group.add_argument(
        "--latency", type=_latency, default=(0.0, 0.0), metavar="A,B", help="a + b per tweet, in seconds"
    )
    group.add_argument(
        "--latency-spread", type=float, default=0.0, metavar="SHARE", help="how far chance moves the latency: 0.5 of it"
    )
    group.add_argument("--models", default=defaults.models, metavar="PATTERN", help="of accepted names")
    group.add_argument(
        "--answered-by", type=_pairs(str), default={}, metavar="MODEL=MODEL,...", help="which answers for which"
    )
    group.add_argument(
        "--thinking", type=_pairs(int, LEVELS), default={}, metavar="LEVEL=TOKENS,...", help="out of maxOutputTokens"
    )
    group.add_argument("--least-level", choices=LEVELS, default="MINIMAL", help="a lower level is answered with 400")
    group.add_argument("--thought-tokens", type=int, default=0, metavar="N", help="counted in every answer")
    group.add_argument("--cached-tokens", type=int, default=0, metavar="N", help="said to have been cached")
    group.add_argument("--dimensions", type=int, default=defaults.dimensions, metavar="N", help="of embeddings")


def _add_faults(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--faults", type=_pairs(float, NAMES), default={}, metavar="FAULT=PROBABILITY,...", help="see below"
    )
    group.add_argument(
        "--script", type=_faults, default=[], metavar="FAULT,...", help="what the first requests meet; ok is nothing"
    )
    group.add_argument(
        "--model-faults", type=_pairs(_fault), default={}, metavar="MODEL=FAULT,...", help="of every request to it"
    )
    group.add_argument(
        "--tweet-faults", type=_pairs(_fault), default={}, metavar="ID=FAULT,...", help="of every request about it"
    )
    group.add_argument("--slow-seconds", type=float, default=0.3, metavar="S", help="what the fault slow adds")


def _add_tiers_and_batches(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--flex-latency", type=_latency, metavar="A,B", help="as --latency, which it is without")
    group.add_argument("--flex-shed", type=float, default=0.0, metavar="PROBABILITY", help="that one is refused")
    group.add_argument(
        "--flex-refusal", choices=["503", *REFUSALS], default="503", metavar="NAME", help="503 (default) or a refusal"
    )
    group.add_argument("--batch-queued-seconds", type=float, default=0.0, metavar="S", help="until it is worked at")
    group.add_argument("--batch-seconds", type=float, default=0.0, metavar="S", help="how long the work takes")
    group.add_argument("--batch-never", action="store_true", help="the work never ends")
    group.add_argument("--batch-ends", choices=["SUCCEEDED", "FAILED", "EXPIRED"], default="SUCCEEDED")
    group.add_argument(
        "--batch-kept", type=float, default=0.0, metavar="SHARE", help="answered when it is cancelled or expires"
    )
    group.add_argument(
        "--batch-faults", type=_pairs(float, NAMES), default={}, metavar="FAULT=PROBABILITY,...", help="of its requests"
    )
    group.add_argument("--batch-most", type=int, default=BatchConfig.most, metavar="N", help="requests of one batch")


def _latency(text: str) -> tuple[float, float]:
    a, _, b = text.partition(",")
    return float(a), float(b or 0)


def _faults(text: str) -> list[str]:
    return [_fault(name) for name in text.split(",") if name]


def _fault(name: str) -> str:
    return _known(name, NAMES)


def _known(name: str, names: Sequence[str] | frozenset[str]) -> str:
    if name not in names:
        raise argparse.ArgumentTypeError(f"no such name: {name}")
    return name


def _pairs(
    value: Callable[[str], T], names: Sequence[str] | frozenset[str] | None = None
) -> Callable[[str], dict[str, T]]:
    """What reads ``name=value,...``."""

    def read(text: str) -> dict[str, T]:
        pairs = [each.partition("=") for each in text.split(",") if each]
        for name, equals, _ in pairs:
            if not equals:
                raise argparse.ArgumentTypeError(f"{name}: a name and a value are needed, as name=value")
            if names is not None:
                _known(name, names)
        try:
            return {name: value(given) for name, _, given in pairs}
        except ValueError as problem:
            raise argparse.ArgumentTypeError(str(problem)) from None

    return read
