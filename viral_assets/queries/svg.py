"""What the pictures are drawn with: texts, lines, and the frame around them. Names are untrusted and escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from viral_assets.text.display import one_line

TEXT_COLOUR, AXIS, BAR, GOOD, POSTED, BAD = "#767676", "#8a8a8a", "#6f7bd0", "#2f9e6e", "#b7791f", "#c2483d"

# What XML cannot hold and is not made fit to be read elsewhere.
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class PlotLayout:
    """How a picture lies, in its own units, of which a text is 13 high.

    Args:
        name: a class of the picture, for the style that chooses between several.
        left: room for names beside what is drawn, and ``right`` for numbers.
        above: room for both above what is drawn, where there is none beside it.
        letters: that a name has room for, in the width of Latin ones; those of East Asia are twice as wide.
    """

    name: str
    width: int
    left: int
    right: int
    above: int
    letters: int

    @property
    def plot(self) -> int:
        """How wide what is drawn is."""
        return self.width - self.left - self.right


WIDE = PlotLayout("wide", width=640, left=166, right=112, above=0, letters=21)
NARROW = PlotLayout("narrow", width=320, left=6, right=6, above=18, letters=28)
"""For a phone, where the other one would be too small to read."""


def clean(name: str) -> str:
    """On one line, without what XML cannot hold."""
    return _NO_XML.sub("", one_line(name))


def fitting(name: str, room: int) -> str:
    """Untrusted, on one line, no wider than there is room for so many letters."""
    kept = ""
    for character in clean(name):
        room -= 2 if east_asian_width(character) in "WF" else 1
        if room < 0:
            return kept.rstrip() + "…"
        kept += character
    return kept


def text_at(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    """A text at a place; ``anchor`` is ``start``, ``middle`` or ``end``."""
    place = f'x="{short(x)}" y="{short(y)}" text-anchor="{anchor}"'
    return f'<text class="chart-text" fill="{TEXT_COLOUR}" {place}>{escape(text)}</text>'


def line(
    x1: float, y1: float, x2: float, y2: float, name: str, colour: str, *, width: int = 1, faint: bool = False
) -> str:
    """A line of the class ``name``."""
    faintness = ' stroke-opacity="0.35"' if faint else ""
    return (
        f'<line class="{name}" stroke="{colour}" stroke-width="{width}"{faintness} '
        f'x1="{short(x1)}" y1="{short(y1)}" x2="{short(x2)}" y2="{short(y2)}"/>'
    )


def short(number: float) -> str:
    """A number as short as it can be."""
    return f"{number:.1f}".removesuffix(".0")


def drawing(title: str, description: str, frame: PlotLayout, height: int, parts: Iterable[str]) -> str:
    """A picture that tells a screen reader what it shows."""
    # The label for readers that do not read <title>; no ids, which would clash when a picture comes twice.
    size = f'viewBox="0 0 {frame.width} {height}" width="{frame.width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart {frame.name}" role="img" aria-label={quoteattr(title)} '
        f'{size} font-family="sans-serif" font-size="13">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def markdown_image(name: str, svg: str) -> str:
    """The picture in Markdown, which takes it as an address; ``name`` is what stands in for it."""
    # In angle brackets an address may hold spaces. Quoted is also what Markdown would read as an entity, an escape or
    # the end of the address.
    address = quote(svg, safe=" =:/,;.'!*-_~")
    return f"![{name}](<data:image/svg+xml,{address}>)"
