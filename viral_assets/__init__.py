"""Find the tweets worth a reply, hour by hour, and have Gemini draft the replies under its quota."""

__version__ = "0.1.0"
