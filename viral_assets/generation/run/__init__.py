"""A generation run: planner, queue, executor, retries, results, counters and the report.

The prompt and the rules for good suggestions are in ``drafting``, the providers in ``clients``, the quota in
``quota``.
"""
