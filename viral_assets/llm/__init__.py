"""What is true of a language model whichever part of the project speaks to it: values, providers, the
table of models with their prices, and the Gemini API's errors and limits.

No SDK is imported here; clients are in ``generation.clients`` and ``embedding``.
"""
