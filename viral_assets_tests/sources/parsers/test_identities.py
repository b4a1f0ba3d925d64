"""Which id a record has, where its column and its address differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.parsers.addresses import service_of
from viral_assets.sources.parsers.identities import ADDRESS_OUTRANKS, own_identity, plain_id

ID = "2126043340469583873"
URL = f"https://x.com/ada_reads/status/{ID}"


@pytest.mark.parametrize(
    "written", ["2126043340469580000", "2126043340469584000", "2126043340469583872", "2.12604E+18", "5"]
)
def test_the_address_outranks_the_column(written: str) -> None:
    found = own_identity(written, [URL])
    assert (found.identity, found.url, found.repaired) == (ID, URL, ADDRESS_OUTRANKS)


@pytest.mark.parametrize("written", [ID, ""])
def test_nothing_is_repaired_where_nothing_differs(written: str) -> None:
    assert (own_identity(written, [URL]).identity, own_identity(written, [URL]).repaired) == (ID, "")


@pytest.mark.parametrize(
    "written", ["2126043340469580000", "2126043340469584000", "2.12604E+18", "2,12604334046958E+18"]
)
def test_a_rounded_id_is_repaired_by_an_address_in_any_column(written: str) -> None:
    assert own_identity(written, [], ["some text", f"see {URL}?s=20"]).identity == ID


def test_an_address_in_any_other_column_is_of_another_tweet() -> None:
    other = "https://x.com/tom/status/2126043340469580001"
    assert own_identity(ID, [], [other]).identity == ID
    assert own_identity("2126043592127970000", [], [other]).identity == "2126043592127970000"


@given(st.integers(10**18, 2**61))
def test_an_id_comes_back_from_its_address_however_it_was_rounded(number: int) -> None:
    address = f"https://twitter.com/i/web/status/{number}"
    for written in (str(int(float(number))), f"{number:.5E}", str(number)[:15] + "0000"):
        assert own_identity(plain_id(written), [address]).identity == str(number)


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("https://www.threads.net/@ada_reads/post/C0xyz", "Threads"),
        ("linkedin.com/posts/ada-1", "LinkedIn"),
        ("https://m.facebook.com/ada/posts/1", "Facebook"),
        ("https://bsky.app/profile/ada.example/post/3k", "Bluesky"),
        ("https://social.example/@ada/115600000000000001", "Mastodon"),
        ("https://x.com/ada/status/1", None),
        ("https://twitter.com/reddit.com/status/1", None),
        ("https://news.example.org/threads.net", None),
        ("", None),
    ],
)
def test_an_address_tells_the_service(address: str, service: str | None) -> None:
    assert service_of(address) == service
