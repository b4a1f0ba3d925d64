"""Untrusted text made fit to be looked at: nothing invisible, nothing that reorders or overflows its surroundings.

Escaping for HTML is the template engine's work and neutralising formulas is the CSV writer's; neither lives here.
The stored text is never changed, only what is shown of it.
"""

from __future__ import annotations

import re
import unicodedata

MAX_COMBINING_MARKS = 5
"""Marks kept on one character. Scripts in use stack at most four; stacks of thousands paint over the page."""

_NEWLINES = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")

# Invisible, or able to reorder what stands around them (Unicode TR 9 and TR 36). Joiners (U+200C, U+200D), emoji
# presentation selectors (U+FE0E, U+FE0F) and the tags of a flag mean something in their place and are judged there.
_NEVER_SHOWN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls except tab and line breaks
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphen, fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidi controls
    "\ufe00-\ufe0d\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff"
    "]"
)
_TAG_RUN = re.compile("(\U0001f3f4)?[\U000e0000-\U000e007f]+")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f")
_JOINERS = re.compile("[\u200c\u200d]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SEVERAL_SPACES = re.compile(r"\s+")


def readable(text: str) -> str:
    """The text as a person should see it.

    Line breaks become ``\\n`` and at most one blank line stays in a row. Control characters, bidirectional controls
    and zero-width characters go; joiners stay only between two characters that can be joined, so that emoji families
    and Persian words survive. At most :data:`MAX_COMBINING_MARKS` marks stay on one character. Idempotent.
    """
    text = _NEWLINES.sub("\n", text)
    if not text.isascii() or not text.isprintable():
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
        text = _NEVER_SHOWN.sub("", text)
        text = _TAG_RUN.sub(_flag_or_nothing, text)
        text = _without_towers(_JOINERS.sub(_joiner_or_nothing, text))
    return _BLANK_LINES.sub("\n\n", text).strip()


def one_line(text: str) -> str:
    """:func:`readable` text with every run of white space made one space."""
    return _SEVERAL_SPACES.sub(" ", readable(text))


def folded(text: str, *, characters: int = 600, lines: int = 14) -> tuple[str, str]:
    """Cut a long text where a reader would: what is shown at once, and what comes when asked for.

    The second part is empty unless the text is clearly longer than it may be; a cut falls on white space where there
    is some. ``head + rest`` is the text again.
    """
    cut = len(text)
    if len(text) > characters * 1.2:
        space = max(text.rfind(" ", characters // 2, characters), text.rfind("\n", characters // 2, characters))
        cut = space if space > 0 else characters
    breaks = [match.start() for match in re.finditer("\n", text[:cut])]
    if len(breaks) >= lines + 2:
        cut = breaks[lines - 1]
    return text[:cut], text[cut:]


def _flag_or_nothing(match: re.Match[str]) -> str:
    return match[0] if _FLAG.fullmatch(match[0]) else match[1] or ""


def _joiner_or_nothing(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    between = start > 0 and end < len(text) and _can_be_joined(text[start - 1]) and _can_be_joined(text[end])
    return match[0][0] if between else ""


def _can_be_joined(character: str) -> bool:
    return not character.isascii() and not character.isspace()


def _without_towers(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    height = 0
    for character in text:
        category = unicodedata.category(character)
        if category != "Cf":  # a joiner within a stack does not begin a new one
            height = height + 1 if category in ("Mn", "Me") else 0
        if height <= MAX_COMBINING_MARKS:
            kept.append(character)
    return "".join(kept)
