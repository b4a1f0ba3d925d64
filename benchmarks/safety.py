"""How many sensitive tweets are found, and how many ordinary ones are taken for such, by category.

    .venv/bin/python -m benchmarks.safety [--misses]

On the labelled tweets of the tests: those that the lexicon and the exemplars were made with in view, and those that
were made up afterwards. With the bundled embedder; what the model itself declines comes on top, unmeasured.
"""

from __future__ import annotations

import argparse
import time

from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.resemblance import ORDINARY, learn_resemblance
from viral_assets_tests.safety.labelled import Part, figures, flags_of, labelled

PARTS: tuple[Part, ...] = ("tuning", "held_out")


def main() -> None:
    """Print the figures of both parts, and what is missed if asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="also print what was missed of the tuning part")
    arguments = parser.parse_args()
    embedder = WordLlamaEmbedder()
    resemblance = learn_resemblance(embedder.embed, embedder.languages)
    for part in PARTS:
        tweets = labelled(part)
        vectors = embedder.embed([each.text for each in tweets])
        started = time.perf_counter()
        flags = flags_of(tweets, vectors, resemblance)
        seconds = time.perf_counter() - started
        print(f"\n{part.replace('_', ' ')}: {len(tweets)} tweets, {len(tweets) / seconds:,.0f} a second")
        print(f"{'category':<14}{'tweets':>8}{'flagged':>10}{'by name':>10}{'phrases alone':>15}")
        phrases = figures(tweets, flags_of(tweets))
        for category, each in figures(tweets, flags).items():
            named = "" if category == ORDINARY else f"{each.named:.0%}"
            alone = phrases[category].flagged
            print(f"{category:<14}{each.tweets:>8}{each.flagged:>10.1%}{named:>10}{alone:>15.1%}")
        if arguments.misses and part == "tuning":
            for tweet, found in zip(tweets, flags, strict=True):
                if bool(found) == (tweet.category == ORDINARY):
                    print(f"  {tweet.category}: {tweet.text} {[flag.because for flag in found]}")


if __name__ == "__main__":
    main()
