"""Files as bytes and text: finding them, hash, encoding, decompression, and the damage in them.

Which format a file has and which tweets are in it is found out in ``parsers`` and ``files``; nothing here knows a
tweet.
"""
