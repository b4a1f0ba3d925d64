"""Untrusted text where it is shown: on one line, or folded. What of it can be seen is decided in ``cleaning``.

The stored text is never changed, only what is shown of it.
"""

from __future__ import annotations

import re

from viral_assets.text.cleaning import text_for_display

_SEVERAL_SPACES = re.compile(r"\s+")


def one_line(text: str) -> str:
    """The text for display with every run of white space made one space."""
    return _SEVERAL_SPACES.sub(" ", text_for_display(text))


def clipped(text: str, characters: int) -> str:
    """One line of at most so many characters, for what stands beside the matter."""
    line = one_line(text)
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def kind(name: str) -> str:
    """``ask_question`` as words: ``Ask question``."""
    words = one_line(re.sub("[_-]+", " ", name))
    return words[:1].upper() + words[1:]


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
