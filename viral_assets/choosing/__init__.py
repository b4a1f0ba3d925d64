"""From stored tweets to those worth a reply: scoring and selection on what the store has, for runs and for rehearsals.

The arithmetic is in ``scoring``; what a run does with the result, in ``defs``. Nothing here writes.
"""
