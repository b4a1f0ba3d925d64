"""What Dagster remembers of runs and backfills: what goes, and what stays. How its instance is opened is elsewhere."""
