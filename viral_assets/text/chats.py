"""Untrusted text for chats and mail: nobody is called by it, nothing in it is markup, and nothing can be followed.

Every service has a notation of its own, and some read several. So what they share is taken out: what calls people, what
marks text up, and what is made a link or a preview. Signs become others that look alike; where only the place of a sign
makes it mean something, a zero-width space takes the meaning away.
"""

from __future__ import annotations

import re

from viral_assets.text.display import one_line

NOTHING_TO_SEE = "\u200b"
"""A zero-width space."""

LINK = "(link)"

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S*", re.IGNORECASE)

# Angle brackets: Slack's and Mattermost's commands, Discord's mentions, HTML. The rest: Markdown in its dialects.
_LOOKALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "*": "\N{ASTERISK OPERATOR}",
        "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
        "~": "\N{TILDE OPERATOR}",
        "|": "\N{DIVIDES}",
        "[": "\N{FULLWIDTH LEFT SQUARE BRACKET}",
        "]": "\N{FULLWIDTH RIGHT SQUARE BRACKET}",
        "\\": "\N{FULLWIDTH REVERSE SOLIDUS}",
    }
)
_UNDERLINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_HTML_ENTITY = re.compile(r"&(?=#?\w+;)")
# @everyone, #channel, /command, evil.example, :shortcode: – each by what follows its sign.
_CALLS = re.compile(r"(?<=[@＠])(?=\w)|(?<=(?<!\w)#)(?=\w)|(?<=(?<!\S)/)(?=\w)|(?<=\w\.)(?=[^\W\d_])|(?<=:)(?=\w+:)")


def text_for_chat(text: str) -> str:
    """What somebody else wrote, on one line, to be put into a message between words of ours."""
    text = _ADDRESS.sub(LINK, one_line(text)).translate(_LOOKALIKES)
    text = _UNDERLINE.sub("\N{MODIFIER LETTER LOW MACRON}", text)
    text = _HTML_ENTITY.sub("\N{FULLWIDTH AMPERSAND}", text)
    return _CALLS.sub(NOTHING_TO_SEE, text)
