"""What the commands that decide need to know: under whose name, and how many people it takes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from viral_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database
    from viral_assets.store.second_approval import SecondApproval


def asks_for_two(settings: Settings) -> SecondApproval:
    """Where replies take the approval of two people, as the project files say."""
    from viral_assets.projects.loader import load_projects
    from viral_assets.queries.second_approval import second_approval

    return second_approval(lambda: load_projects(settings.projects_dir))


def who_decides(database: Database, given: str | None) -> str:
    """The name for the record of decisions: the one that is given, else the login of this machine.

    Raises:
        ConfigurationError: there is a list of people, and it is not on it.
    """
    from viral_assets.store.people import listed_name, names_of_people

    with database.read() as connection:
        names = names_of_people(connection)
    name = given or login()
    try:
        return listed_name(names, name)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}; say who you are with --who, or add a name: `viral-assets people add {shlex.quote(name)}`"
        ) from None


def login() -> str:
    """Whoever is logged in on this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "reviewer"
