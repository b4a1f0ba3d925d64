"""Searches that the tests run in processes of their own, to kill them in the middle."""

from __future__ import annotations

from viral_assets.hours import parse_hour
from viral_assets.quota.posts import PostBudget
from viral_assets.sources.services.apify_client import ApifyService
from viral_assets.sources.services.apify_runs import ActorSearch, ApifySearch
from viral_assets.sources.services.common import Deadline
from viral_assets.sources.services.x_api_client import XApiClient
from viral_assets.sources.services.x_search import XSearch
from viral_assets.store.engine import Database

SECONDS = 60


def search_x(database: str, url: str, token: str, hour: str, query: str) -> None:
    """Ask X for an hour."""
    client = XApiClient(token, base_url=url)
    search = XSearch(Database(database), client, PostBudget(client.account, "killed"), Deadline(SECONDS))
    search.read("demo", query, [parse_hour(hour)])


def run_actor(database: str, url: str, token: str, hour: str, search: ActorSearch) -> None:
    """Have an Actor of Apify look for an hour."""
    service = ApifyService(token, base_url=url)
    reader = ApifySearch(Database(database), service, Deadline(SECONDS), poll_seconds=0.01)
    reader.read("demo", search, [parse_hour(hour)])
