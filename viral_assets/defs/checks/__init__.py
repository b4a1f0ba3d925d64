"""Asset checks: what must hold of an hour's results, looked up in the tables after the fact, so that a row somebody
deleted by hand is found too.

What is wrong with an hour is found by pure functions on its rows: one module for each asset (``tweets``, ``vectors``,
``scores``, ``opportunities``, ``suggestions``) and one for each question about numbers (``counts``,
``suggestion_shares``, ``spending``), each with its thresholds. ``catalogue`` lists the checks, ``rows`` and ``reading``
get what they look at, ``evaluations`` says what was found in Dagster's terms, ``definitions`` makes the steps.
"""
