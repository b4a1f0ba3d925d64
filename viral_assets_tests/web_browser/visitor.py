"""Somebody at a real browser. What goes wrong in a page is kept, whatever the test looks at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page, Route, ViewportSize

PATIENCE = 120_000
"""Milliseconds for what should take a few: machines differ, and may be busy."""

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}

# What Chromium itself says about answers that are no success. The tests look at what the page makes of them.
_ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")

# Beside the window, or beside the part of a card that it belongs to; but for what is cut off on purpose.
_OVERFLOWING = """() => {
  const cut = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (["auto", "scroll"].includes(style.overflowX) || style.textOverflow === "ellipsis") return true;
    }
    return element.closest(".sr, .skip, .avatar, .topic, .why") !== null;
  };
  const width = document.documentElement.clientWidth;
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (!box.width || !element.checkVisibility()) continue;
    const part = element.parentElement.closest(".tweet, .suggestion, .replies, .history, .question, .plot");
    const limits = part ? part.getBoundingClientRect() : { left: 0, right: width };
    const beside = box.right > Math.min(limits.right, width) + 1 || box.left < Math.max(limits.left, 0) - 1;
    if (beside && !cut(element)) {
      const name = `${element.tagName}.${element.getAttribute("class")}`;
      found.push(`${name} ${Math.round(box.left)}..${Math.round(box.right)} of ${limits.left}..${limits.right}`);
    }
  }
  if (document.documentElement.scrollWidth > width) found.push(`the page: ${document.documentElement.scrollWidth}`);
  return found.slice(0, 5);
}"""


# Messages go by themselves after some seconds, which a slow machine may need to come back to one.
_MESSAGES_STAY = """(() => {
  const usual = window.setTimeout;
  window.setTimeout = (call, after, ...rest) => after >= 5000 ? 0 : usual(call, after, ...rest);
})()"""

LEAST_TARGET = 24
"""CSS pixels each way, whatever it is for (WCAG 2.2, 2.5.8)."""

SMALL_TARGETS = """least => {
  const controls = "button, summary, select, input:not([type=hidden]), textarea, a.button, a.quiet-button, nav a";
  return [...document.querySelectorAll(controls)].filter((each) => {
    const box = each.getBoundingClientRect();
    return each.checkVisibility() && !each.closest(".sr, .skip") && (box.width < least || box.height < least);
  }).map((each) => `${each.outerHTML.slice(0, 80)} ${JSON.stringify(each.getBoundingClientRect())}`).slice(0, 5);
}"""


class Visitor:
    """A browser window of its own: cookies, one page, no network but the server's.

    ``abroad`` fills with the addresses of other sites that were opened (each answered with an empty page).
    """

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.context, self.home = context, home
        self._problems: list[str] = []
        self._forgiven: set[str] = set()
        self.abroad: list[str] = []
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_MESSAGES_STAY)
        # A pattern is tried where the browser is driven from, a function would be asked here about every file.
        context.route(re.compile(rf"^(?!{re.escape(home)}|data:|blob:)"), self._leave)
        context.on("page", self._listen)
        self.page: Page = context.new_page()

    def open(self, path: str = "/") -> Page:
        """Go to a page of the server."""
        self.page.goto(self.home + path)
        return self.page

    def card(self, tweet_id: str) -> Locator:
        """A tweet with its suggestions."""
        return self.page.locator(f'[data-opportunity][data-tweet="{tweet_id}"]')

    def cards(self) -> Locator:
        """All tweets shown."""
        return self.page.locator("[data-opportunity]")

    def suggestion(self, tweet_id: str, number: int = 1) -> Locator:
        """One of the suggestions for a tweet."""
        return self.card(tweet_id).locator(f'[data-suggestion][data-number="{number}"]')

    def toast(self) -> Locator:
        """What was said last."""
        return self.page.locator("#live")

    def press(self, *keys: str) -> None:
        """Keys, one after the other, wherever the keyboard is."""
        for key in keys:
            self.page.keyboard.press(key)

    def edit(self, tweet_id: str, text: str, number: int = 1) -> None:
        """Type another text for a suggestion, without saving it."""
        item = self.suggestion(tweet_id, number)
        item.get_by_text("Edit", exact=True).click()
        item.locator("textarea[name=text]").fill(text)

    def too_wide(self) -> list[str]:
        """Elements that stand out at a side of the window; empty when nothing does."""
        self.page.wait_for_load_state()  # a page that was asked for by a click may be there before its style is
        found: list[str] = self.page.evaluate(_OVERFLOWING)
        return found

    def problems(self) -> list[str]:
        """Errors of scripts and of the console, violations of the content security policy, and dialogs, until now."""
        for page in self.context.pages:
            # What a page has said before it answers is here before its answer.
            page.evaluate("0")
        return self._problems

    def forgive(self, expected: str) -> None:
        """Problems that a test provokes on purpose do not count, whenever the browser comes to tell them."""
        self._forgiven.add(expected)

    def unforgiven(self) -> list[str]:
        """The other ones."""
        return [each for each in self.problems() if not any(expected in each for expected in self._forgiven)]

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._problems.append(f"script: {error}"))
        page.on("console", self._hear)
        page.on("dialog", self._refuse)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _ANSWERED.match(message.text):
            self._problems.append(f"console: {message.text}")

    def _refuse(self, dialog: Dialog) -> None:
        self._problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _leave(self, route: Route) -> None:
        self.abroad.append(route.request.url)
        route.fulfill(body="<!doctype html><title>elsewhere</title>", content_type="text/html")


Visit = Callable[..., Visitor]
"""Opens a browser window. Keyword arguments are the context's of Playwright."""


def alone(tweet_id: str) -> str:
    """The list with nothing else in it, which is faster to show."""
    return f"/?search={tweet_id}"


def origin(address: str) -> str:
    """``http://127.0.0.1:8642`` of an address there."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def options(**changes: Any) -> dict[str, Any]:
    """Of a context: a desktop, in English, whose clock does not matter."""
    return {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "UTC", "reduced_motion": "reduce"} | changes


def phone(**changes: Any) -> dict[str, Any]:
    """Of a context: a small phone."""
    return options(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2, **changes)
