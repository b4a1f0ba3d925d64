"""How hours and outcomes are written, and the templates that do it: one way for every page. Counts, sums and
texts are made fit to be shown in ``text``."""

from __future__ import annotations

from datetime import UTC, datetime

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from viral_assets.context import STATE_WORDS, Post
from viral_assets.hours import HOUR, HourRange
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.text.amounts import full_count, money, percent, short_count
from viral_assets.text.cleaning import text_for_display
from viral_assets.text.display import clipped, folded, kind, one_line
from viral_assets.text.language import html_language
from viral_assets.text.x_links import profile_link, tweet_link
from viral_assets.vocabulary import BLOCKED, DECLINED, DEFERRED, DONE, FAILED, FILTERED, SENSITIVE_CATEGORIES

# Heading, and what to say, for a tweet without suggestions. None: no run has finished it.
_OUTCOMES: dict[str | None, tuple[str, str]] = {
    None: ("No suggestions yet", "No generation run has taken up this tweet."),
    DONE: ("No suggestions", "The run ended without an open suggestion for this tweet."),
    FILTERED: ("Left out by the quality filter", "What was written for this tweet was not good enough to show."),
    DECLINED: ("The model would not answer", "It was asked whether a reply is welcome, and said no."),
    BLOCKED: ("Withheld by the safety filter", "The model's provider did not want to answer this tweet."),
    FAILED: ("Could not be written", "Asking several times gave no usable answer."),
    DEFERRED: ("Waiting for quota", "The limits of the day were reached; a later run takes this tweet up."),
}


def page_templates(package: str) -> Environment:
    """The templates of a package and those that all pages share, with everything escaped, and the words of this module
    as filters."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("viral_assets.delivery", "shared_templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=clock,
        clipped=clipped,
        day=day,
        folded=folded,
        grouped=full_count,
        human=short_count,
        iso=lambda instant: f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        kind=kind,
        language=html_language,
        money=money,
        one_line=one_line,
        outcome=outcome,
        percent=percent,
        post_link=post_link,
        profile=profile_link,
        readable=text_for_display,
        sensitive=sensitive,
        unknown_post=unknown_post,
    )
    return environment


def window_text(window: HourRange) -> str:
    """``Sat 21 Nov 2026, 20:00–21:00 UTC``; a range over days names both, one of whole days names only days."""
    start, end = window.start, window.end
    last = end - HOUR
    if start.hour == 0 and end.hour == 0:
        return f"{_day(start)} (UTC)" if start.date() == last.date() else f"{_day(start)} – {_day(last)} (UTC)"
    if start.date() == last.date():
        return f"{_day(start)}, {start:%H:%M}–{end:%H:%M} UTC"
    return f"{_day(start)}, {start:%H:%M} – {_day(end)}, {end:%H:%M} UTC"


def clock(instant: datetime) -> str:
    """``21 Nov, 20:14``; the year and the zone stand in the page's header."""
    instant = instant.astimezone(UTC)
    return f"{instant.day} {instant:%b}, {instant:%H:%M}"


def day(instant: datetime) -> str:
    """``3 Nov``."""
    instant = instant.astimezone(UTC)
    return f"{instant.day} {instant:%b}"


def sensitive(category: str) -> str:
    """A category of :data:`~viral_assets.vocabulary.SENSITIVE_CATEGORIES` in words."""
    return SENSITIVE_CATEGORIES.get(category, kind(category).lower())


def post_link(post: Post) -> str:
    """The address of a post that a tweet answers or quotes, on X."""
    return tweet_link(post.post_id or "", post.author_handle)


def unknown_post(post: Post) -> str:
    """What is answered or quoted, where its text is not known: ``a post that was deleted``."""
    return STATE_WORDS.get(post.state, "a post")


def outcome(view: OpportunityView) -> tuple[str, str]:
    """A heading and a sentence for a tweet without suggestions."""
    return _OUTCOMES.get(view.outcome, _OUTCOMES[None])


def _day(instant: datetime) -> str:
    return f"{instant:%a} {instant.day} {instant:%b %Y}"
