"""A digest as a parser sees it."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser


@dataclass
class Element:
    tag: str
    classes: set[str]
    text: str = ""


class Page(HTMLParser):
    """Tags with their attributes in order, and the text inside each element. Refuses what does not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stray = ""
        self._elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, attributes))
        if tag != "meta":
            self._open.append(Element(tag, set((attributes.get("class") or "").split())))
            self._elements.append(self._open[-1])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.stray += data
        for element in self._open:
            element.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment came from somewhere: {data!r}")

    @property
    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every tag with the names of its attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]

    def texts(self, name: str) -> list[str]:
        """The text inside each element of that class (or tag), in order."""
        return [element.text for element in self._elements if name in element.classes or name == element.tag]

    def attributes(self, name: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [value or "" for _, attributes in self.tags for key, value in attributes.items() if key == name]
