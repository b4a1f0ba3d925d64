"""Asking through the service's batches: half the price, an answer within a day.

``packs`` says which tweets share a request, ``sender`` has requests granted and sends them, ``collector`` waits for a
batch and settles what it brings, and ``phase`` is what a run does before it asks the usual way. Answers are not parsed
here: they are settled with the ledger, raw, and whoever asks about their tweets next finds them there (``run.resume``).
"""
