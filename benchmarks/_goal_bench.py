"""What a situation is and how it is measured: by every build, one after the other, with an emulator of its own each
time. Windows and latencies are scaled together, and so ratios stay what they are; what takes only a moment is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from _builds import Build, emulator

from viral_assets.generation.run.planning.bound import lower_bound
from viral_assets.generation.run.planning.latency import Latency

CAP = 10
MINUTE = 60.0
USUAL = Latency(0.5, 3.5)
"""Of a model that writes at length: 4 s for a tweet, 25 s for seven."""
BRISK = Latency(1.0, 0.6)
NO_QUOTA = 1_000_000
GENAI, THREADS = "google-genai", "google-generativeai"


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
    tweets_per_request: int | str = "auto"
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
                tweets_per_request=case.tweets_per_request,
            )
            arrivals = service.arrivals()
        refused = sum(each["status"] == 429 for each in arrivals)
        measured = Measured(result["seconds"], result["cpu_seconds"], len(arrivals), refused, result["ended"])
        self.say(f"    {measured.seconds:.2f} s, {measured.requests} requests, {refused} refused")
        return measured


def against_bound(
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


def middle(bench: Bench, rounds: list[dict[str, Measured]]) -> dict[str, Measured]:
    """By build, the round of the median time."""
    return {
        build.name: sorted((each[build.name] for each in rounds), key=lambda one: one.seconds)[len(rounds) // 2]
        for build in bench.builds
    }
