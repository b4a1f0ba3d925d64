"""The situations whose goals are measured, and what holds each measurement against its bound."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from _builds import Build, emulator
from _goal_bench import BRISK, GENAI, THREADS, Bench, Case, Line, against_bound, middle
from _postgres import Postgres

from viral_assets.generation.run.planning.latency import Latency

FAULT_MIX = (
    "503=0.05,malformed=0.02,truncated=0.02,missing=0.02,reset=0.01,hang=0.01,no_text=0.01,echo=0.01,prompt_block=0.01"
)


def one_bare_429(bench: Bench) -> Iterator[Line]:
    """One 429 without details at the start, 100 tweets, 15 a minute: at most one window over the undisturbed run."""
    calm = Case(100, scale=bench.scale)
    undisturbed = bench.each("undisturbed", calm)
    for provider in (THREADS, GENAI):
        case = Case(100, scale=bench.scale, provider=provider, server=(("--script", "429_no_details"),))
        title = f"first request refused, {provider}"
        for name, each in bench.each(title, case).items():
            bound = undisturbed[name].seconds + case.window
            met = each.seconds <= bound and each.ended == case.tweets
            yield Line(title, name, each.seconds, bound, "s", "<= 1", met, f"undisturbed + {case.window:g} s")


def eight_at_once(bench: Bench) -> Iterator[Line]:
    """A server that works at 8 requests at once and refuses one more without a reason, 60 a minute."""
    for tweets in (50, 100):
        case = Case(tweets, requests=60, at_once=8, scale=bench.scale)
        title = f"{tweets} tweets, 8 at once, median of 3"
        rounds = [bench.each(title, case) for _ in range(3)]
        yield from against_bound(title, case, middle(bench, rounds), 1.3)


def fault_mix(bench: Bench) -> Iterator[Line]:
    """300 tweets, 15 a minute, real speed, one of six requests fails, five seeds: against the run without faults."""
    # What is given up, backed off from and probed takes the same seconds however long a window is.
    case = Case(300, latency=BRISK)
    calm = bench.each("300 tweets, no faults", case)
    seconds: dict[str, list[float]] = {name: [] for name in calm}
    extra: dict[str, list[int]] = {name: [] for name in calm}
    left: dict[str, int] = dict.fromkeys(calm, 0)
    for seed in range(1, 6):
        faulty = replace(case, server=(("--faults", FAULT_MIX), ("--seed", seed)))
        for name, each in bench.each(f"300 tweets, faults of seed {seed}", faulty).items():
            seconds[name].append(each.seconds)
            extra[name].append(each.requests - calm[name].requests)
            left[name] += case.tweets - each.ended
    for name, without in calm.items():
        value, more = statistics.median(seconds[name]), statistics.median(extra[name])
        met = value <= 1.35 * without.seconds and more <= 10 and not left[name]
        ratios = ", ".join(f"{each / without.seconds:.2f}" for each in seconds[name])
        remark = f"{more:g} extra requests (<= 10), {left[name]} tweets left; ratios {ratios}"
        yield Line("fault mix, median of 5", name, value, without.seconds, "s", "<= 1.35", met, remark)


def generous_quotas(bench: Bench) -> Iterator[Line]:
    """60, 300 and 1,000 requests a minute with 60, 300 and 500 tweets, at real speed: nobody has to wait."""
    for requests, tweets in ((60, 60), (300, 300), (1_000, 500)):
        for provider, goal in ((GENAI, 1.15), (THREADS, 1.3)):
            case = Case(tweets, requests=requests, provider=provider)
            title = f"{requests} a minute, {tweets} tweets, {provider}"
            yield from against_bound(title, case, bench.each(title, case), goal)


def spread_latency(bench: Bench) -> Iterator[Line]:
    """100 tweets, 15 a minute, answers take from half of the usual time to one and a half of it."""
    rounds = []
    for seed in range(1, 6):
        case = Case(100, scale=bench.scale, server=(("--latency-spread", 0.5), ("--seed", seed)))
        rounds.append(bench.each(f"latency +- 50 %, seed {seed}", case))
    yield from against_bound("latency +- 50 %, median of 5", case, middle(bench, rounds), 1.6)


def fast_answers(bench: Bench) -> Iterator[Line]:
    """Answers after 0.05 s + 0.01 s a tweet, at real speed: what a run takes of its own. Median of three."""
    for provider in (GENAI, THREADS):
        for tweets in (1, 10, 50, 100):
            case = Case(tweets, latency=Latency(0.05, 0.01), provider=provider)
            title = f"{tweets} tweets, fast answers, {provider}"
            rounds = [bench.each(title, case) for _ in range(3)]
            yield from against_bound(title, case, middle(bench, rounds), 1.5, beyond=0.08)


def ten_thousand(bench: Bench) -> Iterator[Line]:
    """10,000 tweets, answers at once, no quota; and the CPU of 2,000 requests beside that of the client alone."""
    at_once = Latency(0.0, 0.0)
    for provider in (GENAI, THREADS):
        title = f"2,000 requests about one tweet, {provider}"
        found = bench.each(title, Case(2_000, None, at_once, provider, tweets_per_request=1))
        for build in bench.builds:
            each, alone = found[build.name], _cpu_of_client(bench, provider, build)
            cpu = 1000 * each.cpu_seconds / each.requests
            remark = f"{cpu:.1f} ms in all, the client alone {alone:.1f}"
            yield Line(
                f"own CPU a request, {provider}", build.name, cpu - alone, 3.0, "ms", "<= 1", cpu - alone <= 3.0, remark
            )
        title = f"10,000 tweets, {provider}"
        found = bench.each(title, Case(10_000, None, at_once, provider))
        other = bench.builds[-1].name
        for name, each in found.items():
            rate, wanted = 10_000 / each.seconds, 5 * 10_000 / found[other].seconds
            met = each.ended == 10_000 and (rate >= wanted or name != "here" or other == "here")
            remark = f"5 x {other}; {each.requests} requests, {1000 * each.cpu_seconds / 10_000:.2f} ms CPU a tweet"
            yield Line(title, name, rate, wanted, "tweets/s", ">= 1", met, remark)


def _cpu_of_client(bench: Bench, provider: str, build: Build) -> float:
    """Milliseconds a request."""
    bench.say(f"{provider} alone, {build.name} ...")
    with emulator({}) as service:
        result = build.work(client_alone=True, url=service.url, provider=provider, tweets=1_000)
    return 1000.0 * float(result["cpu_seconds"]) / float(result["requests"])


def grants(bench: Bench) -> Iterator[Line]:
    """A grant of the ledger where 8 processes ask a PostgreSQL server as fast as they can, by a build's own script."""
    with Postgres() as server:
        for build in bench.builds:
            bench.say(f"grants by 8 processes, {build.name} ...")
            script = str(build.root / "benchmarks" / "ledger.py")
            url = server.new_database()
            # Its exit code is about a goal of its own.
            printed = build.python([script, "--processes", "8", "--database", url], accepted=(0, 1))
            rows: list[dict[str, Any]] = json.loads(printed.splitlines()[-1])
            row = next(each for each in rows if each["limits"] == "requests")
            for name, key, most in (("median", "grant_ms", 4.0), ("95 %", "grant_p95_ms", 10.0)):
                value = float(row[key])
                remark = f"{row['grants_per_second']:.0f} requests/s together"
                yield Line(f"grant, 8 processes, {name}", build.name, value, most, "ms", "<= 1", value <= most, remark)


def fifteen_a_minute(bench: Bench) -> Iterator[Line]:
    """What holds anyway: 15 a minute, nothing goes wrong."""
    for tweets in (10, 50, 100, 150, 500):
        case = Case(tweets, scale=bench.scale)
        title = f"{tweets} tweets, 15 a minute"
        yield from against_bound(title, case, bench.each(title, case), 1.08, beyond=0.15)


ROWS: Mapping[str, Callable[[Bench], Iterable[Line]]] = {
    "one-429": one_bare_429,
    "at-once": eight_at_once,
    "faults": fault_mix,
    "generous": generous_quotas,
    "spread": spread_latency,
    "fast": fast_answers,
    "cpu": ten_thousand,
    "grants": grants,
    "15": fifteen_a_minute,
}
