"""``viral-assets people``: who one may be on the review page, and the tokens with which people sign in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from viral_assets.cli.commands import Group
from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, plain, print_json, say, table
from viral_assets.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from viral_assets.store.people_tokens import PersonToken

T = TypeVar("T")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of a person, as it stands beside decisions.")]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode="rich")
    add_command(group, add, "viral-assets people add mara", 'viral-assets people add "Tom Ito" --json')
    add_command(group, list_, "viral-assets people list", "viral-assets people list --json")
    add_command(group, token, "viral-assets people token mara", "viral-assets people token mara --json")
    add_command(group, revoke, "viral-assets people revoke 4f8a0c2e")
    add_command(group, remove, "viral-assets people remove mara")
    app.add_typer(group, name="people", help="Who decides: names to choose from, and tokens to sign in with.")


def add(name: Name, as_json: Json = False) -> None:
    """Put a name on the list of people.

    As soon as there is a list, decisions are made under a name of it and no other, on the review page and with --who,
    and tweets can be left to somebody. Adding a name again changes nothing.
    """
    from viral_assets.store.people import add_person

    listed, new = _written(lambda connection: add_person(connection, name, datetime.now(UTC)))
    where = console(as_json=as_json)
    say(where, f"{plain(listed)} is on the list of people{'' if new else ' already'}.")
    if new:
        say(where, "To sign in under that name: ", command(f"viral-assets people token {_quoted(listed)}"))
    if as_json:
        print_json({"name": listed, "added": new})


def list_(as_json: Json = False) -> None:
    """Show the people, and their tokens: when each was made and used, and whether it still lets somebody in.

    Of a token only a hash is kept, so that none can be shown again.
    """
    from viral_assets.store.people import names_of_people
    from viral_assets.store.people_tokens import tokens_of_people

    with _connection(write=False) as connection:
        names, tokens = names_of_people(connection), tokens_of_people(connection, datetime.now(UTC))
    where = console(as_json=as_json)
    if not names:
        say(where, "There is no list: everybody is who they say. Begin one: ", command("viral-assets people add NAME"))
    else:
        shown = table(["person", "token", "made", "last sign-in", "signed in", "state"], numbers=("signed in",))
        for name in names:
            for cells in _rows(name, [each for each in tokens if each.name == name]):
                shown.add_row(*cells)
        where.print(shown)
    if as_json:
        print_json({"people": list(names), "tokens": [_as_json(each) for each in tokens]})


def token(name: Name, as_json: Json = False) -> None:
    """Make a token for somebody on the list, with which they sign in to the review page. It is shown this once.

    From the first token on, the review page asks everybody for a token of their own, also on this machine; the one that
    all share lets nobody in any more. What somebody decides then has their name. Several tokens of one person are fine;
    "viral-assets people revoke ID" ends one, with the sessions that it began.
    """
    from viral_assets.store.people_tokens import make_token

    token_id, made = _written(lambda connection: make_token(connection, name, datetime.now(UTC)))
    where = console(as_json=as_json)
    say(where, f"Token {token_id} of {plain(name)}, which nobody can show again: ", command(made))
    say(where, "Whoever has it decides under that name. Hand it over where nobody else reads it.")
    if as_json:
        print_json({"name": name, "id": token_id, "token": made})


def revoke(
    token_id: Annotated[
        str, typer.Argument(metavar="ID", help='Of the token, as "viral-assets people list" shows it.')
    ],
    as_json: Json = False,
) -> None:
    """Revoke a token: it lets nobody in any more, and whoever came in with it is signed out at once.

    The page goes on asking for tokens, also when all of them are revoked.
    """
    from viral_assets.store.people_tokens import revoke_token

    # Whoever pastes the whole token means the same.
    short = token_id.strip().removeprefix("va-")[:8]
    name = _written(lambda connection: revoke_token(connection, short, datetime.now(UTC)))
    if name is None:
        raise ConfigurationError(
            f"there is no token {plain(short)} that lets somebody in; see `viral-assets people list`"
        )
    say(console(as_json=as_json), f"Token {short} of {plain(name)} lets nobody in any more.")
    if as_json:
        print_json({"name": name, "id": short, "revoked": True})


def remove(name: Name, as_json: Json = False) -> None:
    """Take a name off the list, with its tokens and sessions. What was decided under it keeps the name.

    Without any token, the review page asks as it did before there were some, from its next start on.
    """
    from viral_assets.store.people import remove_person

    gone = _written(lambda connection: remove_person(connection, name))
    if gone is None:
        raise ConfigurationError(f"{plain(name)!r} is nobody on the list of people; see `viral-assets people list`")
    say(console(as_json=as_json), f"{plain(gone)} is off the list.")
    if as_json:
        print_json({"name": gone, "removed": True})


@contextmanager
def _connection(*, write: bool) -> Iterator[sa.Connection]:
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    database = Database(load_settings().resolved_database_url)
    try:
        database.ensure_ready()
        with database.begin() if write else database.read() as connection:
            yield connection
    finally:
        database.dispose()


def _written(do: Callable[[sa.Connection], T]) -> T:
    with _connection(write=True) as connection:
        return do(connection)


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)


def _rows(name: str, tokens: Sequence[PersonToken]) -> Iterator[tuple[str, ...]]:
    if not tokens:
        yield plain(name), "none", "", "", "", ""
    for each in tokens:
        state = f"revoked {_day(each.revoked_at)}" if each.revoked_at else "lets in"
        used = _day(each.used_at) if each.used_at else "never"
        yield plain(name), each.id, _day(each.made_at), used, str(each.sessions), state


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _as_json(each: PersonToken) -> dict[str, object]:
    return {
        "id": each.id,
        "name": each.name,
        "made_at": each.made_at.isoformat(),
        "used_at": each.used_at and each.used_at.isoformat(),
        "revoked_at": each.revoked_at and each.revoked_at.isoformat(),
        "sessions": each.sessions,
    }
