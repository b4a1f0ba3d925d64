"""The Dagster shell: assets, checks, automation (jobs, schedules, sensors, launching) and resources.

Only this package, ``definitions`` and ``instance`` import Dagster, and what is not its public face only
``dagster_internals`` does. Functions here fetch, call the core and report; what is computed, and every rule, is in the
packages outside, which run without Dagster.
"""
