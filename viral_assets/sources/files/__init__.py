"""Files from beginning to end: detect the format, ingest, explain, quarantine, and retry what was rejected.

Bytes are read by ``content``, records by ``parsers``.
"""
