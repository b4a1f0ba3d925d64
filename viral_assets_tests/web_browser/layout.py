"""What is wrong with how a page lies at the width it has, measured in the browser; no picture is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS = (360, 768, 1280, 1920)
"""CSS pixels: a small phone, a tablet, a laptop, a desktop."""

LEAST_TEXT = 11
"""CSS pixels of a text, in charts as it is drawn on the page."""

TOUCHING = 3
"""CSS pixels that lines and what stands in them may reach into each other: letters are higher than their line."""

# Two boxes overlap where neither is in the other, and nothing floats on purpose (the head, messages, menus).
_FAULTS = r"""([leastText, touching]) => {
  const found = [];
  const floats = (element) => {
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (["fixed", "sticky", "absolute"].includes(style.position) && !each.matches(".tweet")) return each;
    }
    return null;
  };
  const named = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ` +
    `“${(element.textContent || element.value || "").trim().slice(0, 30)}”`;
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push("scrolls sideways");

  const controls = "button, a, input:not([type=hidden]), select, textarea, summary, .chip, .state, .avatar";
  const dialog = document.querySelector("dialog[open]");
  const boxes = [];
  for (const element of (dialog ?? document.body).querySelectorAll("*")) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.closest(".sr, .skip, option, defs")) continue;
    const own = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (own.length && !["title", "desc", "option", "SELECT"].includes(element.tagName)) {
      const scale = element.ownerSVGElement ? element.getScreenCTM().a : 1;
      const size = parseFloat(getComputedStyle(element).fontSize) * scale;
      if (size < leastText - 0.01) found.push(`${size.toFixed(1)} px: ${named(element)}`);
    }
    const control = element.matches(controls);
    if (["title", "desc"].includes(element.tagName) || !(control || own.length)) continue;
    let rects = [];
    if (control) rects = [element.getBoundingClientRect()];
    else for (const node of own) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const lines = range.getClientRects();
      rects.push(...lines);
      const words = node.data.trim().split(/\s+/);
      const torn = lines.length > words.length + 1 && words.every((word) => word.length < 20);
      if (torn) found.push(`torn words: ${named(element)}`);
    }
    // What is scrolled or clamped away is not seen.
    let [left, top, right, bottom] = [0, -Infinity, width, Infinity];
    for (let each = element.parentElement; each; each = each.parentElement) {
      if (getComputedStyle(each).overflow === "visible") continue;
      const box = each.getBoundingClientRect();
      [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
      [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    for (const rect of rects) {
      const box = { left: Math.max(left, rect.left), top: Math.max(top, rect.top),
        right: Math.min(right, rect.right), bottom: Math.min(bottom, rect.bottom), element, floating: floats(element) };
      if (box.right - box.left > touching && box.bottom - box.top > touching) boxes.push(box);
    }
  }
  boxes.sort((one, other) => one.top - other.top);
  boxes.forEach((one, at) => {
    for (let next = at + 1; next < boxes.length && boxes[next].top < one.bottom - touching; next += 1) {
      const other = boxes[next];
      const within = one.element.contains(other.element) || other.element.contains(one.element);
      if (within || one.floating !== other.floating) continue;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - other.top;
      if (wide > touching && high > touching) found.push(`overlap by ${wide.toFixed()} x ${high.toFixed()}: ` +
        `${named(one.element)} and ${named(other.element)}`);
    }
  });
  return found.slice(0, 6);
}"""


def faults(page: Page) -> list[str]:
    """A line for each: the page scrolls sideways, a text is too small or torn, two boxes overlap; empty if none is."""
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_FAULTS, [LEAST_TEXT, TOUCHING])
    return found
