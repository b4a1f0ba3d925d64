"""Services that sell tweets (the X API, Apify): clients, paid requests, and reading hour by hour.

How an answer becomes tweets is known in ``parsers``; what may be spent is decided in ``quota``.
"""
