"""The Dagster shell: assets, checks, automation (jobs, schedules, sensors, launching) and resources.

Only this package, ``definitions`` and ``cli`` import Dagster. Functions here fetch, call the core and report; what is
computed, and every rule, is in the packages outside, which run without Dagster.
"""
