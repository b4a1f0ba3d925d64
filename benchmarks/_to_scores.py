"""A range of hours through Dagster, from the inbox to scores, with whichever build is on the path:
``_to_scores.py FIRST_HOUR HOURS``, in the home that the environment names.
"""

from __future__ import annotations

import sys
import warnings
from datetime import UTC, datetime, timedelta

import dagster as dg

ASSETS = ("tweets", "topic_embeddings", "tweet_embeddings", "tweet_scores")
KEY = "%Y-%m-%d-%H:%M"


def main() -> None:
    # Said of the module that is loaded; every build has it there.
    from viral_assets.definitions import build_defs
    from viral_assets.instance import open_instance
    from viral_assets.settings import load_settings

    warnings.simplefilter("ignore")
    first, count = datetime.strptime(sys.argv[1], KEY).replace(tzinfo=UTC), int(sys.argv[2])
    last = first + timedelta(hours=count - 1)
    home = load_settings().home / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    definitions = build_defs()
    job = dg.define_asset_job("to_scores", selection=list(ASSETS))
    whole = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    console = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    tags = {
        "dagster/asset_partition_range_start": f"{first:{KEY}}",
        "dagster/asset_partition_range_end": f"{last:{KEY}}",
    }
    with open_instance(home) as instance:
        done = whole.resolve_job_def("to_scores").execute_in_process(instance=instance, tags=tags, run_config=console)
    if not done.success:
        raise SystemExit("the run failed")


if __name__ == "__main__":
    main()
