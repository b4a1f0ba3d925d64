"""A tweet's text as people know it: links, handles and hashtags stand out and lead somewhere. Everything is escaped."""

from __future__ import annotations

import re
from urllib.parse import quote

from markupsafe import Markup, escape

from viral_assets.text.x_links import profile_link

LONGEST_SHOWN = 48
"""Characters of a link that are shown; X cuts them at about the same place."""

_ENTITY = re.compile(
    r"(?P<link>https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])"
    r"|(?<![\w@/.])@(?P<handle>[A-Za-z0-9_]{1,20})(?![\w@])"
    r"|(?<![\w&/#])#(?P<tag>(?=\w*[^\W\d_])\w{1,100})",
)
_OUTWARD = Markup('rel="noopener noreferrer nofollow" target="_blank"')


def linked(text: str) -> Markup:
    """The text with links; what it is not sure about stays text."""
    made: list[Markup] = []
    end = 0
    for match in _ENTITY.finditer(text):
        made.append(escape(text[end : match.start()]))
        made.append(_anchor(match))
        end = match.end()
    made.append(escape(text[end:]))
    return Markup("").join(made)


def _anchor(match: re.Match[str]) -> Markup:
    shown = match[0]
    if match["link"]:
        address, shown = match[0], _short(match[0])
    elif match["handle"]:
        profile = profile_link(match["handle"])
        if profile is None:
            return escape(shown)
        address = profile
    else:
        address = f"https://x.com/hashtag/{quote(match['tag'], safe='', errors='replace')}"
    return Markup('<a class="entity" href="{}" {}>{}</a>').format(address, _OUTWARD, shown)


def _short(link: str) -> str:
    bare = re.sub(r"^https?://(?:www\.)?", "", link)
    return bare if len(bare) <= LONGEST_SHOWN else f"{bare[: LONGEST_SHOWN - 1]}…"
