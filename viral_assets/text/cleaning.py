"""Text made fit for where it goes: for storage, for a prompt, for display, and for posting.

Each place leaves out something else, and each is defined once. Escaping for HTML is the template engine's work and
neutralising formulas is the CSV writer's; neither lives here.
"""

from __future__ import annotations

import html
import re
import unicodedata

MAX_COMBINING_MARKS = 5
"""Marks kept on one character. Scripts in use stack at most four; stacks of thousands paint over the page."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_WHITE_SPACE = re.compile(r"\s+")

# Invisible, or able to reorder what stands around it (Unicode TR 9 and TR 36); white space excepted.
_HIDDEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # soft hyphen, fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, directions
)

# For a model: halves of surrogate pairs, which no encoding takes, and tags, text that only a model sees, go as well.
_NOT_FOR_A_MODEL = re.compile(f"[{_HIDDEN}\ud800-\udfff\U000e0000-\U000e007f]")
# A joiner is part of emoji sequences and of some scripts; anywhere else it only hides something.
_STRAY_JOINER = re.compile(r"(?<![^\x00-\u02ff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u02ff])")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("«", "»"), ("„", "“"), ("`", "`"))

_OPENING = frozenset(opening for opening, _ in _QUOTES)

# For a person: joiners (U+200C, U+200D), emoji presentation selectors (U+FE0E, U+FE0F) and the tags of a flag mean
# something in their place and are judged there.
_NEVER_SHOWN = re.compile(f"[{_HIDDEN}\ufe00-\ufe0d\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0080-\U000e0fff]")
_TAG_RUN = re.compile("(\U0001f3f4)?[\U000e0000-\U000e007f]+")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f")
_JOINERS = re.compile("[\u200c\u200d]+")
_NEWLINES = re.compile(r"\r\n|[\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")


def text_for_storage(text: str, *, for_half_a_pair: str = "") -> str:
    """The text without what no PostgreSQL text can hold: U+0000 and lone halves of surrogate pairs. The same text, the
    very object, where there is neither.

    Args:
        for_half_a_pair: stands in for each half.
    """
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")  # many times faster than the search
    except UnicodeEncodeError:
        return _SURROGATES.sub(for_half_a_pair, text)
    return text


def text_for_prompt(text: str) -> str:
    """One line of what a reader sees, in NFC: invisible and direction-changing characters go."""
    if text.isascii() and text.isprintable():
        # Spaces are all there is to do.
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", text)
    text = _STRAY_JOINER.sub("", _NOT_FOR_A_MODEL.sub("", text))
    return _WHITE_SPACE.sub(" ", text).strip()


def text_for_display(text: str) -> str:
    """The text as a person should see it.

    Line breaks become ``\n`` and at most one blank line stays in a row. Control characters, bidirectional controls
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


def models_reply(text: str) -> str:
    """A suggestion as it should be read and posted: as for a prompt, no HTML entities, no quotes around the whole."""
    text = text_for_prompt(html.unescape(text))
    for opening, closing in _QUOTES if text[:1] in _OPENING else ():
        inner = text[1:-1]
        if text == opening + inner + closing and inner and opening not in inner and closing not in inner:
            return inner.strip()
    return text


def persons_reply(text: str) -> str:
    """A reply as a person wrote it: each line as for a prompt, at most one blank line in a row, quotes and all."""
    paragraphs = (text_for_prompt(line) for line in _LINE_BREAK.split(text))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(paragraphs)).strip()


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
