"""From text to tweets: one module for each format, and what formats share (fields, times, columns, JSON values).

A format's module ends with its ``FORMAT``, which ``files.detect`` lists. Nothing here finds or opens files, asks a
service or writes to the store.
"""
