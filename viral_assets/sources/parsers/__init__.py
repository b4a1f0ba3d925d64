"""From text to tweets: one module for each format, and the fields and columns that formats share.

Nothing here opens files, asks a service or writes to the store.
"""
