"""The read side: opportunities with their suggestions, pages and filters of them, and the funnel of the
review numbers with its charts.

Reads the store and writes nothing; how it is shown is decided in ``delivery``, ``web`` and ``defs``.
"""
