"""Files as bytes and text: finding them, hash, encoding, decompression, and the damage in them.

What is in a file (which format, which tweets) is told in ``parsers`` and ``files``; nothing here knows a tweet.
"""
