"""How many sensitive tweets are found, and how many ordinary ones are taken for such, by category.

    .venv/bin/python -m benchmarks.safety

On the labelled tweets of the tests, by phrases alone, with the bundled English embedder and with the multilingual one,
which looks at the tweets that pass the gate. What the model itself declines comes on top, unmeasured.
"""

from __future__ import annotations

import argparse
import time

from viral_assets.embedding.base import Embedder
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.resemblance import ORDINARY, learn_resemblance
from viral_assets_tests.safety.labelled import Part, figures, flags_of, labelled

PARTS: tuple[Part, ...] = ("held_out", "fresh", "third", "fourth")


def main() -> None:
    """Print the figures of each part, with each embedder."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    embedders: tuple[Embedder, ...] = (WordLlamaEmbedder(), MultilingualEmbedder())
    for embedder in embedders:
        resemblance = learn_resemblance(embedder.embed, embedder.languages)
        for part in PARTS:
            tweets = labelled(part)
            started = time.perf_counter()
            flags = flags_of(tweets, embedder.embed([each.text for each in tweets]), resemblance)
            seconds = time.perf_counter() - started
            print(f"\n{embedder.model}, {part.replace('_', ' ')}: {len(tweets)} tweets, ", end="")
            print(f"{len(tweets) / seconds:,.0f} a second")
            print(f"{'category':<14}{'tweets':>8}{'flagged':>10}{'by name':>10}{'phrases alone':>15}")
            phrases = figures(tweets, flags_of(tweets))
            for category, each in figures(tweets, flags).items():
                named = "" if category == ORDINARY else f"{each.named:.0%}"
                alone = phrases[category].flagged
                print(f"{category:<14}{each.tweets:>8}{each.flagged:>10.1%}{named:>10}{alone:>15.1%}")


if __name__ == "__main__":
    main()
