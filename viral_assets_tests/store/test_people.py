"""Who one may be, tokens, and sessions, on both databases: of what opens a door, only hashes are kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.store.engine import Database
from viral_assets.store.people import add_person, listed_name, names_of_people, remove_person
from viral_assets.store.people_tokens import (
    any_token,
    begin_session,
    end_session,
    holder_of,
    make_token,
    read_session,
    revoke_token,
    tokens_of_people,
    use_session,
)
from viral_assets.store.tables import people_sessions, people_tokens
from viral_assets_tests.store.rows import stored

DAY = timedelta(days=1)


def token_of(database: Database, name: str, now: datetime) -> tuple[str, str]:
    with database.begin() as connection:
        add_person(connection, name, now)
        return make_token(connection, name, now)


def test_a_name_is_on_the_list_once_however_it_is_written(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        assert add_person(connection, " Zoë  Ito ", now) == ("Zoë Ito", True)
        assert add_person(connection, "ZOË ITO", now) == ("Zoë Ito", False)
        assert add_person(connection, "mara", now) == ("mara", True)
        assert names_of_people(connection) == ("mara", "Zoë Ito")
        assert remove_person(connection, "zoë ito") == "Zoë Ito"
        assert remove_person(connection, "zoë ito") is None
        assert names_of_people(connection) == ("mara",)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * 61, "export", "Outcomes", "ß" * 40])
def test_what_is_no_name_is_refused(database: Database, now: datetime, name: str) -> None:
    with database.begin() as connection, pytest.raises(ConfigurationError):
        add_person(connection, name, now)


def test_a_name_is_taken_as_the_list_has_it() -> None:
    assert listed_name((), "anybody") == "anybody"
    assert listed_name(("Zoë Ito", "mara"), "zoë  ITO") == "Zoë Ito"
    with pytest.raises(ConfigurationError, match="'eve' is nobody on the list of people \\(mara, tom\\)"):
        listed_name(("mara", "tom"), "eve")


def test_a_token_lets_its_person_in_and_only_a_hash_is_kept(database: Database, now: datetime) -> None:
    with database.read() as connection:
        assert not any_token(connection)
    token_id, token = token_of(database, "mara", now)
    _, other = token_of(database, "tom", now)
    with database.read() as connection:
        assert holder_of(connection, f" {token} ") == (token_id, "mara")
        assert any_token(connection)
        wrong = [
            "",
            token_id,
            token[:-1],
            token + "x",
            token.upper(),
            f"{token[:12]}{other[12:]}",
            "va-00000000-" + "x" * 32,
        ]
        assert [holder_of(connection, each) for each in wrong] == [None] * len(wrong)
        rows = connection.exec_driver_sql("SELECT * FROM people_tokens").all()
    assert token[12:] not in str(rows)


def test_nobody_off_the_list_gets_a_token(database: Database, now: datetime) -> None:
    with database.begin() as connection, pytest.raises(ConfigurationError, match="people add"):
        make_token(connection, "eve", now)


def test_a_revoked_token_and_its_sessions_let_nobody_in_and_others_go_on(database: Database, now: datetime) -> None:
    first, token = token_of(database, "mara", now)
    second, spare = token_of(database, "mara", now)
    with database.begin() as connection:
        begin_session(connection, "one", first, until=now + DAY, now=now)
        begin_session(connection, "two", second, until=now + DAY, now=now)
        assert revoke_token(connection, first, now) == "mara"
        assert revoke_token(connection, first, now) is None
        assert revoke_token(connection, "nothing", now) is None
    with database.read() as connection:
        assert holder_of(connection, token) is None
        assert holder_of(connection, spare) == (second, "mara")
        assert read_session(connection, "one") is None
        known = read_session(connection, "two")
        assert known is not None
        assert (known.name, known.used_at, known.until) == ("mara", now, now + DAY)
        shown = {each.id: (each.revoked_at, each.used_at, each.sessions) for each in tokens_of_people(connection, now)}
        assert shown == {first: (now, now, 0), second: (None, now, 1)}
        assert any_token(connection), "the door stays shut"


def test_who_is_taken_off_the_list_is_signed_out(database: Database, now: datetime) -> None:
    token_id, token = token_of(database, "mara", now)
    with database.begin() as connection:
        begin_session(connection, "one", token_id, until=now + DAY, now=now)
        remove_person(connection, "Mara")
    with database.read() as connection:
        assert (holder_of(connection, token), read_session(connection, "one")) == (None, None)
    assert (stored(database, people_tokens), stored(database, people_sessions)) == ([], [])


def test_a_session_is_used_ended_and_forgotten_in_time(database: Database, now: datetime) -> None:
    token_id, _ = token_of(database, "mara", now)
    with database.begin() as connection:
        begin_session(connection, "old", token_id, until=now + DAY, now=now)
        begin_session(connection, "long", token_id, until=now + 3 * DAY, now=now)
        use_session(connection, "long", now + DAY / 2)
        known = read_session(connection, "long")
        assert known is not None
        assert known.used_at == now + DAY / 2
        begin_session(connection, "new", token_id, until=now + 4 * DAY, now=now + DAY)
        assert read_session(connection, "old") is None
        kept = set(connection.scalars(sa.select(people_sessions.c.session_sha256)))
        assert len(kept) == 2
        assert not kept & {"long", "new"}, "hashes"
        end_session(connection, "long")
        end_session(connection, "long")
        assert read_session(connection, "long") is None
        assert read_session(connection, "new") is not None
