"""The page of numbers: what came of the tweets, with its charts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.web.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from viral_assets.hours import HourRange
    from viral_assets.queries.charts import ApprovalShare
    from viral_assets.queries.packing_model import ModelPacks
    from viral_assets.queries.svg import PlotLayout

log = logging.getLogger("viral_assets")

DAYS = (7, 14, 30, 90)

MODELS_SHOWN = 4
"""Whose requests are compared, each for itself."""


def numbers(request: Request) -> Response:
    """What came of the tweets."""
    from viral_assets.queries import charts
    from viral_assets.queries.by_person import numbers_by_person
    from viral_assets.queries.funnel import funnel_report
    from viral_assets.queries.funnel_model import STAGES
    from viral_assets.queries.packing_model import LEAST_DECIDED, LEAST_REQUESTS
    from viral_assets.queries.reply_numbers import METRICS, reply_numbers

    site: Site = request.app.state.site
    project = request.query_params.get("project", "").replace("\x00", "")
    asked = request.query_params.get("days", "")
    days = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 3 else 14
    with site.database.read() as connection:
        made = funnel_report(connection, project=project or None, days=days, now=site.clock(), limits=site.limits)
        replies = reply_numbers(connection, made.hours, project or None, posted=made.total.posted_suggestions)
        people = numbers_by_person(connection, made.hours, project or None)
    titles = site.titles()
    projects = sorted({*site.choices().projects, *made.projects})
    response = site.page(
        request,
        "numbers.html",
        report=made,
        replies=replies,
        people=people,
        reply_metrics=METRICS,
        days=days,
        day_choices=sorted({*DAYS, days}),
        titles=titles,
        project_choices=[(name, titles.get(name, name)) for name in projects],
        here=f"/numbers?{request.url.query}",
        stages=STAGES,
        funnel_chart=_both(lambda frame: charts.funnel_over_days(made, frame)),
        topic_chart=_rates(made.by_topic, "Approval by topic"),
        type_chart=_rates(made.by_kind, "Approval by suggestion type"),
        band_chart=_rates(made.by_band, "Approval by score"),
        edits_chart=_rates(made.changed_by_week, "Approved drafts that people changed"),
        quota_chart=_both(lambda frame: charts.quota_days(made, frame)),
        pack_charts=[_pack_charts(each) for each in made.packs.models[:MODELS_SHOWN]],
        least_decided=LEAST_DECIDED,
        least_requests=LEAST_REQUESTS,
    )
    # Who looks waits for no writer, and finds them the next time.
    response.background = BackgroundTask(_keep_numbers, site, made.hours)
    return response


def _keep_numbers(site: Site, hours: HourRange) -> None:
    """Have what was counted for a page kept; one at a time, as the next one would count the same."""
    from viral_assets.queries.kept_numbers import keep_numbers

    if site.keeping_numbers.acquire(blocking=False):
        try:
            keep_numbers(site.database, hours)
        except DatabaseUnavailableError as error:
            log.info("numbers are not kept this time: %s", error)
        finally:
            site.keeping_numbers.release()


def _pack_charts(packs: ModelPacks) -> dict[str, Any]:
    of = f"by {packs.model}"
    return {
        "packs": packs,
        "size": _rates(packs.size_rates, f"Approval by tweets in a request, {of}"),
        "third": _rates(packs.third_rates, f"Approval by place in a request, {of}"),
    }


def _rates(rates: Sequence[ApprovalShare], title: str) -> Markup:
    from viral_assets.queries import charts

    return _both(lambda frame: charts.rate_bars(rates, frame, title=title))


def _both(draw: Callable[[PlotLayout], str]) -> Markup:
    """A chart for wide pages and one for narrow ones. Charts escape what they show."""
    from viral_assets.queries import charts

    return Markup(charts.both(draw))  # noqa: S704
